/**
 * Makes a proved copy one that may be served.
 *
 * - Its start number jumps, so that no process that served the lost database can hold a maildrop or a lease against this one.
 * - Deliveries that waited are held: some may have gone out since the copy was taken (docs/decisions/1203).
 * - What was erased since stays erased: entries of such a day would be listed and never open, and a client would stumble over them at each poll.
 */
import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync } from 'node:fs';
import { KeyFolder } from '../../crypto/key-folder.ts';
import { type Instant, days, instant } from '../../domain/units.ts';
import type { SettleRequest, SettledCopy } from '../copies.ts';
import { firstIdAt } from '../message-ids.ts';
import { AuditWriter } from './audit-writer.ts';
import { factOf, setFact } from './check-database.ts';
import { type Db, openWriting } from './database.ts';
import { knownMigrations, migrate } from './migrate.ts';

export interface SettleJob extends SettleRequest {
  readonly kind: 'settle';
}

/** More starts than any gateway makes between two backups. */
const STARTS = 1000;
const SALT_OCTETS = 16;

export function settleCopy(job: SettleJob): SettledCopy {
  const db = openWriting(job.path, 'FULL');
  try {
    migrate(db, knownMigrations(), job.at, false);
    db.exec('BEGIN IMMEDIATE');
    const settled = settle(db, job);
    db.exec('COMMIT');
    db.pragma('wal_checkpoint(TRUNCATE)');
    return settled;
  } finally {
    db.close();
    const file = openSync(job.path, 'r+');
    fsyncSync(file);
    closeSync(file);
  }
}

function settle(db: Db, { at, keyFolder, masterKey, queue, actor, facts }: SettleJob): SettledCopy {
  setFact(db, 'epoch', Number(factOf(db, 'epoch') ?? 0) + STARTS);
  setFact(db, 'clean', 0);
  // Copies of the directory know changes that this database has lost: each is to be taken anew.
  db.prepare('UPDATE directory SET version = max(version, ?), floor = max(version, ?)').run(at, at);
  const audit = new AuditWriter(db);
  const latest = db.prepare<[], number>('SELECT at FROM audit ORDER BY seq DESC LIMIT 1').pluck(true).get() ?? 0;
  const personal = JSON.stringify({ actor: actor.name, reason: actor.reason });
  const note = (event: string, of: object, message: bigint | null = null): void => {
    audit.append({
      at: Math.max(at, latest),
      event,
      outcome: 'success',
      message,
      account: null,
      facts: JSON.stringify(of),
      personal,
      salt: randomBytes(SALT_OCTETS),
    });
  };
  const erased = forget(db, new KeyFolder(keyFolder, masterKey), at);
  const held = queue === 'hold' ? hold(db) : [];
  for (const { id, message } of held) note('delivery.held', { delivery: Number(id), restored: true }, message);
  const waiting =
    db.prepare<[], number>("SELECT count(*) FROM delivery WHERE state = 'waiting'").pluck(true).get() ?? 0;
  const settled = { held: held.length, waiting, ...erased };
  note('backup.restored', { ...facts, ...settled });
  return settled;
}

/** Messages that were erased by themselves: of days whose other messages were kept, and of those where that is still to come. */
function forgetMessages(db: Db, keys: KeyFolder, at: Instant, known: readonly string[]): number {
  const erased = erasedAmong(db, keys, known);
  if (erased.length === 0) return 0;
  db.exec('CREATE TEMP TABLE erased (id INTEGER PRIMARY KEY)');
  const add = db.prepare('INSERT INTO temp.erased (id) VALUES (?)');
  for (const id of erased) add.run(id);
  const its = 'message IN (SELECT id FROM temp.erased)';
  db.prepare(
    `UPDATE delivery SET state = 'withdrawn', settled_at = ?, lease_until = NULL,
       last_reply = 'Its content was erased before the backup was restored' WHERE state IN ('waiting', 'held') AND ${its}`,
  ).run(at);
  for (const table of ['entry', 'hidden_entry', 'chunk', 'upload', 'content'])
    db.prepare(`DELETE FROM ${table} WHERE ${its}`).run();
  db.prepare('UPDATE message SET gone_at = ? WHERE gone_at IS NULL AND id IN (SELECT id FROM temp.erased)').run(at);
  db.exec('DROP TABLE temp.erased');
  return erased.length;
}

function erasedAmong(db: Db, keys: KeyFolder, known: readonly string[]): bigint[] {
  const waiting = [...keys.erasing().values()].flat();
  const isThere = db.prepare<[bigint]>('SELECT 1 FROM content WHERE message = ?');
  const ofDay = db
    .prepare<[bigint, bigint], bigint>('SELECT message FROM content WHERE message >= ? AND message < ?')
    .pluck(true)
    .safeIntegers(true);
  const found = new Set(waiting.filter((id) => isThere.get(id) !== undefined));
  for (const day of known.filter((one) => !keys.isErased(one) && keys.isKept(one))) {
    const from = Date.parse(`${day}T00:00:00Z`) as Instant;
    const kept = keys.keptKeys(day);
    for (const id of ofDay.all(firstIdAt(from), firstIdAt(instant(from + days(1))))) if (!kept.has(id)) found.add(id);
  }
  return [...found];
}

const hold = (db: Db): readonly { id: bigint; message: bigint }[] =>
  db
    .prepare<[], { id: bigint; message: bigint }>(
      "UPDATE delivery SET state = 'held', lease_until = NULL WHERE state = 'waiting' RETURNING id, message",
    )
    .safeIntegers(true)
    .all();

/** Takes what was sealed on erased days out of mailboxes and queue; its facts stay for the trace. */
function forget(db: Db, keys: KeyFolder, at: Instant): Pick<SettledCopy, 'erasedDays' | 'erasedMessages'> {
  const known = db.prepare<[], string>('SELECT day FROM day_key WHERE erased_at IS NULL').pluck(true).all();
  const erased = known.filter((day) => keys.isErased(day));
  let erasedMessages = 0;
  for (const day of erased) {
    const from = Date.parse(`${day}T00:00:00Z`) as Instant;
    const range = [firstIdAt(from), firstIdAt(instant(from + days(1)))] as const;
    const run = (sql: string, ...before: readonly (number | string)[]): number =>
      db.prepare(`${sql} message >= ? AND message < ?`).run(...before, ...range).changes;
    run(
      `UPDATE delivery SET state = 'withdrawn', settled_at = ?, lease_until = NULL,
         last_reply = 'Its content was erased before the backup was restored' WHERE state IN ('waiting', 'held') AND`,
      at,
    );
    for (const table of ['entry', 'hidden_entry', 'chunk', 'upload']) run(`DELETE FROM ${table} WHERE`);
    erasedMessages += run('DELETE FROM content WHERE');
    db.prepare('UPDATE message SET gone_at = ? WHERE gone_at IS NULL AND id >= ? AND id < ?').run(at, ...range);
    db.prepare('UPDATE day_key SET erased_at = ? WHERE day = ?').run(at, day);
  }
  const single = forgetMessages(db, keys, at, known);
  erasedMessages += single;
  if (erased.length + single > 0)
    db.exec(
      `UPDATE mailbox SET changes = changes + 1,
         messages = (SELECT count(*) FROM entry e WHERE e.account = mailbox.account),
         octets = (SELECT coalesce(sum(e.octets), 0) FROM entry e WHERE e.account = mailbox.account),
         hidden_octets = (SELECT coalesce(sum(h.octets), 0) FROM hidden_entry h WHERE h.account = mailbox.account)`,
    );
  return { erasedDays: erased.length, erasedMessages };
}
