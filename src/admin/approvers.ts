/**
 * Who approved a request: its asker, if a passkey proves who that is, and those who signed it. Each
 * person counts once.
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
  /** The asker first, then the others in the order in which they signed. */
  readonly all: readonly Approver[];
  /**
   * Text that says why a signature does not count although its maker thinks it does. It is added to
   * another text.
   */
  readonly late: string;
}

/**
 * Finds the approvers. `signers`: the operators whose keys are registered now. A signature no
 * longer counts if its operator was removed, or if its passkey has ended.
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

/** Two different people who approved it, or why there are not two. */
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
 * The names of those who could sign now: operators with a key, and operators with a passkey whose
 * role has this right.
 */
export async function couldSign({ store }: Pick<AdminContext, 'store'>, right: Right): Promise<ReadonlySet<string>> {
  const [keys, passkeys] = await Promise.all([store.operators.signers(), store.operators.passkeyHolders()]);
  const may = passkeys.filter(({ role }) => mayDo(role, right));
  return new Set([...keys, ...may].map(({ name }) => name));
}
