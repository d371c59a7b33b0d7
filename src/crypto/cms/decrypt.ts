/**
 * Reads EnvelopedData and AuthEnvelopedData from a stream, and decrypts on the way.
 *
 * The decrypted octets go to a sink before anything proves them: a tag comes last, and CBC has
 * none. The caller stages them where nobody else looks and throws them away unless the outcome is
 * `opened`. Every failure behind the choice of a key is one answer, `damaged`.
 */
import { type Decipheriv, type KeyObject, createDecipheriv } from 'node:crypto';
import { type Result, fail, ok } from '../../domain/result.ts';
import { BerError, type Element, readingSlowly } from '../certificates/ber.ts';
import { oidValue, smallInteger } from '../certificates/ber-values.ts';
import type { Certificate } from '../certificates/certificate.ts';
import { Tag, context, encode, value } from '../certificates/der.ts';
import { Oid } from '../certificates/oids.ts';
import { type ReadCipher, readCipher } from './algorithms.ts';
import { type CmsAttribute, readAttributes, single } from './attributes.ts';
import { BerStream } from './ber-stream.ts';
import { CcmOpening, ccmHolds } from './ccm.ts';
import { enterContentInfo, leaveContentInfo } from './content-info.ts';
import { tagWithout } from './ghash.ts';
import { CMS_LIMITS, type CmsLimits } from './limits.ts';
import type { CmsProblem } from './problem.ts';
import { type RecipientInfo, contentKeyFor, readRecipients } from './recipients.ts';
import type { Sink, Slices } from './slices.ts';

export interface DecryptionKey {
  readonly certificate: Certificate;
  readonly privateKey: KeyObject;
}

export interface DecryptOptions {
  /** Keys to try, the present one first; old ones are kept for old mail. */
  readonly keys: readonly DecryptionKey[];
  readonly limits?: CmsLimits;
}

/** What a message shows without a key. */
export interface EnvelopeDescription {
  readonly kind: 'enveloped' | 'auth-enveloped';
  readonly recipients: readonly RecipientInfo[];
  /** OpenSSL's name, as `aes-256-cbc`. */
  readonly cipher: string;
  /** 3DES. */
  readonly weak: boolean;
  /** Dotted identifier of what is inside. */
  readonly contentType: string;
  /** Octets of ciphertext. */
  readonly octets: number;
}

/**
 * `authenticated: false` (CBC): the content may have been changed on the way; only a valid
 * signature inside says that it was not.
 */
export interface Opened extends EnvelopeDescription {
  readonly authenticated: boolean;
  /** Certificate whose key opened the message. */
  readonly certificate: Certificate;
  /** Attributes that the tag covers; empty with CBC. */
  readonly attributes: readonly CmsAttribute[];
  /** Attributes that nothing covers. */
  readonly unprotected: readonly CmsAttribute[];
}

/** Longest additional data that are processed. */
const MAX_ADDITIONAL = 16 * 1024;

interface Chosen {
  readonly key: Buffer;
  readonly certificate: Certificate;
}

/** Thrown inside this file; the caller gets `no-key`. */
class NoKey extends Error {
  override readonly name = 'NoKey';
}

function choose(recipients: readonly RecipientInfo[], keys: readonly DecryptionKey[], { cipher }: ReadCipher): Chosen {
  let understood = true;
  for (const { certificate, privateKey } of keys) {
    const found = contentKeyFor(recipients, certificate, privateKey, cipher.key);
    if (found.kind === 'key') return { key: found.key, certificate };
    if (found.kind === 'not-understood') understood = false;
  }
  if (understood) throw new NoKey();
  throw new BerError('unsupported', 0, 'the content key is encrypted in a way that is not understood');
}

/** Decrypts the slices that pass; `end` tells whether the content makes sense. */
interface Opening {
  take(slice: Buffer): void | Promise<void>;
  /** False: the content makes no sense. `additional`: the attributes as a SET. */
  end(mac: Buffer | undefined, additional: Buffer | undefined): Promise<boolean>;
}

