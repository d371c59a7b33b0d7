/**
 * The thread that owns the only writing connection. Checks the database, then commits what arrives
 * until it is told to close.
 */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { KeyFolder } from '../../crypto/keys/key-folder.ts';
import { KeyFolderRefused } from '../../crypto/keys/key-folder-refused.ts';
import { StoreRefused } from '../store.ts';
import { NoticesInParts } from './notices-in-parts.ts';
import { UNCHECKED, checkFile, checkKeys, checkPages, factOf, setFact } from './check-database.ts';
import { type Db, isDamage, isFull, openWriting, shapeOf, sqliteProblem } from './database.ts';
import { voidLeases } from '../changes/queue.ts';
import { SqliteRunner } from './runner.ts';
import { GroupCommit } from './group-commit.ts';
import { ThreadCopier } from './log-copier.ts';
import { checkMigrations, knownMigrations, migrate } from './migrate.ts';
import { KeptReserve } from './kept-reserve.ts';
import type { Testing } from './options.ts';
import type { WriterHears, WriterSays } from './writer-protocol.ts';
import { Reserve, coversHalf, freeOctetsOf, reservedFor } from './reserve.ts';
import { type Upgrade, copyBeforeUpgrade, upgradeCopyOf } from './upgrade-copy.ts';
import { DATABASE_FILE } from './writer-files.ts';
import { WriterWorker } from './writer-work.ts';

/** What the thread is started with. */
export interface WriterStart {
  readonly dataFolder: string;
  readonly keyFolder: string;
  readonly masterKey: Uint8Array;
  readonly reserve: number;
  /** Whether a copy is kept before the form of the database changes. */
  readonly copyBeforeUpgrade: boolean;
  readonly at: number;
  readonly testing: Omit<Testing, 'freeOctets' | 'pageCheck'>;
}

type PagesRead = ReturnType<typeof checkPages>;
type ReadyMessage = Extract<WriterSays, { kind: 'ready' }>;

const highestOf = (db: Db): bigint => {
  const row = db
    .prepare<[], { highest: bigint | null }>(
      `SELECT max(coalesce((SELECT max(id) FROM message), 0), coalesce((SELECT max(message) FROM upload), 0),
                  coalesce((SELECT value FROM fact WHERE name = 'last_id'), 0)) AS highest`,
    )
    .safeIntegers(true)
    .get();
  return row?.highest ?? 0n;
};

const latestOf = (db: Db): number =>
  db
    .prepare<[], { at: number | null }>('SELECT max(at) AS at FROM (SELECT at FROM audit ORDER BY seq DESC LIMIT 1)')
    .get()?.at ?? 0;

/** `told` hears of an upgrade before it begins: a copy of a large database takes its time. */
function openChecked(start: WriterStart, told: (upgrade: Upgrade) => void): { db: Db; ready: ReadyMessage } {
  const path = join(start.dataFolder, DATABASE_FILE);
  checkFile(path);
  const keys = new KeyFolder(start.keyFolder, start.masterKey);
  let db: Db | undefined;
  try {
    db = openWriting(path, start.testing.synchronous ?? 'FULL');
    const { upgrade, pages } = judge(db, path, start);
    if (upgrade !== undefined) told(upgrade);
    if (upgrade?.copy !== undefined) {
      db.pragma('wal_checkpoint(TRUNCATE)');
      db.close();
      copyBeforeUpgrade(start.dataFolder, upgrade.from);
      db = openWriting(path, start.testing.synchronous ?? 'FULL');
    }
    return { db, ready: begin(db, keys, start, pages) };
  } catch (error) {
    db?.close();
    if (!isDamage(error)) throw error;
    throw new StoreRefused(
      `The database "${path}" is damaged (${error.message}); keep the file, restore the last backup`,
    );
  }
}

const sqliteVersion = (db: Db): string => db.prepare<[], { v: string }>('SELECT sqlite_version() AS v').get()?.v ?? '';

/** May it be served, and must its form change first? Changes nothing. Throws StoreRefused. */
function judge(db: Db, path: string, start: WriterStart): { upgrade?: Upgrade; pages: PagesRead } {
  const problem = sqliteProblem(sqliteVersion(db));
  if (problem !== undefined) throw new StoreRefused(problem);
  const known = knownMigrations();
  const from = checkMigrations(db, known);
  const to = known.at(-1)?.version ?? 0;
  // The copy for going back must be whole, so every page is read before it is made.
  const pages = checkPages(db, path, { always: from < to, most: start.testing.checkedAtStart });
  if (from === to) return { pages };
  const copy = start.copyBeforeUpgrade ? { copy: upgradeCopyOf(start.dataFolder, from) } : {};
  return { pages, upgrade: { from, to, octets: statSync(path).size, ...copy } };
}

