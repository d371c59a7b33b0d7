/**
 * The queue of deliveries: claims under leases, settlements under fences, changes by operators,
 * withdrawals by senders.
 */
import type { AuditItem } from '../../domain/audit-row.ts';
import type { DeliveryId, PartnerId } from '../../domain/ids.ts';
import { type Instant, type Milliseconds, instant } from '../../domain/units.ts';
import type { Outcome } from '../deliveries.ts';
import { DELIVERY, DELIVERY_COLUMNS } from '../reads/deliveries.ts';
import { MESSAGE, MESSAGE_COLUMNS } from '../reads/messages.ts';
import type { DeliveryRow, DeliveryRows } from '../reads/records.ts';
import { type Row, int, long, optional, orNull, text, time } from '../sql/columns.ts';
import { among, locked, lockedFree, words } from '../sql/parts.ts';
import { type Change, sql } from '../sql/sql.ts';
import type { Notices } from './accept-work.ts';
import { type ChangeContext, append } from './change-context.ts';
import { hideCopies } from './hiding.ts';
import { countPushed, fileNotices, refileQueued, releaseHeld } from './services.ts';
import { UIDL_OCTETS } from './uidls.ts';

/** Columns that an operator's change needs of a delivery. */
const CHANGED = { id: int, message: long, partner: int, mailbox: orNull(int) };
const CHANGED_COLUMNS = words('id, message, partner, mailbox');
type ChangedRow = Row<typeof CHANGED>;

/** The copies of one message row: asked to be withdrawn, or withdrawn. */
export interface WithdrawnCopy {
  readonly message: bigint;
  /** Mailboxes; a request names those that no session holds. */
  readonly accounts: readonly number[];
  /** Recipients as they stand in `delivery`. */
  readonly recipients: readonly string[];
  /** Mailboxes from which the copy may be held. */
  readonly heldFrom: readonly number[];
}

export class QueueChanges {
  /** Claims up to `max` due deliveries, by due time and then age. */
  *claim(context: ChangeContext, partner: PartnerId, max: number, lease: Milliseconds): Change<DeliveryRows> {
    const due = yield* sql.all({ id: int })`
      SELECT id FROM delivery WHERE partner = ${partner} AND state = 'waiting' AND due_at <= ${context.at} ORDER BY due_at, id LIMIT ${max} ${lockedFree}`;
    return yield* leased(
      due.map(({ id }) => id),
      instant(context.at + lease),
    );
  }

  /** Claims one delivery, due or not, also a held one. */
  *claimOne(
    context: ChangeContext,
    id: DeliveryId,
    lease: Milliseconds,
  ): Change<DeliveryRows | 'busy' | 'settled' | 'unknown'> {
    const row = yield* sql.first({ leaseUntil: orNull(time), settledAt: orNull(time) })`
      SELECT lease_until, settled_at FROM delivery WHERE id = ${id} ${locked}`;
    if (row === undefined) return 'unknown';
    if (row.settledAt !== null) return 'settled';
    if (row.leaseUntil !== null && row.leaseUntil > context.at) return 'busy';
    return yield* leased([id], instant(context.at + lease));
  }

  /**
   * Settles a claim. The first final state wins; a claim with an older fence has lost the delivery
   * to another one.
   */
  *settle(
    context: ChangeContext,
    claim: { readonly id: DeliveryId; readonly fence: number },
    outcome: Outcome,
    audit: readonly AuditItem[],
    notices: Notices,
  ): Change<'settled' | 'lost'> {
    const { id, fence } = claim;
    const row = yield* sql.first({ message: long, partner: int, fence: int, settledAt: optional(time) })`
      SELECT message, partner, fence, settled_at FROM delivery WHERE id = ${id} ${locked}`;
    if (row === undefined || row.settledAt !== undefined || row.fence !== fence) return 'lost';
    if (outcome.kind === 'retry') {
      const delayedAt = outcome.delayed === true ? context.at : null;
      yield* sql.run`
        UPDATE delivery SET due_at = ${outcome.at}, last_reply = ${outcome.reply}, delayed_at = coalesce(delayed_at, ${delayedAt}), lease_until = NULL
         WHERE id = ${id}`;
    } else yield* endDeliveries(context, [id], row.message, outcome.kind, outcome.reply);
    if (outcome.kind === 'relayed') yield* countPush(context, row.message, row.partner);
    yield* fileNotices(context, notices);
    for (const item of audit) yield* append(item);
    return 'settled';
  }

