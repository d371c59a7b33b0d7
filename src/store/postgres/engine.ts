/**
 * PostgreSQL as an engine of the store: changes and reads over a few connections, and the parts
 * that are written by hand because they must be quick.
 */
import { ClusterSecrets } from '../../crypto/keys/cluster-secrets.ts';
import type { KeyFolder } from '../../crypto/keys/key-folder.ts';
import { type Instant, seconds } from '../../domain/units.ts';
import { mannerOfChange } from '../core/manners.ts';
import type { CoreOpenOptions } from '../core/options.ts';
import type { AuditItem } from '../../domain/audit-row.ts';
import { Distribution } from '../../domain/counts.ts';
import type { Clock, RandomBytes } from '../../domain/effects.ts';
import type { AuditMark } from '../audit.ts';
import type { AcceptWork, Notices, SentNotices } from '../changes/accept-work.ts';
import type { Effects } from '../changes/changed.ts';
import { CopyFailed, type LogSource, type StoreCopy } from '../copies.ts';
import { type Call, type ChangeCall, subjectsOf } from '../core/calls.ts';
import type {
  Engine,
  EngineContents,
  EngineEvents,
  EngineListings,
  EngineMail,
  EngineTrail,
  Room,
  Unfiled,
} from '../core/engine.ts';
import type { StoreTime } from '../core/store-time.ts';
import type { MaildropLocks, MaildropRight } from '../maildrop-locks.ts';
import type { Subjects } from '../objects.ts';
import { READS } from '../reads/table.ts';
import { int } from '../sql/columns.ts';
import { type Callable, checkCrossing, methodsOf } from '../sql/remote.ts';
import { type Change, sql } from '../sql/sql.ts';
import { RegistryMoved, StoreFailed } from '../store.ts';
import type { Acceptance } from '../acceptance.ts';
import { AppendLine } from './append-line.ts';
import { ChunkLine } from './chunk-line.ts';
import type { CopyingOptions } from './copy-access.ts';
import { CopySource } from './copy-source.ts';
import { PostgresContents } from './contents.ts';
import { claimDay } from './day-claims.ts';
import { FilingLine } from './filing.ts';
import { fileNotices } from './filing-batch.ts';
import { FilingUpkeep } from './filing-upkeep.ts';
import { LeaseLocks } from './lease-locks.ts';
import { PostgresListings } from './listings.ts';
import type { Node } from './nodes.ts';
import { Together } from './together.ts';
import { erasePersonal } from './lane.ts';
import type { Purpose } from './pool.ts';
import type { Sessions } from './sessions.ts';
import { Readers, Workers } from './working.ts';

const READ: ReadonlyMap<string, Callable> = new Map(
  Object.entries<object>(READS).flatMap(([object, of]) =>
    [...methodsOf(of)].map(([method, run]): [string, Callable] => [`${object}.${method}`, run]),
  ),
);

export interface PostgresParts extends CoreOpenOptions {
  readonly sessions: Sessions;
  readonly events: EngineEvents;
  readonly keys: KeyFolder;
  readonly time: Pick<StoreTime, 'now'>;
  readonly random: RandomBytes;
  readonly node: Node;
  /** Version that the server reports: `17.6`. */
  readonly serverVersion: string;
  /** True if another place answers at present. Absent: it always does. */
  readonly mayAcknowledge?: () => boolean;
  /** How base backups are taken. Absent: they are not. */
  readonly copying?: CopyingOptions;
  readonly testing?: { readonly now?: () => Instant; readonly watching?: Clock; readonly changesTwice?: boolean };
}

/** Batches of acceptances at once, each on a connection of its own. */
export const FILING = 4;
const TAKEOVER_AFTER = seconds(30);

export class PostgresEngine implements Engine {
  readonly subjects: Subjects;
  readonly mail: EngineMail;
  readonly trail: EngineTrail;
  readonly contents: EngineContents;
  readonly listings: EngineListings;
  readonly locks: MaildropLocks;
  readonly nodes: Together;
  readonly room: Room = new ServerRoom();
  readonly version: string;
  readonly commits = {
    commits: new Distribution([0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1]),
    groups: new Distribution([1, 2, 4, 8, 16, 32, 64]),
  };
  /** False: the server checks its pages itself. */
  readonly unread = false;
  readonly #p: PostgresParts;
  readonly #workers: Workers;
  readonly #leases: LeaseLocks;
  readonly #readers = new Readers();
  readonly #filing: FilingLine;
  readonly #upkeep: FilingUpkeep;
  /** Bodies in chunks that are being filed, by message. */
  readonly #streamed = new Map<bigint, Promise<unknown>>();
  readonly #lines: AppendLine;
  readonly #chunks: ChunkLine;
  readonly #begun = new Set<Promise<unknown>>();
  readonly #copies: CopySource | undefined;
  #failure: StoreFailed | undefined;

