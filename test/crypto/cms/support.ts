/** People with keys of every kind, an authority for them, and ways to collect what streams. */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { makeRoot, type Authority, type KeyPair } from '../../../src/crypto/certificates/authority.ts';
import type { Certificate } from '../../../src/crypto/certificates/certificate.ts';
import type { Encoded } from '../../../src/crypto/certificates/der.ts';
import * as write from '../../../src/crypto/certificates/extensions.ts';
import type { Name } from '../../../src/crypto/certificates/distinguished-name.ts';
import type { SignatureAlgorithm } from '../../../src/crypto/certificates/signature.ts';
import { encodePem } from '../../../src/crypto/certificates/pem.ts';
import { Oid } from '../../../src/crypto/certificates/oids.ts';
import type { SigningOptions } from '../../../src/crypto/cms/sign.ts';
import type { Slices } from '../../../src/crypto/cms/slices.ts';
import type { TrustOptions } from '../../../src/crypto/cms/signer-checks.ts';
import { type Address, parseAddress } from '../../../src/domain/address.ts';
import { type Instant, days, instant } from '../../../src/domain/units.ts';
import { NOW, craft, keyNamed, named, seededBytes, value } from '../support.ts';

export const address = (text: string): Address => value(parseAddress(text));

export interface Person {
  readonly name: string;
  readonly address: Address;
  readonly certificate: Certificate;
  readonly privateKey: KeyPair['privateKey'];
  readonly certificatePem: string;
  readonly keyPem: string;
}

export type Kind = 'rsa2048' | 'p256' | 'p384' | 'ed25519';
const KINDS: readonly Kind[] = ['rsa2048', 'p256', 'p384', 'ed25519'];

const keysOf = (name: string, kind: Kind): Promise<KeyPair> =>
  kind === 'ed25519' ? Promise.resolve(generateKeyPairSync('ed25519')) : keyNamed(name, kind);

/** What a mail certificate says, each part replaceable. */
export interface Differences {
  readonly extensions?: readonly Encoded[];
  readonly notBefore?: number;
  readonly notAfter?: number;
  readonly email?: string;
  readonly algorithm?: SignatureAlgorithm;
  readonly issuer?: Name;
  readonly serial?: number;
  readonly signer?: KeyPair;
}

export const mailExtensions = (
  email: string,
  kind: Kind,
  keys: KeyPair,
  parts: { readonly usage?: Encoded; readonly purpose?: Encoded } = {},
): readonly Encoded[] => [
  write.basicConstraints(undefined),
  parts.usage ??
    write.keyUsage(
      'digitalSignature',
      ...(kind === 'ed25519'
        ? []
        : [kind.startsWith('rsa') ? ('keyEncipherment' as const) : ('keyAgreement' as const)]),
    ),
  parts.purpose ?? write.extendedKeyUsage(Oid.emailProtection),
  write.subjectKeyId(write.keyIdOf(keys.publicKey)),
  write.alternativeNames([email], []),
];

/** An authority and one person for each kind of key, all valid at one time. */
export interface Circle {
  readonly now: Instant;
  readonly authority: Authority;
  readonly people: Readonly<Record<Kind, Person>>;
}

export async function makePerson(
  name: string,
  kind: Kind,
  by: Circle['authority'],
  now: Instant,
  differences: Differences = {},
): Promise<Person> {
  const keys = await keysOf(`person ${name}`, kind);
  const email = differences.email ?? `${name}@praktijk.example`;
  const certificate = await craft({
    subject: named(name),
    issuer: by.certificate.subject,
    keys,
    signer: { privateKey: by.privateKey, publicKey: by.certificate.publicKey },
    notBefore: now - days(1),
    notAfter: now + days(100),
    extensions: mailExtensions(email, kind, keys),
    ...differences,
  });
  return {
    name,
    address: address(email),
    certificate,
    privateKey: keys.privateKey,
    certificatePem: encodePem('CERTIFICATE', certificate.der),
    keyPem: keys.privateKey.export({ format: 'pem', type: 'pkcs8' }) as string,
  };
}

export async function makeCircle(now: Instant): Promise<Circle> {
  const options = { subject: named('Mail Root'), keys: await keyNamed('mail root'), lifetime: days(900) };
  const authority = await makeRoot(options, { now: instant(now - days(2)), random: seededBytes(7) });
  const made = await Promise.all(
    KINDS.map(async (kind) => [kind, await makePerson(kind, kind, authority, now)] as const),
  );
  return { now, authority, people: Object.fromEntries(made) as Record<Kind, Person> };
}

let usual: Promise<Circle> | undefined;
/** The circle at `NOW`, made once in a test process. */
export const circle = (): Promise<Circle> => (usual ??= makeCircle(NOW));
export const person = async (kind: Kind): Promise<Person> => (await circle()).people[kind];
export const everybody = async (): Promise<readonly Person[]> => Object.values((await circle()).people);

export const signerOf = (who: Person): SigningOptions['signers'][number] => ({
  certificate: who.certificate,
  privateKey: who.privateKey,
});

/** Trust in the authority of a circle, by default the usual one; nobody is revoked. */
export async function trust(
  from: Address | undefined,
  more: Partial<TrustOptions> = {},
  within?: Circle,
): Promise<TrustOptions> {
  const { authority, now } = within ?? (await circle());
  return { anchors: [authority.certificate], now, revocation: () => ({ kind: 'good' }), address: from, ...more };
}

export async function collect(slices: Slices): Promise<Buffer> {
  const held: Uint8Array[] = [];
  for await (const slice of slices) held.push(slice);
  return Buffer.concat(held);
}

/** A sink, and what came into it. */
export function bucket(): { readonly take: (slice: Uint8Array) => void; readonly octets: () => Buffer } {
  const held: Uint8Array[] = [];
  return { take: (slice) => void held.push(slice), octets: () => Buffer.concat(held) };
}

/** The same octets in slices of this size. */
export const sliced = (octets: Uint8Array, size: number): readonly Uint8Array[] =>
  Array.from({ length: Math.ceil(octets.length / size) }, (_, i) => octets.subarray(i * size, (i + 1) * size));

export const random = (length: number): Uint8Array => randomBytes(length);
