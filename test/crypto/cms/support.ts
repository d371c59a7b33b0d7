/** People with keys of every kind, an authority for them, and ways to collect what streams. */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { makeRoot, type Authority, type KeyPair } from '../../../src/crypto/authority.ts';
import type { Certificate } from '../../../src/crypto/certificate.ts';
import type { Encoded } from '../../../src/crypto/der.ts';
import * as write from '../../../src/crypto/extensions.ts';
import { encodePem } from '../../../src/crypto/pem.ts';
import { Oid } from '../../../src/crypto/oids.ts';
import type { SigningOptions } from '../../../src/crypto/cms/sign.ts';
import type { Slices } from '../../../src/crypto/cms/slices.ts';
import type { TrustOptions } from '../../../src/crypto/cms/verify.ts';
import { type Address, parseAddress } from '../../../src/domain/address.ts';
import { days } from '../../../src/domain/units.ts';
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

let root: Promise<Authority> | undefined;
export const authority = (): Promise<Authority> =>
  (root ??= (async () =>
    makeRoot(
      { subject: named('Mail Root'), keys: await keyNamed('mail root'), lifetime: days(900) },
      { now: NOW, random: seededBytes(7) },
    ))());

export type Kind = 'rsa2048' | 'rsa3072' | 'p256' | 'p384' | 'ed25519';
const KINDS: readonly Kind[] = ['rsa2048', 'p256', 'p384', 'ed25519'];

const keysOf = (name: string, kind: Kind): Promise<KeyPair> =>
  kind === 'ed25519' ? Promise.resolve(generateKeyPairSync('ed25519')) : keyNamed(name, kind);

/** What a mail certificate says, each part replaceable. */
export interface Differences {
  readonly extensions?: readonly Encoded[];
  readonly notBefore?: number;
  readonly notAfter?: number;
  readonly subject?: string;
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

export async function makePerson(
  name: string,
  kind: Kind,
  differences: Differences = {},
  by?: Authority,
): Promise<Person> {
  const keys = await keysOf(`person ${name}`, kind);
  const issuer = by ?? (await authority());
  const email = `${name}@praktijk.example`;
  const { subject = name, ...rest } = differences;
  const certificate = await craft({
    subject: named(subject),
    issuer: issuer.certificate.subject,
    keys,
    signer: { privateKey: issuer.privateKey, publicKey: issuer.certificate.publicKey },
    extensions: mailExtensions(email, kind, keys),
    ...rest,
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

const people = new Map<Kind, Promise<Person>>();
/** One person for each kind of key, made once in a test process. */
export function person(kind: Kind): Promise<Person> {
  const found = people.get(kind) ?? makePerson(kind, kind);
  people.set(kind, found);
  return found;
}
export const everybody = (): Promise<readonly Person[]> => Promise.all(KINDS.map(person));

export const signerOf = (who: Person): SigningOptions['signers'][number] => ({
  certificate: who.certificate,
  privateKey: who.privateKey,
});

/** Trust in the authority above; nobody is revoked. */
export async function trust(from: Address | undefined, more: Partial<TrustOptions> = {}): Promise<TrustOptions> {
  return {
    anchors: [(await authority()).certificate],
    now: NOW,
    revocation: () => ({ kind: 'good' }),
    address: from,
    ...more,
  };
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
