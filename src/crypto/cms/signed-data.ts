/**
 * Reads SignedData (RFC 5652 section 5) from a stream. Nothing is judged here: `verify.ts` does.
 */
import { type Result } from '../../domain/result.ts';
import { type Element, type Unreadable, readingSlowly } from '../certificates/ber.ts';
import { oidValue, smallInteger } from '../certificates/ber-values.ts';
import { type Certificate, readCertificate } from '../certificates/certificate.ts';
import { Tag, context, encode, value } from '../certificates/der.ts';
import { Oid } from '../certificates/oids.ts';
import type { Hash, SignatureAlgorithm } from '../certificates/signature.ts';
import { readDigest, readSignerAlgorithm } from './algorithms.ts';
import { type CmsAttribute, readAttributes } from './attributes.ts';
import { BerStream } from './ber-stream.ts';
import { enterContentInfo, leaveContentInfo } from './content-info.ts';
import { type Identifier, readIdentifier } from './identifier.ts';
import type { CmsLimits } from './limits.ts';
import type { Sink, Slices } from './slices.ts';

export interface SignerInfo {
  readonly identifier: Identifier;
  /** The digest; undefined: one that we do not know. */
  readonly digest: Hash | undefined;
  readonly algorithm: SignatureAlgorithm;
  /** Both AlgorithmIdentifiers as encoded in the signer. */
  readonly encoded: { readonly digest: Element; readonly algorithm: Element };
  /** Undefined: the signature is over the content itself. */
  readonly attributes?: {
    /** The SET that the signature is over. */
    readonly signed: Buffer;
    readonly list: readonly CmsAttribute[];
  };
  readonly signature: Buffer;
}

export interface SignedData {
  /** Dotted identifier of what is inside. */
  readonly contentType: string;
  /** Hashes that were announced before the content. */
  readonly digests: readonly Hash[];
  /** Octets of the content inside; undefined: there is none, the signature is detached. */
  readonly octets: number | undefined;
  readonly certificates: readonly Certificate[];
  /** Certificates in the bag that could not be read; they are passed over. */
  readonly unreadable: number;
  /** Revocation lists in the bag, as they were encoded. */
  readonly crls: readonly Buffer[];
  readonly signers: readonly SignerInfo[];
}

/** Reads a certificate; a caller may remember those it has seen. */
export type CertificateReader = (der: Buffer) => Result<Certificate, Unreadable>;

export interface ReadSignedOptions {
  readonly limits: CmsLimits;
  readonly readCertificate?: CertificateReader;
  /**
   * Called once the announced hashes are known and content follows; the answer takes the content.
   */
  readonly onContent: (digests: readonly Hash[]) => Sink;
}

function readBag(
  bag: Element | undefined,
  limits: CmsLimits,
  read: CertificateReader,
): Pick<SignedData, 'certificates' | 'unreadable'> {
  const certificates: Certificate[] = [];
  let unreadable = 0;
  let count = 0;
  for (const each of bag?.children() ?? []) {
    if (++count > limits.maxCertificates)
      throw each.error('limit', `there are more than ${limits.maxCertificates} certificates`);
    // Attribute certificates and the like have other tags.
    const found = each.tag === Tag.sequence ? read(Buffer.from(each.raw)) : undefined;
    if (found?.ok === true) certificates.push(found.value);
    else unreadable++;
  }
  return { certificates, unreadable };
}

/**
 * The octets that were signed: the attributes as a SET with a definite length, in the order in
 * which they came (as OpenSSL does).
 */
function asSet(attributes: Element): Buffer {
  return encode(value(Tag.set, attributes.content));
}

