/**
 * The one place that demands a second person. An operation of the table says `needsSecond: 'erase'`
 * (or another verb), and `runOperation` comes here before it runs. The operation's own rows in the
 * trail then name the two who signed as the actor, and not the name that the caller gave.
 *
 *   sluis audit erase --before ... --reason ...                     asks: a request with exactly this input, for an hour
 *   sluis approve K7QM-2XRD --key jan.pem                           signs it, as the first operator
 *   sluis approve K7QM-2XRD --key piet.pem                          signs it, as the second
 *   sluis audit erase --before ... --approval K7QM-2XRD             uses it up and runs
 */
import { randomBytes } from 'node:crypto';
import { canonicalJson, inputHash } from '../crypto/trail/approval.ts';
import { base32, cleanBase32, grouped } from '../crypto/keys/base32.ts';
import { MAX_REQUEST_INPUT, type SecondPersonVerb } from '../domain/second-person.ts';
import type { ApprovalRecord } from '../store/operators.ts';
import { defined } from '../domain/defined.ts';
import type { Right } from '../domain/roles.ts';
import { iso } from '../domain/units.ts';
import { personalOf } from '../store/actor.ts';
import type { AdminContext } from './context.ts';
import { AdminError } from './error.ts';
import type { Call } from './call.ts';
import { approversOf, couldSign, twoOf } from './approvers.ts';
import type { Input } from './input.ts';

export interface Asked {
  readonly operation: string;
  readonly verb: SecondPersonVerb;
  /**
   * The right that the operation needs. An operator who approves it with a passkey must have it
   * too.
   */
  readonly right: Right;
  readonly input: Input;
}

/** True if the configuration and the registered operators ask for a second person. */
async function isSecondNeeded(context: AdminContext, { verb, right }: Asked): Promise<boolean> {
  const { secondPerson } = context;
  if (verb !== 'operator') return secondPerson.includes(verb);
  // Operators decide who may approve, so changing them is guarded in the same way. It begins when
  // two could sign: before that, nobody could approve.
  return secondPerson.length > 0 && (await couldSign(context, right)).size >= 2;
}

/**
 * The call to run with. If the verb needs approval, its actors are those who approved. Throws
 * AdminError, kind `approval`, if this call only asked for approval.
 */
export async function approvedCall(context: AdminContext, asked: Asked, call: Call): Promise<Call> {
  if (!(await isSecondNeeded(context, asked))) return call;
  const input = canonicalJson(asked.input);
  if (call.approval === undefined) return await ask(context, { ...asked, input }, call);
  return await use(context, { ...asked, input }, call, call.approval);
}

type Exact = Omit<Asked, 'input'> & { readonly input: string };

async function ask(context: AdminContext, { operation, verb, right, input }: Exact, call: Call): Promise<never> {
  const { store, clock } = context;
  const { name, reason } = call.actor;
  // A caller in the console is proven by a passkey, so he is one of the two. The name of any other
  // caller proves nothing.
  const askedWith = call.who.proof === 'passkey' ? call.who.passkey : undefined;
  const others = [...(await couldSign(context, right))].filter((one) => askedWith === undefined || one !== name);
  if (others.length < (askedWith === undefined ? 2 : 1))
    throw new AdminError(
      'conflict',
      `Cannot do ${operation}: the configuration asks for a second person (operators.second-person has "${verb}"), and fewer than two operators are registered; "sluis operator add NAME --public-key FILE" registers one, "--console" one with a passkey`,
    );
  if (reason === undefined)
    throw new AdminError(
      'invalid',
      `Cannot ask a second person to approve ${operation} without a reason: it is what they judge; add --reason TEXT`,
    );
  if (Buffer.byteLength(input) > MAX_REQUEST_INPUT)
    throw new AdminError(
      'invalid',
      `Cannot ask a second person to approve ${operation}: its input has more than 16KiB, which nobody reads; ask for less at a time`,
    );
  const id = base32(randomBytes(5));
  const made = await store.operators.ask({
    id,
    operation,
    verb,
    input,
    reason,
    askedBy: name,
    ...defined({ askedWith }),
  });
  const until = `${Math.max(1, Math.round((made.endsAt - clock.now()) / 60_000))} minutes`;
  const shown = grouped(made.id);
  throw new AdminError(
    'approval',
    `${operation} needs a second person. Request ${shown} waits for ${until}. Two operators sign it, each with a passkey in the web console or a key of their own: sluis approve ${shown} --key FILE. Then run this command again with --approval ${shown}`,
    { request: made.id },
  );
}

async function use(context: AdminContext, { operation, input }: Exact, call: Call, given: string): Promise<Call> {
  const { store, clock } = context;
  const request = await requestOf(context, given);
  const shown = grouped(request.id);
  const refuse = (kind: 'invalid' | 'ended' | 'approval', why: string, remedy: string): never => {
    noteRefused(context, request, call, why);
    throw new AdminError(kind, `Cannot use approval ${shown} for ${operation}: ${why}; ${remedy}`, {
      request: request.id,
    });
  };
  if (request.operation !== operation)
    return refuse('invalid', `it was asked for ${request.operation}`, 'ask again: run the command without --approval');
  if (request.input !== input)
    return refuse(
      'invalid',
      `the input is another one than was approved (SHA-256 ${inputHash(input).slice(0, 16)}, approved ${inputHash(request.input).slice(0, 16)})`,
      'run exactly the command that was asked for, or ask again without --approval',
    );
  if (call.actor.reason !== undefined && call.actor.reason !== request.reason)
    return refuse('invalid', 'the reason is another one than was approved', 'give the same reason, or leave it out');
  if (request.rejectedAt !== undefined)
    return refuse(
      'ended',
      `a second person refused it at ${iso(request.rejectedAt)}`,
      'hear why before you ask again ("sluis audit list --event approval.rejected")',
    );
  if (request.endsAt <= clock.now())
    return refuse(
      'ended',
      `it ended at ${new Date(request.endsAt).toISOString()}`,
      'run the command again to ask again',
    );
  const by = twoOf(await approversOf(context, request));
  if (!by.ok)
    return refuse(
      'approval',
      `${by.error}, and two must`,
      `sign it: sluis approve ${grouped(request.id)} --key FILE, or with a passkey in the web console`,
    );
  const { first, second } = by.value;
  const actor = { name: call.actor.name, reason: request.reason };
  await store.operators.use(request.id, { first: first.bound, second: second.bound }, actor);
  return {
    ...call,
    who: { ...call.who, proof: 'signatures' },
    actor: { ...actor, name: `${first.name}, approved by ${second.name}` },
  };
}

/** An approval that does not fit is an event of its own: somebody may be trying something. */
export function noteRefused(
  { store }: AdminContext,
  request: ApprovalRecord,
  { actor }: Pick<Call, 'actor'>,
  why: string,
): void {
  const { id, operation } = request;
  store.audit.note({
    event: 'approval.refused',
    outcome: 'failure',
    facts: { request: grouped(id), operation, why },
    personal: personalOf(actor),
  });
}

/** A request by its id, as people type it. */
export async function requestOf({ store }: AdminContext, typed: string): Promise<ApprovalRecord> {
  const request = await store.operators.request(cleanBase32(typed.slice(0, 32)));
  if (request === undefined)
    throw new AdminError(
      'unknown',
      `There is no request "${typed.slice(0, 32)}"; "sluis approve --list" shows those that wait`,
    );
  return request;
}
