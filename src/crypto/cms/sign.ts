/**
 * Makes SignedData (RFC 5652 section 5, RFC 8551): opaque, with the content inside, or detached,
 * for multipart/signed.
 *
 * The content is hashed as it passes. Content up to 256 KB gives DER with lengths; larger content
 * gives parts of unknown total length (BER), as `openssl cms -stream` does, since the signature
 * comes last and the length of an ECDSA signature is not known before.
 */
import type { KeyObject } from 'node:crypto';
import type { Instant } from '../../domain/units.ts';
import type { Certificate } from '../certificates/certificate.ts';
import {
  END_OF_CONTENTS,
  type Encoded,
  Tag,
  context,
  encode,
  explicit,
  indefinite,
  integer,
  octetString,
  oid,
  pieces,
  sequence,
  setOf,
} from '../certificates/der.ts';
import { Oid } from '../certificates/oids.ts';
import {
  type SignatureAlgorithm,
  algorithmFor,
  encodeAlgorithm,
  pssWith,
  sign,
  signNow,
} from '../certificates/signature.ts';
import { type SigningHash, encodeDigest } from './algorithms.ts';
import {
  type Capability,
  type CmsAttribute,
  algorithmProtectionAttribute,
  capabilitiesAttribute,
  contentTypeAttribute,
  encodeAttribute,
  messageDigestAttribute,
  signingCertificateAttribute,
  signingTimeAttribute,
} from './attributes.ts';
import { ContentDigests } from './content-digests.ts';
import { type IdentifyBy, encodeIdentifier } from './identifier.ts';
import { DER_CONTENT } from './limits.ts';
import { type Gathered, type Slices, coalesced, gather, paced } from './slices.ts';

export interface Signer {
  readonly certificate: Certificate;
  /** Private key of the certificate: RSA, EC P-256 or P-384, Ed25519. */
  readonly privateKey: KeyObject;
  /**
   * Padding for an RSA key. Default `pkcs1`, which every program reads; `pss` in profile *strong*.
   */
  readonly rsa?: 'pkcs1' | 'pss';
  /** Default: the hash that fits the key. Ed25519 always takes SHA-512 (RFC 8419 section 3.1). */
  readonly hash?: SigningHash;
}

export interface SigningOptions {
  /** One or more; each signs the same content. */
  readonly signers: readonly Signer[];
  /** Certificates that go along besides those of the signers: the chain, without its root. */
  readonly certificates?: readonly Certificate[];
  /** Revocation lists that go along, DER. */
  readonly crls?: readonly Buffer[];
  readonly signingTime: Instant;
  /** Default `issuer`. */
  readonly identifyBy?: IdentifyBy;
  /** What the signer can read, best first. */
  readonly capabilities?: readonly Capability[];
  /** Further signed attributes. */
  readonly attributes?: readonly CmsAttribute[];
  /** Type of the content. Default id-data, which is a MIME entity. */
  readonly contentType?: string;
}

/**
 * Above this many bits one RSA signature would hold the event loop for more than 10 ms; the thread
 * pool makes it.
 */
const QUICK_BITS = 4096;

/** What a signer needs in every message; prepared once for each signer. */
interface Prepared {
  readonly hash: SigningHash;
  readonly algorithm: SignatureAlgorithm;
  /** AlgorithmIdentifier in the SignerInfo. */
  readonly encoded: Buffer;
  /** Attributes that are the same in every message. */
  readonly attributes: readonly Buffer[];
}

function algorithmOf({ privateKey, rsa, hash }: Signer): {
  readonly hash: SigningHash;
  readonly algorithm: SignatureAlgorithm;
} {
  const usual = algorithmFor(privateKey);
  if (usual.kind === 'ed25519') return { hash: 'sha512', algorithm: usual };
  const wanted = hash ?? (usual.hash as SigningHash);
  if (usual.kind === 'rsa')
    return {
      hash: wanted,
      algorithm: rsa === 'pss' ? pssWith(wanted) : { kind: 'rsa', hash: wanted, oid: Oid.rsaEncryption },
    };
  const dotted = { sha256: Oid.ecdsaWithSha256, sha384: Oid.ecdsaWithSha384, sha512: Oid.ecdsaWithSha512 }[wanted];
  return { hash: wanted, algorithm: { kind: 'ecdsa', hash: wanted, oid: dotted } };
}

const prepared = new WeakMap<KeyObject, Map<string, Prepared>>();

function prepare(signer: Signer): Prepared {
  const { privateKey, certificate, rsa, hash: wanted } = signer;
  const held = prepared.get(privateKey) ?? new Map<string, Prepared>();
  prepared.set(privateKey, held);
  const key = `${certificate.fingerprint} ${rsa ?? ''} ${wanted ?? ''}`;
  const known = held.get(key);
  if (known) return known;
  const { hash, algorithm } = algorithmOf(signer);
  const encoded = encode(encodeAlgorithm(algorithm));
  const attributes = [
    signingCertificateAttribute(certificate),
    algorithmProtectionAttribute(encodeDigest(hash), encoded),
  ];
  const made = { hash, algorithm, encoded, attributes };
  held.set(key, made);
  return made;
}

/** The hash that a signer will use: for `micalg`, which stands before the content. */
export const hashOf = (signer: Signer): SigningHash => algorithmOf(signer).hash;

/** `[tag] SET OF` of whole encodings. */
const bag = (tag: number, encodings: readonly Buffer[]): readonly Encoded[] =>
  encodings.length === 0 ? [] : [setOf(encodings, context(tag))];

