/**
 * The gateways that write into one store, each a row with a number that stands in its message ids
 * (decision 1915).
 *
 * A number belongs to a name for good, until 256 names were used: then one that was not heard of
 * for a while is given to another. Who has a name is told by what its process drew at its start. A
 * second process that begins under a name waits whether the first one says anything: it may have
 * been killed a moment ago. One that hung, and finds its name taken when it wakes up, stops.
 */
import type { Clock, Log, RandomBytes, Timer } from '../../domain/effects.ts';
import { type Instant, type Milliseconds, instant, minutes, seconds } from '../../domain/units.ts';
import { BITS_BELOW_TIME, MAX_NODE, firstIdAt } from '../message-ids.ts';
import { StoreFailed, StoreRefused } from '../store.ts';
import { int, long, orNull, text, time } from '../sql/columns.ts';
import { type Change, sql } from '../sql/sql.ts';
import { codeOf } from './connection.ts';
import { DATABASE_NOW, LOCAL, type LeaseOwner } from './lease-rows.ts';

const BEAT = seconds(2);
/** After three missed beats nobody has the name any more. */
const SILENT = seconds(7);
/** After this silence a node's number may be given away, if there is no other. */
const GONE = seconds(30);
/** Ids that a node made after its last beat lie within this time. */
const BEHIND_BEAT = minutes(2);
const TRIES = 10;
/**
 * Clock differences between a gateway and the database: beyond the first it is reported, beyond the
 * second it is an alarm.
 */
export const CLOCK_WARN = seconds(2);
export const CLOCK_ALARM = seconds(60);

export interface NodeParts {
  readonly run: <T>(change: Change<T>) => Promise<T>;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: RandomBytes;
  readonly name: string;
  readonly site: string;
  /** Version of this program. */
  readonly version: string;
  readonly schemaVersion: number;
  /** Address at which other gateways reach it, for people. */
  readonly address?: string;
  /** State that is sent with each beat. Absent: it acknowledges, as far as anybody knows. */
  readonly standing?: () => Standing;
  /** The time of the database, where a test decides it. */
  readonly now?: () => Instant;
  /** Called when its name or number belongs to another process: nothing may be written any more. */
  readonly lost: (error: StoreFailed) => void;
}

/** What others must know of the gateway when it can no longer be asked. */
export interface Standing {
  /** Something that is committed now would be acknowledged. */
  readonly acknowledges: boolean;
  /** When it did last, by its own clock; undefined: not since its start. */
  readonly acknowledgedAt: Instant | undefined;
  /** Until when one place alone may acknowledge for the store (`sluis site alone`). */
  readonly aloneUntil: Instant | undefined;
}
const ANY_STANDING: Standing = { acknowledges: true, acknowledgedAt: undefined, aloneUntil: undefined };

export interface NodeState {
  readonly id: number;
  readonly name: string;
  readonly site: string;
  readonly epoch: number;
  readonly startedAt: Instant;
  /** Time of its last beat; 0: it has stopped. */
  readonly heardAt: Instant;
  /** Milliseconds that its clock is ahead of the database's. */
  readonly ahead: number;
  readonly version: string;
  readonly schemaVersion: number;
  readonly address: string;
  /** Milliseconds since it was heard of, by the clock of the database. */
  readonly silentFor: number;
}

interface Taken {
  readonly id: number;
  readonly epoch: number;
  readonly latest: number;
}

export class Node implements LeaseOwner {
  readonly node: number;
  readonly epoch: number;
  /** The highest id that it has made before: new ones must be higher. */
  readonly floor: bigint;
  /** The latest time that it has written down before. */
  readonly latest: Instant;
  readonly #p: NodeParts;
  readonly #instance: string;
  #timer: Timer | undefined;
  #beating: Promise<void> = Promise.resolve();
  #stopped = false;
  #ahead = 0;
  #told: 'near' | 'warned' | 'alarmed' = 'near';
  #latest: () => Instant;

