/**
 * Reads a PKCS #12 file (RFC 7292, RFC 9579): from OpenSSL (3 and `-legacy`), Windows, Java, NSS.
 * BER, since some of these write it so.
 *
 * The password is checked by the file's MAC before anything inside is looked at.
 */
import { createPrivateKey, createPublicKey, timingSafeEqual, type KeyObject } from 'node:crypto';
import { JOIN_LIMIT, joinSmall } from '../../platform/bytes.ts';
import { type Result, fail } from '../../domain/result.ts';
import { BER_LIMITS, BerError, type Element, type Unreadable, parse, readingSlowly } from '../certificates/ber.ts';
import { oidValue, smallInteger, textValue } from '../certificates/ber-values.ts';
import { type Certificate, readCertificate } from '../certificates/certificate.ts';
import { Tag, context } from '../certificates/der.ts';
import { Oid } from '../certificates/oids.ts';
import { MAC_HASHES, decryptWithPassword, passwordOctets, pbmac1, pkcs12Mac, readIterations } from './pkcs5.ts';

export interface Pkcs12Key {
  readonly privateKey: KeyObject;
  /** The certificate for this key, where the file has it. */
  readonly certificate?: Certificate;
  readonly friendlyName?: string;
}
export interface Pkcs12Contents {
  readonly keys: readonly Pkcs12Key[];
  /** All certificates, those of keys included. */
  readonly certificates: readonly Certificate[];
}
export interface Pkcs12Problem {
  /** `wrong-password`: or the file was damaged; the two cannot be told apart. */
  readonly kind: Unreadable['kind'] | 'wrong-password';
  readonly text: string;
  readonly offset?: number;
}

const LIMITS = { ...BER_LIMITS, maxOctets: JOIN_LIMIT };
const MAX_BAGS = 200;

const octets = (element: Element): Buffer => joinSmall([...element.octetPieces()]);
const stringOf = (element: Element, what: string): Buffer =>
  octets(element.tag === 0x24 ? element : element.as(Tag.octetString, what));

class WrongPassword extends Error {}

async function checkMac(data: Element | undefined, password: string, content: Buffer): Promise<void> {
  if (!data)
    throw new BerError(
      'unsupported',
      0,
      'the file has no MAC, so nothing shows that it is whole; export it again with one',
    );
  const inside = data.as(Tag.sequence, 'MAC').children();
  const info = inside.next('digest', Tag.sequence).children();
  const algorithm = info.next('digest algorithm', Tag.sequence).children();
  const id = algorithm.next('digest algorithm');
  const dotted = oidValue(id, 'digest algorithm');
  const wanted = stringOf(info.next('digest'), 'digest');
  const salt = stringOf(inside.next('salt'), 'salt');
  const count = inside.optional(Tag.integer, 'iteration count');
  const fits = (mac: Buffer): boolean => mac.length === wanted.length && timingSafeEqual(mac, wanted);
  if (dotted === Oid.pbmac1) {
    if (!fits(await pbmac1(algorithm.next('PBMAC1 parameters'), password, [content]))) throw new WrongPassword();
    return;
  }
  const hash = MAC_HASHES.get(dotted);
  if (!hash) throw id.error('unsupported', `the MAC's hash ${dotted} is unknown`);
  const from = { salt, iterations: count ? readIterations(count) : 1 };
  if (fits(await pkcs12Mac(hash, passwordOctets(password), from, [content]))) return;
  // The format tells "no password" and "the empty password" apart, people do not: both are tried.
  if (password !== '' || !fits(await pkcs12Mac(hash, Buffer.alloc(0), from, [content]))) throw new WrongPassword();
}

interface Bag {
  readonly keyId: string | undefined;
  readonly friendlyName: string | undefined;
}
interface Found {
  readonly keys: (Bag & { readonly privateKey: KeyObject })[];
  readonly certificates: (Bag & { readonly certificate: Certificate })[];
  bags: number;
}

function readAttributes(set: Element | undefined): Bag {
  let keyId: string | undefined;
  let friendlyName: string | undefined;
  for (const attribute of set?.children() ?? []) {
    const inside = attribute.as(Tag.sequence, 'attribute').children();
    const type = oidValue(inside.next('attribute type'), 'attribute type');
    const values = inside.next('attribute values', Tag.set).children();
    if (values.done) continue;
    const first = values.next('attribute value');
    if (type === Oid.localKeyId) keyId = first.content.toString('hex', 0, 64);
    if (type === Oid.friendlyName) friendlyName = textValue(first, 'friendly name')?.slice(0, 200);
  }
  return { keyId, friendlyName };
}

function readKey(der: Buffer, at: Element): KeyObject {
  try {
    return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  } catch {
    throw at.error('unsupported', 'a private key is of a kind that cannot be used');
  } finally {
    der.fill(0);
  }
}

