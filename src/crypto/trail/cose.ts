/**
 * Public keys as authenticators give them: COSE_Key (RFC 9052 section 7) in CBOR (RFC 8949), as
 * much of both as a passkey needs.
 *
 * An approval must be checkable from the trail alone, years later and by a command without a
 * gateway: so this is ours, and not the library of the login.
 */
import { type KeyObject, createPublicKey, verify } from 'node:crypto';

/** An RSA key of 4,096 bits has 526 octets. */
const MAX_KEY = 2048;

type Values = ReadonlyMap<number, number | Buffer>;

/**
 * A map whose keys are integers, and whose values are integers or octets. Throws RangeError for
 * anything else.
 */
function readMap(octets: Uint8Array): Values {
  const from = Buffer.from(octets);
  let at = 0;
  const head = (): { readonly major: number; readonly n: number } => {
    const first = from.readUInt8(at++);
    const [major, short] = [first >> 5, first & 31];
    if (short < 24) return { major, n: short };
    const width = short === 24 ? 1 : short === 25 ? 2 : short === 26 ? 4 : 0;
    if (width === 0) throw new RangeError('a CBOR length that no key has');
    const n = from.readUIntBE(at, width);
    at += width;
    return { major, n };
  };
  const value = (): number | Buffer => {
    const { major, n } = head();
    if (major === 0) return n;
    if (major === 1) return -1 - n;
    if (major !== 2 || at + n > from.length) throw new RangeError('a value that is neither an integer nor octets');
    at += n;
    return from.subarray(at - n, at);
  };
  const { major, n } = head();
  if (major !== 5 || n > 16) throw new RangeError('not the map of a COSE key');
  const values = new Map<number, number | Buffer>();
  for (let i = 0; i < n; i += 1) {
    const name = value();
    if (typeof name !== 'number' || values.has(name)) throw new RangeError('not the map of a COSE key');
    values.set(name, value());
  }
  if (at !== from.length) throw new RangeError('there is something after the key');
  return values;
}

/** The labels of RFC 9053 section 7. */
const [KTY, ALG, CRV, X, Y] = [1, 3, -1, -2, -3];
const [N, E] = [-1, -2];

/**
 * Ed25519, ECDSA with P-256 and SHA-256, RSA (PKCS #1 v1.5) with SHA-256: those that passkeys are
 * registered with. Throws RangeError for another.
 */
function readKey(cose: Uint8Array): { readonly key: KeyObject; readonly hash: 'sha256' | null } {
  if (cose.length > MAX_KEY) throw new RangeError('no key has this length');
  const values = readMap(cose);
  const part = (label: number): string => {
    const found = values.get(label);
    if (!Buffer.isBuffer(found)) throw new RangeError('a part of the key is missing');
    return found.toString('base64url');
  };
  const kind = [KTY, ALG].map((label) => values.get(label)).join(' ');
  const key = (jwk: Record<string, string>): KeyObject => createPublicKey({ key: jwk, format: 'jwk' });
  if (kind === '1 -8' && values.get(CRV) === 6)
    return { key: key({ kty: 'OKP', crv: 'Ed25519', x: part(X) }), hash: null };
  if (kind === '2 -7' && values.get(CRV) === 1)
    return { key: key({ kty: 'EC', crv: 'P-256', x: part(X), y: part(Y) }), hash: 'sha256' };
  if (kind === '3 -257') return { key: key({ kty: 'RSA', n: part(N), e: part(E) }), hash: 'sha256' };
  throw new RangeError('another kind of key');
}

/** True if the signature is right; false also for octets that are no key. */
export function verifyCose(cose: Uint8Array, signed: Uint8Array, signature: Uint8Array): boolean {
  try {
    const { key, hash } = readKey(cose);
    return verify(hash, signed, key, signature);
  } catch {
    return false;
  }
}
