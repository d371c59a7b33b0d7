/**
 * HTTP on a wire: one kept connection. It costs little beside what it measures, and breaks if the
 * server is killed.
 */
import { randomUUID } from 'node:crypto';
import { Wire, type WireTarget } from './wire.ts';

export interface WireAnswer {
  readonly status: number;
  /** Octets of the body. */
  readonly length: number;
  /** The body, if it was read as JSON. */
  readonly json: unknown;
}

export class HttpWire {
  readonly wire: Wire;
  readonly #common: string;

  private constructor(wire: Wire, common: string) {
    this.wire = wire;
    this.#common = common;
  }

  static async open(target: WireTarget, { login, password }: { login: string; password: string }): Promise<HttpWire> {
    const authorization = Buffer.from(`${login}:${password}`).toString('base64');
    const host = `${target.servername}:${target.port}`;
    return new HttpWire(await Wire.open(target), `Host: ${host}\r\nAuthorization: Basic ${authorization}\r\n`);
  }

  /** `path`: what follows `/v1`. The body of the answer goes to `take`, or is read as JSON. */
  async ask(
    method: string,
    path: string,
    json?: unknown,
    take?: (slice: Buffer) => void,
    headers: readonly string[] = [],
  ): Promise<WireAnswer> {
    const body = json === undefined ? '' : JSON.stringify(json);
    const key = method === 'POST' ? `Idempotency-Key: ${randomUUID()}\r\n` : '';
    const type =
      json === undefined
        ? method === 'POST'
          ? 'Content-Length: 0\r\n'
          : ''
        : `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n`;
    const own = headers.map((line) => `${line}\r\n`).join('');
    this.wire.send(`${method} /v1${path} HTTP/1.1\r\n${this.#common}${key}${type}${own}\r\n${body}`);
    return await this.answer(take);
  }

  /** Sends the head of a POST. The caller sends its body, and then calls `answer`. */
  begin(path: string, length: number, key: string, headers: readonly string[]): void {
    const own = [...headers, `Idempotency-Key: ${key}`, `Content-Length: ${length}`].map((line) => `${line}\r\n`);
    this.wire.send(`POST /v1${path} HTTP/1.1\r\n${this.#common}${own.join('')}\r\n`);
  }

  async answer(take?: (slice: Buffer) => void): Promise<WireAnswer> {
    const head = await this.wire.head();
    const [, status = '0'] = /^HTTP\/1\.1 (\d{3})/.exec(head) ?? [];
    if (/^transfer-encoding:/im.test(head)) throw new Error('an answer in chunks, which this client does not read');
    const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
    const pieces: Buffer[] = [];
    await this.wire.octets(length, take ?? ((slice) => void pieces.push(slice)));
    const text = Buffer.concat(pieces).toString();
    return { status: Number(status), length, json: take === undefined && text !== '' ? JSON.parse(text) : undefined };
  }
}