  /**
   * Holds deliveries. An attempt that is under way goes on, and its result counts: what was relayed
   * must not go out again.
   */
  *hold(_context: ChangeContext, ids: readonly DeliveryId[], audit: AuditItem): Change<number> {
    const rows = yield* sql.all(CHANGED)`
      UPDATE delivery SET state = 'held' WHERE id ${among(int, ids)} AND state = 'waiting' RETURNING ${CHANGED_COLUMNS}`;
    return yield* tellChanged(ids, rows, audit);
  }

  /**
   * Releases deliveries: one held for a partner is sent again, one held from a mailbox goes into
   * it. `uidls`: one for each of `ids`.
   */
  *release(context: ChangeContext, ids: readonly DeliveryId[], uidls: Uint8Array, audit: AuditItem): Change<number> {
    const queued = yield* sql.all(CHANGED)`
      UPDATE delivery SET state = 'waiting' WHERE id ${among(int, ids)} AND state = 'held' AND mailbox IS NULL RETURNING ${CHANGED_COLUMNS}`;
    for (const { partner } of queued) context.tellDue(partner);
    const held = yield* sql.all(CHANGED)`
      SELECT ${CHANGED_COLUMNS} FROM delivery WHERE id ${among(int, ids)} AND state = 'held' AND mailbox > 0 ${locked}`;
    const filed = yield* filedOf(context, ids, uidls, held, ({ message, mailbox }, uidl) =>
      releaseHeld(context, message, mailbox ?? 0, uidl),
    );
    return yield* tellChanged(ids, [...queued, ...filed], audit);
  }

  /** Makes deliveries due now. */
  *retry(context: ChangeContext, ids: readonly DeliveryId[], audit: AuditItem): Change<number> {
    const rows = yield* sql.all(CHANGED)`
      UPDATE delivery SET due_at = ${context.at}, lease_until = NULL WHERE id ${among(int, ids)} AND state = 'waiting' RETURNING ${CHANGED_COLUMNS}`;
    for (const { partner, mailbox } of rows) if (mailbox === null) context.tellDue(partner);
    return yield* tellChanged(ids, rows, audit);
  }

  /**
   * Moves deliveries that wait for a partner whose address has moved into the mailbox. One that is
   * under way may be at the partner already, so it goes on.
   */
  *refile(context: ChangeContext, ids: readonly DeliveryId[], uidls: Uint8Array, audit: AuditItem): Change<number> {
    const rows = yield* sql.all({ ...CHANGED, recipient: text })`
      SELECT ${CHANGED_COLUMNS}, recipient FROM delivery
       WHERE id ${among(int, ids)} AND state = 'waiting' AND mailbox IS NULL AND (lease_until IS NULL OR lease_until <= ${context.at}) ${locked}`;
    const filed = yield* filedOf(context, ids, uidls, rows, ({ message, partner, recipient }, uidl) =>
      refileQueued(context, { message, partner, recipient }, uidl),
    );
    return yield* tellChanged(ids, filed, audit);
  }

  /**
   * Takes back copies; resolves to those of `copies` that were. The notices are filed if anything
   * was.
   */
  *withdraw(
    context: ChangeContext,
    copies: readonly WithdrawnCopy[],
    audit: AuditItem,
    notices: Notices,
  ): Change<readonly WithdrawnCopy[]> {
    const withdrawn: WithdrawnCopy[] = [];
    for (const copy of copies) withdrawn.push(yield* withdrawCopy(context, copy));
    const mailboxes = withdrawn.reduce((n, { accounts }) => n + accounts.length, 0);
    const deliveries = withdrawn.reduce((n, { recipients }) => n + recipients.length, 0);
    const any = mailboxes + deliveries > 0;
    if (any) yield* fileNotices(context, notices);
    const facts = { ...(JSON.parse(audit.facts) as object), mailboxes, deliveries };
    yield* append({ ...audit, outcome: any ? 'success' : 'failure', facts: JSON.stringify(facts) });
    return withdrawn;
  }
}

/**
 * Frees leases that a crash left over: nobody works under leases from before this start, and their
 * deliveries are due at their old place. If other nodes write into the store, theirs stay until
 * their time is over.
 */
export const voidLeases = (): Change<number> => sql.run`
  UPDATE delivery SET lease_until = NULL, due_at = coalesce((SELECT received_at FROM message WHERE id = delivery.message), due_at)
   WHERE lease_until IS NOT NULL ${CLAIMED_HERE}`;

/** The claiming node: its connections have its name. On SQLite there is one process. */
const BY_NODE = words('', ", claimed_by = current_setting('application_name')");
const CLAIMED_HERE = words('', "AND claimed_by = current_setting('application_name')");

