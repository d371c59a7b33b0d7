/**
 * A connection to the receiver of one webhook: https alone, its certificate verified for the name
 * in the URL, to an address that was looked up and judged just before.
 *
 * The connection is made to that address and not to the name, so that nothing can be looked up a
 * second time and come out otherwise. Redirects are not followed, of an answer at most 4 KiB are
 * read and thrown away, and no exchange takes longer than 15 s. A line is for a few events one
 * after the other, and then closed.
 */
import { type IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { isIP } from 'node:net';
import type { SecureContext } from 'node:tls';
import { defined } from '../domain/defined.ts';
import type { Clock, Timer } from '../domain/effects.ts';
import { type Milliseconds, milliseconds, seconds } from '../domain/units.ts';
import type { NetworkSet } from '../platform/network.ts';
import { mayBeCalled } from './addresses.ts';

/** Longest time from the look-up to the end of the answer. */
export const DEADLINE = seconds(15);
/** Octets of an answer that are read: more than a word of thanks is nothing to us. */
export const MAX_ANSWER = 4096;
const MAX_HEADER = 8192;

/**
 * How one event was received. `retryAfter`: it is not to be tried before. `refused`: no answer, and
 * why: `name` (it cannot be looked up), `address` (it may not be called), `connection`,
 * `certificate`, `timeout` or `broken` (no HTTP).
 */
export type Posted =
  | { readonly kind: 'answered'; readonly status: number; readonly retryAfter?: Milliseconds }
  | { readonly kind: 'refused'; readonly why: Refused };
export type Refused = 'name' | 'address' | 'connection' | 'certificate' | 'timeout' | 'broken';

type Found = { readonly address: string } | { readonly why: Refused };

export interface LineParts {
  /** All addresses of a name; rejects where there is none. */
  readonly resolve: (name: string) => Promise<readonly string[]>;
  /** Networks of the operator's list. */
  readonly allowed: NetworkSet;
  /** TLS context with the authorities that are trusted. */
  readonly context: SecureContext;
  readonly clock: Clock;
}

export class WebhookLine {
  readonly #parts: LineParts;
  readonly #url: URL;
  readonly #agent: Agent;
  #address: string | undefined;
  #close = (): void => undefined;
  readonly #closed = new Promise<'closed'>((resolve) => (this.#close = () => resolve('closed')));

  constructor(parts: LineParts, url: string) {
    this.#parts = parts;
    this.#url = new URL(url);
    this.#agent = new Agent({ keepAlive: true, maxSockets: 1, maxFreeSockets: 1, secureContext: parts.context });
  }

  /** Posts. Never rejects. */
  async post(headers: Readonly<Record<string, string>>, body: string): Promise<Posted> {
    const found = await this.#within(this.#find());
    if ('why' in found) return { kind: 'refused', why: found.why };
    const first = await this.#once(found.address, headers, body);
    if (first !== 'stale') return first;
    // The receiver closed the connection that was kept, at the very moment. The next one is new.
    const second = await this.#once(found.address, headers, body);
    return second === 'stale' ? { kind: 'refused', why: 'connection' } : second;
  }

  /** Closes the line: requests under way end as `connection`. */
  close(): void {
    this.#close();
    this.#agent.destroy();
  }

  /**
   * The address that all of this line goes to. Where a name has several, all of them must be
   * allowed.
   */
  async #find(): Promise<Found> {
    if (this.#address !== undefined) return { address: this.#address };
    const host = this.#url.hostname.replace(/^\[(.*)\]$/, '$1');
    let addresses: readonly string[];
    try {
      addresses = isIP(host) === 0 ? await this.#parts.resolve(host) : [host];
    } catch {
      return { why: 'name' };
    }
    const [address] = addresses;
    if (address === undefined) return { why: 'name' };
    if (!addresses.every((one) => mayBeCalled(one, this.#parts.allowed))) return { why: 'address' };
    this.#address = address;
    return { address };
  }

  async #within(work: Promise<Found>): Promise<Found> {
    let timer: Timer | undefined;
    const late = new Promise<Found>((resolve) => {
      timer = this.#parts.clock.after(DEADLINE, () => resolve({ why: 'timeout' }));
    });
    const closed = this.#closed.then((): Found => ({ why: 'connection' }));
    try {
      return await Promise.race([work, late, closed]);
    } finally {
      timer?.cancel();
    }
  }

  #answered({ statusCode: status = 0, headers }: IncomingMessage): Posted {
    return {
      kind: 'answered',
      status,
      ...defined({ retryAfter: retryAfterOf(headers['retry-after'], this.#parts.clock.now()) }),
    };
  }

  #once(address: string, headers: Readonly<Record<string, string>>, body: string): Promise<Posted | 'stale'> {
    const url = this.#url;
    return new Promise((resolve) => {
      const asked = request({
        host: address,
        port: url.port === '' ? 443 : Number(url.port),
        path: `${url.pathname}${url.search}`,
        method: 'POST',
        // The name that the certificate must have is taken from it; of an address the address.
        headers: { ...headers, host: url.host, 'content-length': String(Buffer.byteLength(body)) },
        agent: this.#agent,
        maxHeaderSize: MAX_HEADER,
      });
      let answered: Posted | undefined;
      const end = (posted: Posted | 'stale'): void => {
        timer.cancel();
        resolve(posted);
      };
      const over = (otherwise: Posted | 'stale'): void => end(answered ?? otherwise);
      const timer = this.#parts.clock.after(DEADLINE, () => {
        over({ kind: 'refused', why: 'timeout' });
        asked.destroy();
      });
      asked.on('error', (error) =>
        over(asked.reusedSocket && isReset(error) ? 'stale' : { kind: 'refused', why: whyOf(error) }),
      );
      asked.on('response', (answer) => {
        answered = this.#answered(answer);
        discard(answer, () => over({ kind: 'refused', why: 'broken' }));
      });
      // Another protocol was offered in place of an answer.
      asked.on('upgrade', (_answer, socket) => {
        socket.destroy();
        over({ kind: 'refused', why: 'broken' });
      });
      asked.end(body);
    });
  }
}

/** Wait that the answer asks for: whole seconds, or a date (RFC 9110 section 10.2.3). */
function retryAfterOf(text: string | undefined, now: number): Milliseconds | undefined {
  if (text === undefined) return undefined;
  const wait = /^\d{1,9}$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  return wait > 0 ? milliseconds(wait) : undefined;
}

/** Reads to its end what is short, and cuts off what is not. */
function discard(answer: IncomingMessage, done: () => void): void {
  let octets = 0;
  answer.on('data', (piece: Buffer) => {
    octets += piece.length;
    if (octets <= MAX_ANSWER) return;
    done();
    answer.destroy();
  });
  answer.on('error', done);
  answer.on('close', done);
}

const isReset = ({ code }: NodeJS.ErrnoException): boolean => code === 'ECONNRESET' || code === 'EPIPE';

/**
 * By the codes of Node: those of certificates are those of OpenSSL's verification, and its own for
 * a name that is another's.
 */
function whyOf({ code = '' }: NodeJS.ErrnoException): Refused {
  if (/CERT|ALTNAME|SIGNATURE|CRL|ISSUER|HOSTNAME/.test(code)) return 'certificate';
  if (code.startsWith('HPE_')) return 'broken';
  return 'connection';
}
