/** The thread that owns the only writing connection. Checks the database, then commits what arrives until it is told to close. */
import { join } from 'node:path';
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { KeyFolder, KeyFolderRefused } from '../../crypto/key-folder.ts';
import { StoreRefused } from '../store.ts';
import { Ahead } from './ahead.ts';
import { checkFile, checkKeys, checkPages, factOf, setFact } from './check-database.ts';
import { type Db, PAGE_OCTETS, isDamage, isFull, openWriting, sqliteProblem } from './database.ts';
import { voidLeases } from './delivery-changes.ts';
import { GroupCommit } from './group-commit.ts';
import { knownMigrations, migrate } from './migrate.ts';
import type { Testing } from './options.ts';
import type { WriterHears, WriterSays } from './writer-protocol.ts';
import { Reserve } from './reserve.ts';
import { DATABASE_FILE } from './writer-files.ts';
import { WriterWorker } from './writer-work.ts';

/** What the thread is started with. */
export interface WriterStart {
  readonly dataFolder: string;
  readonly keyFolder: string;
  readonly masterKey: Uint8Array;
  readonly reserve: number;
  readonly at: number;
  readonly testing: Omit<Testing, 'freeOctets'>;
}

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

function openChecked(start: WriterStart): { db: Db; ready: ReadyMessage } {
  const path = join(start.dataFolder, DATABASE_FILE);
  checkFile(path);
  const keys = new KeyFolder(start.keyFolder, start.masterKey);
  let db: Db | undefined;
  try {
    db = openWriting(path, start.testing.synchronous ?? 'FULL');
    return { db, ready: check(db, path, keys, start) };
  } catch (error) {
    db?.close();
    if (!isDamage(error)) throw error;
    throw new StoreRefused(
      `The database "${path}" is damaged (${error.message}); keep the file, restore the last backup`,
    );
  }
}

function check(db: Db, path: string, keys: KeyFolder, start: WriterStart): ReadyMessage {
  const version = db.prepare<[], { v: string }>('SELECT sqlite_version() AS v').get()?.v ?? '';
  const problem = sqliteProblem(version);
  if (problem !== undefined) throw new StoreRefused(problem);
  const ours = (db.pragma('user_version', { simple: true }) as number) > 0;
  if (ours) checkPages(db, path);
  migrate(db, knownMigrations(), start.at, false);
  const unclean = factOf(db, 'clean') !== 1;
  const days = checkKeys(db, keys, start.keyFolder);
  const epoch = Number(factOf(db, 'epoch') ?? 0) + 1;
  db.exec('BEGIN IMMEDIATE');
  setFact(db, 'epoch', epoch);
  setFact(db, 'clean', 0);
  voidLeases(db);
  db.exec('COMMIT');
  const found = { version, epoch, days, unclean, highest: highestOf(db), latest: latestOf(db) };
  return { kind: 'ready', ...found, pages: 0, freePages: 0, full: false };
}

/** A start writes a little: on a full disk the reserve makes room for it, so that people can still fetch and delete. */
function openOnAnyDisk(start: WriterStart, reserve: Reserve): ReturnType<typeof openChecked> {
  try {
    return openChecked(start);
  } catch (error) {
    if (!isFull(error)) throw error;
    reserve.release();
    return openChecked(start);
  }
}

function serve(port: MessagePort, start: WriterStart): void {
  const say = (message: WriterSays): void => port.postMessage(message);
  let opened: ReturnType<typeof openChecked>;
  const reserve = new Reserve(start.dataFolder, start.testing.maxPages === undefined ? start.reserve : 0);
  try {
    opened = openOnAnyDisk(start, reserve);
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
  const work = new WriterWorker(db, start.at);
  // On a full disk the store opens all the same: reading and deleting must go on.
  const full = !reserve.make();
  let closing = false;
  const ahead = new Ahead();
  const hear = (message: WriterHears): void => {
    if (message.kind === 'close') closing = true;
    else if (message.kind === 'ahead') ahead.add(message.token, message.notices);
    else group.add(message.requests.map((request) => ahead.join(request)));
  };
  const drain = (): void => {
    for (;;) {
      const received = receiveMessageOnPort(port) as { message: WriterHears } | undefined;
      if (received === undefined) return;
      hear(received.message);
    }
  };
  const group = new GroupCommit({
    db,
    work,
    reserve,
    reservePages: Math.ceil(start.reserve / PAGE_OCTETS),
    testing: start.testing,
    full,
    say,
    drain,
  });
  const close = (): void => {
    try {
      if (!group.failed) {
        setFact(db, 'clean', 1);
        db.pragma('wal_checkpoint(TRUNCATE)');
      }
    } catch {
      // What was acknowledged is durable without this; the next start finds the store unclean and checks it.
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
  say({ ...ready, ...group.space, full });
}

if (parentPort !== null) serve(parentPort, workerData as WriterStart);
