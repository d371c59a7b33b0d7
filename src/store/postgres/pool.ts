/**
 * The connections of a gateway to the primary: a fixed number for each purpose, so that nothing
 * waits behind what is of another kind.
 *
 * One that is lost is made again at once where the primary is known, else as soon as it is found.
 * Those that write are made again only while something may be acknowledged: each new one commits
 * something first, and without a standby it would leave a process of the server waiting, with one
 * more at each try. Who asks while all are taken waits in a line with a limit and a deadline.
 */
import { defined } from '../../domain/defined.ts';
import type { Clock, Log, Timer } from '../../domain/effects.ts';
import { type Milliseconds, milliseconds, seconds } from '../../domain/units.ts';
import { StoreUnavailable } from '../store.ts';
import type { Access, Server } from './access.ts';
import { Histories } from './histories.ts';
import { CONNECT_WITHIN, type MayNot, Session, type SessionOptions } from './session.ts';

/**
 * `filing`: acceptances; `changing`: all other changes; `reading`: reads; `leasing`: maildrops that
 * are taken, each of which may wait for another place; `chunks`: pieces of bodies; `watching`: what
 * must wait behind nothing; `listening`: what is notified.
 */
export type Purpose = 'filing' | 'changing' | 'reading' | 'leasing' | 'chunks' | 'watching' | 'listening';

export const COUNTS: Readonly<Record<Purpose, number>> = {
  filing: 4,
  changing: 2,
  reading: 4,
  leasing: 2,
  chunks: 1,
  watching: 1,
  listening: 1,
};
/** Purposes whose commits are told to somebody as done. */
const WRITES: ReadonlySet<Purpose> = new Set<Purpose>(['filing', 'changing', 'chunks']);

export interface PoolOptions {
  readonly finder: Finder;
  readonly access: Access;
  /** As servers show it, such as `sluis/gw1`; the purpose is added. */
  readonly name: string;
  readonly clock: Clock;
  /**
   * Called when the first connection is lost, and when all purposes have one again: what takes one
   * away takes all, and each is tried again and again.
   */
  readonly log: Pick<Log, 'info' | 'warn'>;
  /** Asked of `server`, or without one of whichever is the primary. */
  readonly mayAcknowledge: (server?: Server) => MayNot;
  readonly lookAgain?: (server: Server) => Promise<MayNot>;
  /** Called for each commit that may be acknowledged. */
  readonly committed?: () => void;
  /** Deadlines for a connection that is made now. Absent: those of `session`. */
  readonly makeWithin?: () => Milliseconds | undefined;
  readonly counts?: Readonly<Record<Purpose, number>>;
  readonly session?: Pick<SessionOptions, 'connectWithin' | 'answerWithin' | 'lockWithin'>;
  /** Most who wait for one purpose, and for how long. */
  readonly line?: { readonly most: number; readonly patience: Milliseconds };
  /** Replaces the network, in tests. */
  readonly open?: (server: Server, access: Access, options: SessionOptions) => Promise<Session>;
}
interface Finder {
  find(): Promise<Server>;
  lost(server: Server): void;
}

const MOST = 2000;
const PATIENCE = seconds(5);
const FIRST_PAUSE = milliseconds(50);
const LONGEST_PAUSE = seconds(1);
/**
 * Each further try may take twice as long as the one before, up to this. After a promotion every
 * gateway makes all its connections at once; where the machines are so busy that none is done
 * within a second, giving up and beginning again was work that was done again and again: five
 * gateways on two cores with ten others at work had no connection for a minute, and never would
 * have. The server has answered the finder right before, so one that hangs is not waited for again.
 */
const LONGEST_CONNECT = seconds(4);

interface Waiter {
  readonly take: (session: Session) => void;
  readonly refuse: (error: Error) => void;
  readonly timer: Timer;
}

export class Pool {
  readonly #options: PoolOptions;
  readonly #groups: ReadonlyMap<Purpose, Group>;
  readonly #histories = new Histories();

  /** Begins to connect at once. */
  constructor(options: PoolOptions) {
    this.#options = options;
    const counts = options.counts ?? COUNTS;
    const losses = new Losses(options.log);
    this.#groups = new Map(
      (Object.keys(counts) as Purpose[]).map((purpose) => [
        purpose,
        new Group(purpose, counts[purpose], options, losses, (session) => this.#begun(session)),
      ]),
    );
  }

