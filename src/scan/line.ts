/**
 * One question to clamd: one connection, one command, one answer (clamd(8), "INSTREAM").
 *
 * Each wait has an end: for the connection, for each slice to be taken, for the answer. A slice is
 * asked for when the one before has been handed to the system, so a slow scanner holds back whoever
 * reads the store and fills no memory. The answer is at most 4 KiB.
 */
import { type NetConnectOpts, Socket } from 'node:net';
import type { Clock, Timer } from '../domain/effects.ts';
import type { Milliseconds } from '../domain/units.ts';
import { asBuffer } from '../platform/bytes.ts';
import type { FailedBecause } from './verdict.ts';

/** A Unix socket, or a port of this machine: clamd knows neither TLS nor a login. */
export type ClamdAddress = { readonly path: string } | { readonly host: string; readonly port: number };

export interface ClamdTimes {
  readonly connect: Milliseconds;
  /** Longest time for each slice. */
  readonly send: Milliseconds;
  /** Longest time from the last octet to the reply. */
  readonly reply: Milliseconds;
}

export interface LineParts {
  readonly at: ClamdAddress;
  readonly times: ClamdTimes;
  readonly clock: Clock;
}

/** `cut`: the connection ended without an answer, with so many octets of the content under way. */
export type Answer =
  | { readonly kind: 'answer'; readonly text: string; readonly whole: boolean }
  | { readonly kind: 'failed'; readonly because: FailedBecause | 'cut'; readonly why: string; readonly sent: number };

const LONGEST_ANSWER = 4096;
const LONGEST_CHUNK = 1024 * 1024;
const END = Buffer.alloc(4);
/** Octets. */
const TURN_EVERY = 64 * 1024;

/** The client has gone, and nobody waits for the answer. */
export class ScanEnded extends Error {
  override readonly name = 'ScanEnded';
}

/**
 * clamd answers a stream that is too long, and closes at once: what is written after that fails
 * (EPIPE). The stream of Node would end there, with the answer unread in the system's buffer; so a
 * failed write ends nothing here, and the answer or the end of reading does.
 */
class PatientSocket extends Socket {
  override _write(chunk: unknown, encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    super._write(chunk, encoding, () => done());
  }

  override _writev(chunks: { chunk: unknown; encoding: BufferEncoding }[], done: (error?: Error | null) => void): void {
    super._writev?.(chunks, () => done());
  }
}

/** `content`: for INSTREAM alone. Rejects with what reading it throws, and with ScanEnded. */
export async function askClamd(
  parts: LineParts,
  command: 'INSTREAM' | 'VERSION',
  content?: AsyncIterable<Uint8Array>,
  signal?: AbortSignal,
): Promise<Answer> {
  const line = new Line(parts, signal);
  try {
    return await line.ask(command, content);
  } finally {
    line.end();
  }
}

type Ended = Exclude<Answer, { kind: 'answer' }> | { readonly kind: 'answer'; readonly text: string } | 'gone';

class Line {
  readonly #socket = new PatientSocket();
  readonly #clock: Clock;
  readonly #times: ClamdTimes;
  readonly #signal: AbortSignal | undefined;
  readonly #ended: Promise<Ended>;
  #end: (ended: Ended) => void = () => undefined;
  #over: Ended | undefined;
  #timer: Timer | undefined;
  #sent = 0;
  #sinceTurn = 0;
  #text = '';
  #drained: (() => void) | undefined;
  #connected = false;
  readonly #gone = (): void => this.#end('gone');

