/**
 * The probe's pickup: it logs in, fetches the message that it looks for, and erases everything that
 * it finds in its own mailbox.
 */
import { type TLSSocket, connect } from 'node:tls';
import type { ProbeCause, ProbeFault } from '../domain/availability.ts';
import { clientTlsOptions } from '../platform/tls.ts';

export interface ProbePickup {
  readonly host: string;
  readonly port: number;
  readonly login: string;
  readonly password: string;
  /**
   * Authorities that may have issued the gateway's certificate, PEM; empty: the public authorities
   * that Node knows.
   */
  readonly authorities: readonly string[];
  /** A token in the text of the message that is looked for. */
  readonly token: string;
}

/**
 * Messages that earlier visits left behind: how many are looked at, newest first, and how many are
 * erased.
 */
const LOOKED_AT = 20;
const ERASED = 200;
/** Most octets of one answer: the probe's message has 2 KB. */
const MOST = 256 * 1024;

/**
 * Undefined: the message was fetched and erased. Resolves when the signal comes, too; its reason
 * tells whether the probe took too long.
 */
export async function collectProbe(
  wanted: ProbePickup,
  signal: AbortSignal,
): Promise<ProbeFault | 'stopped' | undefined> {
  const line = new Line(wanted, signal);
  try {
    await line.opened;
    await line.ok('fetch-refused');
    await line.ask(`USER ${wanted.login}`, 'fetch-login');
    await line.ask(`PASS ${wanted.password}`, 'fetch-login');
    const numbers = await line.listed();
    let found = false;
    for (const number of numbers.slice(-LOOKED_AT).reverse()) {
      const message = await line.whole(`RETR ${number}`);
      if ((found = message.includes(wanted.token))) break;
    }
    line.step = 'not-erased';
    for (const number of numbers.slice(0, ERASED)) await line.ask(`DELE ${number}`, 'not-erased');
    await line.ask('QUIT', 'not-erased');
    return found ? undefined : { cause: 'not-found', detail: `${numbers.length} other messages were there` };
  } catch (error) {
    if (signal.aborted && signal.reason !== 'too-long') return 'stopped';
    return error instanceof Refused
      ? { cause: error.cause, detail: error.message }
      : { cause: line.step, detail: error instanceof Error ? error.message : String(error) };
  } finally {
    line.close();
  }
}

class Refused extends Error {
  override readonly name = 'Refused';
  override readonly cause: ProbeCause;
  constructor(cause: ProbeCause, reply: string) {
    super(reply);
    this.cause = cause;
  }
}

/** A connection that lines are read from; its end ends every pending read. */
class Line {
  /** The cause that is reported if the connection ends now. */
  step: ProbeCause = 'fetch-connect';
  readonly opened: Promise<void>;
  readonly #socket: TLSSocket;
  #text = '';
  #error: Error | undefined;
  #wake: () => void = () => undefined;

  constructor({ host, port, authorities }: ProbePickup, signal: AbortSignal) {
    const socket = connect({
      ...clientTlsOptions,
      host,
      port,
      servername: host,
      ...(authorities.length === 0 ? {} : { ca: [...authorities] }),
    });
    this.#socket = socket;
    const fail = (error: Error): void => {
      this.#error ??= error;
      this.#wake();
    };
    const abort = (): void => fail(new Error('it did not answer in time'));
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    socket.on('close', () => {
      signal.removeEventListener('abort', abort);
      fail(new Error('it closed the connection'));
    });
    socket.on('error', fail);
    socket.once('connect', () => (this.step = 'fetch-tls'));
    socket.on('data', (octets: Buffer) => {
      this.#text += octets.toString('latin1');
      if (this.#text.length > MOST) fail(new Error(`it sent more than ${MOST} octets`));
      this.#wake();
    });
    let secured = false;
    socket.once('secureConnect', () => {
      secured = true;
      this.step = 'fetch-lost';
      this.#wake();
    });
    this.opened = this.#until(() => (secured ? true : undefined)).then(() => undefined);
    // Callers that wait for `opened` see the rejection; without any it must not end the process.
    this.opened.catch(() => undefined);
  }

  /** Reads up to the mark, which is removed; resolves to what stood before it. */
  async #upTo(mark: string): Promise<string> {
    return await this.#until(() => {
      const end = this.#text.indexOf(mark);
      if (end < 0) return undefined;
      const text = this.#text.slice(0, end);
      this.#text = this.#text.slice(end + mark.length);
      return text;
    });
  }

  async #until<T>(found: () => T | undefined): Promise<T> {
    for (;;) {
      const value = found();
      if (value !== undefined) return value;
      if (this.#error !== undefined) throw this.#error;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  async ok(refused: ProbeCause): Promise<string> {
    const reply = await this.#upTo('\r\n');
    if (!reply.startsWith('+OK')) throw new Refused(refused, reply);
    return reply;
  }

  async ask(command: string, refused: ProbeCause): Promise<string> {
    this.#socket.write(`${command}\r\n`);
    return await this.ok(refused);
  }

  /** Reads an answer of several lines, without the line that ends it. */
  async whole(command: string): Promise<string> {
    await this.ask(command, 'fetch-refused');
    return await this.#until(() => {
      const [length, rest] = this.#text.startsWith('.\r\n') ? [0, 3] : [this.#text.indexOf('\r\n.\r\n'), 5];
      if (length < 0) return undefined;
      const text = this.#text.slice(0, length);
      this.#text = this.#text.slice(length + rest);
      return text;
    });
  }

  async listed(): Promise<readonly string[]> {
    const lines = await this.whole('LIST');
    return lines.split('\r\n').flatMap((one) => /^(\d+) /.exec(one)?.[1] ?? []);
  }

  close(): void {
    this.#socket.destroy();
  }
}
