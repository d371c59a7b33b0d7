/**
 * A passkey without a browser: an ES256 authenticator that answers as WebAuthn (level 3, sections
 * 6.1 and 6.5) says, in the form that the console's pages send.
 */
import { createHash, generateKeyPairSync, randomBytes, sign } from 'node:crypto';

interface Asked {
  readonly challenge: string;
  readonly rp?: { readonly id: string };
  readonly rpId?: string;
}

export interface PasskeyQuirks {
  readonly origin?: string;
  /** Flags of the authenticator: 1 user present, 4 user verified, 8 and 16 may be and is copied. */
  readonly flags?: number;
  /** The counter in the answer. It does not go up by itself then. */
  readonly counter?: number;
}

const base64url = (octets: Uint8Array): string => Buffer.from(octets).toString('base64url');
const sha256 = (octets: string | Uint8Array): Buffer => createHash('sha256').update(octets).digest();

/** Writes CBOR (RFC 8949), as much as an attestation needs. */
function cbor(value: unknown): Buffer {
  const head = (major: number, n: number): Buffer =>
    n < 24
      ? Buffer.of((major << 5) | n)
      : n < 256
        ? Buffer.of((major << 5) | 24, n)
        : Buffer.of((major << 5) | 25, n >> 8, n & 255);
  if (typeof value === 'number') return value < 0 ? head(1, -value - 1) : head(0, value);
  if (typeof value === 'string') return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)]);
  if (value instanceof Uint8Array) return Buffer.concat([head(2, value.length), value]);
  const entries = [...(value as ReadonlyMap<unknown, unknown>)];
  return Buffer.concat([head(5, entries.length), ...entries.flatMap(([k, v]) => [cbor(k), cbor(v)])]);
}

export class SoftPasskey {
  readonly id = randomBytes(32);
  readonly #key = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  readonly #origin: string;
  readonly #synced: boolean;
  #counter = 0;

  /** `synced`: a passkey that is copied between devices and has no counter. */
  constructor(origin: string, synced = false) {
    this.#origin = origin;
    this.#synced = synced;
  }

  /** What `navigator.credentials.create` returns for these options, as JSON. */
  create(options: string, quirks: PasskeyQuirks = {}): string {
    const asked = JSON.parse(options) as Asked;
    const { x = '', y = '' } = this.#key.publicKey.export({ format: 'jwk' });
    const cose = new Map<number, unknown>([
      [1, 2],
      [3, -7],
      [-1, 1],
      [-2, Buffer.from(x, 'base64url')],
      [-3, Buffer.from(y, 'base64url')],
    ]);
    const length = Buffer.from([this.id.length >> 8, this.id.length & 255]);
    const attested = Buffer.concat([Buffer.alloc(16), length, this.id, cbor(cose)]);
    const data = Buffer.concat([
      this.#data(asked.rp?.id ?? '', 0x40 | (quirks.flags ?? this.#flags), quirks),
      attested,
    ]);
    const object = cbor(
      new Map<string, unknown>([
        ['fmt', 'none'],
        ['attStmt', new Map()],
        ['authData', data],
      ]),
    );
    return this.#answer({
      clientDataJSON: base64url(this.#client('webauthn.create', asked, quirks)),
      attestationObject: base64url(object),
      transports: ['usb'],
    });
  }

  /** What `navigator.credentials.get` returns for these options, as JSON. */
  get(options: string, quirks: PasskeyQuirks = {}): string {
    const asked = JSON.parse(options) as Asked;
    const data = this.#data(asked.rpId ?? '', quirks.flags ?? this.#flags, quirks);
    const client = this.#client('webauthn.get', asked, quirks);
    const signature = sign('sha256', Buffer.concat([data, sha256(client)]), this.#key.privateKey);
    return this.#answer({
      clientDataJSON: base64url(client),
      authenticatorData: base64url(data),
      signature: base64url(signature),
    });
  }

  get #flags(): number {
    return this.#synced ? 29 : 5;
  }

  #answer(response: object): string {
    const id = base64url(this.id);
    return JSON.stringify({ id, rawId: id, type: 'public-key', clientExtensionResults: {}, response });
  }

  #client(type: string, { challenge }: Asked, { origin = this.#origin }: PasskeyQuirks): Buffer {
    return Buffer.from(JSON.stringify({ type, challenge, origin, crossOrigin: false }));
  }

  #data(rp: string, flags: number, { counter = this.#synced ? 0 : ++this.#counter }: PasskeyQuirks): Buffer {
    const count = Buffer.alloc(4);
    count.writeUInt32BE(counter);
    return Buffer.concat([sha256(rp), Buffer.of(flags), count]);
  }
}
