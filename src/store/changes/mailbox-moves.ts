/**
 * What follows an account that went to another organisation (account-moves.ts), a bounded step in
 * each transaction: what was received since the day, what is held for it, which UIDLs were taken
 * over. Each step leaves both mailboxes whole; after a crash the row of `account_move` tells where
 * to go on.
 *
 * Uids and UIDLs stay: a client that polls the same login knows its messages again.
 */
import { type AccountId, type MessageId, messageIdOf } from '../../domain/ids.ts';
import type { Actor } from '../actor.ts';
import { type Row, as, int, long, orNull, text } from '../sql/columns.ts';
import { among, locked, rowsOf } from '../sql/parts.ts';
import { type Change, sql } from '../sql/sql.ts';
import type { AcceptedRecipient } from '../acceptance.ts';
import type { ChangeContext } from './change-context.ts';
import { addToMailbox } from './services.ts';

/**
 * Entries that one step looks at, and octets of their envelopes: a message may have a thousand
 * recipients. Some 10 ms.
 */
const ENTRIES = 200;
const ENVELOPES = 200_000;
/** Rows of other tables in one step. */
const ROWS = 500;

const MOVE = {
  source: as<AccountId>(int),
  target: as<AccountId>(int),
  since: int,
  below: int,
  nextUid: int,
  nextHeld: int,
  messages: int,
  octets: int,
  held: int,
};
type Move = Row<typeof MOVE>;

/** `size`: of its envelope, and of that of the message of which it is a copy. */
const COPY = { message: long, copyOf: orNull(long), receivedAt: int, size: int };
const ENTRY = { uid: int, octets: int, ...COPY };
const HELD = { id: int, mailbox: orNull(int), ...COPY };
type Copy = Row<typeof COPY>;

/** What has followed so far. */
interface Followed {
  readonly messages: number;
  readonly octets: number;
  readonly held: number;
}

export class MailboxMoves {
  /** Goes on with the move of an account. `followed` is absent if none is under way. */
  *follow(
    context: ChangeContext,
    source: AccountId,
    actor: Actor,
  ): Change<{ readonly more: boolean; readonly followed?: Followed }> {
    const move = yield* sql.first(MOVE)`
      SELECT source, target, since, below, next_uid, next_held, messages, octets, held
        FROM account_move WHERE source = ${source} ${locked}`;
    if (move === undefined) return { more: false };
    if (move.nextUid < move.below) return { more: true, followed: yield* moveEntries(context, move) };
    if (move.nextHeld >= 0) return { more: true, followed: yield* moveHeld(move) };
    const { target, messages, octets, held } = move;
    const followed = { messages, octets, held };
    const imported = yield* sql.run`
      UPDATE imported SET account = ${target} WHERE (account, uidl) IN
        (SELECT account, uidl FROM imported WHERE account = ${source} LIMIT ${ROWS})`;
    if (imported > 0) return { more: true, followed };
    yield* sql.run`DELETE FROM account_move WHERE source = ${source}`;
    for (const account of [source, target])
      yield* context.record('maildrop.moved', account, actor, {}, { source, target, ...followed });
    return { more: false, followed };
  }
}

function* moveEntries(context: ChangeContext, move: Move): Change<Followed> {
  const { source, target, since, below } = move;
  const rows = yield* sql.all(ENTRY)`
    SELECT e.uid, e.octets, e.message, m.copy_of, m.received_at,
           octet_length(m.envelope) + coalesce(octet_length(o.envelope), 0) AS size
      FROM entry e JOIN message m ON m.id = e.message LEFT JOIN message o ON o.id = m.copy_of
     WHERE e.account = ${source} AND e.uid >= ${move.nextUid} AND e.uid < ${below} ORDER BY e.uid LIMIT ${ENTRIES}`;
  const taken = taking(rows, ({ receivedAt }) => receivedAt >= since);
  const last = taken.seen.at(-1);
  const next = rows.length < ENTRIES && taken.all ? below : (last?.uid ?? below) + 1;
  const entries = taken.wanted;
  const octets = entries.reduce((sum, entry) => sum + entry.octets, 0);
  if (entries.length > 0) {
    const uids = entries.map(({ uid }) => uid);
    yield* sql.run`UPDATE entry SET account = ${target} WHERE account = ${source} AND uid ${among(int, uids)}`;
    yield* moveFacts(move, entries);
    yield* addToMailbox(context, source, { octets: -octets, messages: -entries.length });
    yield* addToMailbox(context, target, { octets, messages: entries.length });
  }
  return yield* noted(move, { nextUid: next, messages: move.messages + entries.length, octets: move.octets + octets });
}

