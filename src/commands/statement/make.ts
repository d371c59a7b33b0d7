/**
 * The gateway's part of a statement: it gathers the facts, writes, signs and hands the statement
 * over.
 */
import { AdminError } from '../../admin/error.ts';
import type { AdminContext } from '../../admin/context.ts';
import type { Call } from '../../admin/call.ts';
import { sendDocument } from '../../admin/evidence.ts';
import { howToCheck } from '../../admin/evidence-how-to.ts';
import type { Language } from '../../domain/registry.ts';
import { sectionsOf } from './claims.ts';
import { gatherFacts } from './facts.ts';
import { type Given, givenView } from './given.ts';
import { evidenceOf, paperOf } from './paper.ts';
import { htmlOf } from './paper-html.ts';
import { textOf } from './paper-text.ts';

export interface WrittenStatement {
  readonly claims: number;
  readonly notInPlace: readonly string[];
  readonly octets: number;
  readonly fingerprint: string;
}

interface Wish {
  readonly organisation: string | undefined;
  readonly language: Language;
  /** JSON of the type `Given`. */
  readonly given: string;
}

export async function makeStatement(
  context: AdminContext,
  { organisation, language, given }: Wish,
  call: Call,
): Promise<WrittenStatement> {
  const key = await context.evidence.key(context.clock.now());
  const facts = await gatherFacts(context, organisation, givenOf(given));
  const { fingerprint } = key.certificate;
  const paper = paperOf(facts, language);
  const text = textOf(paper);
  const page = htmlOf(paper);
  const subject = 'Statement about information security';
  const octets = await sendDocument(
    call,
    {
      head: { hostname: facts.hostname, subject, made: facts.made },
      text,
      parts: [
        { name: 'HOW-TO-CHECK.txt', type: 'text/plain', text: () => [howToCheck(fingerprint)] },
        { name: 'statement.txt', type: 'text/plain', text: () => [text] },
        { name: 'statement.html', type: 'text/html', text: () => [page] },
        ...[...evidenceOf(facts)].map(([name, value]) => ({
          name,
          type: 'application/json',
          text: () => [`${JSON.stringify(value, undefined, 1)}\n`],
        })),
      ],
    },
    key,
  );
  const claims = sectionsOf(facts).flatMap((section) => section.claims);
  return {
    claims: claims.length,
    notInPlace: claims.flatMap((claim) => (claim.inPlace ? [] : [claim.text[language]])),
    octets,
    fingerprint,
  };
}

function givenOf(text: string): Given {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  const read = givenView.safeParse(value);
  if (read.success) return read.data;
  throw new AdminError(
    'invalid',
    'Cannot make a statement: what the operator gives is not in the form that "sluis statement" sends',
  );
}
