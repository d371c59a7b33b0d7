/**
 * The caller's side of the writer thread: takes calls, hands them over once a turn, gives each
 * answer to whoever waits for it.
 *
 * After the store has failed everything that waits and everything after it rejects with
 * StoreFailed.
 */
import { Worker } from 'node:worker_threads';
import { ANSWERS_IN_A_TURN } from '../core/answers.ts';
import { RegistryError } from '../registry.ts';
import { StoreFailed, StoreFull, StoreRefused } from '../store.ts';
import type { Notices, SentNotices } from '../changes/accept-work.ts';
import { NOTICES_PER_PART } from './notices-in-parts.ts';
import type { Request, WriterAnswer, WriterCall, WriterHears, WriterSays } from './writer-protocol.ts';
import { ThreadEnd } from './thread-end.ts';
import type { Upgrade } from './upgrade-copy.ts';
import type { WriterStart } from './writer-thread.ts';

export type ReadyFacts = Extract<WriterSays, { kind: 'ready' }>;
type Answers = Extract<WriterSays, { kind: 'answers' }>;

/** Pieces that go over before the turn is over. */
const HANDOVER = 16;

interface Waiting {
  readonly resolve: (answer: WriterAnswer) => void;
  readonly reject: (error: Error) => void;
}

export interface WriterEvents {
  /** Called before the store is ready, where the form of the database changes first. */
  readonly onUpgrade: (upgrade: Upgrade) => void;
  /** Called before the answers of a commit are given out. */
  readonly onCommit: (commit: Answers) => void;
  readonly onFailed: (error: StoreFailed) => void;
}

export class Writer {
  readonly #worker: Worker;
  readonly #events: WriterEvents;
  readonly #waiting = new Map<number, Waiting>();
  #outbox: Request[] = [];
  #transfer: ArrayBuffer[] = [];
  #next = 1;
  #handover = false;
  /** Commits whose answers are being given out, a few a turn. */
  #giving = 0;
  #failure: StoreFailed | undefined;
  readonly #end: ThreadEnd;

  private constructor(worker: Worker, events: WriterEvents) {
    this.#worker = worker;
    this.#end = new ThreadEnd(worker);
    this.#events = events;
  }