async function readBag(bag: Element, password: string, found: Found): Promise<void> {
  if (++found.bags > MAX_BAGS) throw bag.error('limit', `there are more than ${MAX_BAGS} bags`);
  const inside = bag.as(Tag.sequence, 'bag').children();
  const type = oidValue(inside.next('kind of bag'), 'kind of bag');
  const content = inside.next('bag content', context(0)).children().next('bag content');
  const attributes = readAttributes(inside.optional(Tag.set, 'bag attributes'));
  if (type === Oid.keyBag) found.keys.push({ ...attributes, privateKey: readKey(Buffer.from(content.raw), content) });
  else if (type === Oid.shroudedKeyBag) {
    const parts = content.as(Tag.sequence, 'encrypted key').children();
    const algorithm = parts.next('encryption algorithm');
    const plain = await decryptWithPassword(
      algorithm,
      password,
      stringOf(parts.next('encrypted key'), 'encrypted key'),
    );
    if (!plain) throw content.error('malformed', 'a key cannot be decrypted with the password of the file');
    found.keys.push({ ...attributes, privateKey: readKey(plain, content) });
  } else if (type === Oid.certificateBag) {
    const parts = content.as(Tag.sequence, 'certificate bag').children();
    const kind = parts.next('kind of certificate');
    if (oidValue(kind, 'kind of certificate') !== Oid.x509Certificate) return;
    const der = stringOf(parts.next('certificate', context(0)).children().next('certificate'), 'certificate');
    const read = readCertificate(der);
    if (!read.ok) throw content.error(read.error.kind, read.error.text);
    found.certificates.push({ ...attributes, certificate: read.value });
  }
}

async function readSafe(contents: Buffer, password: string, found: Found): Promise<void> {
  for (const bag of parse(contents, LIMITS).as(Tag.sequence, 'safe').children()) await readBag(bag, password, found);
}

async function readContent(info: Element, password: string, found: Found): Promise<void> {
  const inside = info.as(Tag.sequence, 'content').children();
  const id = inside.next('kind of content');
  const type = oidValue(id, 'kind of content');
  const content = inside.next('content', context(0)).children().next('content');
  if (type === Oid.data) return readSafe(stringOf(content, 'content'), password, found);
  if (type !== Oid.encryptedData)
    throw id.error('unsupported', `a part is of kind ${type}; only password protection is understood`);
  const parts = content.as(Tag.sequence, 'encrypted data').children();
  smallInteger(parts.next('version'), 'version');
  const hidden = parts.next('encrypted content', Tag.sequence).children();
  hidden.next('kind of content');
  const algorithm = hidden.next('encryption algorithm');
  const encrypted = hidden.next('encrypted content');
  if (encrypted.tag !== context(0)) encrypted.as(context(0, 'primitive'), 'encrypted content');
  const plain = await decryptWithPassword(algorithm, password, octets(encrypted));
  if (!plain) throw content.error('malformed', 'a part cannot be decrypted with the password of the file');
  return readSafe(plain, password, found);
}

function pair({ keys, certificates }: Found): Pkcs12Contents {
  return {
    certificates: certificates.map(({ certificate }) => certificate),
    keys: keys.map(({ privateKey, friendlyName }) => {
      const publicKey = createPublicKey(privateKey);
      const own = certificates.find(({ certificate }) => certificate.publicKey.equals(publicKey));
      const name = friendlyName ?? own?.friendlyName;
      return {
        privateKey,
        ...(own && { certificate: own.certificate }),
        ...(name !== undefined && { friendlyName: name }),
      };
    }),
  };
}

async function readFile(file: Buffer, password: string): Promise<Pkcs12Contents> {
  const outer = parse(file, LIMITS).as(Tag.sequence, 'file').children();
  const version = outer.next('version');
  if (smallInteger(version, 'version') !== 3) throw version.error('unsupported', 'the file is not of version 3');
  const safe = outer.next('content', Tag.sequence).children();
  const type = safe.next('kind of content');
  if (oidValue(type, 'kind of content') !== Oid.data)
    throw type.error('unsupported', 'the file is protected with a public key; only password protection is understood');
  const content = stringOf(safe.next('content', context(0)).children().next('content'), 'content');
  await checkMac(outer.optional(Tag.sequence, 'MAC'), password, content);
  const found: Found = { keys: [], certificates: [], bags: 0 };
  for (const info of parse(content, LIMITS).as(Tag.sequence, 'safes').children())
    await readContent(info, password, found);
  return pair(found);
}

/** Keys and certificates of a file of at most 256 KB. */
export async function readPkcs12(file: Buffer, password: string): Promise<Result<Pkcs12Contents, Pkcs12Problem>> {
  try {
    return await readingSlowly('PKCS #12 file', async () => readFile(file, password));
  } catch (error) {
    if (!(error instanceof WrongPassword)) throw error;
    return fail({
      kind: 'wrong-password',
      text: 'Cannot open the PKCS #12 file: the password is wrong, or the file was damaged',
    });
  }
}
