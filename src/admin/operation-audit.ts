/**
 * What operators do and look at, in the audit trail: one row for each call of an operation,
 * whatever it does and however it ends.
 *
 * What a change did has rows of its own, in the transaction that did it; this one says that a
 * person asked for it, and also stands where it was refused. The pages of one listing are one look.
 */
import { defined } from '../domain/defined.ts';
import type { Proof, Role } from '../domain/roles.ts';
import { type MessageId, parseMessageId } from '../domain/ids.ts';
import type { AuditTrail } from '../store/port/audit.ts';
import type { Actor } from '../store/actor.ts';
import type { Input } from './input.ts';

/** Operations that write `audit.read` themselves, before they look. */
const TELLS_ITSELF: readonly string[] = ['audit.list', 'audit.export', 'audit.verify', 'audit.report'];
/** Says nothing of anybody, and is asked for by monitoring every minute. */
const TELLS_NOBODY: readonly string[] = ['gateway.status', 'gateway.figures', 'gateway.traffic'];

/**
 * Fields of the input that say whom or what a call was about, where the operation does not say them
 * itself. Values of settings and passwords stay out.
 */
const TARGETS = [
  ...['name', 'login', 'address', 'password-name', 'scope', 'target', 'organisation', 'network'],
  ...['serial', 'domain', 'fingerprint', 'identity', 'message', 'message-id', 'from', 'to', 'partner', 'id', 'month'],
] as const;
const LONGEST = 256;

export interface Ran {
  readonly operation: string;
  readonly changes: boolean;
  readonly input: Input;
  readonly actor: Actor;
  /** How it is known who it was; a row without it has the name that the caller gave. */
  readonly proof: Proof;
  /** The highest role that the caller may use. */
  readonly role: Role;
  /** Fields of the input that say whom or what it was about. */
  readonly names?: readonly string[];
  /** `gateway`: asked of the running one. `store`: the command had the store open itself. */
  readonly by: 'gateway' | 'store';
  /** How it is known who asked the operator for it. */
  readonly caller?: string;
  /** Why it was not done. */
  readonly refused?: string;
}

export function noteOperation(audit: Pick<AuditTrail, 'note'>, ran: Ran): void {
  const { operation, changes, input, actor, proof, role, by, caller, refused, names = TARGETS } = ran;
  // Whoever may not do it was refused before it could tell.
  const tells = [...TELLS_NOBODY, ...TELLS_ITSELF].includes(operation);
  if (tells && refused !== 'forbidden') return;
  // `after` is where the next page of a listing begins.
  if (!changes && input.after !== undefined && refused === undefined) return;
  audit.note({
    event: changes ? 'operator.changed' : 'operator.looked',
    outcome: refused === undefined ? 'success' : 'failure',
    ...aboutMessage(input.message),
    facts: {
      operation,
      by,
      ...(role === 'owner' ? {} : { role }),
      ...(proof === 'said' ? {} : { proof }),
      ...(input['dry-run'] === true ? { 'dry-run': true } : {}),
      ...defined({ caller, why: refused }),
    },
    personal: { actor: actor.name, ...defined({ reason: actor.reason }), ...targetsOf(input, names) },
  });
}

/**
 * If the message is named by our id, the row stands in its trace: whoever asks for that sees who
 * else did.
 */
function aboutMessage(name: unknown): { readonly message?: MessageId } {
  const message = typeof name === 'string' ? parseMessageId(name) : undefined;
  return message === undefined ? {} : { message };
}

function targetsOf(input: Input, names: readonly string[]): Record<string, string> {
  const targets: Record<string, string> = {};
  for (const name of names) {
    const given = input[name];
    // Of many, each has a row of its own in the trail where something was done to it; one alone
    // stands here too, also where it was refused.
    const value: unknown = Array.isArray(given) && given.length === 1 ? given[0] : given;
    if (typeof value === 'string' || typeof value === 'number') targets[name] = String(value).slice(0, LONGEST);
  }
  return targets;
}
