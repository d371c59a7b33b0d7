/**
 * Content keys under keys that are agreed on: ephemeral-static ECDH with P-256 and P-384
 * (KeyAgreeRecipientInfo, RFC 5753), the key derivation of X9.63, AES key wrap (RFC 3394).
 *
 * One ephemeral key serves all recipients of a message: each agrees on another secret with it, and
 * making one for each would cost as much as the agreement itself. Every recipient has an info of
 * its own, as gpgsm reads only the first key in one.
 */
import {
  type ECDH,
  type KeyObject,
  createCipheriv,
  createDecipheriv,
  createECDH,
  createHash,
  createPublicKey,
  diffieHellman,
} from 'node:crypto';
import { joinSmall } from '../../platform/bytes.ts';
import { type Element, parse } from '../certificates/ber.ts';
import { bitOctets, oidValue } from '../certificates/ber-values.ts';
import type { Certificate } from '../certificates/certificate.ts';
import {
  type Encoded,
  Tag,
  bitString,
  context,
  encode,
  explicit,
  integer,
  octetString,
  oid,
  sequence,
  value,
} from '../certificates/der.ts';
import { publicKeyInfo } from '../certificates/extensions.ts';
import { Oid } from '../certificates/oids.ts';
import { type IdentifyBy, encodeAgreementIdentifier } from './identifier.ts';
import { rejectionKey } from './key-transport.ts';

type KdfHash = 'sha1' | 'sha256' | 'sha384' | 'sha512';

interface Scheme {
  readonly oid: string;
  readonly hash: KdfHash;
}
/** By curve (RFC 5753 section 7.2): the hash fits the strength of the curve. */
const SCHEMES: Readonly<Record<string, Scheme>> = {
  prime256v1: { oid: Oid.ecdhSha256Kdf, hash: 'sha256' },
  secp384r1: { oid: Oid.ecdhSha384Kdf, hash: 'sha384' },
};
/**
 * Schemes that are read. OpenSSL and old programs derive with SHA-1, which is no weakness here:
 * nobody can choose a second input.
 */
const READ_SCHEMES = new Map<string, KdfHash>([
  [Oid.ecdhSha1Kdf, 'sha1'],
  [Oid.ecdhSha256Kdf, 'sha256'],
  [Oid.ecdhSha384Kdf, 'sha384'],
  [Oid.ecdhSha512Kdf, 'sha512'],
]);

interface Wrap {
  readonly oid: string;
  readonly name: string;
  /** Octets. */
  readonly key: number;
}
const WRAPS: readonly Wrap[] = [
  { oid: Oid.aes128Wrap, name: 'id-aes128-wrap', key: 16 },
  { oid: Oid.aes192Wrap, name: 'id-aes192-wrap', key: 24 },
  { oid: Oid.aes256Wrap, name: 'id-aes256-wrap', key: 32 },
];
/** RFC 3394 section 2.2.3.1. */
const WRAP_IV = Buffer.alloc(8, 0xa6);

/** ECC-CMS-SharedInfo (RFC 5753 section 7.2). `wrap`: the AlgorithmIdentifier, octet for octet. */
const sharedInfo = (wrap: Encoded, ukm: Buffer | undefined, octets: number): Buffer => {
  const bits = Buffer.alloc(4);
  bits.writeUInt32BE(octets * 8);
  return encode(sequence(wrap, ...(ukm ? [explicit(0, octetString(ukm))] : []), explicit(2, octetString(bits))));
};

/** The key derivation of ANSI X9.63 (SEC 1 section 3.6.1). */
export function deriveX963(hash: KdfHash, secret: Buffer, info: Buffer, length: number): Buffer {
  const made: Buffer[] = [];
  for (let counter = 1, have = 0; have < length; counter++) {
    const count = Buffer.alloc(4);
    count.writeUInt32BE(counter);
    const block = createHash(hash).update(secret).update(count).update(info).digest();
    made.push(block);
    have += block.length;
  }
  return joinSmall(made).subarray(0, length);
}

const points = new WeakMap<KeyObject, Buffer>();
/** The uncompressed point of a public key. */
function pointOf(key: KeyObject): Buffer {
  const known = points.get(key);
  if (known) return known;
  const info = parse(publicKeyInfo(key)).children();
  info.next('algorithm');
  const point = bitOctets(info.next('public key'), 'public key');
  points.set(key, point);
  return point;
}

/** True if we can encrypt to a key of this curve. */
export const agreesOn = (curve: string | undefined): boolean => curve !== undefined && curve in SCHEMES;

/** The ephemeral keys of one message, one for each curve that its recipients have. */
export class EphemeralKeys {
  private readonly byCurve = new Map<string, { readonly ecdh: ECDH; readonly originator: Buffer }>();

