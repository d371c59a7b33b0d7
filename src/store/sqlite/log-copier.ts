/**
 * The writer's side of the thread that copies the write-ahead log back (log-copier-thread.ts). The
 * thread begins with its first task: a store that writes little never has one.
 */
import { MessageChannel, type MessagePort, Worker, receiveMessageOnPort } from 'node:worker_threads';
import type { Copies } from './database.ts';

export type Copied =
  | ({ readonly kind: 'copied' } & Copies)
  /** The disk is full. */
  | { readonly kind: 'full' }
  /** A write or sync failed: what the database has is no longer known, what the log has is. */
  | { readonly kind: 'failed'; readonly message: string }
  /** The thread has no connection. */
  | { readonly kind: 'unable' };

export interface Copier {
  /** True: a copy was started, and its outcome was not read yet. */
  readonly busy: boolean;
  start(): void;
  /** The outcome; undefined while it copies, and if nothing was started. */
  outcome(): Copied | undefined;
  /** Blocks this thread until the copy has ended. False if that takes too long. */
  rest(): boolean;
  /** Closes its connection, and blocks until it has. */
  end(): void;
}

export interface CopierStart {
  readonly path: string;
  readonly port: MessagePort;
  /** 1 while it copies: the writer can wait for it without a turn of its loop. */
  readonly copying: Int32Array;
}

/** In milliseconds; the whole log takes half a second on a slow disk. */
const PATIENCE = 10_000;

export class ThreadCopier implements Copier {
  readonly #path: string;
  readonly #told: () => void;
  readonly #thread: URL;
  readonly #copying = new Int32Array(new SharedArrayBuffer(4));
  #port: MessagePort | undefined;
  #busy = false;
  #heard: Copied | undefined;

  /**
   * `told`: called when an outcome has come that nobody waited for. `thread`: the program of the
   * thread.
   */
  constructor(path: string, told: () => void, thread = new URL('./log-copier-thread.ts', import.meta.url)) {
    this.#path = path;
    this.#told = told;
    this.#thread = thread;
  }

  get busy(): boolean {
    return this.#busy;
  }

  start(): void {
    this.#busy = true;
    Atomics.store(this.#copying, 0, 1);
    (this.#port ??= this.#begin()).postMessage('copy');
  }

  #begin(): MessagePort {
    const { port1: port, port2: theirs } = new MessageChannel();
    const start: CopierStart = { path: this.#path, port: theirs, copying: this.#copying };
    const worker = new Worker(this.#thread, {
      workerData: start,
      transferList: [theirs],
      name: 'store-log-copier',
    });
    worker.on('error', () => this.#gone());
    worker.on('exit', () => this.#gone());
    worker.unref();
    port.on('message', (copied: Copied) => this.#hear(copied));
    // Nobody waits for a copy, not even a store that closes.
    port.unref();
    return port;
  }

  /** The thread has ended: whoever waits for it would wait for ever. */
  #gone(): void {
    Atomics.store(this.#copying, 0, 0);
    this.#port?.close();
    this.#port = undefined;
    this.#hear({ kind: 'unable' });
  }

  #hear(copied: Copied): void {
    if (!this.#busy) return;
    this.#heard = copied;
    this.#told();
  }

  outcome(): Copied | undefined {
    if (!this.#busy) return undefined;
    const received = this.#port === undefined ? undefined : receiveMessageOnPort(this.#port);
    const outcome = this.#heard ?? (received as { message: Copied } | undefined)?.message;
    this.#heard = undefined;
    if (outcome !== undefined) this.#busy = false;
    return outcome;
  }

  end(): void {
    if (this.#port === undefined) return;
    Atomics.store(this.#copying, 0, 1);
    this.#port.postMessage('end');
    this.rest();
    this.#port.close();
    this.#port = undefined;
  }

  rest(): boolean {
    return Atomics.wait(this.#copying, 0, 1, PATIENCE) !== 'timed-out';
  }
}
