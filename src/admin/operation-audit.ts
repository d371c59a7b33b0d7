/**
 * Writes what operators do and look at into the trail: one row for each call of an operation,
 * whatever it does and however it ends.
 *
 * The effects of a change have rows of their own, in the transaction that made it. This row says
 * that a person asked for it; it is also written if the call was refused. All pages of one listing
 * count as one look.
 */
import { defined } from '../domain/defined.ts';
import type { Proof, Role } from '../domain/roles.ts';
import { type MessageId, parseMessageId } from '../domain/ids.ts';
import type { AuditTrail } from '../store/port/audit.ts';
import type { Actor } from '../store/actor.ts';
import type { Input } from './input.ts';

/** Operations that write `audit.read` themselves before they look. */
const TELLS_ITSELF: readonly string[] = ['audit.list', 'audit.export', 'audit.verify', 'audit.report'];
/** Operations whose answer names nobody, and that monitoring calls every minute. */
const TELLS_NOBODY: readonly string[] = ['gateway.status', 'gateway.figures', 'gateway.traffic'];

/**
 * Input fields that say whom or what a call was about, for operations that do not name these
 * themselves. Values of settings and passwords are never written.
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
  /** How the caller's name is proven. A row without it has the name that the caller gave. */
  readonly proof: Proof;
  /** The highest role that the caller may use. */
  readonly role: Role;
  /** Input fields that say whom or what the call was about. */
  readonly names?: readonly string[];
  /** `gateway`: the running gateway did it. `store`: the command had opened the store itself. */
  readonly by: 'gateway' | 'store';
  /** How the operator knows who asked for it. */
  readonly caller?: string;
  /** Why it was refused; absent if it was done. */
  readonly refused?: string;
}

export function noteOperation(audit: Pick<AuditTrail, 'note'>, ran: Ran): void {
  const { operation, changes, input, actor, proof, role, by, caller, refused, names = TARGETS } = ran;
  // A call that was forbidden did not get far enough to write its own row.
  const tells = [...TELLS_NOBODY, ...TELLS_ITSELF].includes(operation);
  if (tells && refused !== 'forbidden') return;
  // With `after` it is a later page of a listing.
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
 * If the call names a message by our id, the row becomes part of the message's trace. So everybody
 * who asks for the trace sees who else did.
 */
function aboutMessage(name: unknown): { readonly message?: MessageId } {
  const message = typeof name === 'string' ? parseMessageId(name) : undefined;
  return message === undefined ? {} : { message };
}

function targetsOf(input: Input, names: readonly string[]): Record<string, string> {
  const targets: Record<string, string> = {};
  for (const name of names) {
    const given = input[name];
    // If a call names several things, each has a row of its own in the trail if something was done
    // to it. A single one stands here too, even if the call was refused.
    const value: unknown = Array.isArray(given) && given.length === 1 ? given[0] : given;
    if (typeof value === 'string' || typeof value === 'number') targets[name] = String(value).slice(0, LONGEST);
  }
  return targets;
}
