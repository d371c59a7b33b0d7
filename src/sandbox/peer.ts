/**
 * One end of a dialogue in lines, with a limit on what waits to be read. Each line tells when its
 * last octet came: whoever asks before the answer before has ended is seen.
 */
import type { Socket } from 'node:net';

const LF = 0x0a;
/** Octets that wait to be read before the other side is made to wait. */
const MOST = 1024 * 1024;
/** The longest line of a command or an answer. Octets. */
const MAX_LINE = 64 * 1024;
/**
 * A side that says nothing for so long is gone. Longer than the ten minutes that a program may wait
 * for an answer.
 */
export const SILENCE = 15 * 60_000;

export interface ReadLine {
  /** Without its line end, as Latin-1: each octet is one character. */
  readonly text: string;
  /** When it came, on the clock of the peer. */
  readonly came: number;
}

export class Peer {
  readonly socket: Socket;
  readonly #now: () => number;
  #chunks: { octets: Buffer; readonly came: number }[] = [];
  #waiting = 0;
  #ended = false;
  #wake: () => void = () => undefined;

  constructor(socket: Socket, now: () => number) {
    this.socket = socket;
    this.#now = now;
    socket.setTimeout(SILENCE, () => socket.destroy());
    socket.on('data', (octets: Buffer) => {
      this.#chunks.push({ octets, came: now() });
      this.#waiting += octets.length;
      if (this.#waiting > MOST) socket.pause();
      this.#wake();
    });
    const ended = (): void => {
      this.#ended = true;
      this.#wake();
    };
    socket.on('end', ended).on('close', ended).on('error', ended);
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Something came that nobody has read. */
  get waiting(): boolean {
    return this.#waiting > 0;
  }

  async #more(): Promise<boolean> {
    if (this.#chunks.length > 0) return true;
    if (this.#ended) return false;
    await new Promise<void>((resolve) => (this.#wake = resolve));
    return this.#chunks.length > 0 || (await this.#more());
  }

  /** The octets that there are, at once; undefined: the other side has ended. */
  async octets(): Promise<Buffer | undefined> {
    if (!(await this.#more())) return undefined;
    const chunk = this.#chunks.shift();
    this.#took(chunk?.octets.length ?? 0);
    return chunk?.octets;
  }

  #took(octets: number): void {
    this.#waiting -= octets;
    if (this.#waiting <= MOST && this.socket.isPaused()) this.socket.resume();
  }

  /** Puts octets back that were read beyond the line. */
  giveBack(octets: Buffer): void {
    if (octets.length === 0) return;
    this.#chunks.unshift({ octets, came: this.#now() });
    this.#waiting += octets.length;
  }

  /** The next line; undefined: the other side has ended, or the line has no end. */
  async line(): Promise<ReadLine | undefined> {
    let text = '';
    while (text.length < MAX_LINE && (await this.#more())) {
      const [first] = this.#chunks;
      if (first === undefined) break;
      const at = first.octets.indexOf(LF);
      const upTo = at < 0 ? first.octets.length : at + 1;
      text += first.octets.toString('latin1', 0, upTo);
      if (upTo === first.octets.length) this.#chunks.shift();
      else first.octets = first.octets.subarray(upTo);
      this.#took(upTo);
      if (at >= 0) return { text: text.replace(/\r?\n$/, ''), came: first.came };
    }
    return undefined;
  }

  /** Waits where the other side does not read. */
  async write(octets: Uint8Array | string): Promise<void> {
    if (this.#ended || this.socket.destroyed) return;
    const taken = typeof octets === 'string' ? this.socket.write(octets, 'latin1') : this.socket.write(octets);
    if (taken) return;
    await new Promise<void>((resolve) => {
      this.socket.once('drain', resolve).once('close', resolve);
    });
  }

  /**
   * Gives the socket away, such as to TLS; what was read and not asked for is forgotten (RFC 3207
   * section 4.2).
   */
  release(): Socket {
    this.socket.removeAllListeners('data').removeAllListeners('end').removeAllListeners('timeout');
    this.#chunks = [];
    return this.socket;
  }

  cut(): void {
    this.socket.destroy();
  }

  end(): void {
    this.socket.end();
  }
}
