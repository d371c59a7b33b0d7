/**
 * One resolver, asked by UDP and, where its answer is cut off, by TCP (RFC 1035 section 4.2, RFC
 * 7766).
 *
 * Whether an answer was validated is one bit in it, which anybody on the way could set. So the
 * resolver stands on this machine, and whatever does not come from its very address and port is not
 * read: the socket is connected. Each wait has an end and each answer a size.
 */
import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { connect, isIPv6 } from 'node:net';
import type { Clock, Timer } from '../domain/effects.ts';
import { type Milliseconds, seconds } from '../domain/units.ts';
import { joinSmall } from '../platform/bytes.ts';
import { type DnsAnswer, DnsFailed, type RecordType, answerTo, questionOf } from './packet.ts';

export interface ResolverParts {
  readonly at: { readonly host: string; readonly port: number };
  readonly clock: Clock;
  /** Longest time for each try; there are three. Default: 3 s. */
  readonly patience?: Milliseconds;
}

/** The part of `Resolver` that asks. */
export interface Dns {
  /** Asks one question. Rejects with DnsFailed. */
  ask(name: string, type: RecordType): Promise<DnsAnswer>;
}

/**
 * Octets of one answer by TCP: 300 TLSA records, and far below what a decoder would need long for.
 */
const LONGEST_ANSWER = 16 * 1024;
/** Datagrams that answer something else, before a try is given up. */
const MOST_STRAY = 20;
const UDP_TRIES = 2;

export class Resolver implements Dns {
  readonly #parts: ResolverParts;
  readonly #patience: Milliseconds;

  constructor(parts: ResolverParts) {
    this.#parts = parts;
    this.#patience = parts.patience ?? seconds(3);
  }

  async ask(name: string, type: RecordType): Promise<DnsAnswer> {
    for (let attempt = 1; ; attempt++) {
      try {
        const answer = await this.#overUdp(name, type);
        return answer === 'truncated' ? await this.#overTcp(name, type) : answer;
      } catch (error) {
        if (!(error instanceof NoAnswer) || attempt === UDP_TRIES) throw error;
      }
    }
  }

  async #overUdp(name: string, type: RecordType): Promise<DnsAnswer | 'truncated'> {
    const { host, port } = this.#parts.at;
    const id = randomInt(0x1_0000);
    const question = questionOf(id, name, type);
    const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
    let timer: Timer | undefined;
    let stray = 0;
    try {
      return await new Promise((resolve, reject) => {
        timer = this.#deadline(reject);
        socket.on('error', (error) => reject(this.#noAnswer(error)));
        socket.on('message', (octets) => {
          try {
            const answer = answerTo(id, name, type, octets);
            if (answer !== undefined) resolve(answer);
            else if (++stray >= MOST_STRAY) reject(this.#noAnswer());
          } catch (error) {
            reject(asFailed(error));
          }
        });
        socket.connect(port, host, (error?: Error) => {
          if (error !== undefined) reject(this.#noAnswer(error));
          else socket.send(question);
        });
      });
    } finally {
      timer?.cancel();
      socket.close();
    }
  }

  async #overTcp(name: string, type: RecordType): Promise<DnsAnswer> {
    const id = randomInt(0x1_0000);
    const question = questionOf(id, name, type);
    const length = Buffer.alloc(2);
    length.writeUInt16BE(question.length);
    const socket = connect({ ...this.#parts.at, noDelay: true });
    let timer: Timer | undefined;
    let octets: Buffer = Buffer.alloc(0);
    try {
      return await new Promise((resolve, reject) => {
        timer = this.#deadline(reject);
        socket.on('error', (error) => reject(this.#noAnswer(error)));
        socket.on('close', () => reject(this.#noAnswer()));
        socket.on('data', (piece: Buffer) => {
          try {
            octets = joinSmall([octets, piece]);
            const answer = wholeAnswer(octets, id, name, type);
            if (answer !== undefined) resolve(answer);
          } catch (error) {
            reject(asFailed(error));
          }
        });
        socket.write(joinSmall([length, question]));
      });
    } finally {
      timer?.cancel();
      socket.destroy();
    }
  }

  #deadline(reject: (error: Error) => void): Timer {
    return this.#parts.clock.after(this.#patience, () => reject(this.#noAnswer()));
  }

  #noAnswer(error?: Error): NoAnswer {
    const { host, port } = this.#parts.at;
    const { code } = (error ?? {}) as NodeJS.ErrnoException;
    return new NoAnswer(
      `the resolver at ${host} port ${port} does not answer${code === undefined ? '' : ` (${code})`}`,
    );
  }
}

/** Another try may help. */
class NoAnswer extends DnsFailed {
  override readonly name: string = 'NoAnswer';
}

const asFailed = (error: unknown): DnsFailed =>
  error instanceof DnsFailed ? error : new DnsFailed(error instanceof Error ? error.message : String(error));

/** The answer, if whole; undefined: more must come. */
function wholeAnswer(octets: Buffer, id: number, name: string, type: RecordType): DnsAnswer | undefined {
  if (octets.length < 2) return undefined;
  const length = octets.readUInt16BE(0);
  if (length > LONGEST_ANSWER) throw new DnsFailed(`the answer has ${length} octets, more than ${LONGEST_ANSWER}`);
  if (octets.length < length + 2) return undefined;
  const answer = answerTo(id, name, type, octets.subarray(2, length + 2));
  if (answer === undefined || answer === 'truncated') throw new DnsFailed('the answer by TCP is none to the question');
  return answer;
}