  private of(curve: string): { readonly ecdh: ECDH; readonly originator: Buffer } {
    const known = this.byCurve.get(curve);
    if (known) return known;
    const ecdh = createECDH(curve);
    const point = ecdh.generateKeys();
    const key = value(context(1), sequence(oid(Oid.ecPublicKey)), bitString(point));
    const made = { ecdh, originator: encode(explicit(0, key)) };
    this.byCurve.set(curve, made);
    return made;
  }

  /** KeyAgreeRecipientInfo. Throws `RangeError` for a key that agrees on nothing. */
  wrap(contentKey: Buffer, certificate: Certificate, by: IdentifyBy): Buffer {
    const { curve } = certificate.key;
    const scheme = curve === undefined ? undefined : SCHEMES[curve];
    const wrap = WRAPS.find(({ key }) => key === contentKey.length);
    if (curve === undefined || !scheme || !wrap)
      throw new RangeError(`Cannot encrypt to a key of kind ${certificate.key.kind} ${curve ?? ''}`);
    const { ecdh, originator } = this.of(curve);
    const wrapAlgorithm = sequence(oid(wrap.oid));
    const secret = ecdh.computeSecret(pointOf(certificate.publicKey));
    const under = deriveX963(scheme.hash, secret, sharedInfo(wrapAlgorithm, undefined, wrap.key), wrap.key);
    const wrapped = createCipheriv(wrap.name, under, WRAP_IV).update(contentKey);
    return encode(
      value(
        context(1),
        integer(3),
        originator,
        sequence(oid(scheme.oid), wrapAlgorithm),
        sequence(sequence(encodeAgreementIdentifier(certificate, by), octetString(wrapped))),
      ),
    );
  }
}

/** What a message says about an agreed key. */
export interface Agreement {
  /** Undefined: the originator's key is not in the message. */
  readonly point: Buffer | undefined;
  readonly ukm: Buffer | undefined;
  readonly hash: KdfHash | undefined;
  readonly wrap: Wrap | undefined;
  readonly wrapAlgorithm: Buffer;
}

/**
 * Reads the parts of KeyAgreeRecipientInfo before its keys: `originator` [0], `ukm` [1], algorithm.
 * Throws `BerError`.
 */
export function readAgreement(originator: Element, ukm: Element | undefined, algorithm: Element): Agreement {
  const key = originator.children().next('originator');
  const inside = key.tag === context(1) ? key.children() : undefined;
  inside?.next('kind of key');
  const parts = algorithm.as(Tag.sequence, 'key agreement').children();
  const hash = READ_SCHEMES.get(oidValue(parts.next('key agreement'), 'key agreement'));
  const wrapAlgorithm = parts.next('key wrap', Tag.sequence);
  const wrapOid = oidValue(wrapAlgorithm.children().next('key wrap'), 'key wrap');
  return {
    point: inside && bitOctets(inside.next('public key'), 'public key'),
    ukm: ukm?.children().next('user keying material', Tag.octetString).content,
    hash,
    wrap: WRAPS.find((w) => w.oid === wrapOid),
    wrapAlgorithm: wrapAlgorithm.raw,
  };
}

/**
 * A point on the curve of `like`; `node:crypto` throws on one that is not, so that no secret leaks
 * to an invalid curve.
 */
function keyAt(point: Buffer, like: KeyObject): KeyObject {
  const algorithm = parse(publicKeyInfo(createPublicKey(like)))
    .children()
    .next('algorithm').raw;
  return createPublicKey({ key: encode(sequence(algorithm, bitString(point))), format: 'der', type: 'spki' });
}

type Understood = Agreement & { readonly point: Buffer; readonly hash: KdfHash; readonly wrap: Wrap };
export const isUnderstood = (agreement: Agreement): agreement is Understood =>
  agreement.point !== undefined && agreement.hash !== undefined && agreement.wrap !== undefined;

function agree(agreement: Understood, encrypted: Buffer, key: KeyObject): Buffer | undefined {
  const { point, ukm, hash, wrap, wrapAlgorithm } = agreement;
  try {
    const secret = diffieHellman({ privateKey: key, publicKey: keyAt(point, key) });
    const under = deriveX963(hash, secret, sharedInfo(wrapAlgorithm, ukm, wrap.key), wrap.key);
    const decipher = createDecipheriv(wrap.name, under, WRAP_IV);
    return joinSmall([decipher.update(encrypted), decipher.final()]);
  } catch {
    return undefined;
  }
}

/** As `unwrapWithRsa`: the content key, or one that nobody knows. */
export function unwrapByAgreement(agreement: Understood, encrypted: Buffer, key: KeyObject, length: number): Buffer {
  const found = agree(agreement, encrypted, key);
  return found?.length === length ? found : rejectionKey(key, encrypted, length);
}
