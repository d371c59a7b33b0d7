/**
 * OpenPGP (RFC 9580) for the rest of the gateway: the main thread's side of the OpenPGP thread.
 *
 * The library takes 100 ms to load and holds its thread for as long as a message is large (136 ms
 * for 5 MB, measured), so it has one of its own. A few jobs at a time, a bounded queue behind them
 * in which accounts take turns, a deadline for each: a flood is answered `busy`, which is
 * temporary, and never holds up who sends unprotected mail. Large jobs have a thread apart, which
 * begins with the first of them, so that a small one never waits until the library has decrypted 50
 * MB in one go.
 */
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import { type Result, fail, ok } from '../../domain/result.ts';
import { type Milliseconds, minutes } from '../../domain/units.ts';
import { turns } from '../../platform/turns.ts';
import { FairSlots } from '../../platform/fair-slots.ts';
import type { PgpAnswers, PgpHears, PgpJob, PgpJobKind, PgpProblem, PgpSays } from './protocol.ts';
import type { PgpRequest } from './worker.ts';

export interface PgpLimits {
  /** Jobs that run at the same time in one of the threads, which they share. */
  readonly running: number;
  /** Jobs of one account among these. */
  readonly each: number;
  /** Jobs that wait for one of the threads. */
  readonly waiting: number;
  /** Longest time for one job, its wait included. */
  readonly deadline: Milliseconds;
}
export const PGP_LIMITS: PgpLimits = { running: 4, each: 2, waiting: 256, deadline: minutes(5) };

/** A job up to this size is a small one. It takes the thread for a few milliseconds. */
const SMALL = 64 * 1024;
/**
 * Most octets that a small message may become in the thread of small jobs. One that becomes more is
 * opened again as a large one.
 */
const SMALL_OPENED = 16 * SMALL;

type Slices = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
type Sink = (slice: Uint8Array) => void | Promise<void>;
type JobOf<K extends PgpJobKind> = Extract<PgpJob, { kind: K }>;

/** Input and output of a job. */
export interface PgpFlow {
  /** The account whose job it is, for its turn; undefined: the gateway's own. */
  readonly turn?: unknown;
  /** Size of the job in octets, about. Default: small. */
  readonly octets?: number;
  /** Aborted when whoever wanted the job has gone: it does not begin, or ends. */
  readonly signal?: AbortSignal;
  /** Read once, from its beginning. */
  readonly input?: Slices;
  /**
   * Awaited before the next slice is made. Nothing comes of a decryption before all of it was
   * verified.
   */
  readonly output?: Sink;
}

export class Pgp {
  readonly #small: PgpThread;
  readonly #large: PgpThread;

  constructor(limits: PgpLimits = PGP_LIMITS) {
    this.#small = new PgpThread(limits, 'openpgp');
    this.#large = new PgpThread(limits, 'openpgp-large');
  }

  /**
   * Rejects only with what the flow's input or output rejected with; everything else is a value.
   */
  async run<K extends PgpJobKind>(job: JobOf<K>, flow: PgpFlow = {}): Promise<Result<PgpAnswers[K], PgpProblem>> {
    const outcome = await this.#run(job, flow);
    return outcome as Result<PgpAnswers[K], PgpProblem>;
  }

