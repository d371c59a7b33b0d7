/**
 * Cuts what a client sends into lines, with a limit on each.
 *
 * An overlong line is refused whole: its rest is thrown away up to its end and never read as a
 * command, wherever the packets were cut. QUIRK command-lf: a bare LF ends a line too, and the
 * account is judged by it; nothing is passed on, so nothing can be smuggled.
 */
import { joinSmall } from '../platform/bytes.ts';
import type { Pop3Limits } from './limits.ts';

/** `overlong`: one line was longer than allowed and is gone. `flood`: it does not end at all. */
export type Line = Buffer | 'overlong' | 'flood';

/**
 * Octets of an overlong line that are read on to its end, since an honest client made one mistake;
 * a line beyond that is a flood.
 */
const FLOOD = 64 * 1024;
const LF = 0x0a;
const CR = 0x0d;
const EMPTY = Buffer.alloc(0);

export class LineReader {
  readonly #limits: Pick<Pop3Limits, 'commandLine' | 'authLine'>;
  #buffer: Buffer = EMPTY;
  #from = 0;
  #skipped = 0;
  #bareLf = false;

  constructor(limits: Pick<Pop3Limits, 'commandLine' | 'authLine'>) {
    this.#limits = limits;
  }

  /** Octets that wait, complete lines or not. */
  get waiting(): number {
    return this.#buffer.length - this.#from;
  }

  /** The last line that `next` gave ended in LF alone. */
  get bareLf(): boolean {
    return this.#bareLf;
  }

  push(chunk: Buffer): void {
    if (this.waiting > 0) this.#buffer = joinSmall([this.#buffer.subarray(this.#from), chunk]);
    else this.#buffer = chunk;
    this.#from = 0;
  }

  /** Forgets everything that waits; resolves to how much that was. */
  clear(): number {
    const { waiting } = this;
    this.#buffer = EMPTY;
    this.#from = 0;
    this.#skipped = 0;
    return waiting;
  }

  /**
   * The next line without its end; undefined until it has come whole. `sasl`: a SASL response is
   * expected.
   */
  next(sasl: boolean): Line | undefined {
    if (this.waiting === 0) return undefined;
    const end = this.#buffer.indexOf(LF, this.#from);
    const length = (end < 0 ? this.#buffer.length : end + 1) - this.#from;
    const overlong = this.#skipped > 0 || length > this.#limitOf(sasl);
    if (end < 0) return overlong ? this.#skip(length) : undefined;
    const start = this.#from;
    this.#from = end + 1;
    this.#skipped = 0;
    this.#bareLf = !(end > start && this.#buffer[end - 1] === CR);
    const line = overlong ? 'overlong' : this.#buffer.subarray(start, this.#bareLf ? end : end - 1);
    if (this.waiting === 0) this.clear();
    return line;
  }

  #skip(length: number): 'flood' | undefined {
    const skipped = this.#skipped + length;
    this.clear();
    this.#skipped = skipped;
    return skipped > FLOOD ? 'flood' : undefined;
  }

  #limitOf(sasl: boolean): number {
    if (sasl) return this.#limits.authLine;
    const isAuth = this.#buffer.toString('latin1', this.#from, this.#from + 5).toUpperCase() === 'AUTH ';
    return isAuth ? this.#limits.authLine : this.#limits.commandLine;
  }
}
