/**
 * Looks for malware in content, through clamd: so many at the same time, accounts in turns, each
 * wait with an end.
 *
 * The verdict of a scanner that cannot be believed (trust.ts) is none. What a message is answered
 * then is its caller's to say.
 */
import { Counts, Distribution } from '../domain/counts.ts';
import type { Log } from '../domain/effects.ts';
import { type Milliseconds, MiB } from '../domain/units.ts';
import { FairSlots, type Slot } from '../platform/fair-slots.ts';
import { type Answer, type LineParts, ScanEnded, askClamd } from './line.ts';
import { type Examined, Trust } from './trust.ts';
import { type Verdict, failed, verdictOf } from './verdict.ts';

export interface ScannerParts extends LineParts {
  readonly log: Log;
  /** Scans at the same time; half of them for one account at most. */
  readonly scans: number;
  /** Longest wait for a turn. */
  readonly wait: Milliseconds;
  /** Whether an OK is believed of a scanner that says nothing when it meets its limits. */
  readonly silentLimits: 'away' | 'warn';
}

export interface ScannedContent {
  readonly slices: () => AsyncIterable<Uint8Array>;
}

/** Most that wait: as many as there are connections. */
const WAITING = 20_000;
/** Seconds. */
const BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 150];
/**
 * A scanner that ends a stream above this without a word, and is well, has met its limit: over TCP
 * its answer may be lost with the connection.
 */
const SURELY_TOO_LARGE = MiB;

export class Scanner {
  readonly verdicts = new Counts(['verdict']);
  readonly times = new Distribution(BOUNDS);
  readonly #parts: ScannerParts;
  readonly #slots: FairSlots;
  readonly #trust: Trust;

  constructor(parts: ScannerParts) {
    this.#parts = parts;
    this.#trust = new Trust(parts, parts.log);
    const { scans: running } = parts;
    this.#slots = new FairSlots({ running, each: Math.ceil(running / 2), waiting: WAITING });
  }

  get examined(): Examined {
    return this.#trust.examined;
  }

  /** Messages that wait for their turn. */
  get waiting(): number {
    return this.#slots.waiting;
  }

  start(): void {
    this.#trust.start();
  }

  stop(): Promise<void> {
    this.#trust.stop();
    return Promise.resolve();
  }

  /**
   * `account`: whose turn it takes. Rejects with what reading the content throws, and with
   * ScanEnded when the signal comes first.
   */
  async scan(content: ScannedContent, account: unknown, signal?: AbortSignal): Promise<Verdict> {
    const slot = await this.#turn(account, signal);
    let verdict: Verdict;
    try {
      verdict =
        slot === undefined ? failed('full', 'too many messages wait for it') : await this.#look(content, signal);
    } finally {
      slot?.free();
    }
    this.verdicts.add([verdict.kind === 'failed' ? verdict.because : verdict.kind]);
    return verdict;
  }

  /** Something passed that nobody may look at: the figures of verdicts have it. */
  passedExempt(): void {
    this.verdicts.add(['exempt']);
  }

  /** Waits for a turn; undefined: it did not come in time. */
  async #turn(account: unknown, signal: AbortSignal | undefined): Promise<Slot | undefined> {
    const late = new AbortController();
    const timer = this.#parts.clock.after(this.#parts.wait, () => late.abort());
    try {
      const either = signal === undefined ? late.signal : AbortSignal.any([signal, late.signal]);
      const taken = await this.#slots.take(account, either);
      if (typeof taken !== 'string') return taken;
      if (signal?.aborted === true) throw new ScanEnded('The client has gone');
      return undefined;
    } finally {
      timer.cancel();
    }
  }

  async #look(content: ScannedContent, signal: AbortSignal | undefined): Promise<Verdict> {
    const { clock } = this.#parts;
    const began = clock.monotonic();
    const answer = await askClamd(this.#parts, 'INSTREAM', content.slices(), signal);
    this.times.add((clock.monotonic() - began) / 1000);
    const verdict = await this.#verdictOf(answer);
    return verdict.kind === 'clean' ? await this.#believed(verdict) : verdict;
  }

  async #verdictOf(answer: Answer): Promise<Verdict> {
    if (answer.kind === 'answer') {
      const verdict = verdictOf(answer.text);
      const looked = verdict.kind === 'clean' || verdict.kind === 'found' || verdict.kind === 'encrypted';
      return looked && !answer.whole ? failed('error', 'it answered before it had the content') : verdict;
    }
    const { because, why, sent } = answer;
    if (because === 'away') this.#trust.away(why);
    if (because !== 'cut') return failed(because, why);
    if (sent >= SURELY_TOO_LARGE && (await askClamd(this.#parts, 'VERSION')).kind === 'answer')
      return { kind: 'too-large', why: 'it ended the stream' };
    return failed('error', why);
  }

  async #believed(verdict: Verdict): Promise<Verdict> {
    const standing = await this.#trust.standing();
    if (standing.kind === 'proven') return verdict;
    if (standing.kind === 'silent')
      return this.#parts.silentLimits === 'warn'
        ? verdict
        : failed('limits', `it says OK of ${standing.what} beyond its limits`);
    return failed('away', standing.kind === 'away' ? standing.why : 'it was not proved');
  }
}
