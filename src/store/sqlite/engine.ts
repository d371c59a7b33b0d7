/**
 * SQLite as an engine of the store: a thread that writes, one that reads, and the space on its
 * disk.
 */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { Distribution } from '../../domain/counts.ts';
import type { Log, RandomBytes } from '../../domain/effects.ts';
import { MiB, instant, octets, seconds } from '../../domain/units.ts';
import type { Notices, SentNotices } from '../changes/accept-work.ts';
import type { Effects } from '../changes/changed.ts';
import type { StoreCopy } from '../copies.ts';
import { subjectsOf } from '../core/calls.ts';
import type { Engine, EngineContents, EngineEvents, EngineListings, EngineMail, EngineTrail } from '../core/engine.ts';
import { StoreTime } from '../core/store-time.ts';
import type { MaildropLocks } from '../maildrop-locks.ts';
import { idTime } from '../message-ids.ts';
import type { Subjects } from '../objects.ts';
import type { StoreFailed } from '../store.ts';
import type { Acceptance } from '../acceptance.ts';
import { type OwnCalls, ownCallsOf, ownReadCallsOf } from './calls.ts';
import { takeCopy } from './copies.ts';
import type { FolderLock } from './folder-lock.ts';
import { MemoryLocks } from './memory-locks.ts';
import type { OpenOptions } from './options.ts';
import { Reader } from './reader.ts';
import { freeOctetsOf } from './reserve.ts';
import { Space } from './space.ts';
import { UnreadPages } from './unread-pages.ts';
import { DATABASE_FILE } from './writer-files.ts';
import type { WriterSays } from './writer-protocol.ts';
import { type ReadyFacts, Writer } from './writer.ts';

const TAKEOVER_AFTER = seconds(30);
const RESERVE = octets(64 * MiB);

export interface EngineParts {
  /** The database. */
  readonly path: string;
  /** Lock of the data folder, given back when the engine has ended. */
  readonly lock: FolderLock;
  readonly events: EngineEvents;
  readonly random: RandomBytes;
}

type Commit = Extract<WriterSays, { kind: 'answers' }>;

interface Started {
  readonly engine: SqliteEngine;
  readonly ready: ReadyFacts;
  readonly time: StoreTime;
}

export class SqliteEngine implements Engine {
  readonly subjects: Subjects;
  readonly mail: EngineMail;
  readonly trail: EngineTrail;
  readonly contents: EngineContents;
  readonly listings: EngineListings;
  readonly locks: MaildropLocks;
  readonly room: Space;
  readonly version: string;
  readonly commits: ReturnType<typeof newCommits>;
  readonly #writer: Writer;
  readonly #reader: Reader;
  readonly #own: OwnCalls;
  readonly #pages: UnreadPages;
  readonly #ready: ReadyFacts;
  readonly #log: Log;
  readonly #p: EngineParts;
  #askedForReserve = false;

