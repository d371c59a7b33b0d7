/**
 * The gateway's own authorities as they stand: which one signs now, with which key, and the chain
 * that goes with a certificate.
 *
 * Expected endings are RegistryError: the text names what is missing and the command that helps.
 */
import type { KeyObject } from 'node:crypto';
import type { Authority, RevocationPlace } from '../crypto/certificates/authority.ts';
import { type Certificate, readCertificate } from '../crypto/certificates/certificate.ts';
import { days, type Instant } from '../domain/units.ts';
import type { AuthorityRecord } from '../store/certificates.ts';
import { RegistryError } from '../store/registry.ts';
import { listUrl } from './crl-place.ts';
import type { CaParts } from './parts.ts';

export interface KnownAuthority {
  readonly record: AuthorityRecord;
  readonly certificate: Certificate;
}

/** An authority that can sign. */
export interface SigningAuthority extends KnownAuthority, Authority {}

export async function knownAuthorities({ store }: CaParts): Promise<readonly KnownAuthority[]> {
  const records = await store.certificates.listAuthorities();
  return records.map((record) => {
    const read = readCertificate(Buffer.from(record.der));
    if (!read.ok) throw new Error(`The certificate of authority ${record.id} cannot be read: ${read.error.text}`);
    return { record, certificate: read.value };
  });
}

const noAuthority = (): RegistryError =>
  new RegistryError('unknown', 'There is no certificate authority yet; make one with "sluis ca init --name NAME"');

export function currentOf(known: readonly KnownAuthority[], role: 'root' | 'issuing'): KnownAuthority {
  const found = known.find(({ record }) => record.role === role && record.current);
  if (found === undefined) throw noAuthority();
  return found;
}

/** The authority with its key out of the key folder. */
export async function withKey(parts: CaParts, known: KnownAuthority): Promise<SigningAuthority> {
  const { role, fingerprint } = known.record;
  if (role === 'cross') throw new RangeError('A cross certificate has no key of its own');
  const key = await parts.keys.load({ role, fingerprint });
  if (key.ok) return { ...known, privateKey: key.value };
  throw new RegistryError(
    'unknown',
    role === 'root' && key.error.kind === 'absent'
      ? 'The key of the root is not here: it was removed to be kept off line; give the exported file with --root FILE'
      : `The key of the ${role} authority cannot be used: ${key.error.text}; if another gateway of this store has it, it comes within 10 s, otherwise restore the key folder from its backup`,
  );
}

/** The root with a key that came from outside, such as the exported file. */
export function withGivenKey(root: KnownAuthority, privateKey: KeyObject, certificate: Certificate): SigningAuthority {
  if (certificate.fingerprint !== root.record.fingerprint)
    throw new RegistryError(
      'invalid',
      `The file holds another certificate than that of the current root (${root.record.fingerprint.slice(0, 16)}...); give the file that "sluis ca export-root" wrote last`,
    );
  return { ...root, privateKey };
}

/**
 * Issuers of `issuing`, nearest first: itself, what ties its root to other roots, its root. Expired
 * ones are left out.
 */
export function chainOf(
  known: readonly KnownAuthority[],
  issuing: KnownAuthority,
  now: Instant,
): readonly Certificate[] {
  const root = known.find(
    ({ record, certificate }) =>
      record.role === 'root' && certificate.subjectKeyId === issuing.certificate.authorityKeyId,
  );
  const crosses = known.filter(
    ({ record, certificate }) =>
      record.role === 'cross' && certificate.subjectKeyId === root?.certificate.subjectKeyId && record.notAfter > now,
  );
  return [issuing, ...crosses, ...(root === undefined ? [] : [root])].map(({ certificate }) => certificate);
}

export const placeOf = (parts: CaParts, issuing: Certificate): RevocationPlace => {
  const url = listUrl(parts, issuing);
  return url === undefined ? {} : { crlUrls: [url] };
};

/**
 * An authority that ends sooner than its certificates would: time for `renew-issuer` or
 * `renew-root`.
 */
export const endsSoon = ({ record }: KnownAuthority, now: Instant): boolean =>
  record.notAfter - now < days(record.role === 'root' ? 1825 : 820);
