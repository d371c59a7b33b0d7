/**
 * Changes to maildrops at the end of a POP3 session, by retention and by an operator.
 * `MaildropLocks` decides who may make them.
 */
import { hash } from 'node:crypto';
import type { AuditItem } from '../../domain/audit-row.ts';
import type { DeliveryId, EntryUid } from '../../domain/ids.ts';
import { joinSmall } from '../../platform/bytes.ts';
import { as, bytes, int, long } from '../sql/columns.ts';
import { among, locked, rowsOf } from '../sql/parts.ts';
import { type Change, sql } from '../sql/sql.ts';
import type { Notices, SentNotices } from './accept-work.ts';
import { type ChangeContext, append } from './change-context.ts';
import { COLLECTED, type Hidden, hideEntries } from './hiding.ts';
import { addToMailbox, countCollected, fileNotices, mailboxOf } from './services.ts';
import { UIDL_OCTETS } from './uidls.ts';

const UNSEEN = JSON.stringify({ retrieved: false });
/** Networks that are remembered of each account. */
const CONSUMERS = 16;
const HIDDEN = { hiddenAt: int, uid: int, message: long, octets: int, receipt: int };
const PLACE = { hiddenAt: int, uid: int };
const RESTORED = { uid: int, message: long, octets: int, uidl: bytes, receipt: int };

export class MaildropChanges {
  /** QUIT: hides `deleted`, and marks `retrieved` as sent to their end. */
  *commit(
    context: ChangeContext,
    account: number,
    deleted: readonly number[],
    retrieved: readonly number[],
    audit: readonly AuditItem[],
    { notices }: SentNotices,
  ): Change<void> {
    const sent = new Set(retrieved);
    const hidden = yield* hideEntries(context, account, deleted, 'deleted', retrieved);
    let collected = 0;
    for (const { uid, retrieved: before } of hidden) if (sent.has(uid) && before < COLLECTED) collected += 1;
    const gone = new Set(hidden.map(({ uid }) => uid));
    const left = retrieved.filter((uid) => !gone.has(uid));
    if (left.length > 0)
      collected += yield* sql.run`
        UPDATE entry SET retrieved = 2 WHERE account = ${account} AND uid ${among(int, left)} AND retrieved < 2`;
    yield* countCollected(context, account, collected);
    yield* fileNotices(context, notices);
    for (const item of audit) yield* append(item);
    yield* tellUnseen(hidden, sent, audit);
  }

  /** A session that ended without QUIT. */
  *release(
    context: ChangeContext,
    account: number,
    retrieved: readonly number[],
    { notices }: SentNotices,
  ): Change<void> {
    const rows = yield* sql.all({ retrieved: int })`
      UPDATE entry SET retrieved = retrieved + 1 WHERE account = ${account} AND uid ${among(int, retrieved)} AND retrieved < 2 RETURNING retrieved`;
    // Sent to its end a second time without a QUIT: the client has the message, whatever becomes of
    // its sessions.
    const collected = rows.filter((row) => row.retrieved === COLLECTED).length;
    yield* countCollected(context, account, collected);
    yield* fileNotices(context, notices);
  }

  /**
   * Notes messages that were sent to their end without a lock; their audit rows are in the same
   * commit. A message that was sent `whole` counts as after a session without QUIT, a part only as
   * seen. Resolves to those that still exist: the end of any other may not be shown.
   */
  *sent(
    context: ChangeContext,
    account: number,
    uids: readonly number[],
    whole: boolean,
    audit: readonly AuditItem[],
    { notices }: SentNotices,
  ): Change<readonly EntryUid[]> {
    const rows = yield* sql.all({ uid: as<EntryUid>(int), retrieved: int })`
      SELECT uid, retrieved FROM entry WHERE account = ${account} AND uid ${among(int, uids)} ORDER BY uid ${locked}`;
    if (rows.length === 0) return [];
    const noted = rows.filter(({ retrieved }) => retrieved < (whole ? COLLECTED : 1));
    if (noted.length > 0) {
      const now = noted.map(({ uid }) => uid);
      yield* sql.run`
        UPDATE entry SET retrieved = retrieved + 1 WHERE account = ${account} AND uid ${among(int, now)}`;
      const collected = noted.filter(({ retrieved }) => retrieved + 1 === COLLECTED).length;
      yield* countCollected(context, account, collected);
    }
    yield* fileNotices(context, notices);
    for (const item of audit) yield* append(item);
    return rows.map(({ uid }) => uid);
  }