  constructor(parts: PostgresParts) {
    this.#p = parts;
    const { sessions, events, time, random, node, clock, keys, testing = {} } = parts;
    this.version = `PostgreSQL ${parts.serverVersion}`;
    const run = <T>(change: Change<T>): Promise<T> => this.read(change);
    sessions.onHistory?.(() => {
      this.nodes.version.forget();
      events.anotherHistory();
    });
    this.#copies = parts.copying && new CopySource(parts.copying, { read: run, clock });
    const locks = new LeaseLocks({
      run,
      owner: node,
      clock,
      takeoverAfter: parts.takeoverAfter ?? TAKEOVER_AFTER,
      durable: parts.mayAcknowledge ?? (() => true),
      runDurable: (change) => sessions.withSession('leasing', (session) => this.#readers.of(session).run(change())),
      ...(testing.now === undefined ? {} : { now: testing.now }),
    });
    this.#leases = locks;
    this.nodes = new Together({
      owner: node,
      run: (change) => this.read(change, 'watching'),
      clock: testing.watching ?? clock,
      log: parts.log,
      secrets: new ClusterSecrets(parts.masterKey),
      random,
      events,
      listen: sessions.listen?.bind(sessions),
    });
    this.locks = {
      lock: async (account, holder) => {
        this.#checkAlive();
        return await locks.lock(account, holder);
      },
      close: () => locks.close(),
    };
    this.#workers = new Workers({
      owner: node,
      now: () => time.now(),
      fileNotices: fileNotices,
      raised: (version) => this.nodes.version.raised(version),
      turnOf: ({ object, method, args }) => mannerOfChange(object, method).turn?.(...(args as never)),
      ...(testing.changesTwice === undefined ? {} : { twice: testing.changesTwice }),
    });
    this.#filing = new FilingLine({
      connections: FILING,
      clock,
      follows: (judged, now) => this.nodes.version.follows(judged, now),
      committed: (effects) => this.#committed(effects),
      took: (works, milliseconds) => {
        this.commits.commits.add(milliseconds / 1000);
        this.commits.groups.add(works);
      },
      withFiling: (work) => sessions.withSession('filing', (session) => work(this.#workers.of(session))),
    });
    this.#upkeep = new FilingUpkeep({
      run: (steps) => this.#going(this.run(steps)),
      line: this.#filing,
      mine: () => this.nodes.jobs.runs('usage'),
      clock,
      log: parts.log,
    });
    this.#upkeep.start();
    this.#lines = new AppendLine({
      clock,
      withWorker: (work) => sessions.withSession('changing', (session) => work(this.#workers.of(session))),
    });
    this.#chunks = new ChunkLine({
      withChunks: (work) => sessions.withSession('chunks', (session) => work(this.#readers.of(session))),
    });
    this.mail = {
      claimDay: (claim) => this.#filing.perform(() => claimDay({ ...claim, node: node.name })),
      accept: (work) => this.#accept(work),
      sentRequest: (key, now) => this.#filing.sentRequest(key, now),
      chunk: (chunk) => this.#chunks.add(chunk),
    };
    this.contents = new PostgresContents(run, keys);
    this.listings = new PostgresListings(run);
    this.subjects = subjectsOf({
      change: (call) => this.#going(this.#change(call)),
      read: (call) => this.#read(call),
      time,
      random,
    });
    this.trail = {
      append: (items) => this.#going(this.#append(items)),
      erasePersonal: (seqs, mark) => this.#going(this.#erase(seqs, mark)),
    };
  }

  get waiting(): number {
    return this.#p.sessions.waiting + this.#filing.waiting;
  }

  get failure(): StoreFailed | undefined {
    return this.#failure;
  }

  /** Fails the engine: from now on nothing may be written. */
  fail(error: StoreFailed): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    this.#p.events.failed(error);
  }

  async #accept(work: AcceptWork): Promise<Unfiled | undefined> {
    this.#checkAlive();
    const streamed = work.body === null ? work.id : undefined;
    const bodies = [work, ...work.copies].flatMap(({ id, body }) => (body === null ? id : []));
    const last = this.#chunks.through(bodies);
    const filed = this.#going(
      last === undefined ? this.#filing.accept(work) : last.then(() => this.#filing.accept(work)),
    );
    if (streamed === undefined) return await filed;
    const settled = filed.catch(() => undefined);
    this.#streamed.set(streamed, settled);
    try {
      return await filed;
    } finally {
      this.#streamed.delete(streamed);
    }
  }

  /**
   * Runs in a transaction that finds the right's fence in its row and locks it, so that a node that
   * hung, or was away, deletes nothing.
   */
  under(right: MaildropRight, judged?: number): Pick<Subjects['maildrops'], 'commit' | 'release'> {
    const { time, random } = this.#p;
    const asked =
      (method: 'commit' | 'release') =>
      async (...args: readonly unknown[]): Promise<void> => {
        checkCrossing(args);
        const call = { object: 'maildrops', method, args, at: time.now(), salt: random(32) };
        await this.#going(this.#change(call, () => this.#under(right, judged)));
      };
    return { commit: asked('commit'), release: asked('release') };
  }

  *#under(right: MaildropRight, judged: number | undefined): Change<void> {
    const registry = yield* this.#leases.under(right);
    if (judged !== undefined && !this.nodes.version.follows(judged, registry)) throw new RegistryMoved();
  }

  #committed(effects: readonly Effects[]): void {
    this.#p.events.committed(effects);
    this.nodes.committed(effects);
  }

  /** `first`: runs before the change, in its transaction. */
  async #change(call: ChangeCall, first?: () => Change<void>): Promise<unknown> {
    this.#checkAlive();
    // A body that was given up while it was being filed stays filed.
    if (call.object === 'sweeps' && call.method === 'giveUp') await this.#streamed.get(call.args[0] as bigint);
    const { value, effects } = await this.#timed(() =>
      this.#p.sessions.withSession('changing', (session) => this.#workers.of(session).changer.call(call, first)),
    );
    if (effects !== undefined) this.#committed([effects]);
    return plain(value);
  }

  /** Counts work that has begun, so that the end waits for it. */
  #going<T>(work: Promise<T>): Promise<T> {
    const settled: Promise<unknown> = work.then(
      () => this.#begun.delete(settled),
      () => this.#begun.delete(settled),
    );
    this.#begun.add(settled);
    return work;
  }

  async #read({ object, method, args, at }: Call): Promise<unknown> {
    this.#checkAlive();
    const run = READ.get(`${object}.${method}`);
    if (run === undefined) throw new TypeError(`Nothing may be read as ${object}.${method}`);
    return plain(await this.read(run({ at }, ...args)));
  }

  /** Runs each statement by itself, on a connection that only reads. */
  async read<T>(change: Change<T>, purpose: Purpose = 'reading'): Promise<T> {
    this.#checkAlive();
    return await this.#p.sessions.withSession(purpose, (session) => this.#readers.of(session).run(change));
  }

  async #append(items: readonly AuditItem[]): Promise<void> {
    this.#checkAlive();
    await this.#timed(() => this.#lines.append(items));
  }

  async #erase(seqs: readonly number[], mark: AuditMark | null): Promise<number> {
    this.#checkAlive();
    return await this.run(() => erasePersonal(seqs, mark));
  }

  /** Runs steps in a transaction of their own, again if another one was quicker. */
  async run<T>(steps: () => Change<T>): Promise<T> {
    return await this.#p.sessions.withSession('changing', (session) => this.#workers.of(session).changer.run(steps));
  }

  #checkAlive(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  async #timed<T>(work: () => Promise<T>): Promise<T> {
    const since = performance.now();
    const value = await work();
    this.commits.commits.add((performance.now() - since) / 1000);
    return value;
  }

  lookForRoom(): void {
    // The disk is the server's, which says itself when it is full.
  }

  /** Notices are sent with the work that files them. */
  sendNotices(notices: readonly Acceptance[], written: (part: readonly Acceptance[]) => Notices): Promise<SentNotices> {
    return Promise.resolve({ notices: written(notices) });
  }

  async countUsage(): Promise<void> {
    await this.#upkeep.fold();
  }

  async alive(): Promise<void> {
    this.#checkAlive();
    await Promise.all([this.read(alive(), 'changing'), this.read(alive(), 'filing')]);
  }

  get log(): LogSource | undefined {
    return this.#copies?.log;
  }

  async copySize(): Promise<number> {
    return (await this.#copies?.size()) ?? 0;
  }

  async copyTo(folder: string, told: (octets: number) => void): Promise<StoreCopy> {
    if (this.#copies === undefined) throw new CopyFailed('nothing says from which server base backups are taken');
    return await this.#copies.copyTo(folder, told);
  }

  async checkCopy(label: string): Promise<void> {
    await this.#copies?.check(label);
  }

  stop(): void {
    this.#upkeep.stop();
  }

  async close(): Promise<void> {
    this.#upkeep.stop();
    this.#lines.close();
    // Keys of what nobody knows the outcome of: its sender may come back to another node.
    await this.#upkeep.mark().catch(() => undefined);
    while (this.#begun.size > 0) await Promise.all(this.#begun);
    await this.nodes.stop();
    await this.#p.node.stop();
    this.#failure ??= new StoreFailed('The store is closed');
    await this.#p.sessions.close();
  }
}

/**
 * The driver gives octets as a Buffer, which is no plain array of octets for whoever compares or
 * prints it.
 */
function plain(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Buffer.isBuffer(value)) return new Uint8Array(value.buffer, value.byteOffset, value.length);
  if (ArrayBuffer.isView(value) || value instanceof Date) return value;
  if (Array.isArray(value)) return value.map(plain);
  for (const [name, its] of Object.entries(value)) {
    const made = plain(its);
    if (made !== its) (value as Record<string, unknown>)[name] = made;
  }
  return value;
}

function* alive(): Change<void> {
  yield* sql.one({ one: int })`SELECT 1 AS one`;
}

/**
 * The disk is the server's, which refuses what does not fit (StoreFull); its free space cannot be
 * asked.
 */
class ServerRoom implements Room {
  readonly full = false;
  readonly available = Number.MAX_SAFE_INTEGER;
  readonly used = 0;
  fits(): boolean {
    return true;
  }
  promise(): void {
    // Nothing is known to promise of.
  }
  settle(): void {
    // The same.
  }
}