  /** Rejects with StoreRefused when the database may not be served. */
  static async start(start: WriterStart, events: WriterEvents): Promise<{ writer: Writer; ready: ReadyFacts }> {
    const worker = new Worker(new URL('./writer-thread.ts', import.meta.url), {
      workerData: start,
      name: 'store-writer',
    });
    const writer = new Writer(worker, events);
    const ready = await new Promise<ReadyFacts>((resolve, reject) => {
      worker.on('message', (message: WriterSays) => {
        if (message.kind === 'ready') resolve(message);
        else if (message.kind === 'refused') reject(new StoreRefused(message.message));
        else if (message.kind === 'upgrading') events.onUpgrade(message.upgrade);
        else writer.#hear(message);
      });
      worker.on('error', (error) => {
        const failure = new StoreFailed(`The writer of the store has ended: ${String(error)}`);
        reject(failure);
        writer.#fail(failure);
      });
      worker.on('exit', () => {
        const failure = new StoreFailed('The writer of the store has ended');
        reject(failure);
        // A thread that was asked to close is gone while answers of its last commits are still
        // being given out: these hold.
        if (!writer.#end.begun) writer.#fail(failure);
      });
    });
    worker.unref();
    return { writer, ready };
  }

  /** Pieces of work that wait for a commit. */
  get waiting(): number {
    return this.#waiting.size;
  }

  get failure(): StoreFailed | undefined {
    return this.#failure;
  }

  /**
   * Resolves with the value of a call, once it is committed; rejects with its error. `transfer`:
   * memory that is transferred with it.
   */
  async call(call: WriterCall, transfer?: Uint8Array): Promise<unknown> {
    if (this.#failure !== undefined) throw this.#failure;
    const answer = await new Promise<WriterAnswer>((resolve, reject) => {
      this.#push(call, { resolve, reject }, transfer);
    });
    return valueOf(answer);
  }

  /**
   * Sends notices ahead of the work that files them; what it resolves to stands in that work. Many
   * go over in parts, with a turn of the loop between, and wait for the work to come: it must be
   * sent. `written` makes what the writer files.
   */
  async sendNotices<T>(notices: readonly T[], written: (part: readonly T[]) => Notices): Promise<SentNotices> {
    if (notices.length <= NOTICES_PER_PART) return { notices: written(notices) };
    const token = this.#next++;
    for (let at = 0; at < notices.length; at += NOTICES_PER_PART) {
      if (this.#failure !== undefined) throw this.#failure;
      const message: WriterHears = {
        kind: 'notices',
        token,
        notices: written(notices.slice(at, at + NOTICES_PER_PART)),
      };
      this.#worker.postMessage(message);
      await new Promise((resolve) => setImmediate(resolve));
    }
    return { notices: [], partsToken: token };
  }

  #push(call: WriterCall, waiting: Waiting, transfer?: Uint8Array): void {
    // The loop must stay alive while somebody waits for a commit.
    if (this.#waiting.size === 0) this.#worker.ref();
    const n = this.#next++;
    this.#waiting.set(n, waiting);
    this.#outbox.push({ n, call });
    if (transfer !== undefined) this.#transfer.push(transfer.buffer as ArrayBuffer);
    // A burst goes over in parts, so that the writer works on the first while the next are being
    // sealed.
    if (this.#outbox.length >= HANDOVER) this.#post();
    else if (!this.#handover) {
      this.#handover = true;
      // Once a turn: what all sockets of this turn brought goes over together and is likely to
      // share a commit.
      setImmediate(() => {
        this.#handover = false;
        this.#post();
      });
    }
  }

  #post(): void {
    if (this.#failure !== undefined || this.#outbox.length === 0) return;
    const message: WriterHears = { kind: 'work', requests: this.#outbox };
    const transfer = this.#transfer;
    this.#outbox = [];
    this.#transfer = [];
    this.#worker.postMessage(message, transfer);
  }

  #hear(message: WriterSays): void {
    if (message.kind === 'answers') {
      this.#events.onCommit(message);
      this.#giving += 1;
      this.#giveOut(message.answers, 0);
    } else if (message.kind === 'failed') {
      this.#fail(new StoreFailed(`A write or sync of the store failed: ${message.message}`));
    } else if (message.kind === 'closed') {
      this.#end.heard();
    }
  }

  /** A few answers in each turn of the loop. */
  #giveOut(answers: Answers['answers'], from: number): void {
    for (const { n, answer } of answers.slice(from, from + ANSWERS_IN_A_TURN)) {
      const waiting = this.#waiting.get(n);
      this.#waiting.delete(n);
      waiting?.resolve(answer);
    }
    if (from + ANSWERS_IN_A_TURN < answers.length) {
      setImmediate(() => this.#giveOut(answers, from + ANSWERS_IN_A_TURN));
      return;
    }
    this.#giving -= 1;
    if (this.#waiting.size === 0 && !this.#end.begun) this.#worker.unref();
  }

  #fail(failure: StoreFailed): void {
    if (this.#failure !== undefined) return;
    this.#failure = failure;
    this.#outbox = [];
    this.#worker.unref();
    this.#events.onFailed(failure);
    for (const { reject } of this.#waiting.values()) reject(failure);
    this.#waiting.clear();
  }

  /**
   * Commits what waits, closes the database in order, ends the thread. Calls that come too late for
   * that reject.
   */
  async close(): Promise<void> {
    if (this.#failure === undefined) {
      this.#post();
      await this.#end.ask({ kind: 'close' });
      // Wait until commits are told, so that none of them is told as failed.
      while (this.#giving > 0) await new Promise((resolve) => setImmediate(resolve));
      this.#failure ??= new StoreFailed('The store is closed');
      for (const { reject } of this.#waiting.values()) reject(this.#failure);
      this.#waiting.clear();
    }
    await this.#end.terminate();
  }
}

/** The value of an answer; throws the error that came in place of one. */
export function valueOf(answer: WriterAnswer): unknown {
  switch (answer.kind) {
    case 'done':
      return answer.value;
    case 'refused':
      throw new RegistryError(answer.error, answer.message);
    case 'full':
      throw new StoreFull('The disk of the store is full; free space on it, the gateway continues by itself');
    case 'error':
      throw new Error(`The store could not do this, and nothing was changed: ${answer.message}`);
  }
}
