/**
 * One connection to a server of PostgreSQL: one query at a time, and a commit that is believed only
 * when it is certain.
 *
 * What the answer to a COMMIT is worth was tried on 17 and 18. A commit that waits for a standby
 * and is cancelled *succeeds*, with nothing but a WARNING 01000; at a shutdown the warning is 57P01
 * and the connection ends. Both leave it on this server alone. So any notice during a COMMIT makes
 * its outcome unknown, the connection is dropped, and no time-out of the server is set that could
 * end such a wait. A server that has become silent is left by a deadline of our own, which destroys
 * the socket; whether the work was done is not known then either.
 */
import { Socket } from 'node:net';
import { Client, type Notice, type Notification } from 'pg';
import { defined } from '../../domain/defined.ts';
import { type Milliseconds, seconds } from '../../domain/units.ts';
import { OutcomeUnknown, StoreUnavailable } from '../store.ts';
import { type Access, type Server, passwordFor, placeOf, tlsFor } from './access.ts';
import { ConnectProblem, type ConnectFailure, connectProblem } from './connect-problem.ts';
import type { Answer, ChangingConnection, Isolation, Query } from './connection.ts';
import { type Facts, factsOf, firstLook, unfit } from './first-look.ts';
import { fromServer, isUndone } from './sql-error.ts';

/** Undefined: a commit may be acknowledged. Otherwise what is in the way, and what to do. */
export type MayNot = { readonly why: string; readonly remedy: string } | undefined;

export interface SessionOptions {
  /** As the server shows it in pg_stat_activity: `sluis/gw1`. */
  readonly name: string;
  /** A server in recovery will do as well. */
  readonly standby?: boolean;
  /**
   * Something is committed before anything is read: what a connection before this one may have left
   * waiting is on the standby then too.
   */
  readonly barrier?: boolean;
  /**
   * Called before each commit with this connection's server, and again when its answer has come:
   * the standby that confirmed it may not be one to rely on.
   */
  readonly mayCommit?: (server: Server) => MayNot;
  /**
   * Looks again; asked after a commit that took long: it may have been let go because the list of
   * standbys was emptied, of which no notice tells.
   */
  readonly lookAgain?: (server: Server) => Promise<MayNot>;
  /** Called for each commit that may be acknowledged. */
  readonly committed?: () => void;
  /** A commit that takes longer is reported as long. */
  readonly longCommit?: Milliseconds;
  /** Longest time to connect, log in and set the connection up. */
  readonly connectWithin?: Milliseconds;
  /** Longest time for each query that does not say otherwise. */
  readonly answerWithin?: Milliseconds;
  /** Longest wait for a lock of a row; it ends a statement, never a commit. */
  readonly lockWithin?: Milliseconds;
}

export interface Question extends Query {
  /** Longest time for this query. */
  readonly within?: Milliseconds;
}

export interface Said extends Answer {
  readonly command: string;
  readonly notices: readonly Notice[];
}

export const CONNECT_WITHIN = seconds(1);
/**
 * For a start, and for a person who asks: much is connected at once then, on a machine that may do
 * much else, and there is no next look.
 */
export const FIRST_CONNECT = seconds(3);
const ANSWER_WITHIN = seconds(5);
const LOCK_WITHIN = seconds(2);
/** A commit that took this long waited for a standby. */
const LONG_COMMIT = seconds(1);

/** Most notices of one query; later ones say nothing new. */
const MAX_NOTICES = 20;

const silent = (within: number): ConnectFailure => [
  'unreachable',
  `no answer within ${within} ms`,
  'see whether it runs, and whether the network leads there',
];
const NO_ANSWER_TO_BARRIER: ConnectFailure = [
  'failed',
  'no other place confirms what is committed there',
  'bring a standby of the list in synchronous_standby_names back, or see "sluis site alone"',
];

const BARRIER = "SELECT pg_logical_emit_message(true, 'sluis', 'connect')";
/** Statements that are methods here, since what they mean for an outcome must be known. */
const TRANSACTION = /^\s*(begin|start|commit|end|rollback(?!\s+to)|abort|prepare\s+transaction)\b/i;

export class Session implements ChangingConnection {
  readonly server: Server;
  /** `db.example:5432`, for people. */
  readonly place: string;
  readonly #client: Client;
  readonly #options: SessionOptions;
  readonly #ends: ((why: StoreUnavailable) => void)[] = [];
  readonly #told: ((notification: Notification) => void)[] = [];
  #facts: Facts | undefined;
  #notices: Notice[] = [];
  #busy = false;
  #open = false;
  /** BEGIN, which goes with the first statement. */
  #beginning: string | undefined;
  #ended: StoreUnavailable | undefined;

