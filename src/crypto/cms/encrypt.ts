/**
 * Makes EnvelopedData (RFC 5652 section 6, AES-CBC) and AuthEnvelopedData (RFC 5083, AES-GCM) in
 * slices.
 *
 * Content up to 256 KB gives DER with lengths, larger content BER in parts of unknown total length:
 * both forms are read by OpenSSL, NSS and gpgsm (AuthEnvelopedData by OpenSSL alone).
 */
import { type Cipheriv, type CipherGCMTypes, createCipheriv } from 'node:crypto';
import type { RandomBytes } from '../../domain/effects.ts';
import { KiB } from '../../domain/units.ts';
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
  value,
} from '../certificates/der.ts';
import { Oid } from '../certificates/oids.ts';
import { type CipherSpec, type ContentCipher, GCM_TAG, cipherNamed, encodeCipher } from './algorithms.ts';
import { type CmsAttribute, contentTypeAttribute, encodeAttribute } from './attributes.ts';
import type { IdentifyBy } from './identifier.ts';
import { EphemeralKeys, agreesOn } from './key-agreement.ts';
import { type KeyTransport, wrapForRsa } from './key-transport.ts';
import { DER_CONTENT } from './limits.ts';
import { type Gathered, type Slices, coalesced, gather } from './slices.ts';

export interface Recipient {
  readonly certificate: Certificate;
  /**
   * How an RSA key gets the content key; required for RSA, since it decides who can read. Keys on
   * P-256 and P-384 agree on one (RFC 5753).
   */
  readonly transport?: KeyTransport;
  /** Default `issuer`. */
  readonly identifyBy?: IdentifyBy;
}

export interface EncryptionOptions {
  /** One or more. All see who the others are: a blind copy is a message of its own. */
  readonly recipients: readonly Recipient[];
  /**
   * CBC gives EnvelopedData, GCM AuthEnvelopedData. With CBC the content must be signed inside:
   * anyone can change it unnoticed.
   */
  readonly cipher: ContentCipher;
  readonly random: RandomBytes;
  /** Type of the content. Default id-data, which is a MIME entity. */
  readonly contentType?: string;
  /** Attributes that everyone can read and nobody can change; with GCM only. */
  readonly authenticated?: readonly CmsAttribute[];
  /** Attributes that everyone can read and change, behind the content. */
  readonly unprotected?: readonly CmsAttribute[];
}

/**
 * True if a message can be encrypted to the key of this certificate. Whether it may be used so,
 * `findPath` says.
 */
export const canEncryptTo = ({ key }: Certificate): boolean => key.kind === 'rsa' || agreesOn(key.curve);

/** Least octets of one part of the ciphertext in a BER stream: small slices are put together. */
const PART = 64 * KiB;

interface Plan {
  readonly spec: CipherSpec;
  readonly cipher: Cipheriv;
  /** Encoded elements before EncryptedContentInfo. */
  readonly start: readonly Encoded[];
  /** Type and cipher in it. */
  readonly info: readonly Encoded[];
  /** Encoded elements behind EncryptedContentInfo; called when the cipher has ended. */
  readonly end: () => readonly Encoded[];
}

function recipientInfos(contentKey: Buffer, recipients: readonly Recipient[]): readonly Buffer[] {
  const ephemeral = new EphemeralKeys();
  return recipients.map(({ certificate, transport, identifyBy = 'issuer' }) => {
    if (certificate.key.kind !== 'rsa') return ephemeral.wrap(contentKey, certificate, identifyBy);
    if (transport === undefined) throw new RangeError('Cannot encrypt to an RSA key without a way of transport');
    return wrapForRsa(contentKey, certificate, transport, identifyBy);
  });
}

/** A type other than id-data must be among what is authenticated (RFC 5083 section 2.1). */
function additional({ contentType = Oid.data, authenticated = [] }: EncryptionOptions): readonly Buffer[] {
  const type = contentType === Oid.data && authenticated.length === 0 ? [] : [contentTypeAttribute(contentType)];
  return [...type, ...authenticated.map(encodeAttribute)];
}