  private constructor(parts: NodeParts, instance: string, taken: Taken, floor: bigint) {
    this.#p = parts;
    this.#instance = instance;
    this.node = taken.id;
    this.epoch = taken.epoch;
    this.latest = instant(taken.latest);
    this.floor = floor;
    this.#latest = () => this.latest;
  }

  /** Rejects with StoreRefused if the name is another's, or no number is left. */
  static async take(parts: NodeParts): Promise<Node> {
    const instance = Buffer.from(parts.random(16)).toString('hex');
    const taken = await numberOf(parts, instance);
    const floor = firstIdAt(instant(taken.latest));
    const above = await parts.run(highestOf(taken.id, floor, firstIdAt(instant(taken.latest + BEHIND_BEAT))));
    const node = new Node(parts, instance, taken, [floor, above.message ?? 0n, above.upload ?? 0n].reduce(higher));
    await node.#beat();
    parts.log.info('store.node-started', { node: node.node, name: parts.name, site: parts.site, start: node.epoch });
    return node;
  }

  /** Name of this gateway among those that share the database. */
  get name(): string {
    return this.#p.name;
  }

  /** Milliseconds that this machine's clock is ahead of the database's; measured with each beat. */
  get ahead(): number {
    return this.#ahead;
  }

  /** `latest`: the latest time that went into an id. */
  start(latest: () => Instant): void {
    this.#latest = latest;
    this.#later();
  }

  async settled(): Promise<void> {
    await this.#beating;
  }

  async all(): Promise<readonly NodeState[]> {
    return await this.#p.run(everyNode(this.#p.now?.() ?? null));
  }

  /** Frees the name at once. Never rejects. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await this.#beating;
    await this.#p.run(leave(this.node, this.#instance, this.#latest())).catch(() => undefined);
  }

  #later(): void {
    if (this.#stopped) return;
    this.#timer = this.#p.clock.after(BEAT, () => {
      // While the database is away no other process can take the name either.
      this.#beating = this.#beat().catch(() => undefined);
      void this.#beating.then(() => this.#later());
    });
  }

  async #beat(): Promise<void> {
    const { run, clock, lost, name, standing } = this.#p;
    const before = clock.monotonic();
    const asked = clock.now();
    const row = { id: this.node, name, epoch: this.epoch, instance: this.#instance };
    const said = await run(
      beatOf({
        ...row,
        ...(standing?.() ?? ANY_STANDING),
        latest: this.#latest(),
        ahead: this.#ahead,
        now: this.#p.now?.() ?? null,
      }),
    );
    const took = clock.monotonic() - before;
    if (said === undefined) {
      if (this.#stopped) return;
      this.#stopped = true;
      lost(
        new StoreFailed(
          `Another gateway runs as "${name}", or has its number ${this.node}; each needs a name of its own: set "node" in [cluster] and start again`,
        ),
      );
      return;
    }
    this.#measured(Math.round(asked + took / 2 - said.now), took);
  }

  /** An answer that took long says little of the clock: the error may be half of that time. */
  #measured(ahead: number, took: number): void {
    const { log } = this.#p;
    const apart = Math.max(0, Math.abs(ahead) - took / 2);
    this.#ahead = Math.round(Math.sign(ahead) * apart);
    const now = apart > CLOCK_ALARM ? 'alarmed' : apart > CLOCK_WARN ? 'warned' : 'near';
    if (now === this.#told) return;
    this.#told = now;
    const facts = { ahead, remedy: 'have both clocks set by NTP' };
    if (now === 'alarmed') log.error('store.clock-apart', facts);
    else if (now === 'warned') log.warn('store.clock-apart', facts);
    else log.info('store.clock-near', { ahead });
  }
}

const higher = (one: bigint, other: bigint): bigint => (one > other ? one : other);