/** Decrypts GCM and CBC in one pass. An error of the cipher is not reported before the end. */
class StreamOpening implements Opening {
  octets = 0;
  private readonly decipher: Decipheriv & { setAuthTag?(tag: Buffer): unknown };
  private readonly key: Buffer;
  private readonly algorithm: ReadCipher;
  private readonly into: Sink;

  constructor(algorithm: ReadCipher, key: Buffer, into: Sink) {
    const { cipher, iv, tag } = algorithm;
    const options = cipher.authenticated ? { authTagLength: tag } : undefined;
    this.decipher = createDecipheriv(cipher.name, key, iv, options as undefined);
    this.key = key;
    this.algorithm = algorithm;
    this.into = into;
  }

  take(slice: Buffer): void | Promise<void> {
    this.octets += slice.length;
    const plain = this.decipher.update(slice);
    return plain.length > 0 ? this.into(plain) : undefined;
  }

  async end(mac: Buffer | undefined, additional: Buffer | undefined): Promise<boolean> {
    if (mac) {
      if (mac.length !== this.algorithm.tag) return false;
      this.decipher.setAuthTag?.(additional ? tagWithout(additional, mac, this.octets, this.key) : mac);
    }
    this.key.fill(0);
    try {
      const last = this.decipher.final();
      if (last.length > 0) await this.into(last);
      return true;
    } catch (error) {
      if (error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_OSSL')) return false;
      // GCM's own error has no code.
      if (error instanceof Error && /unable to authenticate data/i.test(error.message)) return false;
      throw error;
    }
  }
}

/**
 * Decrypts CCM, whose tag begins with the length and the attributes: this is the second pass, and
 * the first one has read them.
 */
class SecondPass implements Opening {
  readonly #ccm: CcmOpening;
  readonly #key: Buffer;
  readonly #into: Sink;

  constructor({ iv, tag }: ReadCipher, key: Buffer, seen: Read, into: Sink) {
    const { octets } = seen.description;
    this.#ccm = new CcmOpening({ key, nonce: iv, tag, octets, additional: additionalOf(seen.attributes) });
    this.#key = key;
    this.#into = into;
  }

  take(slice: Buffer): void | Promise<void> {
    return this.#into(this.#ccm.update(slice));
  }

