/**
 * Calls an operation for a caller of the API, with the same rights and the same rows in the trail
 * as for the command line and the console.
 */
import { AdminError } from '../../admin/error.ts';
import type { Call } from '../../admin/call.ts';
import type { Input } from '../../admin/input.ts';
import { type OperationName, runOperation } from '../../admin/operations.ts';
import type { OperatorCaller } from '../core/callers.ts';
import { malformed, notFound, problem } from '../core/problem.ts';
import type { Asked } from '../core/route.ts';
import type { ApiServices } from '../core/services.ts';
import type { Streamed } from '../core/body.ts';
import { forPrograms } from '../core/wording.ts';

/** Why it is done, for the trail; and the request that two operators have signed. */
export interface Said {
  readonly reason?: string;
  readonly approval?: string;
}

/**
 * The text of the header Sluis-Reason. Text outside ASCII comes percent-encoded, as UTF-8: only
 * ASCII is certain to pass in a header.
 */
export function reasonIn(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  let text: string;
  try {
    text = decodeURIComponent(header);
  } catch {
    throw malformed('The header Sluis-Reason has a "%" that begins no octet; write "%25" for a percent sign');
  }
  if (text.length > 512 || /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(text) || text.trim() === '')
    throw malformed('The header Sluis-Reason has more than 512 characters, or characters that are not on one line');
  return text;
}

export function callOf(
  { name, role, proof, organisation }: OperatorCaller,
  { reason, approval }: Said,
  { signal }: Pick<Asked, 'signal'>,
  upload?: Streamed,
): Call {
  return {
    actor: { name, ...(reason !== undefined && { reason }) },
    who: { role, proof, ...(organisation !== undefined && { organisation }) },
    ...(approval !== undefined && { approval }),
    gone: signal,
    progress: () => undefined,
    ...(upload !== undefined && { upload: textOf(upload) }),
  };
}

async function* textOf({ octets }: Streamed): AsyncGenerator<string, void, void> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  try {
    for await (const piece of octets) yield decoder.decode(piece, { stream: true });
    yield decoder.decode();
  } catch (error) {
    if (error instanceof TypeError) throw malformed('The file is not UTF-8');
    throw error;
  }
}

/** The answer of an operation that two operators must sign first. */
export class Waiting {
  readonly approvalId: string;
  readonly detail: string;
  constructor(approvalId: string, detail: string) {
    this.approvalId = approvalId;
    this.detail = detail;
  }
}

/**
 * Runs the operation. `pathAsIs`: the row itself looks up what the path names, so what it does not
 * find does not exist.
 */
export async function operate(
  operation: OperationName,
  input: Input,
  call: Call,
  { admin, log, pathAsIs }: Pick<ApiServices, 'admin' | 'log'> & { readonly pathAsIs: boolean },
): Promise<unknown> {
  try {
    return await runOperation(operation, admin, input, call, log);
  } catch (error) {
    if (!(error instanceof AdminError)) throw error;
    if (error.kind === 'approval' && error.request !== undefined && call.approval === undefined)
      return new Waiting(
        error.request,
        `Two operators must sign first: GET /approvals/${error.request} shows what they sign, POST /approvals/${error.request}/signatures takes each signature. Then send the same request again, under the same key, with Sluis-Approval: ${error.request}`,
      );
    if (error.kind !== 'unknown') throw error;
    if (pathAsIs) throw notFound();
    throw problem(422, 'unknown-value', 'Something that the request names does not exist', forPrograms(error.message));
  }
}
