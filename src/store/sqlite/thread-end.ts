/** Ends a thread of the store: asks it, waits for its answer, and only then ends it. */
import type { Worker } from 'node:worker_threads';

export class ThreadEnd {
  readonly #worker: Worker;
  #closed: (() => void) | undefined;

  constructor(worker: Worker) {
    this.#worker = worker;
  }

  /** From then on the thread keeps the process alive until it has ended. */
  get begun(): boolean {
    return this.#closed !== undefined;
  }

  /** The thread says that it has closed what it had open. */
  heard(): void {
    this.#closed?.();
  }

  /** Asks the thread to close, and waits until it has or is gone. */
  async ask(message: { readonly kind: 'close' }): Promise<void> {
    this.#worker.ref();
    const closed = new Promise<void>((resolve) => (this.#closed = resolve));
    const ended = new Promise<void>((resolve) => this.#worker.once('exit', () => resolve()));
    this.#worker.postMessage(message);
    await Promise.race([closed, ended]);
  }

  async terminate(): Promise<void> {
    this.#worker.ref();
    await this.#worker.terminate();
  }
}