  private constructor(server: Server, access: Access, options: SessionOptions) {
    this.server = server;
    this.place = placeOf(server);
    this.#options = options;
    this.#client = new Client({
      host: server.host,
      port: server.port,
      database: access.database,
      user: access.user,
      password: () => passwordFor(server, access),
      ssl: tlsFor(server, access),
      sslnegotiation: 'postgres',
      application_name: options.name,
      client_encoding: 'UTF8',
      pipeline: true,
      stream: () => new Socket().setKeepAlive(true, 10_000),
    });
    this.#client
      .on('notice', ({ code, message }) => {
        if (this.#busy && this.#notices.length < MAX_NOTICES) this.#notices.push(defined({ code, message }));
      })
      .on('notification', (notification) => this.#told.forEach((tell) => tell(notification)))
      .on('error', (error) => this.#end(`it was lost (${error.message})`))
      .on('end', () => this.#end('it was ended'));
  }

  /** Connects. Rejects with ConnectProblem. */
  static async open(server: Server, access: Access, options: SessionOptions): Promise<Session> {
    let session: Session | undefined;
    try {
      session = new Session(server, access, options);
      await session.#connect(options);
      return session;
    } catch (error) {
      session?.destroy('it could not be made');
      throw connectProblem(placeOf(server), error);
    }
  }

  get facts(): Facts {
    if (this.#facts === undefined) throw new Error('The connection is not open yet');
    return this.#facts;
  }
  get ended(): boolean {
    return this.#ended !== undefined;
  }
  /** A query is under way. */
  get busy(): boolean {
    return this.#busy;
  }
  /** Between `begin` and its end. */
  get inTransaction(): boolean {
    return this.#open;
  }

  /**
   * Calls the listener once, when this connection can no longer be used; at once if that is so
   * already.
   */
  onEnded(listener: (why: StoreUnavailable) => void): void {
    if (this.#ended === undefined) this.#ends.push(listener);
    else listener(this.#ended);
  }
  onNotification(listener: (notification: Notification) => void): void {
    this.#told.push(listener);
  }

  /**
   * One at a time. Rejects with SqlError, and what it did is undone then; with StoreUnavailable,
   * where nothing of its transaction was done; with OutcomeUnknown, where the connection was lost
   * outside a transaction.
   */
  async query(query: Question): Promise<Said> {
    if (query.name === undefined && TRANSACTION.test(query.text))
      throw new Error(`"${query.text}" must be said by begin(), commit() or rollback() of the session`);
    const answer = await this.#send(query);
    // A statement by itself commits by itself.
    if (!this.#open && answer.notices.some(({ code }) => code === '01000' || code === '57P01'))
      throw this.#unknown(`the server warned: ${answer.notices.map(({ message }) => message).join('; ')}`);
    return answer;
  }

  /**
   * The server hears of it with the first statement, in one trip: a batch of acceptances makes
   * three and not four.
   */
  begin(isolation: Isolation = 'READ COMMITTED'): Promise<void> {
    if (this.#open) return Promise.reject(new Error('There is a transaction on this connection already'));
    if (this.#ended !== undefined) return Promise.reject(new StoreUnavailable(this.#ended.message));
    this.#open = true;
    this.#beginning = `BEGIN ISOLATION LEVEL ${isolation}`;
    return Promise.resolve();
  }

  /**
   * Resolves only when the server said COMMIT and nothing else: then it stands at the other place
   * too. Rejects with SqlError if it was undone for certain, with StoreUnavailable where it was not
   * begun, else with OutcomeUnknown; the connection has ended then.
   */
  async commit(): Promise<void> {
    if (!this.#open) throw new Error('There is no transaction on this connection');
    const not = this.#options.mayCommit?.(this.server);
    if (not !== undefined) {
      await this.rollback();
      throw new StoreUnavailable(`Nothing may be acknowledged: ${not.why}; ${not.remedy}`);
    }
    const since = performance.now();
    const { command, notices } = await this.#sendCommit();
    if (notices.length > 0)
      throw this.#unknown(`the server warned: ${notices.map(({ message }) => message).join('; ')}`);
    if (command !== 'COMMIT') throw this.#unknown(`the server answered ${command} to COMMIT`);
    const long = performance.now() - since >= (this.#options.longCommit ?? LONG_COMMIT);
    const now = (long ? await this.#lookAgain() : undefined) ?? this.#options.mayCommit?.(this.server);
    if (now !== undefined) throw this.#unknown(now.why);
    this.#options.committed?.();
  }

  async #lookAgain(): Promise<{ readonly why: string } | undefined> {
    return await this.#options.lookAgain?.(this.server).catch((error: unknown) => ({ why: String(error) }));
  }

  async #sendCommit(): Promise<Said> {
    try {
      return await this.#send({ text: 'COMMIT' });
    } catch (error) {
      if (isUndone(error)) throw error;
      throw this.#unknown(error instanceof Error ? error.message : String(error));
    } finally {
      this.#open = false;
    }
  }

  /**
   * Undoes the transaction. Never rejects: a connection on which this fails has ended, and the
   * server undoes the transaction itself.
   */
  async rollback(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    // The server never got the BEGIN.
    if (this.#beginning !== undefined) return void (this.#beginning = undefined);
    try {
      await this.#send({ text: 'ROLLBACK' });
    } catch (error) {
      this.#end(`it could not undo a transaction (${String(error)})`);
    }
  }

  /**
   * Commits something of its own, and so waits until all that was committed here before stands at
   * the other place. What was read before may not be acknowledged without it: another connection's
   * commit may be visible and still be waiting.
   */
  async barrier(): Promise<void> {
    await this.begin();
    try {
      await this.query({ text: BARRIER });
    } catch (error) {
      await this.rollback();
      throw error;
    }
    await this.commit();
  }

  /**
   * Drops the connection at once. The server is told nothing: a commit that waits must go on
   * waiting, as its end would be taken for success.
   */
  destroy(why: string): void {
    this.#end(why);
  }

  /**
   * Closes in order, telling the server, if nothing is under way; otherwise the connection is
   * dropped.
   */
  async close(): Promise<void> {
    if (this.#ended !== undefined) return;
    if (this.#busy || this.#open) return this.destroy('it was closed');
    this.#ended = new StoreUnavailable('The connection to PostgreSQL was closed');
    const timer = setTimeout(() => this.#drop(), 1000);
    await this.#client.end().finally(() => clearTimeout(timer));
  }

  async #connect({ standby, barrier, connectWithin, lockWithin }: SessionOptions): Promise<void> {
    const within = connectWithin ?? CONNECT_WITHIN;
    const deadline = { passed: false };
    const timer = setTimeout(() => {
      deadline.passed = true;
      this.#drop();
    }, within);
    try {
      await this.#client.connect();
      const { rows } = await this.#send({ text: firstLook(lockWithin ?? LOCK_WITHIN) });
      this.#facts = factsOf(rows[0] ?? []);
      const wrong = unfit(this.#facts, this.#client.processID, standby ?? false);
      if (wrong !== undefined) throw new ConnectProblem(this.place, wrong);
    } catch (error) {
      if (!deadline.passed) throw error;
      throw new ConnectProblem(this.place, silent(within), { cause: error });
    } finally {
      clearTimeout(timer);
    }
    if (barrier !== true) return;
    await this.barrier().catch((cause: unknown) => {
      throw new ConnectProblem(this.place, NO_ANSWER_TO_BARRIER, { cause });
    });
  }

  async #send({ text, name, values, within = this.#options.answerWithin ?? ANSWER_WITHIN }: Question): Promise<Said> {
    // A new one each time: whoever catches it may write into it which statement it was.
    if (this.#ended !== undefined) throw new StoreUnavailable(this.#ended.message);
    if (this.#busy) throw new Error('One query at a time on a connection: await the one before');
    this.#busy = true;
    this.#notices = [];
    const timer = setTimeout(() => this.#end(`it gave no answer within ${within} ms`), within);
    try {
      const [, result] = await Promise.all([
        this.#sendBegin(),
        this.#client.query({ text, name, values, rowMode: 'array' }),
      ]);
      // Of several statements in one text, the last.
      const last = Array.isArray(result) ? result.at(-1) : result;
      if (last === undefined) throw new Error('No statement was given');
      return {
        rows: last.rows,
        columns: last.fields.map((field) => field.name),
        count: last.rowCount ?? 0,
        command: last.command,
        notices: this.#notices,
      };
    } catch (error) {
      throw this.#failed(error);
    } finally {
      clearTimeout(timer);
      this.#busy = false;
    }
  }

  /** Sends BEGIN in front of the statement that is sent in the same turn. */
  async #sendBegin(): Promise<void> {
    const text = this.#beginning;
    if (text === undefined) return;
    this.#beginning = undefined;
    await this.#client.query({ text, rowMode: 'array' }).catch((error: unknown) => {
      this.#end(`a transaction could not be begun (${String(error)})`);
      throw error;
    });
  }

  #failed(error: unknown): Error {
    const lost = this.#ended;
    if (lost !== undefined)
      return this.#open ? new StoreUnavailable(lost.message) : new OutcomeUnknown(lost.message, { cause: error });
    const judged = fromServer(error);
    if (judged === undefined || judged.ends) this.#end(`it is of no use (${String(error)})`);
    return judged?.error ?? (error instanceof Error ? error : new Error(String(error)));
  }

  #unknown(why: string): OutcomeUnknown {
    this.#end(`the outcome of a commit is not known: ${why}`);
    return new OutcomeUnknown(`Whether it was committed at another place is not known: ${why}; try again`);
  }

  /**
   * Where there is TLS it goes first and takes the socket below along, as Node does it itself
   * (platform/tls-line.ts).
   */
  #drop(): void {
    this.#client.connection.stream.destroy();
  }

  #end(why: string): void {
    this.#drop();
    if (this.#ended !== undefined) return;
    this.#ended = new StoreUnavailable(`The connection to PostgreSQL at ${this.place} has ended: ${why}; try again`);
    for (const tell of this.#ends.splice(0)) tell(this.#ended);
  }
}