function begin(db: Db, keys: KeyFolder, start: WriterStart, pages: PagesRead): ReadyMessage {
  const version = sqliteVersion(db);
  migrate(db, knownMigrations(), start.at, false);
  const unclean = factOf(db, 'clean') !== 1;
  const days = checkKeys(db, keys, start.keyFolder);
  const epoch = Number(factOf(db, 'epoch') ?? 0) + 1;
  db.exec('BEGIN IMMEDIATE');
  setFact(db, 'epoch', epoch);
  setFact(db, 'clean', 0);
  // Kept over a clean stop, until all pages were read.
  if (pages !== 'not due') setFact(db, UNCHECKED, pages === 'later' ? 1 : 0);
  new SqliteRunner(db).run(voidLeases());
  db.exec('COMMIT');
  const found = {
    version,
    epoch,
    days,
    unclean,
    unchecked: pages === 'later',
    highest: highestOf(db),
    latest: latestOf(db),
  };
  return { kind: 'ready', ...found, pageOctets: 0, pages: 0, freePages: 0, shrinks: false, reserved: 'out' };
}

/**
 * A start writes a little: on a full disk the reserve gives space for it, so that people can still
 * fetch and delete.
 */
function openOnAnyDisk(
  start: WriterStart,
  reserve: Reserve,
  told: (upgrade: Upgrade) => void,
): ReturnType<typeof openChecked> {
  try {
    return openChecked(start, told);
  } catch (error) {
    if (!isFull(error)) throw error;
    reserve.release();
    return openChecked(start, told);
  }
}

/**
 * What fits, with less left beside it than while mail comes: a start after a kill is no reason to
 * take none.
 */
function keepAtStart(reserve: Reserve, db: Db, folder: string): void {
  const { pageOctets, shrinks } = shapeOf(db);
  const free = shrinks ? 0 : (db.pragma('freelist_count', { simple: true }) as number) * pageOctets;
  const room = { reserve: reserve.octets, disk: freeOctetsOf(folder), free };
  const wanted = reservedFor(reserve.kept, room);
  if (!reserve.keep(wanted === 'out' ? 'whole' : wanted) && coversHalf(room)) reserve.keep('half');
}

export function serve(port: MessagePort, start: WriterStart): void {
  const say = (message: WriterSays): void => port.postMessage(message);
  let opened: ReturnType<typeof openChecked>;
  const reserve = new Reserve(start.dataFolder, start.testing.maxPages === undefined ? start.reserve : 0);
  try {
    opened = openOnAnyDisk(start, reserve, (upgrade) => say({ kind: 'upgrading', upgrade }));
  } catch (error) {
    const expected = error instanceof StoreRefused || error instanceof KeyFolderRefused;
    say({
      kind: 'refused',
      message: expected
        ? error.message
        : `The store cannot be opened: ${error instanceof Error ? error.message : String(error)}`,
    });
    port.close();
    return;
  }
  const { db, ready } = opened;
  // On a full disk the store opens all the same: reading and deleting must go on.
  keepAtStart(reserve, db, start.dataFolder);
  const kept = new KeptReserve({ db, reserve, maxPages: start.testing.maxPages, octets: start.reserve });
  const work = new WriterWorker(db, start.at, start.testing, kept);
  let closing = false;
  const noticesInParts = new NoticesInParts();
  const hear = (message: WriterHears): void => {
    if (message.kind === 'close') closing = true;
    else if (message.kind === 'notices') noticesInParts.add(message.token, message.notices);
    else {
      for (const { call } of message.requests) noticesInParts.join(work.mannerOf(call).sent?.(...(call.args as never)));
      group.add(message.requests);
    }
  };
  const drain = (): void => {
    for (;;) {
      const received = receiveMessageOnPort(port) as { message: WriterHears } | undefined;
      if (received === undefined) return;
      hear(received.message);
    }
  };
  const copier = new ThreadCopier(join(start.dataFolder, DATABASE_FILE), () => group.keepLog());
  const group = new GroupCommit({
    db,
    work,
    reserve: kept,
    copier,
    testing: start.testing,
    say,
    drain,
  });
  const close = (): void => {
    try {
      group.end();
      if (!group.failed) {
        db.transaction(() => {
          work.settle();
          setFact(db, 'clean', 1);
        })();
        db.pragma('wal_checkpoint(TRUNCATE)');
      }
    } catch {
      // What was acknowledged is durable without this; the next start finds the store unclean and
      // checks it.
    }
    db.close();
    say({ kind: 'closed' });
    port.close();
  };
  port.on('message', (message: WriterHears) => {
    hear(message);
    drain();
    void group.run().then(() => {
      if (closing) {
        closing = false;
        close();
      }
    });
  });
  say({ ...ready, ...group.space });
}

if (parentPort !== null) serve(parentPort, workerData as WriterStart);
