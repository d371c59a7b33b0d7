/** What the pages of a request show of it: what is asked, and who asks it. */
import { isOperation } from '../../admin/operations.ts';
import { rowNamed } from '../../commands/table.ts';
import { grouped } from '../../crypto/keys/base32.ts';
import { type Html, html } from '../../http/html.ts';
import type { ApprovalRecord } from '../../store/operators.ts';
import { facts } from '../../web/look/parts.ts';
import type { Asked } from '../core/page.ts';
import { APPROVAL } from './approval-words.ts';

export const inputOf = ({ input }: Pick<ApprovalRecord, 'input'>): Readonly<Record<string, unknown>> =>
  JSON.parse(input) as Readonly<Record<string, unknown>>;

export function inputHtml(request: Pick<ApprovalRecord, 'input'>): Html {
  const pairs = Object.entries(inputOf(request)).map(
    ([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)] as const,
  );
  return facts(pairs);
}

/** Name of the operation, which is part of what is signed, and its description. */
export const operationHtml = ({ operation }: Pick<ApprovalRecord, 'operation'>): Html =>
  html`${operation}${isOperation(operation) ? html` <span class="soft" lang="en">${rowNamed(operation).about}</span>` : undefined}`;

/** Who asked, and how the gateway knows that. */
export function askerOf(
  { language }: Asked,
  { askedBy, askedWith }: Pick<ApprovalRecord, 'askedBy'> & { readonly askedWith?: string | undefined },
): string {
  const words = APPROVAL[language];
  return `${askedBy} (${askedWith === undefined ? words.said : `${words.known} ${grouped(askedWith)}`})`;
}
