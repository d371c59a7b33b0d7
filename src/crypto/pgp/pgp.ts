/**
 * OpenPGP (RFC 9580) for the rest of the gateway: the main thread's side of the OpenPGP thread.
 *
 * The library takes 100 ms to load and holds its thread for as long as a message is large (136 ms for 5 MB, measured), so it has one of its own.
 * A few jobs at a time, a bounded queue behind them, a deadline for each: a flood is answered `busy`, which is temporary, and never
 * holds up who sends unprotected mail.
 */
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import { type Result, fail, ok } from '../../domain/result.ts';
import { type Milliseconds, minutes } from '../../domain/units.ts';
import { turns } from '../../platform/turns.ts';
import { PgpJobs } from './jobs.ts';
import type { PgpAnswers, PgpHears, PgpJob, PgpJobKind, PgpProblem, PgpSays } from './protocol.ts';
import type { PgpRequest } from './worker.ts';

export interface PgpLimits {
  /** Jobs that run at the same time: they share one thread, and large ones take turns by slices. */
  readonly running: number;
  /** Jobs that wait. */
  readonly waiting: number;
  /** For one job, its wait included. */
  readonly deadline: Milliseconds;
}
export const PGP_LIMITS: PgpLimits = { running: 4, waiting: 256, deadline: minutes(5) };

type Slices = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
type Sink = (slice: Uint8Array) => void | Promise<void>;
type JobOf<K extends PgpJobKind> = Extract<PgpJob, { kind: K }>;

/** What goes in and out of a job. */
export interface PgpFlow {
  /** Read once, from its beginning. */
  readonly input?: Slices;
  /** Awaited before the next slice is made. Nothing comes of a decryption before all of it was verified. */
  readonly output?: Sink;
}

export class Pgp {
  readonly #limits: PgpLimits;
  readonly #jobs: PgpJobs;
  #worker: Worker | undefined;
  #closed = false;
  readonly #ports = new Set<(problem: PgpProblem) => void>();

  constructor(limits: PgpLimits = PGP_LIMITS) {
    this.#limits = limits;
    this.#jobs = new PgpJobs(limits);
  }

  /** Rejects only with what the flow's input or output rejected with; everything else is a value. */
  async run<K extends PgpJobKind>(job: JobOf<K>, flow: PgpFlow = {}): Promise<Result<PgpAnswers[K], PgpProblem>> {
    const slot = this.#closed ? 'busy' : await this.#jobs.take();
    if (slot === 'busy') return fail({ kind: 'busy', text: 'The OpenPGP thread has no room for another job' });
    try {
      return (await this.#send(job, flow)) as Result<PgpAnswers[K], PgpProblem>;
    } finally {
      slot.free();
    }
  }

  /** Jobs that run are told `busy`, and so is every one after this. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#worker?.terminate();
  }

  #send(job: PgpJob, flow: PgpFlow): Promise<Result<PgpAnswers[PgpJobKind], PgpProblem>> {
    // One that waited for its turn meanwhile must not start a thread that nobody ends.
    if (this.#closed) return Promise.resolve(fail({ kind: 'busy', text: 'The OpenPGP thread has ended' }));
    const worker = (this.#worker ??= this.#start());
    const { port1, port2 } = new MessageChannel();
    return new Promise((resolve, reject) => {
      const settle = (end: () => void): void => {
        clearTimeout(timer);
        this.#ports.delete(lost);
        if (this.#ports.size === 0) worker.unref();
        port1.close();
        end();
      };
      const failed = (problem: PgpProblem): void => settle(() => resolve(fail(problem)));
      const lost = failed;
      const timer = setTimeout(
        () => failed({ kind: 'busy', text: `The OpenPGP job took longer than ${this.#limits.deadline / 1000} s` }),
        this.#limits.deadline,
      );
      this.#ports.add(lost);
      worker.ref();
      serve(port1, flow, {
        done: (answer) => settle(() => resolve(ok(answer))),
        failed,
        broke: (error) => settle(() => reject(error)),
      });
      const request: PgpRequest = { job, port: port2 };
      worker.postMessage(request, [port2]);
    });
  }

  #start(): Worker {
    // Workers load the compiled file: Node 20 reads no TypeScript.
    const worker = new Worker(new URL('./worker.js', import.meta.url), { name: 'openpgp' });
    worker.unref();
    const ended = (why: string): void => {
      if (this.#worker === worker) this.#worker = undefined;
      for (const lost of [...this.#ports]) lost({ kind: 'busy', text: `The OpenPGP thread has ended: ${why}` });
    };
    worker.on('error', (error) => ended(error.message));
    worker.on('exit', (code) => ended(`exit code ${code}`));
    return worker;
  }
}

interface Ends {
  readonly done: (answer: PgpAnswers[PgpJobKind]) => void;
  readonly failed: (problem: PgpProblem) => void;
  readonly broke: (error: Error) => void;
}

/** Gives the thread content when it asks, takes what it makes. */
function serve(port: MessagePort, { input = [], output }: PgpFlow, { done, failed, broke }: Ends): void {
  const source = slicesOf(input);
  const say = (heard: PgpHears, transfer: ArrayBuffer[] = []): void => port.postMessage(heard, transfer);
  // All messages wait in one line: slices of four of them in one turn hold the loop as long as one of four times the size.
  const give = async (): Promise<void> => {
    await turns.rest();
    const next = await source.next();
    if (next.done === true) return say({ end: true });
    // A copy of its own: to send a view would send all the memory under it.
    const own = new Uint8Array(next.value);
    say({ slice: own }, [own.buffer]);
  };
  const take = async (slice: Uint8Array): Promise<void> => {
    await turns.rest();
    await output?.(slice);
    say({ taken: true });
  };
  const orBreak = (work: Promise<void>): void =>
    void work.catch((error: unknown) => {
      say({ stop: true });
      broke(error instanceof Error ? error : new Error(String(error)));
    });
  const stop = (): void => void source.return(undefined).catch(() => undefined);
  port.on('message', (said: PgpSays) => {
    if ('more' in said) orBreak(give());
    else if ('slice' in said) orBreak(take(said.slice));
    else {
      stop();
      if ('done' in said) done(said.done);
      else failed(said.failed);
    }
  });
}

async function* slicesOf(input: Slices): AsyncGenerator<Uint8Array, void, void> {
  yield* input;
}