/**
 * Signs in steps, for a caller that passes the content on at the same time: `update` for each
 * slice, then `detached` once.
 */
export class Signing {
  private readonly signers: readonly (readonly [Signer, Prepared])[];
  private readonly options: SigningOptions;
  private readonly digests: ContentDigests;
  readonly contentType: string;

  /** Throws `RangeError` without signers, or for a key that cannot sign. */
  constructor(options: SigningOptions) {
    if (options.signers.length === 0) throw new RangeError('Cannot sign without a signer');
    this.options = options;
    this.signers = options.signers.map((signer) => [signer, prepare(signer)] as const);
    this.digests = new ContentDigests(
      this.signers.map(([, { hash }]) => hash),
      'exact',
    );
    this.contentType = options.contentType ?? Oid.data;
  }

  update(slice: Uint8Array): void {
    this.digests.update(slice as Buffer);
  }

  /** Version and digest algorithms: what stands before the content. */
  start(): readonly Encoded[] {
    const plain = this.contentType === Oid.data && this.options.identifyBy !== 'key-id';
    const hashes = new Set(this.signers.map(([, { hash }]) => hash));
    return [integer(plain ? 1 : 3), setOf([...hashes].map(encodeDigest))];
  }

  /** Certificates, lists and signatures: what stands behind the content. */
  async finish(): Promise<readonly Encoded[]> {
    const { signers, certificates = [], crls = [] } = this.options;
    const digests = this.digests.finish();
    const infos: Encoded[] = [];
    for (const [signer, how] of this.signers) {
      const digest = digests.exact.get(how.hash);
      if (digest) infos.push(await this.signerInfo(signer, how, digest));
    }
    const all = new Map([...signers.map((s) => s.certificate), ...certificates].map((c) => [c.fingerprint, c.der]));
    return [...bag(0, [...all.values()]), ...bag(1, crls), setOf(infos)];
  }

  /** The attributes that are signed, in the order of a SET. */
  private attributes(how: Prepared, digest: Buffer): Buffer {
    const { signingTime, capabilities, attributes = [] } = this.options;
    return encode(
      setOf([
        contentTypeAttribute(this.contentType),
        signingTimeAttribute(signingTime),
        messageDigestAttribute(digest),
        ...how.attributes,
        ...(capabilities && capabilities.length > 0 ? [capabilitiesAttribute(capabilities)] : []),
        ...attributes.map(encodeAttribute),
      ]),
    );
  }

  private async signerInfo(signer: Signer, how: Prepared, digest: Buffer): Promise<Encoded> {
    const { hash, algorithm, encoded } = how;
    const by = this.options.identifyBy ?? 'issuer';
    const signed = this.attributes(how, digest);
    const quick = signer.certificate.key.bits <= QUICK_BITS;
    const signature = quick
      ? signNow(algorithm, signed, signer.privateKey)
      : await sign(algorithm, signed, signer.privateKey);
    // Signed as a SET, written under [0] (RFC 5652 section 5.4): the first octet is all that
    // differs.
    const written = Buffer.from(signed);
    written[0] = context(0);
    return sequence(
      integer(by === 'issuer' ? 1 : 3),
      encodeIdentifier(signer.certificate, by),
      encodeDigest(hash),
      written,
      encoded,
      octetString(signature),
    );
  }

  /** Ends the content: the whole SignedData without it, DER. */
  async detached(): Promise<Buffer> {
    const end = await this.finish();
    return encode(contentInfo(...this.start(), sequence(oid(this.contentType)), ...end));
  }
}

const contentInfo = (...parts: readonly Encoded[]): Encoded =>
  sequence(oid(Oid.signedData), explicit(0, sequence(...parts)));

/** A detached signature over the content. */
export async function signDetached(content: Slices, options: SigningOptions): Promise<Buffer> {
  const signing = new Signing(options);
  for await (const slice of paced(content)) signing.update(slice);
  return signing.detached();
}

/**
 * SignedData with the content inside, in slices. Throws what the source throws; an unfinished
 * output is never a valid signature.
 */
export async function* signOpaque(content: Slices, options: SigningOptions): AsyncGenerator<Buffer, void, void> {
  const signing = new Signing(options);
  const gathered = await gather(content, DER_CONTENT);
  for (const slice of gathered.slices) signing.update(slice);
  if (gathered.ended) {
    const inner = sequence(oid(signing.contentType), explicit(0, octetString(...gathered.slices)));
    const end = await signing.finish();
    yield* coalesced(pieces(contentInfo(...signing.start(), inner, ...end)));
  } else yield* opaqueStream(signing, gathered);
}

async function* opaqueStream(signing: Signing, { slices, rest }: Gathered): AsyncGenerator<Buffer, void, void> {
  try {
    yield* coalesced([
      indefinite(Tag.sequence),
      oid(Oid.signedData),
      indefinite(context(0)),
      indefinite(Tag.sequence),
      ...signing.start().map(encode),
      indefinite(Tag.sequence),
      oid(signing.contentType),
      indefinite(context(0)),
      indefinite(Tag.octetString),
    ]);
    yield* pieces(octetString(...slices));
    for await (const slice of rest) {
      signing.update(slice);
      yield* pieces(octetString(slice));
    }
    const end = await signing.finish();
    // The string, [0], the content; then the signatures, and the three structures around all of it.
    yield* coalesced([...marks(3), ...end.map(encode), ...marks(3)]);
  } finally {
    await rest.return();
  }
}

const marks = (count: number): Buffer[] => Array<Buffer>(count).fill(END_OF_CONTENTS);
