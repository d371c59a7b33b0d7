/** A DNS resolver on free ports of loopback, UDP and TCP, whose answers come from a script. */
import { type Socket as DatagramSocket, createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, type Server, type Socket, createServer } from 'node:net';
import { type Answer, type Question, AUTHENTIC_DATA, TRUNCATED_RESPONSE, decode, encode } from 'dns-packet';
import type { Cleanup } from './store.ts';

export interface Said {
  /** The response code. Default: 0, NOERROR. 2: SERVFAIL. 3: NXDOMAIN. */
  readonly code?: number;
  /** The AD bit. Default: set. */
  readonly secure?: boolean;
  readonly truncated?: boolean;
  readonly answers?: readonly Answer[];
  /** The question that the answer repeats, if it is another one than was asked. */
  readonly question?: Question;
  /** Added to the id of the answer. */
  readonly otherId?: number;
  /**
   * The octets of the answer as they are, in place of all the above. Over TCP they must begin with
   * their own length.
   */
  readonly raw?: (id: number) => Buffer;
}

/** Undefined: no answer. Several: sent one after the other. */
export type Script = (question: Question, by: 'udp' | 'tcp') => Said | readonly Said[] | undefined;

export class ScriptedDns {
  readonly #udp: DatagramSocket;
  readonly #tcp: Server;
  readonly #sockets = new Set<Socket>();
  script: Script;
  /** The questions in order, such as `TLSA _25._tcp.mx.test udp`. */
  readonly asked: string[] = [];

  private constructor(script: Script) {
    this.script = script;
    this.#udp = createSocket('udp4');
    this.#tcp = createServer((socket) => this.#serve(socket));
  }

  static async start(t: Cleanup, script: Script): Promise<ScriptedDns> {
    const dns = new ScriptedDns(script);
    // The same port must be free for UDP and TCP.
    for (let tries = 0; ; tries++) {
      dns.#tcp.listen(0, '127.0.0.1');
      await once(dns.#tcp, 'listening');
      try {
        await new Promise<void>((resolve, reject) => {
          dns.#udp.once('error', reject);
          dns.#udp.bind((dns.#tcp.address() as AddressInfo).port, '127.0.0.1', resolve);
        });
        break;
      } catch (error) {
        if (tries > 20) throw error;
        dns.#tcp.close();
        await once(dns.#tcp, 'close');
      }
    }
    dns.#udp.on('message', (octets, from) => {
      for (const reply of dns.#replies(octets, 'udp')) dns.#udp.send(reply, from.port, from.address);
    });
    t.after(async () => {
      for (const socket of dns.#sockets) socket.destroy();
      dns.#udp.close();
      dns.#tcp.close();
      await once(dns.#tcp, 'close');
    });
    return dns;
  }

  get at(): { readonly host: string; readonly port: number } {
    return { host: '127.0.0.1', port: (this.#tcp.address() as AddressInfo).port };
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('data', (octets: Buffer) => {
      for (const reply of this.#replies(octets.subarray(2), 'tcp')) socket.write(reply);
    });
  }

  #replies(octets: Buffer, by: 'udp' | 'tcp'): readonly Buffer[] {
    const { id, questions } = decode(octets);
    const [question] = questions;
    if (question === undefined) return [];
    this.asked.push(`${question.type} ${question.name} ${by}`);
    const said = this.script(question, by) ?? [];
    return (Array.isArray(said) ? (said as readonly Said[]) : [said as Said]).map((one) => {
      if (one.raw !== undefined) return one.raw(id);
      const reply = replyOf(id, question, one);
      if (by === 'udp') return reply;
      const length = Buffer.alloc(2);
      length.writeUInt16BE(reply.length);
      return Buffer.concat([length, reply]);
    });
  }
}

export function replyOf(id: number, question: Question, said: Said): Buffer {
  const { code = 0, secure = true, truncated = false, answers = [], otherId = 0 } = said;
  return encode({
    type: 'response',
    id: (id + otherId) % 0x1_0000,
    flags: code | (secure ? AUTHENTIC_DATA : 0) | (truncated ? TRUNCATED_RESPONSE : 0),
    questions: [said.question ?? question],
    answers,
  });
}

export const tlsaRecord = (
  name: string,
  [usage, selector, matchingType]: readonly [number, number, number],
  data: Buffer,
  ttl = 300,
): Answer => ({ name, type: 'TLSA', class: 'IN', ttl, data: { usage, selector, matchingType, certificate: data } });
export const aRecord = (name: string, data = '127.0.0.1'): Answer => ({ name, type: 'A', class: 'IN', ttl: 300, data });
export const alias = (name: string, data: string): Answer => ({ name, type: 'CNAME', class: 'IN', ttl: 300, data });