  /**
   * Hides entries past their retention; resolves to those. An entry that was collected meanwhile
   * stays, and nothing is reported of it.
   */
  *expire(
    context: ChangeContext,
    account: number,
    entries: readonly { readonly uid: EntryUid; readonly notices: Notices; readonly audit: AuditItem }[],
  ): Change<readonly EntryUid[]> {
    const uids = entries.map(({ uid }) => uid);
    const rows = yield* sql.all({ uid: int })`
      SELECT uid FROM entry WHERE account = ${account} AND uid ${among(int, uids)} AND retrieved = 0 ${locked}`;
    const found = new Set(rows.map(({ uid }) => uid));
    const waiting = entries.filter(({ uid }) => found.has(uid));
    yield* hideEntries(
      context,
      account,
      waiting.map(({ uid }) => uid),
      'expired',
    );
    for (const { notices, audit } of waiting) {
      yield* append(audit);
      yield* fileNotices(context, notices);
    }
    return waiting.map(({ uid }) => uid);
  }

  /**
   * An entry becomes a delivery that is held from the mailbox: its reference to the content is the
   * delivery's then. `wish`: what its sender asked to be told of (`NewDelivery.dsn`), for the first
   * of its recipients that leads there. Resolves to the delivery; undefined: there is no such
   * entry.
   */
  *setAside(
    context: ChangeContext,
    account: number,
    uid: number,
    held: { readonly recipient: string; readonly dsn: string | null; readonly reply: string },
    audit: AuditItem,
    { notices }: SentNotices,
  ): Change<DeliveryId | undefined> {
    const entry = yield* sql.first({ message: long, octets: int })`
      DELETE FROM entry WHERE account = ${account} AND uid = ${uid} RETURNING message, octets`;
    if (entry === undefined) return undefined;
    const { message, octets } = entry;
    const { id } = yield* sql.one({ id: as<DeliveryId>(int) })`
      INSERT INTO delivery (message, partner, mailbox, recipient, dsn, state, due_at, last_reply)
      VALUES (${message}, 0, ${account}, ${held.recipient}, ${held.dsn}, 'held', ${context.at}, ${held.reply}) RETURNING id`;
    yield* addToMailbox(context, account, { octets: -octets, messages: -1 });
    yield* fileNotices(context, notices);
    const facts = { ...(JSON.parse(audit.facts) as object), delivery: id };
    yield* append({ ...audit, message, facts: JSON.stringify(facts) });
    return id;
  }

