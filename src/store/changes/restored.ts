/**
 * What a restore changes in a proved copy before it may be served, on every engine.
 *
 * - Deliveries that waited are held: some may have gone out since the copy was taken
 *   (docs/decisions/1203).
 * - What was erased since stays erased: entries of such a day would be listed and never open, and a
 *   client would stumble over them at each poll.
 */
import { randomBytes } from 'node:crypto';
import type { KeyFolder } from '../../crypto/keys/key-folder.ts';
import { type Instant, days, instant } from '../../domain/units.ts';
import type { SettleRequest, SettledCopy } from '../copies.ts';
import { firstIdAt } from '../message-ids.ts';
import { int, long, text } from '../sql/columns.ts';
import { among, words } from '../sql/parts.ts';
import { type Change, sql } from '../sql/sql.ts';
import { append } from './change-context.ts';

const SALT_OCTETS = 16;
const WHY = 'Its content was erased before the backup was restored';
const LATER = (column: string) => words(`max(${column},`, `greatest(${column},`);

export function* settleRestored(
  { at, queue, actor, facts }: Pick<SettleRequest, 'at' | 'queue' | 'actor' | 'facts'>,
  keys: KeyFolder,
): Change<SettledCopy> {
  // Copies of the directory may know changes that this database has lost, so each has to be taken
  // again.
  yield* sql.run`UPDATE directory SET version = ${LATER('version')} ${at}), floor = ${LATER('version')} ${at})`;
  const latest = (yield* sql.first({ at: int })`SELECT at FROM audit ORDER BY seq DESC LIMIT 1`)?.at ?? 0;
  const personal = JSON.stringify({ actor: actor.name, reason: actor.reason });
  const note = (event: string, of: object, message: bigint | null = null): Change<number> =>
    append({
      at: Math.max(at, latest),
      event,
      outcome: 'success',
      message,
      account: null,
      facts: JSON.stringify(of),
      personal,
      salt: randomBytes(SALT_OCTETS),
    });
  const erased = yield* forget(keys, at);
  const held = queue === 'hold' ? yield* hold() : [];
  for (const { id, message } of held) yield* note('delivery.held', { delivery: Number(id), restored: true }, message);
  const { waiting } = yield* sql.one({ waiting: int })`
    SELECT count(*) AS waiting FROM delivery WHERE state = 'waiting'`;
  const settled = { held: held.length, waiting, ...erased };
  yield* note('backup.restored', { ...facts, ...settled });
  return settled;
}

const hold = () => sql.all({ id: long, message: long })`
  UPDATE delivery SET state = 'held', lease_until = NULL WHERE state = 'waiting' RETURNING id, message`;

/** Range of ids of a day: from the first on, below the second. */
const idsOf = (day: string): readonly [bigint, bigint] => {
  const from = instant(Date.parse(`${day}T00:00:00Z`));
  return [firstIdAt(from), firstIdAt(instant(from + days(1)))];
};

/**
 * Removes what was sealed on erased days, and single messages that were erased, from mailboxes and
 * queue; facts stay for the trace.
 */
function* forget(keys: KeyFolder, at: Instant): Change<Pick<SettledCopy, 'erasedDays' | 'erasedMessages'>> {
  const known = (yield* sql.all({ day: text })`SELECT day FROM day_key WHERE erased_at IS NULL`).map(({ day }) => day);
  const erased = known.filter((day) => keys.isErased(day));
  let erasedMessages = 0;
  for (const day of erased) {
    const [from, below] = idsOf(day);
    const ids = yield* sql.all({ message: long })`
      SELECT message FROM content WHERE message >= ${from} AND message < ${below}`;
    erasedMessages += ids.length;
    yield* sql.run`
      UPDATE delivery SET state = 'withdrawn', settled_at = ${at}, lease_until = NULL, last_reply = ${WHY}
       WHERE state IN ('waiting', 'held') AND message >= ${from} AND message < ${below}`;
    yield* sql.run`DELETE FROM entry WHERE message >= ${from} AND message < ${below}`;
    yield* sql.run`DELETE FROM hidden_entry WHERE message >= ${from} AND message < ${below}`;
    yield* sql.run`DELETE FROM chunk WHERE message >= ${from} AND message < ${below}`;
    yield* sql.run`DELETE FROM upload WHERE message >= ${from} AND message < ${below}`;
    yield* sql.run`DELETE FROM content WHERE message >= ${from} AND message < ${below}`;
    yield* sql.run`UPDATE message SET gone_at = ${at} WHERE gone_at IS NULL AND id >= ${from} AND id < ${below}`;
    yield* sql.run`UPDATE day_key SET erased_at = ${at} WHERE day = ${day}`;
  }
  const single = yield* forgetMessages(keys, at, known);
  erasedMessages += single;
  if (erased.length + single > 0)
    yield* sql.run`
      UPDATE mailbox SET changes = changes + 1,
        messages = (SELECT count(*) FROM entry e WHERE e.account = mailbox.account),
        octets = (SELECT coalesce(sum(e.octets), 0) FROM entry e WHERE e.account = mailbox.account),
        hidden_octets = (SELECT coalesce(sum(h.octets), 0) FROM hidden_entry h WHERE h.account = mailbox.account)`;
  return { erasedDays: erased.length, erasedMessages };
}

/**
 * Removes erased messages of days whose other messages were kept, and of days that are still to be
 * closed.
 */
function* forgetMessages(keys: KeyFolder, at: Instant, known: readonly string[]): Change<number> {
  const ids = yield* erasedAmong(keys, known);
  if (ids.length === 0) return 0;
  yield* sql.run`
    UPDATE delivery SET state = 'withdrawn', settled_at = ${at}, lease_until = NULL, last_reply = ${WHY}
     WHERE state IN ('waiting', 'held') AND message ${among(long, ids)}`;
  yield* sql.run`DELETE FROM entry WHERE message ${among(long, ids)}`;
  yield* sql.run`DELETE FROM hidden_entry WHERE message ${among(long, ids)}`;
  yield* sql.run`DELETE FROM chunk WHERE message ${among(long, ids)}`;
  yield* sql.run`DELETE FROM upload WHERE message ${among(long, ids)}`;
  yield* sql.run`DELETE FROM content WHERE message ${among(long, ids)}`;
  yield* sql.run`UPDATE message SET gone_at = ${at} WHERE gone_at IS NULL AND id ${among(long, ids)}`;
  return ids.length;
}

function* erasedAmong(keys: KeyFolder, known: readonly string[]): Change<readonly bigint[]> {
  const waiting = [...keys.erasing().values()].flat();
  const there = yield* sql.all({ message: long })`SELECT message FROM content WHERE message ${among(long, waiting)}`;
  const found = new Set(there.map(({ message }) => message));
  for (const day of known.filter((one) => !keys.isErased(one) && keys.isKept(one))) {
    const [from, below] = idsOf(day);
    const kept = keys.keptKeys(day);
    const all = yield* sql.all({ message: long })`
      SELECT message FROM content WHERE message >= ${from} AND message < ${below}`;
    for (const { message } of all) if (!kept.has(message)) found.add(message);
  }
  return [...found];
}