  end(mac: Buffer | undefined): Promise<boolean> {
    this.#key.fill(0);
    return Promise.resolve(mac !== undefined && this.#ccm.end(mac));
  }
}

interface Read {
  readonly description: EnvelopeDescription;
  readonly opening: Opening | undefined;
  readonly mac: Buffer | undefined;
  readonly attributes: Element | undefined;
  readonly unprotected: Element | undefined;
}

type Open = (recipients: readonly RecipientInfo[], algorithm: ReadCipher) => Opening | undefined;

async function read(stream: BerStream, limits: CmsLimits, open: Open): Promise<Read> {
  const type = await enterContentInfo(stream, [Oid.envelopedData, Oid.authEnvelopedData], 'an encrypted message');
  const kind = type === Oid.envelopedData ? 'enveloped' : 'auth-enveloped';
  smallInteger(await stream.element('version'), 'version');
  await stream.optional('originator', context(0));
  const recipients = readRecipients(await stream.element('recipients', Tag.set), limits);
  await stream.enter('encrypted content info', Tag.sequence);
  const contentType = oidValue(await stream.element('content type'), 'content type');
  const element = await stream.element('content cipher');
  const algorithm = readCipher(element);
  if (algorithm.cipher.authenticated !== (kind === 'auth-enveloped'))
    throw element.error('unsupported', `a message of kind ${kind} with the cipher ${algorithm.cipher.name}`);
  const opening = open(recipients, algorithm);
  let octets = 0;
  for await (const slice of stream.octets('encrypted content', 0x80)) {
    octets += slice.length;
    await opening?.take(slice);
  }
  await stream.leave('encrypted content info');
  const authenticated = kind === 'auth-enveloped';
  const attributes = authenticated ? await stream.optional('authenticated attributes', context(1)) : undefined;
  const mac = authenticated ? (await stream.element('tag', Tag.octetString)).content : undefined;
  const unprotected = await stream.optional('unprotected attributes', context(authenticated ? 2 : 1));
  await leaveContentInfo(stream, 'encrypted message');
  const { name, weak } = algorithm.cipher;
  return {
    description: { kind, recipients, cipher: name, weak, contentType, octets },
    opening,
    mac,
    attributes,
    unprotected,
  };
}

/**
 * A content of another type than id-data needs its type among the attributes (RFC 5083 section
 * 2.1): the tag covers no other place that tells it.
 */
function coversType(contentType: string, attributes: readonly CmsAttribute[]): boolean {
  const found = single(attributes, Oid.contentType);
  if (found.kind === 'absent') return contentType === Oid.data;
  return found.kind === 'value' && oidValue(found.element, 'content type') === contentType;
}

const additionalOf = (attributes: Element | undefined): Buffer | undefined => {
  if (!attributes) return undefined;
  const set = encode(value(Tag.set, attributes.content));
  if (set.length > MAX_ADDITIONAL)
    throw attributes.error('limit', `the authenticated attributes have more than ${MAX_ADDITIONAL} octets`);
  return set;
};

interface Both {
  readonly chosen: Chosen;
  readonly algorithm: ReadCipher;
}

async function decryptFrom(
  source: () => Slices,
  into: Sink,
  { keys, limits = CMS_LIMITS }: DecryptOptions,
): Promise<Opened | undefined> {
  const found: { both?: Both } = {};
  let seen = await readWith(source(), limits, (recipients, algorithm) => {
    const chosen = choose(recipients, keys, algorithm);
    found.both = { chosen, algorithm };
    return algorithm.cipher.mode === 'ccm' ? undefined : new StreamOpening(algorithm, chosen.key, into);
  });
  if (found.both === undefined) throw new NoKey();
  const { chosen, algorithm } = found.both;
  if (algorithm.cipher.mode === 'ccm') {
    if (!ccmHolds({ nonce: algorithm.iv, octets: seen.description.octets })) return undefined;
    const second = new SecondPass(algorithm, chosen.key, seen, into);
    seen = await readWith(source(), limits, () => second);
  }
  const { description, opening, mac, attributes, unprotected } = seen;
  const sound = (await opening?.end(mac, additionalOf(attributes))) === true;
  const covered = attributes ? readAttributes(attributes) : [];
  const authenticated = description.kind === 'auth-enveloped';
  if (!sound || (authenticated && !coversType(description.contentType, covered))) return undefined;
  return {
    ...description,
    authenticated,
    certificate: chosen.certificate,
    attributes: covered,
    unprotected: unprotected ? readAttributes(unprotected) : [],
  };
}

async function readWith(source: Slices, limits: CmsLimits, open: Open): Promise<Read> {
  const stream = new BerStream(source, limits);
  try {
    return await read(stream, limits, open);
  } finally {
    await stream.close();
  }
}

/**
 * Decrypts with the first of the keys that the message is for. What went to `into` may be used only
 * where the answer is a value; it may be nonsense before that, and where the answer is `damaged`.
 * AES-CCM is read twice: a source that is a stream has to be given as a function.
 */
export async function decrypt(
  source: Slices | (() => Slices),
  into: Sink,
  options: DecryptOptions,
): Promise<Result<Opened, CmsProblem>> {
  const again = typeof source === 'function' ? source : () => source;
  try {
    const read = await readingSlowly('encrypted message', () => decryptFrom(again, into, options));
    if (!read.ok) return read;
    return read.value
      ? ok(read.value)
      : fail({ kind: 'damaged', text: 'Cannot decrypt the message: it was damaged, changed, or encrypted wrongly' });
  } catch (error) {
    if (!(error instanceof NoKey)) throw error;
    return fail({ kind: 'no-key', text: 'Cannot decrypt the message: it is encrypted to none of the keys at hand' });
  }
}

/** Describes what can be seen without a key; reads the whole message. */
export async function describeEnvelope(
  source: Slices,
  limits: CmsLimits = CMS_LIMITS,
): Promise<Result<EnvelopeDescription, CmsProblem>> {
  return await readingSlowly(
    'encrypted message',
    async () => (await readWith(source, limits, () => undefined)).description,
  );
}