function readSigner(element: Element): SignerInfo {
  const inside = element.as(Tag.sequence, 'signer').children();
  smallInteger(inside.next('version'), 'version');
  const identifier = readIdentifier(inside.next('signer identifier'));
  const digestAlgorithm = inside.next('digest algorithm');
  const digest = readDigest(digestAlgorithm);
  const attributes = inside.optional(context(0), 'signed attributes');
  const algorithm = inside.next('signature algorithm');
  const signature = inside.next('signature', Tag.octetString).content;
  inside.optional(context(1), 'unsigned attributes');
  inside.finish('signer');
  return {
    identifier,
    digest,
    algorithm: readSignerAlgorithm(algorithm, digest),
    encoded: { digest: digestAlgorithm, algorithm },
    signature,
    ...(attributes && { attributes: { signed: asSet(attributes), list: readAttributes(attributes) } }),
  };
}

function readSigners(set: Element, limits: CmsLimits): readonly SignerInfo[] {
  const found: SignerInfo[] = [];
  for (const each of set.children()) {
    if (found.length >= limits.maxSigners)
      throw each.error('limit', `there are more than ${limits.maxSigners} signers`);
    found.push(readSigner(each));
  }
  return found;
}

function readDigests(set: Element): readonly Hash[] {
  const all = [...set.children()].map(readDigest);
  return [...new Set(all.filter((hash) => hash !== undefined))];
}

/** Hands the content on; resolves to its octets, undefined if there is none. */
async function readContent(stream: BerStream, sink: () => Sink): Promise<number | undefined> {
  if ((await stream.nextTag()) !== context(0)) return undefined;
  await stream.enter('content', context(0));
  const take = sink();
  let octets = 0;
  for await (const slice of stream.octets('content', Tag.octetString)) {
    octets += slice.length;
    await take(slice);
  }
  await stream.leave('content');
  return octets;
}

async function read(stream: BerStream, options: ReadSignedOptions): Promise<SignedData> {
  const { limits } = options;
  await enterContentInfo(stream, [Oid.signedData], 'signed data');
  smallInteger(await stream.element('version'), 'version');
  const digests = readDigests(await stream.element('digest algorithms', Tag.set));
  await stream.enter('content info', Tag.sequence);
  const contentType = oidValue(await stream.element('content type'), 'content type');
  const octets = await readContent(stream, () => options.onContent(digests));
  await stream.leave('content info');
  const bag = await stream.optional('certificates', context(0));
  const lists = await stream.optional('revocation lists', context(1));
  const signers = readSigners(await stream.element('signers', Tag.set), limits);
  await leaveContentInfo(stream, 'signed data');
  return {
    contentType,
    digests,
    octets,
    ...readBag(bag, limits, options.readCertificate ?? readCertificate),
    crls: [...(lists?.children() ?? [])].flatMap((list) => (list.tag === Tag.sequence ? [list.raw] : [])),
    signers,
  };
}

/** Reads the whole; the content goes to the sink on the way, and proves nothing yet. */
export async function readSignedData(
  source: Slices,
  options: ReadSignedOptions,
): Promise<Result<SignedData, Unreadable>> {
  const stream = new BerStream(source, options.limits);
  try {
    return await readingSlowly('signed message', () => read(stream, options));
  } finally {
    await stream.close();
  }
}

/** Describes a SignedData without its content, for inspection. */
export const describeSignedData = (source: Slices, limits: CmsLimits): Promise<Result<SignedData, Unreadable>> =>
  readSignedData(source, { limits, onContent: () => () => undefined });

/**
 * Only the content inside, as a source: for a second pass over what was read whole before. Throws
 * `BerError`.
 */
export async function* signedContent(source: Slices, limits: CmsLimits): AsyncGenerator<Buffer, void, void> {
  const stream = new BerStream(source, limits);
  try {
    await enterContentInfo(stream, [Oid.signedData], 'signed data');
    await stream.element('version');
    await stream.element('digest algorithms');
    await stream.enter('content info', Tag.sequence);
    await stream.element('content type');
    await stream.enter('content', context(0));
    yield* stream.octets('content', Tag.octetString);
  } finally {
    await stream.close();
  }
}
