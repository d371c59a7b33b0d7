/**
 * Asks a gateway's process from outside how long its event loop was blocked. See loop-delay.ts,
 * which runs inside it.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Instance, ServeOptions, Served } from './instance.ts';

/** Milliseconds, since the last report. */
export interface LoopDelay {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  /** The longest turn in processor time of the thread, if that was asked for. */
  readonly own?: number;
  /** The same for the 99th percentile. */
  readonly own99?: number;
  /** Octets of the main thread's objects and buffers without garbage, if that was asked for. */
  readonly kept?: number;
}

export class LoopWatch {
  readonly #file: string;
  readonly #own: boolean;
  readonly #kept: boolean;

  constructor(
    instance: Instance,
    { own = false, kept = false }: { readonly own?: boolean; readonly kept?: boolean } = {},
  ) {
    this.#file = join(instance.folder, 'loop-delay');
    this.#own = own;
    this.#kept = kept;
    writeFileSync(this.#file, '');
  }

  /** Options for `serve`. Without them, the question would kill the process. */
  get options(): ServeOptions {
    return {
      nodeOptions: [...(this.#kept ? ['--expose-gc'] : []), '--import', new URL('loop-delay.ts', import.meta.url).href],
      env: { LOOP_DELAY_FILE: this.#file, ...(this.#own && { LOOP_DELAY_OWN: '1' }) },
    };
  }

  /** What was measured since the last call. The count then begins anew. */
  async report(served: Served): Promise<LoopDelay> {
    writeFileSync(this.#file, '');
    served.signal('SIGUSR2');
    for (let i = 0; i < 500; i++) {
      const text = readFileSync(this.#file, 'utf8');
      if (text.endsWith('\n')) return JSON.parse(text) as LoopDelay;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error('the gateway does not report its event-loop delay');
  }
}