async function numberOf(parts: NodeParts, instance: string): Promise<Taken> {
  const { run, name, log } = parts;
  for (let tries = 0; tries < TRIES; tries += 1) {
    const row = await silent(parts);
    try {
      if (row !== undefined) {
        const taken = await run(again({ ...rowOf(parts, instance), seen: row.instance }));
        if (taken !== undefined) return taken;
      } else {
        const taken = (await run(first(rowOf(parts, instance)))) ?? (await run(given(rowOf(parts, instance))));
        if (taken === undefined)
          throw new StoreRefused(
            `All ${MAX_NODE + 1} numbers of gateways are in use; stop one, or give this one the name of one that has gone ("node" in [cluster])`,
          );
        return taken;
      }
    } catch (error) {
      // Another one was quicker.
      if (codeOf(error) !== '23505') throw error;
      log.info('store.node-again', { name });
    }
  }
  throw new StoreRefused(
    `Gateways begin under the name "${name}" again and again; give each a name of its own ("node" in [cluster])`,
  );
}

/** The row of the name, if its process is silent. Rejects with StoreRefused if it is not. */
async function silent({ run, clock, name, now }: NodeParts): Promise<{ readonly instance: string } | undefined> {
  const look = async () => await run(named(name, now?.() ?? null));
  const before = await look();
  if (before === undefined || before.silentFor >= SILENT) return before;
  for (let waited = 0; waited < SILENT; waited += BEAT / 2) {
    await new Promise<void>((resolve) => clock.after((BEAT / 2) as Milliseconds, resolve));
    const row = await look();
    if (row === undefined || row.heardAt === 0) return row;
    if (row.instance !== before.instance || row.heardAt !== before.heardAt)
      throw new StoreRefused(
        `A gateway with the name "${name}" is running${row.address === '' ? '' : ` at ${row.address}`} (site "${row.site}"); stop it, or give this one another name ("node" in [cluster])`,
      );
  }
  return before;
}

interface RowParts {
  readonly name: string;
  readonly site: string;
  readonly instance: string;
  readonly version: string;
  readonly schemaVersion: number;
  readonly address: string;
  readonly now: Instant | null;
}
const rowOf = ({ name, site, version, schemaVersion, address = '', now }: NodeParts, instance: string): RowParts => ({
  name,
  site,
  instance,
  version,
  schemaVersion,
  address,
  now: now?.() ?? null,
});

const TAKEN = { id: int, epoch: int, latest: int };

const named = (name: string, now: Instant | null) =>
  sql.first({ instance: text, heardAt: int, silentFor: int, site: text, address: text })`
  SELECT instance, heard_at, coalesce(${now}::bigint, ${DATABASE_NOW}) - heard_at AS silent_for, site, address FROM node WHERE name = ${name}`;

/** Takes the name again, unless another process began under it meanwhile. */
const again = (row: RowParts & { readonly seen: string }) => sql.first(TAKEN)`
  UPDATE node SET site = ${row.site}, epoch = epoch + 1, instance = ${row.instance}, started_at = t.now, heard_at = t.now, version = ${row.version},
         schema_version = ${row.schemaVersion}, address = ${row.address}
    FROM (SELECT coalesce(${row.now}::bigint, ${DATABASE_NOW}) AS now) t
   WHERE name = ${row.name} AND instance = ${row.seen} RETURNING id, epoch, latest`;

/** The lowest number that was never used. */
const first = (row: RowParts) => sql.first(TAKEN)`
  INSERT INTO node (id, name, site, epoch, instance, started_at, heard_at, latest, version, schema_version, address)
  SELECT i, ${row.name}, ${row.site}, 1, ${row.instance}, t.now, t.now, 0, ${row.version}, ${row.schemaVersion}::bigint, ${row.address}
    FROM generate_series(0, ${MAX_NODE}::bigint) i, (SELECT coalesce(${row.now}::bigint, ${DATABASE_NOW}) AS now) t
   WHERE NOT EXISTS (SELECT 1 FROM node WHERE id = i) ORDER BY i LIMIT 1
  RETURNING id, epoch, latest`;

