/**
 * The octets of one session: command lines, and the content behind DATA.
 *
 * Replaces both halves of smtp-server's stream. Its command half answers an overlong line only by
 * closing, and at the end of the connection runs a command that was cut off; its data half takes an
 * event-loop turn for each stuffed line. Commands that came behind the final dot wait until the
 * message was answered.
 */
import { SMTPStream } from 'smtp-server/lib/smtp-stream.js';
import { joinSmall } from '../platform/bytes.ts';
import { turns } from '../platform/turns.ts';
import type { ContentDecoder } from './data-decoder.ts';

export interface DataReceiver {
  /** Takes a slice of the content. While a promise is pending no more is read from the socket. */
  write(slice: Buffer): Promise<void> | undefined;
  /** The final dot has come. Commands are read on when it resolves. */
  end(): Promise<void>;
}

export interface ParserOwner {
  /** Octets of a line without its line end. */
  limit(): number;
  /**
   * One line without its line end. `next` makes the parser read on; `bareLf`: the line ended in LF
   * alone.
   */
  command(line: Buffer, next: () => void, bareLf: boolean): void;
  /** A line above the limit has ended; nothing of it was kept. */
  overlong(next: () => void): void;
  /** The account whose turn of the event loop the work counts in, once somebody has logged in. */
  turn?(): unknown;
}

type Next = (error?: Error | null) => void;

const LF = 10;
const CR = 13;
/** Pipelined commands that are run before other sessions get their turn. */
const RUN = 100;

export class SubmissionParser extends SMTPStream {
  readonly #owner: ParserOwner;
  /** The beginning of a line whose end has not come. */
  #pending: Buffer | undefined;
  /** The line that arrives is over the limit already. */
  #overlong = false;
  #decoder: ContentDecoder | undefined;
  #receiver: DataReceiver | undefined;

  constructor(owner: ParserOwner) {
    super();
    this.#owner = owner;
  }

  /** Everything from here on is content, up to CRLF.CRLF. */
  startData(decoder: ContentDecoder, receiver: DataReceiver): void {
    this.#decoder = decoder;
    this.#receiver = receiver;
    this._dataMode = true;
  }

  get inData(): boolean {
    return this.#decoder !== undefined;
  }

  /** A line without an end when the connection ends was cut off: it is not run as a command. */
  override _flushData(): void {
    this.#pending = undefined;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding | 'buffer', next: Next): void {
    if (this.isClosed || chunk.length === 0) next();
    else if (this.#decoder !== undefined && this.#receiver !== undefined) {
      // Content shares the turns that commands have, since it is as much work: the content of 28
      // connections of one account took 33 ms of each turn.
      if (turns.over(this.#owner.turn?.())) turns.next(() => this.#contentNow(chunk, next), this.#owner.turn?.());
      else this.#content(chunk, this.#decoder, this.#receiver, next);
    } else this.#commands(chunk, next);
  }

  #commands(chunk: Buffer, next: Next): void {
    let at = 0;
    let count = 0;
    let busy = false;
    let again = false;
    // A handler may call back at once or later: a loop instead of recursion, so that pipelining
    // cannot grow the stack.
    const step = (): void => {
      again = true;
      if (busy) return;
      busy = true;
      try {
        while (again) {
          again = false;
          if (this.isClosed) return next();
          if (this.inData) return this._write(chunk.subarray(at), 'buffer', next);
          const end = chunk.indexOf(LF, at);
          if (end < 0) {
            this.#keep(chunk.subarray(at));
            return next();
          }
          const from = at;
          at = end + 1;
          if (++count > RUN || turns.over(this.#owner.turn?.())) {
            count = 0;
            at = from;
            turns.next(step, this.#owner.turn?.());
            return;
          }
          this.#dispatch(chunk.subarray(from, end), step);
        }
      } finally {
        busy = false;
      }
    };
    step();
  }

  #keep(piece: Buffer): void {
    if (piece.length === 0 || this.#overlong) return;
    if ((this.#pending?.length ?? 0) + piece.length > this.#owner.limit() + 1) {
      this.#pending = undefined;
      this.#overlong = true;
    } else this.#pending = joinSmall(this.#pending === undefined ? [piece] : [this.#pending, piece]);
  }

  #dispatch(end: Buffer, next: () => void): void {
    let line = end;
    if (this.#pending !== undefined || this.#overlong) {
      this.#keep(end);
      line = this.#pending ?? Buffer.alloc(0);
      this.#pending = undefined;
    }
    // QUIRK command-lf: a bare LF ends a command too, and the account is judged by it. Content is
    // another matter: see data-decoder.ts.
    const bareLf = line.at(-1) !== CR;
    if (!bareLf) line = line.subarray(0, -1);
    if (this.#overlong || line.length > this.#owner.limit()) {
      this.#overlong = false;
      this.#owner.overlong(next);
    } else this.#owner.command(line, next, bareLf);
  }

  /** Runs after a wait, in which the session may have ended. */
  #contentNow(chunk: Buffer, next: Next): void {
    if (this.isClosed || this.#decoder === undefined || this.#receiver === undefined) next();
    else this.#content(chunk, this.#decoder, this.#receiver, next);
  }

  #content(chunk: Buffer, decoder: ContentDecoder, receiver: DataReceiver, next: Next): void {
    const { slice, rest } = decoder.push(chunk);
    const waiting = slice.length > 0 ? receiver.write(slice) : undefined;
    if (rest === undefined) {
      if (waiting === undefined) next();
      else waiting.then(() => next(), next);
      return;
    }
    this.#decoder = undefined;
    this.#receiver = undefined;
    this._dataMode = false;
    const finish = async (): Promise<void> => {
      if (waiting !== undefined) await waiting;
      await receiver.end();
    };
    finish().then(() => this._write(rest, 'buffer', next), next);
  }
}