function startCipher(spec: CipherSpec, key: Buffer, iv: Uint8Array, attributes: readonly Buffer[]): Cipheriv {
  if (!spec.authenticated) return createCipheriv(spec.name, key, iv);
  const cipher = createCipheriv(spec.name as CipherGCMTypes, key, iv, { authTagLength: GCM_TAG });
  return attributes.length === 0 ? cipher : cipher.setAAD(encode(setOf(attributes)));
}

function plan(options: EncryptionOptions): Plan {
  const { recipients, contentType = Oid.data, unprotected = [], random } = options;
  if (recipients.length === 0) throw new RangeError('Cannot encrypt without a recipient');
  const spec = cipherNamed(options.cipher);
  if (!spec.authenticated && options.authenticated)
    throw new RangeError(`Cannot authenticate attributes with ${spec.name}`);
  const covered = spec.authenticated ? additional(options) : [];
  const contentKey = Buffer.from(random(spec.key));
  const iv = random(spec.iv);
  const cipher = startCipher(spec, contentKey, iv, covered);
  const infos = recipientInfos(contentKey, recipients);
  contentKey.fill(0);
  const plain = recipients.every((r) => r.certificate.key.kind === 'rsa' && r.identifyBy !== 'key-id');
  const version = spec.authenticated || (plain && unprotected.length === 0) ? 0 : 2;
  const attributes = (tag: number, list: readonly Buffer[]): readonly Encoded[] =>
    list.length === 0 ? [] : [setOf(list, context(tag))];
  const loose = unprotected.map(encodeAttribute);
  return {
    spec,
    cipher,
    start: [integer(version), setOf(infos)],
    info: [oid(contentType), encodeCipher(spec, iv)],
    end: () =>
      spec.authenticated
        ? [...attributes(1, covered), octetString(tagOf(cipher)), ...attributes(2, loose)]
        : attributes(1, loose),
  };
}

const tagOf = (cipher: Cipheriv): Buffer => (cipher as Cipheriv & { getAuthTag(): Buffer }).getAuthTag();
const typeOf = ({ authenticated }: CipherSpec): Buffer =>
  oid(authenticated ? Oid.authEnvelopedData : Oid.envelopedData);

/**
 * An encrypted message, in slices. Throws `RangeError` for a recipient that `canEncryptTo` denies,
 * and what the source throws.
 */
export async function* encrypt(content: Slices, options: EncryptionOptions): AsyncGenerator<Buffer, void, void> {
  const made = plan(options);
  const gathered = await gather(content, DER_CONTENT);
  const { spec, cipher, start, info, end } = made;
  const ciphertext = gathered.slices.map((slice) => cipher.update(slice));
  if (!gathered.ended) yield* encryptStream(made, ciphertext, gathered.rest);
  else {
    const last = cipher.final();
    const encrypted = sequence(...info, value(context(0, 'primitive'), ...ciphertext, last));
    yield* coalesced(pieces(sequence(typeOf(spec), explicit(0, sequence(...start, encrypted, ...end())))));
  }
}

async function* encryptStream(
  { spec, cipher, start, info, end }: Plan,
  first: readonly Buffer[],
  rest: Gathered['rest'],
): AsyncGenerator<Buffer, void, void> {
  try {
    yield* coalesced([
      indefinite(Tag.sequence),
      typeOf(spec),
      indefinite(context(0)),
      indefinite(Tag.sequence),
      ...start.map(encode),
      indefinite(Tag.sequence),
      ...info.map(encode),
      indefinite(context(0)),
    ]);
    yield* pieces(octetString(...first));
    let part: Buffer[] = [];
    let length = 0;
    for await (const slice of rest) {
      const made = cipher.update(slice);
      part.push(made);
      length += made.length;
      if (length < PART) continue;
      yield* coalesced(pieces(octetString(...part)));
      part = [];
      length = 0;
    }
    yield* coalesced(pieces(octetString(...part, cipher.final())));
    // The ciphertext and the info around it; then what follows, and the three structures around all
    // of it.
    yield* coalesced([...marks(2), ...end().map(encode), ...marks(3)]);
  } finally {
    await rest.return();
  }
}

const marks = (count: number): Buffer[] => Array<Buffer>(count).fill(END_OF_CONTENTS);
