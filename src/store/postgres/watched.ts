/**
 * One server as the guard sees it: asked again and again on a connection of its own, which is made
 * again when it is lost.
 */
import type { Clock, Timer } from '../../domain/effects.ts';
import { type Milliseconds, milliseconds, seconds } from '../../domain/units.ts';
import { type Access, type Server, placeOf } from './access.ts';
import { ConnectProblem } from './connect-problem.ts';
import { TIMELINE_IF_PRIMARY } from './first-look.ts';
import type { ServerSeen, StandbySeen } from './judgement.ts';
import { Session } from './session.ts';

/**
 * The standbys first, the server's own end behind them: what a standby has was flushed here before,
 * so one that lies above has a log of its own.
 */
const STANDBYS = `
  SELECT application_name, state, coalesce(sync_state, 'async'), (flush_lsn - '0/0'::pg_lsn)::text FROM pg_stat_replication ORDER BY 1`;
/**
 * What a server is called. Patroni gives all of a cluster the same `cluster_name`: where it runs, a
 * setting of our own tells them apart.
 */
export const SERVER_NAME = "coalesce(nullif(current_setting('sluis.name', true), ''), current_setting('cluster_name'))";
const ITSELF = `
  SELECT pg_is_in_recovery(), ${SERVER_NAME}, current_setting('synchronous_standby_names'),
         current_setting('fsync'), current_setting('full_page_writes'),
         (CASE WHEN pg_is_in_recovery() THEN greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())
               ELSE pg_current_wal_flush_lsn() END - '0/0'::pg_lsn)::text,
         ${TIMELINE_IF_PRIMARY}`;

export interface WatchOptions {
  readonly access: Access;
  /** As servers show it, such as `sluis/gw1 guard`. */
  readonly name: string;
  readonly clock: Clock;
  /** From the end of one look to the next. */
  readonly every: () => Milliseconds;
  readonly connectWithin?: Milliseconds;
  /** Name of a server that does not say one itself. */
  readonly nameOf?: (server: Server) => string | undefined;
}

export class Watched {
  readonly server: Server;
  readonly #options: WatchOptions;
  readonly #told: () => void;
  #session: Session | undefined;
  #timer: Timer | undefined;
  #looking: Promise<void> | undefined;
  #closed = false;
  #seen: ServerSeen | undefined;
  #seenAt = -Infinity;
  #problem: string | undefined;
  #mustBeMended = false;

  /** `told`: after each look. */
  constructor(server: Server, options: WatchOptions, told: () => void) {
    this.server = server;
    this.#options = options;
    this.#told = told;
    this.#problem = `${placeOf(server)} was not asked yet`;
  }

  /** What the server said within the last `age`. */
  within(age: Milliseconds): ServerSeen | undefined {
    return this.#options.clock.monotonic() - this.#seenAt <= age ? this.#seen : undefined;
  }

  /** True if the server answered at the last look. */
  get answers(): boolean {
    return this.#problem === undefined;
  }

  /**
   * True if it did not let us in at the last look, and will not until somebody has corrected
   * something.
   */
  get mustBeMended(): boolean {
    return this.#mustBeMended;
  }

  /** Why it does not answer; in a line, with its place. */
  get problem(): string {
    return this.#problem ?? `${placeOf(this.server)} has not answered lately`;
  }

  /**
   * One look now, or the one that is under way. Never rejects. Then again and again. `within`: for
   * each answer, where that is longer than usual.
   */
  look(within?: Milliseconds): Promise<void> {
    this.#looking ??= this.#look(within).finally(() => {
      this.#looking = undefined;
      if (!this.#closed) this.#timer = this.#options.clock.after(this.#options.every(), () => void this.look());
    });
    return this.#looking;
  }

  /** Begins a look now. One that is under way may have read the value already. */
  async lookAnew(): Promise<void> {
    await this.#looking;
    this.#timer?.cancel();
    await this.look();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    this.#session?.destroy('the store was closed');
    await this.#looking;
  }

  async #look(patient = milliseconds(0)): Promise<void> {
    this.#timer?.cancel();
    const since = this.#options.clock.monotonic();
    try {
      const within = milliseconds(Math.max(this.#options.connectWithin ?? seconds(1), patient));
      const session = await this.#connected(within);
      const standbys = await session.query({ name: 'standbys', text: STANDBYS, within });
      const itself = await session.query({ name: 'itself', text: ITSELF, within });
      this.#seen = this.#read(itself.rows[0] ?? [], standbys.rows);
      this.#seenAt = since;
      this.#problem = undefined;
      this.#mustBeMended = false;
    } catch (error) {
      this.#session?.destroy('it did not answer');
      this.#session = undefined;
      this.#mustBeMended = error instanceof ConnectProblem && error.mustBeMended;
      this.#problem =
        error instanceof ConnectProblem
          ? `${error.server}: ${error.why} (${error.remedy})`
          : `${placeOf(this.server)}: ${error instanceof Error ? error.message : String(error)}`;
    }
    if (!this.#closed) this.#told();
  }

  async #connected(within: Milliseconds): Promise<Session> {
    if (this.#session !== undefined && !this.#session.ended) return this.#session;
    const { access, name } = this.#options;
    const made = await Session.open(this.server, access, {
      name,
      connectWithin: within,
      standby: true,
    });
    if (this.#closed) made.destroy('the store was closed');
    this.#session = made;
    return made;
  }

  #read(
    [inRecovery, name, synchronousNames, fsync, fullPageWrites, flushed, timeline]: readonly unknown[],
    standbys: readonly (readonly unknown[])[],
  ): ServerSeen {
    return {
      server: this.server,
      name: (name as string) || (this.#options.nameOf?.(this.server) ?? ''),
      inRecovery: inRecovery === true,
      timeline: Number(timeline),
      flushed: lsn(flushed) ?? 0n,
      synchronousNames: synchronousNames as string,
      fsync: fsync === 'on',
      fullPageWrites: fullPageWrites === 'on',
      standbys: standbys.map(([of, state, syncState, end]): StandbySeen => ({
        name: of as string,
        state: (state as string | null) ?? undefined,
        syncState: syncState as string,
        flushed: lsn(end),
      })),
    };
  }
}

const lsn = (text: unknown): bigint | undefined => (typeof text === 'string' ? BigInt(text) : undefined);

export const EVERY = milliseconds(500);
/** While nothing is acknowledged senders wait: a promotion is to be seen as soon as it is there. */
export const EVERY_MEANWHILE = milliseconds(100);
