/** One TLS line between two gateways: frames out, and frames in one at a time with a deadline. */
import type { TLSSocket } from 'node:tls';
import type { Clock } from '../../domain/effects.ts';
import type { Milliseconds } from '../../domain/units.ts';
import { FrameReader, frameOf } from './frames.ts';
import { ChannelBroken } from './refusals.ts';

/** Most frames that wait: no gateway asks twice before an answer. */
const MAX_WAITING = 2;

interface Waiter {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

export class Line {
  readonly #socket: TLSSocket;
  readonly #clock: Clock;
  readonly #reader = new FrameReader();
  readonly #values: unknown[] = [];
  #waiter: Waiter | undefined;
  #ended: Error | undefined;

  constructor(socket: TLSSocket, clock: Clock) {
    this.#socket = socket;
    this.#clock = clock;
    socket.on('data', (octets: Buffer) => this.#take(octets));
    socket.on('error', (error: Error) => this.#end(error));
    socket.on('close', () => this.#end(new ChannelBroken('the other side closed the line')));
  }

  send(value: unknown): void {
    if (this.#ended === undefined) this.#socket.write(frameOf(value));
  }

  /**
   * The next value. Rejects with ChannelBroken, or what the socket says, when the line has ended or
   * nothing came within `time`.
   */
  async next(time: Milliseconds): Promise<unknown> {
    if (this.#values.length > 0) return this.#values.shift();
    if (this.#ended !== undefined) throw this.#ended;
    const timer = this.#clock.after(time, () =>
      this.#end(new ChannelBroken(`the other side said nothing for ${time / 1000} s; it hangs, or the network does`)),
    );
    try {
      return await new Promise<unknown>((resolve, reject) => (this.#waiter = { resolve, reject }));
    } finally {
      timer.cancel();
      this.#waiter = undefined;
    }
  }

  /** Sends what was written, and ends. */
  close(): void {
    this.#socket.end();
    this.#end(new ChannelBroken('the line was closed'), false);
  }

  destroy(): void {
    this.#end(new ChannelBroken('the line was closed'));
  }

  #take(octets: Buffer): void {
    try {
      for (const value of this.#reader.push(octets)) this.#give(value);
    } catch (error) {
      this.#end(error as Error);
    }
  }

  #give(value: unknown): void {
    const waiter = this.#waiter;
    if (waiter !== undefined) {
      this.#waiter = undefined;
      return waiter.resolve(value);
    }
    if (this.#values.push(value) > MAX_WAITING)
      throw new ChannelBroken('the other side sent more than it was asked for');
  }

  #end(error: Error, now = true): void {
    if (now) this.#socket.destroy();
    if (this.#ended !== undefined) return;
    this.#ended = error;
    this.#waiter?.reject(error);
    this.#waiter = undefined;
  }
}