  constructor({ at, times, clock }: LineParts, signal: AbortSignal | undefined) {
    this.#clock = clock;
    this.#times = times;
    this.#signal = signal;
    this.#ended = new Promise((resolve) => {
      this.#end = (ended) => {
        this.#over ??= ended;
        resolve(this.#over);
        this.#drained?.();
      };
    });
    signal?.addEventListener('abort', this.#gone, { once: true });
    if (signal?.aborted === true) this.#gone();
    this.#socket.on('data', (octets: Buffer) => this.#read(octets));
    this.#socket.on('drain', () => this.#drained?.());
    this.#socket.on('error', ({ code, message }: NodeJS.ErrnoException) => this.#broke(code ?? message));
    this.#socket.on('close', () => this.#broke('it closed the connection'));
    this.#socket.on('connect', () => {
      this.#connected = true;
      this.#timer?.cancel();
      this.#drained?.();
    });
    this.#within(times.connect, 'away', 'it took no connection');
    this.#socket.connect(at as NetConnectOpts);
  }

  async ask(command: 'INSTREAM' | 'VERSION', content: AsyncIterable<Uint8Array> | undefined): Promise<Answer> {
    await this.#roomOr(() => this.#connected);
    await this.#write(Buffer.from(`z${command}\0`));
    const whole = content === undefined || (await this.#stream(content));
    if (!this.#isOver()) this.#within(this.#times.reply, 'slow', 'it did not answer');
    const ended = await this.#ended;
    if (ended === 'gone') throw new ScanEnded('The client has gone');
    return ended.kind === 'answer' ? { ...ended, whole } : ended;
  }

  end(): void {
    this.#timer?.cancel();
    this.#signal?.removeEventListener('abort', this.#gone);
    this.#socket.destroy();
  }

  /** Sends the content; false: the scanner ended before all of it was sent. */
  async #stream(content: AsyncIterable<Uint8Array>): Promise<boolean> {
    for await (const slice of content) {
      const octets = asBuffer(slice);
      for (let at = 0; at < octets.length; at += LONGEST_CHUNK) {
        const chunk = octets.subarray(at, at + LONGEST_CHUNK);
        const length = Buffer.allocUnsafe(4);
        length.writeUInt32BE(chunk.length);
        if (!(await this.#write(length, chunk))) return false;
        this.#sent += chunk.length;
      }
    }
    return await this.#write(END);
  }

  /** Resolves when the socket accepts more. */
  async #write(...pieces: readonly Buffer[]): Promise<boolean> {
    if (this.#isOver()) return false;
    this.#socket.cork();
    let room = true;
    for (const piece of pieces) room = this.#socket.write(piece);
    this.#socket.uncork();
    if (!room) {
      this.#within(this.#times.send, 'slow', 'it took no more of the content');
      await this.#roomOr(() => !this.#socket.writableNeedDrain);
      this.#timer?.cancel();
    }
    // A turn of the loop: an answer that came before the end is read before more is made.
    for (const { length } of pieces) this.#sinceTurn += length;
    if (this.#sinceTurn >= TURN_EVERY) {
      this.#sinceTurn = 0;
      await new Promise<void>((turn) => setImmediate(turn));
    }
    return !this.#isOver();
  }

  #isOver(): boolean {
    return this.#over !== undefined;
  }

  /** Waits for the connection or for room in it, unless it is over. */
  async #roomOr(there: () => boolean): Promise<void> {
    while (!this.#isOver() && !there())
      await new Promise<void>((resolve) => {
        this.#drained = resolve;
      });
    this.#drained = undefined;
  }

  #within(time: Milliseconds, because: FailedBecause, why: string): void {
    this.#timer?.cancel();
    this.#timer = this.#clock.after(time, () => this.#fail(because, why));
  }

  /** Up to the end of the answer; its end is NUL, or a newline where it gives up by itself. */
  #read(octets: Buffer): void {
    this.#text += octets.toString('latin1');
    const end = this.#text.search(/[\0\n]/);
    if (end >= 0 && end <= LONGEST_ANSWER) this.#end({ kind: 'answer', text: this.#text.slice(0, end) });
    else if (this.#text.length > LONGEST_ANSWER) this.#fail('error', `it answered over ${LONGEST_ANSWER} octets`);
  }

  #broke(why: string): void {
    // A Unix socket whose line of those who wait is full says EAGAIN.
    this.#fail(this.#connected ? 'cut' : why === 'EAGAIN' ? 'full' : 'away', why);
  }

  #fail(because: FailedBecause | 'cut', why: string): void {
    this.#end({ kind: 'failed', because, why, sent: this.#sent });
  }
}
