/**
 * Who may decide with a passkey on a request of somebody else: an operator who may do the thing
 * himself, for all organisations, and who has neither asked for it nor signed it.
 */
import type { ApprovalRecord } from '../store/operators.ts';
import { type Standing, mayDo } from '../domain/roles.ts';
import type { Verdict } from '../domain/second-person.ts';
import { grouped } from '../crypto/keys/base32.ts';
import { approversOf } from './approvers.ts';
import type { AdminContext } from './context.ts';
import { AdminError } from './error.ts';
import type { Call } from './call.ts';
import { isOperation, rightOf } from './operations.ts';
import { noteRefused } from './second-person.ts';

export interface Decider {
  readonly name: string;
  readonly who: Standing;
}

const WHY = {
  own: 'it is your own request',
  right: 'your role may not do what it asks',
  organisation: 'you act for one organisation alone, and a signature is under what concerns all',
  signed: 'you have signed it',
} as const;
export type Bar = keyof typeof WHY;

/** Why the operator may not decide; undefined if he may. */
export async function barTo(
  context: AdminContext,
  request: ApprovalRecord,
  { name, who: { role, organisation } }: Decider,
): Promise<Bar | undefined> {
  const { operation, askedBy } = request;
  if (askedBy === name) return 'own';
  if (!isOperation(operation) || !mayDo(role, rightOf(operation))) return 'right';
  if (organisation !== undefined) return 'organisation';
  const { all } = await approversOf(context, request);
  return all.some((one) => one.name === name) ? 'signed' : undefined;
}

/** Checks that the operator may decide. Throws AdminError; the trail records the attempt. */
export async function checkDecides(
  context: AdminContext,
  request: ApprovalRecord,
  verdict: Verdict,
  call: Pick<Call, 'actor' | 'who'>,
): Promise<void> {
  const bar = await barTo(context, request, { name: call.actor.name, who: call.who });
  // A person who has signed may still refuse the request, as long as it waits.
  if (bar === undefined || (bar === 'signed' && verdict === 'rejected')) return;
  noteRefused(context, request, call, WHY[bar]);
  throw new AdminError(
    bar === 'signed' ? 'exists' : bar === 'own' ? 'conflict' : 'forbidden',
    `Cannot decide on request ${grouped(request.id)}: ${WHY[bar]}; another operator must`,
  );
}