function* moveHeld(move: Move): Change<Followed> {
  const { source, since } = move;
  const rows = yield* sql.all(HELD)`
    SELECT d.id, d.mailbox, d.message, m.copy_of, m.received_at,
           octet_length(m.envelope) + coalesce(octet_length(o.envelope), 0) AS size
      FROM delivery d JOIN message m ON m.id = d.message LEFT JOIN message o ON o.id = m.copy_of
     WHERE d.partner = 0 AND d.state = 'held' AND d.id > ${move.nextHeld} ORDER BY d.id LIMIT ${ROWS}`;
  const taken = taking(rows, ({ mailbox, receivedAt }) => mailbox === source && receivedAt >= since);
  const nextHeld = rows.length < ROWS && taken.all ? -1 : (taken.seen.at(-1)?.id ?? -1);
  if (taken.wanted.length > 0) yield* moveFacts(move, taken.wanted);
  return yield* noted(move, { nextHeld, held: move.held + taken.wanted.length });
}

/** Takes copies until their envelopes are enough for one step. */
function taking<T extends Copy>(
  rows: readonly T[],
  isWanted: (row: T) => boolean,
): { readonly seen: readonly T[]; readonly wanted: readonly T[]; readonly all: boolean } {
  let size = 0;
  const enough = rows.findIndex((row) => isWanted(row) && (size += row.size) > ENVELOPES);
  const seen = enough === -1 ? rows : rows.slice(0, enough + 1);
  return { seen, wanted: seen.filter(isWanted), all: seen.length === rows.length };
}

/** Updates the trace: where these copies are now, and that their receipts were sent. */
function* moveFacts(move: Move, copies: readonly Copy[]): Change<void> {
  const { source, target } = move;
  const messages = [...new Set(copies.map(({ message }) => message))];
  const notices = messages.map((message) => ({
    before: `collected:${messageIdOf(message)}:${source}`,
    now: `collected:${messageIdOf(message)}:${target}`,
  }));
  yield* sql.run`
    INSERT INTO notice (key, at) SELECT given.now, n.at FROM ${rowsOf({ before: text, now: text }, notices)}
      JOIN notice n ON n.key = given.before WHERE true ON CONFLICT DO NOTHING`;
  yield* sql.run`
    UPDATE delivery SET mailbox = ${target} WHERE message ${among(long, messages)} AND mailbox = ${source}`;
  yield* moveInEnvelopes(move, copies);
}

const ENVELOPE = { id: long, envelope: text };

function* moveInEnvelopes({ source, target }: Move, copies: readonly Copy[]): Change<void> {
  const ids = new Set(copies.flatMap(({ message, copyOf }) => (copyOf === null ? [message] : [message, copyOf])));
  const found = yield* sql.all(ENVELOPE)`
    SELECT id, envelope FROM message WHERE id ${among(long, [...ids])} ORDER BY id ${locked}`;
  const envelopes = new Map(found.map(({ id, envelope }) => [id, envelope]));
  const change = (id: bigint, copy?: MessageId): void => {
    const envelope = envelopes.get(id);
    if (envelope !== undefined) envelopes.set(id, recipientsMoved(envelope, source, target, copy));
  };
  for (const { message, copyOf } of copies) {
    change(message);
    // In the message itself only recipients who got this copy are changed: another copy may lie
    // elsewhere.
    if (copyOf !== null) change(copyOf, messageIdOf(message));
  }
  const changed = found.flatMap(({ id, envelope: before }) => {
    const envelope = envelopes.get(id) ?? before;
    return envelope === before ? [] : [{ id, envelope }];
  });
  if (changed.length > 0)
    yield* sql.run`
      UPDATE message SET envelope = given.envelope FROM ${rowsOf(ENVELOPE, changed)} WHERE message.id = given.id`;
}

interface Envelope {
  readonly recipients: readonly AcceptedRecipient[];
}

/**
 * The envelope as JSON, with recipients whose copy lies in the mailbox `from` found in `to`.
 * `copy`: the one that moved; undefined: the message itself did.
 */
function recipientsMoved(json: string, from: AccountId, to: AccountId, copy?: MessageId): string {
  const envelope = JSON.parse(json) as Envelope;
  const recipients = envelope.recipients.map((recipient) =>
    recipient.mailbox === from && recipient.copy === copy ? { ...recipient, mailbox: to } : recipient,
  );
  return JSON.stringify({ ...envelope, recipients });
}

function* noted(move: Move, by: Partial<Move>): Change<Followed> {
  const { source, nextUid, nextHeld, messages, octets, held } = { ...move, ...by };
  yield* sql.run`
    UPDATE account_move SET next_uid = ${nextUid}, next_held = ${nextHeld}, messages = ${messages}, octets = ${octets}, held = ${held}
     WHERE source = ${source}`;
  return { messages, octets, held };
}
