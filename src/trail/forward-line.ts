/**
 * The connection to a collector of logs: TLS alone, its certificate verified for the name in the
 * setting, and one text under way at a time. What the collector says is thrown away: neither syslog
 * over TLS nor lines of JSON have an answer.
 */
import { isIP } from 'node:net';
import { type TLSSocket, connect } from 'node:tls';
import { defined } from '../domain/defined.ts';
import type { Clock } from '../domain/effects.ts';
import { seconds } from '../domain/units.ts';

/**
 * For the handshake, and for each text to be taken by the system: a collector that stands still is
 * left.
 */
export const PATIENCE = seconds(30);

export interface ForwardTarget {
  readonly host: string;
  readonly port: number;
  /** PEM. Left out: the authorities of the system. */
  readonly ca?: readonly string[];
  readonly certificate?: string;
  readonly key?: string;
}

export class ForwardLine {
  readonly #socket: TLSSocket;
  readonly #clock: Clock;
  /** Why the connection is over. */
  #over: Error | undefined;
  #failed: (why: Error) => void = () => undefined;

  private constructor(socket: TLSSocket, clock: Clock) {
    this.#socket = socket;
    this.#clock = clock;
    const over = (why: Error): void => {
      this.#over ??= why;
      socket.destroy();
      this.#failed(why);
    };
    socket.on('error', over).on('close', () => over(new Error('the collector closed the connection')));
    socket.resume();
  }

  /** Connects. Rejects with the reason if it cannot. */
  static async open({ host, port, ca, certificate: cert, key }: ForwardTarget, clock: Clock): Promise<ForwardLine> {
    const socket = connect({
      host,
      port,
      minVersion: 'TLSv1.2',
      ...defined({
        servername: isIP(host) === 0 ? host : undefined,
        ca: ca && [...ca],
        cert: key === undefined ? undefined : cert,
        key: cert === undefined ? undefined : key,
      }),
    });
    const line = new ForwardLine(socket, clock);
    await line.#within((done) => socket.once('secureConnect', done));
    return line;
  }

  /** False when nothing can be sent any more. */
  get open(): boolean {
    return this.#over === undefined;
  }

  /**
   * Resolves when the system has taken it: the collector may not have it yet. Rejects when the
   * connection ends or stands still.
   */
  async send(text: string): Promise<void> {
    await this.#within((done) => this.#socket.write(text, 'latin1', done));
  }

  close(): void {
    this.#over ??= new Error('closed');
    this.#socket.end();
    this.#socket.destroySoon();
  }

  async #within(begin: (done: () => void) => void): Promise<void> {
    if (this.#over !== undefined) throw this.#over;
    await new Promise<void>((resolve, reject) => {
      const timer = this.#clock.after(PATIENCE, () => this.#socket.destroy(new Error('the collector stands still')));
      this.#failed = (why) => {
        timer.cancel();
        reject(why);
      };
      begin(() => {
        timer.cancel();
        resolve();
      });
    });
  }
}