  /**
   * One that nobody else has meanwhile; a transaction that is left open is undone. Rejects with
   * StoreUnavailable if there is none in time.
   */
  async withSession<T>(purpose: Purpose, work: (session: Session) => Promise<T>): Promise<T> {
    const group = this.#group(purpose);
    if (WRITES.has(purpose)) {
      const not = this.#options.mayAcknowledge();
      if (not !== undefined) throw new StoreUnavailable(`Nothing may be acknowledged: ${not.why}; ${not.remedy}`);
    }
    const session = await group.take();
    try {
      return await work(session);
    } finally {
      await session.rollback();
      group.giveBack(session);
    }
  }

  /** Number of callers that wait for a connection. */
  get waiting(): number {
    return [...this.#groups.values()].reduce((sum, { waiting }) => sum + waiting, 0);
  }

  /** Connections that stand now. */
  get open(): Readonly<Record<Purpose, number>> {
    return Object.fromEntries([...this.#groups].map(([purpose, { open }]) => [purpose, open])) as Record<
      Purpose,
      number
    >;
  }

  /** Another server is the primary: connections to other servers are dropped, with what they do. */
  leave(all: (server: Server) => boolean, why: string): void {
    for (const group of this.#groups.values()) group.leave(({ server }) => all(server), why);
  }

  /**
   * The connections lead to another server now, or to a later timeline of its log: told before
   * anything is read there.
   */
  onHistory(listener: () => void): void {
    this.#histories.onAnother(listener);
  }

  /** Throws StoreUnavailable if it may not be used. */
  #begun({ facts: { timeline }, place }: Session): void {
    if (this.#histories.begin({ place, timeline }))
      for (const group of this.#groups.values())
        group.leave((one) => one.place !== place, `${place} is the primary now`);
  }

  /** Connections may be possible now: those that wait for their next try make it at once. */
  tryNow(): void {
    for (const group of this.#groups.values()) group.tryNow();
  }

  /** What is under way comes to its end first, for a while; who waits is refused. */
  async close(): Promise<void> {
    await Promise.all([...this.#groups.values()].map((group) => group.close()));
  }

  #group(purpose: Purpose): Group {
    const group = this.#groups.get(purpose);
    if (group === undefined) throw new Error(`No connections were made for ${purpose}`);
    return group;
  }
}

/** Purposes without a connection, or with one that is lost and not made again yet. */
class Losses {
  readonly #log: PoolOptions['log'];
  readonly #purposes = new Set<Purpose>();

  constructor(log: PoolOptions['log']) {
    this.#log = log;
  }

  lost(purpose: Purpose, why: string): void {
    if (this.#purposes.size === 0) this.#log.warn('store.disconnected', { purpose, why });
    this.#purposes.add(purpose);
  }

  back(purpose: Purpose, server: string): void {
    if (this.#purposes.delete(purpose) && this.#purposes.size === 0) this.#log.info('store.connected', { server });
  }
}

/** Connections of one purpose. */
class Group {
  readonly #purpose: Purpose;
  readonly #options: PoolOptions;
  readonly #losses: Losses;
  readonly #begun: (session: Session) => void;
  readonly #free: Session[] = [];
  readonly #all = new Set<Session>();
  readonly #line = new Set<Waiter>();
  /** Ends the pause before a next try, of each connection that is to be made. */
  readonly #pauses = new Set<() => void>();
  #why: string | undefined;
  #closed = false;
  #emptied: (() => void) | undefined;

  constructor(
    purpose: Purpose,
    count: number,
    options: PoolOptions,
    losses: Losses,
    begun: (session: Session) => void,
  ) {
    this.#purpose = purpose;
    this.#options = options;
    this.#losses = losses;
    this.#begun = begun;
    for (let n = 0; n < count; n += 1) void this.#make();
  }

  get waiting(): number {
    return this.#line.size;
  }
  get open(): number {
    return this.#all.size;
  }

  take(): Promise<Session> {
    if (this.#closed) return Promise.reject(new StoreUnavailable('The store is closed'));
    const free = this.#free.pop();
    if (free !== undefined) return Promise.resolve(free);
    const { most, patience } = this.#options.line ?? { most: MOST, patience: PATIENCE };
    if (this.#line.size >= most)
      return Promise.reject(
        new StoreUnavailable(`${most} wait already for a connection to PostgreSQL${this.#because()}; try again later`),
      );
    return new Promise((take, refuse) => {
      const timer = this.#options.clock.after(patience, () => {
        this.#line.delete(waiter);
        refuse(
          new StoreUnavailable(`No connection to PostgreSQL within ${patience} ms${this.#because()}; try again later`),
        );
      });
      const waiter: Waiter = { take, refuse, timer };
      this.#line.add(waiter);
    });
  }

  giveBack(session: Session): void {
    if (session.ended) return;
    if (session.busy) {
      // The next one would be given an answer that is not its own.
      session.destroy('it was given back before its last query was answered');
      return;
    }
    if (this.#closed) {
      void session.close();
      this.#gone(session);
      return;
    }
    const [next] = this.#line;
    if (next === undefined) {
      this.#free.push(session);
      return;
    }
    this.#line.delete(next);
    next.timer.cancel();
    next.take(session);
  }

  leave(all: (session: Session) => boolean, why: string): void {
    for (const session of [...this.#all]) if (all(session)) session.destroy(why);
  }

  tryNow(): void {
    for (const end of [...this.#pauses]) end();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.tryNow();
    for (const { refuse, timer } of this.#line) {
      timer.cancel();
      refuse(new StoreUnavailable('The store is closed'));
    }
    this.#line.clear();
    await Promise.all(this.#free.splice(0).map((session) => session.close().finally(() => this.#gone(session))));
    if (this.#all.size > 0) {
      const left = this.#options.clock.after(seconds(10), () => this.leave(() => true, 'the store was closed'));
      await new Promise<void>((resolve) => (this.#emptied = resolve));
      left.cancel();
    }
  }

  #because(): string {
    return this.#why === undefined ? '' : ` (${this.#why})`;
  }

  /** Never rejects. */
  async #make(): Promise<void> {
    for (let pause = FIRST_PAUSE, tries = 0; !this.#closed; pause = milliseconds(Math.min(LONGEST_PAUSE, pause * 2))) {
      if (await this.#tryOnce(tries)) return;
      tries += 1;
      await this.#pause(pause);
    }
  }

  #pause(length: Milliseconds): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        timer.cancel();
        this.#pauses.delete(end);
        resolve();
      };
      const timer = this.#options.clock.after(length, end);
      this.#pauses.add(end);
    });
  }

  async #tryOnce(failed: number): Promise<boolean> {
    const writes = WRITES.has(this.#purpose);
    const not = writes ? this.#options.mayAcknowledge() : undefined;
    if (not !== undefined) {
      this.#failed(not.why);
      return false;
    }
    let server: Server | undefined;
    try {
      server = await this.#options.finder.find();
      this.#begin(await this.#open(server, writes, failed));
      return true;
    } catch (error) {
      if (server !== undefined) this.#options.finder.lost(server);
      this.#failed(error instanceof Error ? error.message : String(error));
      return false;
    }
  }

  #open(server: Server, writes: boolean, failed: number): Promise<Session> {
    const { access, name, mayAcknowledge, lookAgain, committed, session } = this.#options;
    const { open = Session.open.bind(Session), makeWithin } = this.#options;
    const first = makeWithin?.() ?? session?.connectWithin ?? CONNECT_WITHIN;
    return open(server, access, {
      ...session,
      connectWithin: milliseconds(Math.max(first, Math.min(LONGEST_CONNECT, first * 2 ** failed))),
      name: `${name} ${this.#purpose}`,
      ...(writes ? { barrier: true, mayCommit: mayAcknowledge } : {}),
      ...(writes ? defined({ lookAgain, committed }) : {}),
    });
  }

  #begin(session: Session): void {
    try {
      this.#begun(session);
    } catch (error) {
      session.destroy('its server was left behind');
      throw error;
    }
    this.#all.add(session);
    this.#losses.back(this.#purpose, session.place);
    this.#why = undefined;
    session.onEnded((why) => {
      this.#options.finder.lost(session.server);
      this.#failed(why.message);
      const at = this.#free.indexOf(session);
      if (at >= 0) this.#free.splice(at, 1);
      this.#gone(session);
      if (!this.#closed) void this.#make();
    });
    this.giveBack(session);
  }

  #failed(why: string): void {
    if (this.#why === undefined && !this.#closed) this.#losses.lost(this.#purpose, why);
    this.#why = why;
  }

  #gone(session: Session): void {
    this.#all.delete(session);
    if (this.#closed && this.#all.size === 0) this.#emptied?.();
  }
}
