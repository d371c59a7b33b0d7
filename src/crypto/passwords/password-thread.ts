/**
 * The main thread's side of the password worker: started at the first sha512-crypt hash, since most
 * gateways never meet one.
 */
import { Worker } from 'node:worker_threads';
import type { CryptAnswer, CryptRequest } from './password-worker.ts';

interface Waiting {
  readonly resolve: (digest: string) => void;
  readonly reject: (error: Error) => void;
}

export class PasswordThread {
  #worker: Worker | undefined;
  #next = 0;
  readonly #waiting = new Map<number, Waiting>();

  /**
   * The digest part of a `$6$` hash. Rejects when the thread ends before it has answered; the next
   * call starts a new one.
   */
  sha512crypt(password: Uint8Array, salt: string, rounds: number): Promise<string> {
    const worker = (this.#worker ??= this.#start());
    const request: CryptRequest = { id: (this.#next += 1), password, salt, rounds };
    return new Promise((resolve, reject) => {
      this.#waiting.set(request.id, { resolve, reject });
      worker.ref();
      worker.postMessage(request);
    });
  }

  async close(): Promise<void> {
    await this.#worker?.terminate();
  }

  #start(): Worker {
    const worker = new Worker(new URL('./password-worker.ts', import.meta.url), { name: 'passwords' });
    worker.unref();
    worker.on('message', ({ id, digest }: CryptAnswer) => {
      this.#waiting.get(id)?.resolve(digest);
      this.#waiting.delete(id);
      if (this.#waiting.size === 0) worker.unref();
    });
    worker.on('error', (error: Error) => this.#ended(error));
    worker.on('exit', () => this.#ended(new Error('Cannot verify a password: the password thread has ended')));
    return worker;
  }

  #ended(error: Error): void {
    this.#worker = undefined;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of waiting) reject(error);
  }
}