  async #run(job: PgpJob, flow: PgpFlow): Promise<Outcome> {
    if ((flow.octets ?? 0) > SMALL) return await this.#large.run(job, flow);
    if (job.kind !== 'decrypt' || job.maxContent <= SMALL_OPENED) return await this.#small.run(job, flow);
    // A few KB may be compressed from many MB. The result is kept back until it is complete: then
    // it is small.
    const input: Uint8Array[] = [];
    for await (const slice of flow.input ?? []) input.push(slice);
    const made: Uint8Array[] = [];
    const keep = (slice: Uint8Array): void => void made.push(slice);
    const tried = await this.#small.run({ ...job, maxContent: SMALL_OPENED }, { ...flow, input, output: keep });
    if (!tried.ok && tried.error.kind === 'limit') return await this.#large.run(job, { ...flow, input });
    if (tried.ok) for (const slice of made) await flow.output?.(slice);
    return tried;
  }

  /** Jobs under way get `busy`, and so does every later one. */
  async close(): Promise<void> {
    await Promise.all([this.#small.close(), this.#large.close()]);
  }
}

type Outcome = Result<PgpAnswers[PgpJobKind], PgpProblem>;
const busy = (text: string): Outcome => fail({ kind: 'busy', text });
const LEFT = 'Whoever wanted the OpenPGP job has gone';

/** One thread and those who wait for it. */
class PgpThread {
  readonly #limits: PgpLimits;
  readonly #name: string;
  readonly #slots: FairSlots;
  #worker: Worker | undefined;
  #closed = false;
  readonly #ports = new Set<(problem: PgpProblem) => void>();

  constructor(limits: PgpLimits, name: string) {
    this.#limits = limits;
    this.#name = name;
    this.#slots = new FairSlots(limits);
  }

  async run(job: PgpJob, flow: PgpFlow): Promise<Outcome> {
    const slot = this.#closed ? 'busy' : await this.#slots.take(flow.turn, flow.signal);
    if (slot === 'busy') return busy('The OpenPGP thread has no space for another job');
    if (slot === 'gone') return busy(LEFT);
    try {
      // The caller may have left while the job waited.
      if (flow.signal?.aborted === true) return busy(LEFT);
      return await this.#send(job, flow);
    } finally {
      slot.free();
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#worker?.terminate();
  }

  #send(job: PgpJob, flow: PgpFlow): Promise<Outcome> {
    // A job that waited for its turn meanwhile must not start a thread that nobody ends.
    if (this.#closed) return Promise.resolve(busy('The OpenPGP thread has ended'));
    const worker = (this.#worker ??= this.#start());
    const { port1, port2 } = new MessageChannel();
    return new Promise((resolve, reject) => {
      const settle = (end: () => void): void => {
        clearTimeout(timer);
        flow.signal?.removeEventListener('abort', left);
        this.#ports.delete(failed);
        if (this.#ports.size === 0) worker.unref();
        port1.close();
        end();
      };
      const failed = (problem: PgpProblem): void => settle(() => resolve(fail(problem)));
      // The thread sees its port close, and gives the job up when it next asks for something.
      const left = (): void => failed({ kind: 'busy', text: LEFT });
      const timer = setTimeout(
        () => failed({ kind: 'busy', text: `The OpenPGP job took longer than ${this.#limits.deadline / 1000} s` }),
        this.#limits.deadline,
      );
      flow.signal?.addEventListener('abort', left, { once: true });
      this.#ports.add(failed);
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
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { name: this.#name });
    worker.unref();
    const ended = (why: string): void => {
      if (this.#worker === worker) this.#worker = undefined;
      for (const lost of [...this.#ports]) lost({ kind: 'busy', text: `The OpenPGP thread has ended: ${why}` });
    };
    worker.on('error', (error: Error) => ended(error.message));
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
function serve(port: MessagePort, { input = [], output, turn }: PgpFlow, { done, failed, broke }: Ends): void {
  const source = slicesOf(input);
  const say = (heard: PgpHears, transfer: ArrayBuffer[] = []): void => port.postMessage(heard, transfer);
  // All messages wait in one line: slices of four of them in one turn hold the loop as long as one
  // of four times the size.
  const give = async (): Promise<void> => {
    await turns.rest(turn);
    const next = await source.next();
    if (next.done === true) return say({ end: true });
    // A copy of its own: to send a view would send all the memory under it.
    const own = new Uint8Array(next.value);
    say({ slice: own }, [own.buffer]);
  };
  const take = async (slice: Uint8Array): Promise<void> => {
    await turns.rest(turn);
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