  private constructor(
    options: OpenOptions,
    parts: EngineParts,
    made: {
      readonly writer: Writer;
      readonly reader: Reader;
      readonly ready: ReadyFacts;
      readonly room: Space;
      readonly commits: ReturnType<typeof newCommits>;
      readonly time: StoreTime;
    },
  ) {
    const { clock, log, testing = {} } = options;
    const { writer, reader, ready, room, commits, time } = made;
    this.#p = parts;
    this.#log = log;
    this.#writer = writer;
    this.#reader = reader;
    this.#ready = ready;
    this.room = room;
    this.commits = commits;
    this.version = `SQLite ${ready.version}`;
    this.#own = ownCallsOf(writer);
    this.mail = this.#own.mail;
    this.trail = this.#own.trail;
    ({ contents: this.contents, listings: this.listings } = ownReadCallsOf(reader));
    this.subjects = subjectsOf({
      change: (call) => writer.call(call),
      read: (call) => reader.call(call),
      time,
      random: parts.random,
    });
    const { epoch } = ready;
    const { takeoverAfter = TAKEOVER_AFTER } = options;
    this.locks = new MemoryLocks({ clock, epoch, takeoverAfter });
    this.#pages = new UnreadPages({
      path: parts.path,
      own: this.#own,
      clock,
      log,
      failed: (error) => parts.events.failed(error),
      ...(testing.pageCheck === undefined ? {} : { program: new URL(testing.pageCheck) }),
    });
  }

  /** Rejects with StoreRefused when the database may not be served. */
  static async start(options: OpenOptions, parts: EngineParts): Promise<Started> {
    const { clock, log } = options;
    const room = spaceOf(options, parts);
    const commits = newCommits();
    const { writer, ready } = await Writer.start(writerStart(options), {
      onUpgrade: ({ copy, ...upgrade }) => log.info('store.upgrading', { ...upgrade, copy: copy ?? 'none' }),
      onCommit: (commit) => {
        note(commit, { room, commits, log });
        const effects = commit.answers.flatMap(({ answer }): readonly Effects[] =>
          answer.kind === 'done' && answer.effects !== undefined ? [answer.effects] : [],
        );
        if (effects.length > 0) parts.events.committed(effects);
      },
      onFailed: (error) => parts.events.failed(error),
    });
    room.opened(ready);
    const { keyFolder, masterKey } = options;
    const failed = (error: StoreFailed): void => parts.events.failed(error);
    const reader = await Reader.start({ path: parts.path, keyFolder, masterKey }, failed).catch(
      async (error: unknown) => {
        await writer.close();
        throw error;
      },
    );
    const time = new StoreTime(clock, instant(Math.max(ready.latest, idTime(ready.highest))));
    return { engine: new SqliteEngine(options, parts, { writer, reader, ready, room, commits, time }), ready, time };
  }

  /** Called when the store is ready. */
  opened(): void {
    const { version, epoch, unclean, unchecked } = this.#ready;
    if (this.room.full) this.#log.error('store.full', { free: this.room.free });
    this.#log.info('store.opened', { version, start: epoch, unclean });
    if (unchecked) this.#pages.read();
  }

  get waiting(): number {
    return this.#writer.waiting;
  }

  get failure(): StoreFailed | undefined {
    return this.#writer.failure;
  }

  /** True until all pages were read; a later start may have to do it. */
  get unread(): boolean {
    return this.#pages.left;
  }

  /**
   * Asks the writer to make the reserve again, or to give half of it back, as free space changes.
   */
  lookForRoom(): void {
    if (this.#askedForReserve || this.failure !== undefined) return;
    const { reserved, wanted } = this.room;
    if (wanted === reserved || wanted === 'out') return;
    this.#askedForReserve = true;
    this.#own.upkeep
      .keepReserve(reserved, wanted)
      .then(
        (kept) => {
          if (!kept) return;
          this.#log.info(reserved === 'out' ? 'store.space-returned' : 'store.reserve-changed', { reserve: wanted });
        },
        () => undefined,
      )
      .finally(() => {
        this.#askedForReserve = false;
        this.room.forget();
      });
  }

  async sendNotices(
    notices: readonly Acceptance[],
    written: (part: readonly Acceptance[]) => Notices,
  ): Promise<SentNotices> {
    return await this.#writer.sendNotices(notices, written);
  }

  async countUsage(): Promise<void> {
    await this.#own.upkeep.countUsage();
  }

  async alive(): Promise<void> {
    await this.#own.upkeep.alive();
  }

  copySize(): Promise<number> {
    return Promise.resolve(this.room.used);
  }

  async copyTo(folder: string, told: (octets: number) => void): Promise<StoreCopy> {
    const { facts, logOctets, ...file } = await takeCopy(this.#p.path, join(folder, DATABASE_FILE), told);
    return { facts, logOctets, files: [{ name: DATABASE_FILE, ...file }] };
  }

  stop(): void {
    this.#pages.stop();
  }

  async close(): Promise<void> {
    await this.#reader.close();
    await this.#writer.close();
    this.#p.lock.release();
  }
}

const newCommits = (): { readonly commits: Distribution; readonly groups: Distribution } => ({
  commits: new Distribution([0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1]),
  groups: new Distribution([1, 2, 4, 8, 16, 32, 64]),
});

function writerStart({
  dataFolder,
  keyFolder,
  masterKey,
  clock,
  ...options
}: OpenOptions): Parameters<typeof Writer.start>[0] {
  const { reserve = RESERVE, copyBeforeUpgrade = true } = options;
  const { freeOctets: _free, pageCheck: _check, ...testing } = options.testing ?? {};
  return { dataFolder, keyFolder, masterKey, reserve, copyBeforeUpgrade, at: clock.now(), testing };
}

function spaceOf(
  { dataFolder, clock, log, reserve = RESERVE, testing = {} }: OpenOptions,
  { path }: EngineParts,
): Space {
  return new Space({
    freeOctets: testing.freeOctets ?? (() => freeOctetsOf(dataFolder)),
    logOctets: () => statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0,
    lost: (error) => log.error('store.disk-lost', { why: String(error) }),
    reserve,
    monotonic: () => clock.monotonic(),
    maxPages: testing.maxPages,
  });
}

/** Notes the time and the free space that a commit reports. */
function note(
  { answers, pages, freePages, reserved, took }: Commit,
  { room, commits, log }: { readonly room: Space; readonly commits: ReturnType<typeof newCommits>; readonly log: Log },
): void {
  if (took !== undefined) {
    commits.commits.add(took / 1000);
    commits.groups.add(answers.length);
  }
  room.told(pages, freePages);
  if (reserved === room.reserved) return;
  room.reserved = reserved;
  room.forget();
  if (room.full) log.error('store.full', { free: room.free });
}
