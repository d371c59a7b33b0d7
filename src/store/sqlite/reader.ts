/** The calling thread's face of the reader: requests of one turn go over together. */
import { Worker } from 'node:worker_threads';
import { RegistryError } from '../registry.ts';
import { StoreFailed } from '../store.ts';
import type { ReaderCall, ReaderHears, ReaderRequest, ReaderSays } from './reader-protocol.ts';
import type { ReaderStart } from './reader-thread.ts';
import { ThreadEnd } from './thread-end.ts';

interface Waiting {
  readonly resolve: (out: unknown) => void;
  readonly reject: (error: Error) => void;
}

export class Reader {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #outbox: ReaderRequest[] = [];
  #next = 1;
  #handover = false;
  #failure: StoreFailed | undefined;
  readonly #end: ThreadEnd;

  private constructor(worker: Worker) {
    this.#worker = worker;
    this.#end = new ThreadEnd(worker);
  }

  static async start(start: ReaderStart, onFailed: (error: StoreFailed) => void): Promise<Reader> {
    const worker = new Worker(new URL('./reader-thread.ts', import.meta.url), {
      workerData: start,
      name: 'store-reader',
    });
    const reader = new Reader(worker);
    await new Promise<void>((resolve, reject) => {
      const fail = (why: string): void => {
        const failure = new StoreFailed(`The reader of the store has ended: ${why}`);
        reject(failure);
        if (reader.#fail(failure)) onFailed(failure);
      };
      worker.on('message', (message: ReaderSays) => {
        if (message.kind === 'ready') resolve();
        else reader.#hear(message);
      });
      worker.on('error', (error) => fail(String(error)));
      worker.on('exit', () => fail('its thread is gone'));
    });
    worker.unref();
    return reader;
  }

  /** Through `subjectsOf` and `ownReadCallsOf` (calls.ts), which check what goes over. */
  async call(call: ReaderCall): Promise<unknown> {
    if (this.#failure !== undefined) throw this.#failure;
    return await new Promise<unknown>((resolve, reject) => {
      if (this.#waiting.size === 0) this.#worker.ref();
      const n = this.#next++;
      this.#waiting.set(n, { resolve, reject });
      this.#outbox.push({ n, ...call });
      if (!this.#handover) {
        this.#handover = true;
        setImmediate(() => this.#post());
      }
    });
  }

  #post(): void {
    this.#handover = false;
    if (this.#failure !== undefined || this.#outbox.length === 0) return;
    const message: ReaderHears = { kind: 'work', requests: this.#outbox };
    this.#outbox = [];
    this.#worker.postMessage(message);
  }

  #hear(message: ReaderSays): void {
    if (message.kind === 'closed') this.#end.heard();
    if (message.kind !== 'answers') return;
    for (const { n, out, error, refused } of message.answers) {
      const waiting = this.#waiting.get(n);
      this.#waiting.delete(n);
      if (error === undefined) waiting?.resolve(out);
      else if (refused === 'range') waiting?.reject(new RangeError(error));
      else if (refused !== undefined) waiting?.reject(new RegistryError(refused, error));
      else waiting?.reject(new Error(`Reading the store failed: ${error}`));
    }
    if (this.#waiting.size === 0 && !this.#end.begun) this.#worker.unref();
  }

  #fail(failure: StoreFailed): boolean {
    if (this.#failure !== undefined) return false;
    this.#failure = failure;
    for (const { reject } of this.#waiting.values()) reject(failure);
    this.#waiting.clear();
    return true;
  }

  async close(): Promise<void> {
    if (this.#failure === undefined) {
      this.#post();
      await this.#end.ask({ kind: 'close' });
      this.#fail(new StoreFailed('The store is closed'));
    }
    await this.#end.terminate();
  }
}
