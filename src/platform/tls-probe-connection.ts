/**
 * Connects to a port that is probed, up to the ClientHello: with STARTTLS that takes a few lines of
 * the protocol.
 */
import { type Socket, connect as connectTcp } from 'node:net';
import { type Milliseconds, seconds } from '../domain/units.ts';

export interface ProbeTarget {
  readonly protocol: 'smtp' | 'pop3' | 'ldap' | 'enrolment' | 'https' | 'console' | 'self-service';
  readonly tls: 'implicit' | 'starttls';
  readonly host: string;
  readonly port: number;
  /** For SNI. */
  readonly servername: string;
  /** Longest time for one connection with its handshake. Default: 5 s. */
  readonly patience?: Milliseconds;
}

/** The port does not speak the protocol, or nobody listens. */
export class ProbeFailed extends Error {
  override readonly name = 'ProbeFailed';
}

const START_TLS = '1.3.6.1.4.1.1466.20037';
const LDAP_START_TLS = `0\x1d\x02\x01\x01w\x18\x80\x16${START_TLS}`;
/** Longest time for one connection, if a target says nothing. */
export const PATIENCE = seconds(5);
const MOST_PLAIN = 16 * 1024;

/** A connection on which the next octet is the ClientHello. Throws ProbeFailed. */
export async function openForTls(target: ProbeTarget): Promise<Socket> {
  const { host, port, protocol, tls, patience = PATIENCE } = target;
  const socket = connectTcp({ host, port });
  const dialog = new Dialog(socket, patience);
  try {
    await dialog.opened();
    if (tls === 'starttls' && protocol === 'smtp') {
      await dialog.expect(/^220 .*\r\n$/);
      await dialog.expect(/^250 .*\r\n$/m, 'EHLO doctor.invalid\r\n');
      await dialog.expect(/^220 .*\r\n$/, 'STARTTLS\r\n');
    } else if (tls === 'starttls' && protocol === 'ldap') {
      // The answer names StartTLS (RFC 4511 section 4.14). After a refusal there is no handshake.
      await dialog.expect(/^0.*x.*1\.3\.6\.1\.4\.1\.1466\.20037$/s, LDAP_START_TLS);
    } else if (tls === 'starttls') {
      await dialog.expect(/^\+OK.*\r\n$/);
      await dialog.expect(/^\+OK.*\r\n$/, 'STLS\r\n');
    }
    return dialog.leave();
  } catch (error) {
    socket.destroy();
    const why = error instanceof Error ? error.message : String(error);
    throw new ProbeFailed(`${host} port ${port}: ${why}`, { cause: error });
  }
}

/** The few lines of the protocol before TLS. */
class Dialog {
  readonly #socket: Socket;
  readonly #timer: NodeJS.Timeout;
  #text = '';
  #failed: Error | undefined;
  #wake: (() => void) | undefined;
  #open = false;

  constructor(socket: Socket, patience: Milliseconds) {
    this.#socket = socket;
    this.#timer = setTimeout(() => this.#fail(new Error(`no answer within ${patience / 1000} s`)), patience);
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', () => this.#fail(new Error('the connection was closed')));
    socket.once('connect', () => {
      this.#open = true;
      this.#wake?.();
    });
  }

  async opened(): Promise<void> {
    while (!this.#open) await this.#more();
  }

  async expect(reply: RegExp, command?: string): Promise<void> {
    if (this.#socket.listenerCount('data') === 0)
      this.#socket.on('data', (chunk: Buffer) => {
        this.#text += chunk.toString('latin1');
        if (this.#text.length > MOST_PLAIN) this.#fail(new Error('its answer is too long'));
        this.#wake?.();
      });
    this.#text = '';
    if (command !== undefined) this.#socket.write(command, 'latin1');
    while (!reply.test(this.#text)) {
      if (/^[45]\d\d |^-ERR/m.test(this.#text)) throw new Error(`it answered ${this.#text.trim().slice(0, 200)}`);
      await this.#more();
    }
  }

  leave(): Socket {
    clearTimeout(this.#timer);
    this.#socket.removeAllListeners('data').removeAllListeners('close');
    return this.#socket;
  }

  /** Resolves when something has happened. If that was a failure, the next call throws it. */
  async #more(): Promise<void> {
    if (this.#failed !== undefined) throw this.#failed;
    await new Promise<void>((resolve) => (this.#wake = resolve));
  }

  #fail(error: Error): void {
    clearTimeout(this.#timer);
    this.#failed ??= error;
    this.#wake?.();
  }
}