/** The number of the node that was not heard of for the longest time. */
const given = (row: RowParts) => sql.first(TAKEN)`
  UPDATE node SET name = ${row.name}, site = ${row.site}, epoch = epoch + 1, instance = ${row.instance}, started_at = t.now, heard_at = t.now,
         version = ${row.version}, schema_version = ${row.schemaVersion}, address = ${row.address}
    FROM (SELECT coalesce(${row.now}::bigint, ${DATABASE_NOW}) AS now) t
   WHERE id = (SELECT id FROM node WHERE heard_at < coalesce(${row.now}::bigint, ${DATABASE_NOW}) - ${GONE}::bigint
                ORDER BY heard_at LIMIT 1 FOR UPDATE SKIP LOCKED)
  RETURNING id, epoch, latest`;

interface Beat extends Standing {
  readonly id: number;
  readonly name: string;
  readonly epoch: number;
  readonly instance: string;
  readonly latest: Instant;
  readonly ahead: number;
  readonly now: Instant | null;
}

/**
 * After a promotion its row may be of an earlier start, since the last one stood in one place
 * alone: it is written again.
 */
const beatOf = (beat: Beat) => sql.first({ now: int })`
  UPDATE node SET heard_at = t.now, latest = greatest(latest, ${beat.latest}::bigint), ahead = ${beat.ahead}, epoch = ${beat.epoch}, instance = ${beat.instance},
         acknowledges = ${beat.acknowledges}, acknowledged_at = greatest(acknowledged_at, ${beat.acknowledgedAt ?? 0}::bigint),
         alone_until = ${beat.aloneUntil ?? 0}::bigint
    FROM (SELECT coalesce(${beat.now}::bigint, ${DATABASE_NOW}) AS now, ${LOCAL}) t
   WHERE id = ${beat.id} AND name = ${beat.name} AND (instance = ${beat.instance} OR epoch < ${beat.epoch}) RETURNING t.now`;

const leave = (id: number, instance: string, latest: Instant) => sql.run`
  UPDATE node SET heard_at = 0, latest = greatest(latest, ${latest}::bigint) FROM (SELECT ${LOCAL}) t WHERE id = ${id} AND instance = ${instance}`;

/** Highest of the node's own ids; those of other nodes lie between them. */
const highestOf = (node: number, from: bigint, below: bigint) => sql.one({
  message: orNull(long),
  upload: orNull(long),
})`
  SELECT (SELECT max(id) FROM message WHERE id >= ${from} AND id < ${below} AND ((id >> ${SEQUENCE_BITS}::int) & ${MAX_NODE}) = ${node}) AS message,
         (SELECT max(message) FROM upload WHERE message >= ${from} AND message < ${below}
             AND ((message >> ${SEQUENCE_BITS}::int) & ${MAX_NODE}) = ${node}) AS upload`;
/** Bits of an id behind the node: it has 8 of those below the time. */
const SEQUENCE_BITS = Number(BITS_BELOW_TIME) - 8;

const everyNode = (now: Instant | null) =>
  sql.all({
    id: int,
    name: text,
    site: text,
    epoch: int,
    startedAt: time,
    heardAt: time,
    ahead: int,
    version: text,
    schemaVersion: int,
    address: text,
    silentFor: int,
  })`
  SELECT id, name, site, epoch, started_at, heard_at, ahead, version, schema_version, address,
         coalesce(${now}::bigint, ${DATABASE_NOW}) - heard_at AS silent_for FROM node ORDER BY id`;

/** The site of the gateway that runs under the name; undefined if none does. */
export function* siteOfRunning(name: string): Change<string | undefined> {
  const row = yield* named(name, null);
  return row === undefined || row.heardAt === 0 || row.silentFor >= SILENT ? undefined : row.site;
}

/** Names of those that were heard of lately and have not stopped, and of all others. */
export function* nodeNames(): Change<{ readonly living: readonly string[]; readonly stopped: readonly string[] }> {
  const all = yield* everyNode(null);
  const lives = ({ heardAt, silentFor }: (typeof all)[number]): boolean => heardAt > 0 && silentFor < SILENT;
  const names = (some: typeof all): readonly string[] => some.map(({ name }) => name);
  return { living: names(all.filter(lives)), stopped: names(all.filter((row) => !lives(row))) };
}
