/**
 * All operations by name. The command line calls them, directly or over the control socket; the
 * HTTPS API and the web console call them too.
 */
import { rowOperations } from '../commands/table.ts';
import { defined } from '../domain/defined.ts';
import type { Log } from '../domain/effects.ts';
import type { Right } from '../domain/roles.ts';
import type { AdminContext } from './context.ts';
import { AdminError } from './error.ts';
import { type Call, NOBODY } from './call.ts';
import type { Input } from './input.ts';
import { knownRefusal } from './known-refusal.ts';
import type { Operation } from './operation.ts';
import { type Ran, noteOperation } from './operation-audit.ts';
import { checkRight } from './rights.ts';
import { ownedBy, withinOwn } from './own-organisation.ts';
import { approvedCall } from './second-person.ts';

const operations = rowOperations;

export type OperationName = keyof typeof operations;
/** An operation whose input is of any type: it is whatever `read` made of it. */
const operationOf = (name: OperationName): Operation<unknown> => operations[name];
export type OperationResult<N extends OperationName> = Awaited<ReturnType<(typeof operations)[N]['run']>>;

export const operationNames = Object.keys(operations) as OperationName[];

/** Operations that change the registry, the store or the gateway. */
export const changeNames = (Object.keys(operations) as OperationName[]).filter((name) => operationOf(name).changes);

/** True if the operation takes an upload of any length. */
export const isStreamed = (name: OperationName): boolean => operationOf(name).streams === true;

export const isOperation = (name: string): name is OperationName => Object.hasOwn(operations, name);

/** Input fields that name things which an organisation owns. */
export const ownedIn = (name: OperationName): ReturnType<typeof ownedBy> => ownedBy(operationOf(name));

/** The right that an operation needs. */
export const rightOf = (name: OperationName): Right => operationOf(name).right;

const rights = [...operationNames].sort().map((operation) => ({ operation, right: rightOf(operation) }));

/** Runs one operation. Throws AdminError; any other error is a bug or a lost store. */
export async function runOperation<N extends OperationName>(
  name: N,
  context: AdminContext,
  input: Input,
  given: Call,
  log: Log,
): Promise<OperationResult<N>> {
  const operation = operationOf(name) as Operation<unknown, OperationResult<N>>;
  const call = withReasonOf(input, given);
  let fields = { operation: name, actor: call.actor.name, reason: call.actor.reason };
  const { changes } = operation;
  const by = context.gateway === undefined ? 'store' : 'gateway';
  let ran: Ran = {
    operation: name,
    changes,
    input,
    by,
    actor: call.actor,
    proof: call.who.proof,
    role: call.who.role,
    ...defined({ names: operation.names, caller: call.caller }),
  };
  try {
    // Checked before anything is read from the store, so that a caller without the right learns
    // nothing about what exists.
    checkRight(name, rightOf(name), call.who);
    const asked = withOneReason(input, call);
    const whole = operation.read(asked);
    const own = await withinOwn(context, name, operation, asked, call);
    const read = own === asked ? whole : operation.read(own);
    if (changes && call.actor.name === NOBODY)
      throw new AdminError(
        'invalid',
        `Cannot do ${name}: nobody is named who asks for it; expected the name of a person`,
      );
    const { needsSecond: verb, isLook } = operation;
    const looks = isLook?.(read) === true;
    const approved =
      verb === undefined || looks
        ? call
        : await approvedCall(context, { operation: name, verb, right: rightOf(name), input }, call);
    // Checked here and not only in the command line: a program that uses the socket is asked
    // nothing.
    if (operation.needsReason === true && !looks && approved.actor.reason === undefined)
      throw new AdminError(
        'invalid',
        `Cannot do ${name} without a reason: the audit trail records it; add --reason TEXT`,
      );
    fields = { operation: name, actor: approved.actor.name, reason: approved.actor.reason };
    ran = { ...ran, actor: approved.actor, proof: approved.who.proof };
    const result = await operation.run(context, read, { ...approved, rights });
    if (changes) log.info('admin.done', { ...fields, ...targetFields(input) });
    noteOperation(context.store.audit, ran);
    return result;
  } catch (error) {
    const known = knownRefusal(error) ?? error;
    const why = known instanceof AdminError ? known.kind : 'failed';
    if (changes) log.warn('admin.refused', { ...fields, ...targetFields(input), why });
    noteOperation(context.store.audit, { ...ran, refused: why });
    throw known;
  }
}

/**
 * The reason for the trail is the one given with the call, or else the one in its input. Text of
 * spaces alone is no reason.
 */
function withReasonOf({ reason: inInput }: Input, call: Call): Call {
  const { name, reason: withCall } = call.actor;
  const reason = [withCall, inInput].find((text) => typeof text === 'string' && text.trim() !== '');
  return { ...call, actor: { name, ...(typeof reason === 'string' ? { reason } : {}) } };
}

/**
 * A call has one reason. If the operation's own rows take a reason from the input, they get the
 * same one as the row of the call.
 */
const withOneReason = (input: Input, { actor: { reason } }: Call): Input =>
  reason === undefined ? input : { ...input, reason };

/** Whom or what a call was about, for the log. Values of settings and passwords are left out. */
const targetFields = (input: Input): Record<string, string> => {
  const fields: Record<string, string> = {};
  for (const name of ['name', 'login', 'address', 'password-name', 'scope', 'serial', 'domain', 'fingerprint'])
    if (typeof input[name] === 'string') fields[name.endsWith('-name') ? 'named' : name] = input[name].slice(0, 256);
  return fields;
};
