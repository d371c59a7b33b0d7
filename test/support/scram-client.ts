/**
 * A client of SCRAM-SHA-256 (RFC 5802 section 3), written from the RFC and not from our server.
 * Each part can be sent wrong.
 */
import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';

export interface ScramClientOptions {
  readonly login: string;
  readonly password: string;
  /** The GS2 header; default "n,,". */
  readonly header?: string;
  /** The channel binding data. */
  readonly binding?: Uint8Array;
  readonly nonce?: string;
  /**
   * The number of iterations, in place of what the server asks: for a proof that must be wrong and
   * may be cheap.
   */
  readonly iterations?: number;
}

const base64 = (octets: Uint8Array | string): string => Buffer.from(octets).toString('base64');
const hmac = (key: Uint8Array, text: string): Buffer => createHmac('sha256', key).update(text).digest();
export const attribute = (message: string, name: string): string =>
  message
    .split(',')
    .find((part) => part.startsWith(`${name}=`))
    ?.slice(2) ?? '';

export class ScramClient {
  readonly #options: ScramClientOptions;
  readonly #header: string;
  readonly #bare: string;
  #signature = '';

  constructor(options: ScramClientOptions) {
    this.#options = options;
    this.#header = options.header ?? 'n,,';
    const name = options.login.replaceAll('=', '=3D').replaceAll(',', '=2C');
    this.#bare = `n=${name},r=${options.nonce ?? 'client-nonce'}`;
  }

  get first(): string {
    return this.#header + this.#bare;
  }

  /** `nonce`: sent in place of the agreed one. */
  final(serverFirst: string, nonce = attribute(serverFirst, 'r')): string {
    const salt = Buffer.from(attribute(serverFirst, 's'), 'base64');
    const { password, iterations } = this.#options;
    const salted = pbkdf2Sync(password, salt, iterations ?? Number(attribute(serverFirst, 'i')), 32, 'sha256');
    const channel = Buffer.concat([Buffer.from(this.#header), this.#options.binding ?? Buffer.alloc(0)]);
    const withoutProof = `c=${base64(channel)},r=${nonce}`;
    const message = `${this.#bare},${serverFirst},${withoutProof}`;
    const clientKey = hmac(salted, 'Client Key');
    const signature = hmac(createHash('sha256').update(clientKey).digest(), message);
    const proof = clientKey.map((octet, i) => octet ^ (signature[i] ?? 0));
    this.#signature = base64(hmac(hmac(salted, 'Server Key'), message));
    return `${withoutProof},p=${base64(proof)}`;
  }

  /** The server's proof that it knows the password. */
  get expected(): string {
    return `v=${this.#signature}`;
  }
}