  /**
   * Hands hidden entries out again, under new uids and UIDLs: as many as `uidls` are for. Resolves
   * to how many there were.
   */
  *restore(
    context: ChangeContext,
    account: number,
    what: { readonly since: number } | { readonly message: bigint },
    uidls: Uint8Array,
    audit: AuditItem,
  ): Change<number> {
    const mailbox = yield* mailboxOf(account);
    if (mailbox === undefined) return 0;
    const most = uidls.length / UIDL_OCTETS;
    const hidden =
      'since' in what ? yield* hiddenSince(account, what.since, most) : yield* hiddenOf(account, what.message, most);
    // Nothing was done, and nothing is recorded: accounts can ask too, and must not fill the trail
    // of a message whose id they know.
    if (hidden.length === 0) return 0;
    yield* sql.run`
      DELETE FROM hidden_entry WHERE account = ${account} AND (hidden_at, uid) IN (SELECT hidden_at, uid FROM ${rowsOf(PLACE, hidden)})`;
    const entries = hidden.map((entry, i) => ({
      ...entry,
      uid: mailbox.nextUid + i,
      uidl: uidls.subarray(i * UIDL_OCTETS, (i + 1) * UIDL_OCTETS),
    }));
    yield* sql.run`
      INSERT INTO entry (account, uid, message, octets, uidl, receipt, restored_at)
      SELECT ${account}, uid, message, octets, uidl, receipt, ${audit.at} FROM ${rowsOf(RESTORED, entries)}`;
    const octets = hidden.reduce((sum, entry) => sum + entry.octets, 0);
    yield* addToMailbox(context, account, { octets, messages: hidden.length, hidden: -octets });
    const facts = { ...(JSON.parse(audit.facts) as object), entries: hidden.length };
    yield* append({ ...audit, facts: JSON.stringify(facts) });
    return hidden.length;
  }

  /**
   * `at`: when the client network was seen. Notes of several gateways come in any order, and none
   * takes back a later one.
   */
  *noteConsumer(
    _context: ChangeContext,
    account: number,
    network: string,
    did: { readonly sessions: number; readonly retrieved: number; readonly deleted: number },
    at: number,
  ): Change<void> {
    const { sessions, retrieved, deleted } = did;
    const known = yield* sql.run`
      UPDATE consumer SET first_at = CASE WHEN first_at > ${at} THEN ${at} ELSE first_at END,
             last_at = CASE WHEN last_at < ${at} THEN ${at} ELSE last_at END,
             sessions = sessions + ${sessions}, retrieved = retrieved + ${retrieved}, deleted = deleted + ${deleted}
       WHERE account = ${account} AND network = ${network}`;
    if (known > 0) return;
    yield* sql.run`
      INSERT INTO consumer (account, network, first_at, last_at, sessions, retrieved, deleted)
      VALUES (${account}, ${network}, ${at}, ${at}, ${sessions}, ${retrieved}, ${deleted})`;
    yield* sql.run`
      DELETE FROM consumer WHERE account = ${account} AND network NOT IN
        (SELECT network FROM consumer WHERE account = ${account} ORDER BY last_at DESC, network LIMIT ${CONSUMERS})`;
  }
}

/**
 * A message that was fetched and deleted has its row (`message.collected`, removed); one that was
 * deleted unseen gets it here.
 */
function* tellUnseen(
  hidden: readonly Hidden[],
  retrieved: ReadonlySet<number>,
  audit: readonly AuditItem[],
): Change<void> {
  const session = audit.find(({ event }) => event === 'maildrop.committed');
  if (session === undefined) return;
  for (const { uid, message } of hidden) {
    if (retrieved.has(uid)) continue;
    const salt =
      session.salt === null ? null : hash('sha256', joinSmall([session.salt, Buffer.from(`${uid}`)]), 'buffer');
    yield* append({ ...session, event: 'message.deleted', message, facts: UNSEEN, salt });
  }
}

const hiddenSince = (account: number, since: number, most: number) => sql.all(HIDDEN)`
  SELECT hidden_at, uid, message, octets, receipt FROM hidden_entry
   WHERE account = ${account} AND hidden_at >= ${since} AND why <> 'withdrawn' ORDER BY message, uid LIMIT ${most}`;

/**
 * Deleted entries of the message itself, or of the copy that was protected or opened for this
 * mailbox: the id from the `250` names both.
 */
const hiddenOf = (account: number, message: bigint, most: number) => sql.all(HIDDEN)`
  SELECT hidden_at, uid, message, octets, receipt FROM hidden_entry h
   WHERE account = ${account} AND EXISTS (SELECT 1 FROM message m WHERE m.id = h.message AND ${message} IN (m.id, m.copy_of))
     AND why <> 'withdrawn' ORDER BY message, uid LIMIT ${most}`;
