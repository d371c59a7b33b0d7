/**
 * Who approved a request: its asker, if known by a passkey, and those who signed it, each counted
 * once.
 */
import { keySigners } from '../crypto/trail/approval.ts';
import { passkeyProblem } from '../crypto/trail/passkey-approval.ts';
import { type Right, mayDo } from '../domain/roles.ts';
import { type Result, fail, ok } from '../domain/result.ts';
import type { Operator } from '../domain/second-person.ts';
import type { ApprovalRecord, Bound } from '../store/operators.ts';
import type { AdminContext } from './context.ts';

export interface Approver {
  readonly name: string;
  readonly bound: Bound;
  readonly asked?: true;
}

export interface Approvers {
  /** The asker first, then in the order in which they signed. */
  readonly all: readonly Approver[];
  /** Why a signature counts for nothing that its maker takes for one: as text behind another. */
  readonly late: string;
}

/**
 * `signers`: those whose keys are registered now. What a removed operator, or a passkey that has
 * ended, signed no longer counts.
 */
export async function approversOf(
  { store, partners }: Pick<AdminContext, 'store' | 'partners'>,
  request: ApprovalRecord,
  signers?: readonly Operator[],
): Promise<Approvers> {
  const found = new Map<string, Approver>();
  const add = (one: Approver): void => {
    if (!found.has(one.name)) found.set(one.name, one);
  };
  const { askedBy, askedWith, isAskerKnown } = request;
  if (askedWith !== undefined && isAskerKnown) add({ name: askedBy, bound: { passkey: askedWith }, asked: true });
  const { signed, late } = keySigners(
    partners.hostname,
    request,
    request.signatures,
    signers ?? (await store.operators.signers()),
  );
  for (const { name, fingerprint } of signed) add({ name, bound: { key: fingerprint } });
  for (const signature of request.passkeys) {
    const { operator, passkey, holds } = signature;
    if (holds && passkeyProblem(partners.hostname, request, signature, operator) === undefined)
      add({ name: operator, bound: { passkey } });
  }
  return { all: [...found.values()], late };
}

/** Two different people. */
export function twoOf({
  all,
  late,
}: Approvers): Result<{ readonly first: Approver; readonly second: Approver }, string> {
  const [first, second] = all;
  if (first === undefined) return fail(`no operator has signed it${late}`);
  if (second === undefined)
    return fail(`only operator "${first.name}" has ${first.asked ? 'asked' : 'signed'} it${late}`);
  return ok({ first, second });
}

/**
 * Names of those who could sign now: operators with a key, and those with a passkey whose role may
 * do what is asked.
 */
export async function couldSign({ store }: Pick<AdminContext, 'store'>, right: Right): Promise<ReadonlySet<string>> {
  const [keys, passkeys] = await Promise.all([store.operators.signers(), store.operators.passkeyHolders()]);
  const may = passkeys.filter(({ role }) => mayDo(role, right));
  return new Set([...keys, ...may].map(({ name }) => name));
}