/** Leased deliveries in the order of `ids`. */
function* leased(ids: readonly number[], until: Instant): Change<DeliveryRows> {
  if (ids.length === 0) return { deliveries: [], messages: [] };
  const rows = yield* sql.all(DELIVERY)`
    UPDATE delivery SET due_at = ${until}, lease_until = ${until}, fence = fence + 1, attempts = attempts + 1 ${BY_NODE}
     WHERE id ${among(int, ids)} RETURNING ${DELIVERY_COLUMNS}`;
  const found = new Map<number, DeliveryRow>(rows.map((row) => [row.id, row]));
  const of = [...new Set(rows.map(({ message }) => message))];
  const messages = yield* sql.all(MESSAGE)`SELECT ${MESSAGE_COLUMNS} FROM message m WHERE m.id ${among(long, of)}`;
  return { deliveries: ids.flatMap((id) => found.get(id) ?? []), messages };
}

/** Ends deliveries of one message and their references to its content. */
function* endDeliveries(
  context: ChangeContext,
  ids: readonly number[],
  message: bigint,
  state: 'relayed' | 'failed' | 'withdrawn',
  reply: string | null,
): Change<void> {
  if (ids.length === 0) return;
  yield* sql.run`
    UPDATE delivery SET state = ${state}, settled_at = ${context.at}, last_reply = coalesce(${reply}, last_reply), lease_until = NULL
     WHERE id ${among(int, ids)}`;
  yield* sql.run`UPDATE content SET refs = refs - ${ids.length} WHERE message = ${message}`;
}

function* countPush(context: ChangeContext, message: bigint, partner: number): Change<void> {
  const took = yield* sql.first({ account: int, submitter: int, octets: int })`
    SELECT p.account, m.submitter, m.octets FROM message m JOIN partner p ON p.id = ${partner} WHERE m.id = ${message}`;
  if (took !== undefined) yield* countPushed(context, took.account, took.submitter, took.octets);
}

/**
 * Those of `rows` that `file` put into a mailbox; they are settled, and their reference to the
 * content is the entry's now.
 */
function* filedOf<R extends ChangedRow>(
  context: ChangeContext,
  ids: readonly number[],
  uidls: Uint8Array,
  rows: readonly R[],
  file: (row: R, uidl: Uint8Array) => Change<boolean>,
): Change<readonly R[]> {
  const found = new Map(rows.map((row) => [row.id, row]));
  const filed: R[] = [];
  for (const [i, id] of ids.entries()) {
    const row = found.get(id);
    found.delete(id);
    if (row !== undefined && (yield* file(row, uidls.subarray(i * UIDL_OCTETS, (i + 1) * UIDL_OCTETS))))
      filed.push(row);
  }
  const done = filed.map(({ id }) => id);
  if (done.length > 0)
    yield* sql.run`
      UPDATE delivery SET state = 'filed', settled_at = ${context.at}, lease_until = NULL WHERE id ${among(int, done)}`;
  return filed;
}

/** Writes an audit row for each delivery that was changed, in the order of `ids`. */
function* tellChanged(ids: readonly number[], rows: readonly ChangedRow[], audit: AuditItem): Change<number> {
  const found = new Map(rows.map((row) => [row.id, row]));
  for (const id of new Set(ids)) {
    const row = found.get(id);
    if (row === undefined) continue;
    const facts = { ...(JSON.parse(audit.facts) as object), delivery: id };
    yield* append({ ...audit, message: row.message, facts: JSON.stringify(facts) });
  }
  return rows.length;
}

function* withdrawCopy(context: ChangeContext, copy: WithdrawnCopy): Change<WithdrawnCopy> {
  const { message, accounts, recipients, heldFrom } = copy;
  const mailboxes = yield* hideCopies(context, accounts, message);
  const named = new Set(recipients);
  const from = new Set(heldFrom);
  const unclaimed = yield* sql.all({ id: int, recipient: text, mailbox: orNull(int) })`
    SELECT id, recipient, mailbox FROM delivery
     WHERE message = ${message} AND state IN ('waiting', 'held') AND (lease_until IS NULL OR lease_until <= ${context.at}) ORDER BY id ${locked}`;
  const relays = unclaimed.filter(({ recipient, mailbox }) => mailbox === null && named.has(recipient));
  const held = unclaimed.filter(({ mailbox }) => mailbox !== null && from.has(mailbox));
  const taken = [...relays, ...held].map(({ id }) => id);
  yield* endDeliveries(context, taken, message, 'withdrawn', null);
  return {
    message,
    accounts: [...mailboxes, ...held.flatMap(({ mailbox }) => mailbox ?? [])],
    recipients: relays.map(({ recipient }) => recipient),
    heldFrom,
  };
}
