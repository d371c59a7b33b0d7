/**
 * Writes a private key with its certificate and chain as a PKCS #12 file (RFC 7292): what Windows,
 * macOS, Thunderbird and Java import.
 *
 * Default: AES-256-CBC (PBES2) for key and certificates, MAC with SHA-256, as OpenSSL 3 writes it;
 * read by Windows 10 (1709) and later. `legacy`: 3DES and SHA-1, for older ones. In both the file
 * is only as good as its password: give a generated one.
 */
import type { KeyObject } from 'node:crypto';
import type { RandomBytes } from '../../domain/effects.ts';
import type { Certificate } from '../certificates/certificate.ts';
import {
  type Encoded,
  bmp,
  context,
  encode,
  explicit,
  integer,
  nothing,
  octetString,
  oid,
  sequence,
  sequenceOf,
  setOf,
  value,
} from '../certificates/der.ts';
import { Oid } from '../certificates/oids.ts';
import { type PasswordScheme, encryptWithPassword, passwordOctets, pkcs12Mac } from './pkcs5.ts';

export interface Pkcs12Options {
  readonly password: string;
  readonly scheme?: PasswordScheme;
  /** What the certificate store shows. */
  readonly friendlyName?: string;
  /** Issuers, nearest first; the root may be among them. */
  readonly chain?: readonly Certificate[];
  readonly random: RandomBytes;
}

// An attacker tries passwords against the cheaper of the two: the MAC. 50,000 rounds cost some 100
// ms of processor time here, twice that to import.
const ITERATIONS: Readonly<Record<PasswordScheme, { readonly cipher: number; readonly mac: number }>> = {
  aes256: { cipher: 100_000, mac: 50_000 },
  legacy: { cipher: 2000, mac: 2000 }, // old Windows is said to fail above a few thousand
};

const contentInfo = (type: string, content: Encoded): Encoded => sequence(oid(type), explicit(0, content));
const bag = (type: string, content: Encoded, attributes: readonly Encoded[]): Encoded =>
  sequence(oid(type), explicit(0, content), ...(attributes.length > 0 ? [setOf(attributes)] : []));
const certificateBag = ({ der }: Certificate, attributes: readonly Encoded[]): Encoded =>
  bag(Oid.certificateBag, sequence(oid(Oid.x509Certificate), explicit(0, octetString(der))), attributes);

/** DER. The key must be the certificate's. */
export async function makePkcs12(
  privateKey: KeyObject,
  certificate: Certificate,
  options: Pkcs12Options,
): Promise<Buffer> {
  const { password, scheme = 'aes256', friendlyName, chain = [], random } = options;
  if (password === '') throw new RangeError('Cannot protect a PKCS #12 file with an empty password');
  if (friendlyName !== undefined && friendlyName.length > 200)
    throw new RangeError('Cannot use a friendly name of more than 200 characters');
  const rounds = ITERATIONS[scheme];
  const attributes = [
    sequence(oid(Oid.localKeyId), setOf([octetString(Buffer.from(certificate.fingerprint.slice(0, 40), 'hex'))])),
    ...(friendlyName === undefined ? [] : [sequence(oid(Oid.friendlyName), setOf([bmp(friendlyName)]))]),
  ];

  const plainKey = privateKey.export({ type: 'pkcs8', format: 'der' });
  const key = await encryptWithPassword(scheme, password, plainKey, { random, iterations: rounds.cipher });
  plainKey.fill(0);
  const keySafe = sequence(bag(Oid.shroudedKeyBag, sequence(key.algorithm, octetString(key.encrypted)), attributes));

  const bags = [certificateBag(certificate, attributes), ...chain.map((issuer) => certificateBag(issuer, []))];
  const certificates = await encryptWithPassword(scheme, password, encode(sequenceOf(bags)), {
    random,
    iterations: rounds.cipher,
  });
  const hidden = sequence(
    integer(0),
    sequence(oid(Oid.data), certificates.algorithm, value(context(0, 'primitive'), certificates.encrypted)),
  );

  const safe = encode(sequence(contentInfo(Oid.encryptedData, hidden), contentInfo(Oid.data, octetString(keySafe))));
  const salt = Buffer.from(random(16));
  const hash = scheme === 'legacy' ? 'sha1' : 'sha256';
  const mac = await pkcs12Mac(hash, passwordOctets(password), { salt, iterations: rounds.mac }, [safe]);
  const digest = sequence(sequence(oid(hash === 'sha1' ? Oid.sha1 : Oid.sha256), nothing()), octetString(mac));
  return encode(
    sequence(
      integer(3),
      contentInfo(Oid.data, octetString(safe)),
      sequence(digest, octetString(salt), integer(rounds.mac)),
    ),
  );
}
