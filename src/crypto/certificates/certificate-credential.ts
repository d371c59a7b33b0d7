/**
 * How an account's certificate is registered, and which registrations a shown certificate meets.
 *
 * Three ways: by fingerprint (one certificate, also a self-signed one), by issuer and subject, or
 * by issuer and an alternative name (each outlives a renewal). The last two say nothing by
 * themselves: anyone can make a certificate with any names, so they hold only for one whose path
 * was found (`certificate-path.ts`).
 *
 * A registration is one short text, the same for every spelling of a name, so that a login is an
 * exact look-up in an index.
 */
import { createHash } from 'node:crypto';
import { type Certificate, emailsOf } from './certificate.ts';
import { type Name, looseNameKey } from './distinguished-name.ts';

export type CertificateMatch =
  | { readonly kind: 'fingerprint'; /** SHA-256, hexadecimal, with or without colons. */ readonly sha256: string }
  | { readonly kind: 'subject'; readonly issuer: Name; readonly subject: Name }
  | {
      readonly kind: 'alternative-name';
      readonly issuer: Name;
      /** `other`: "OID:text", for example the subscriber number in an UZI certificate. */
      readonly type: 'email' | 'dns' | 'other';
      readonly value: string;
    };

/** Key of a registration: `kind:hexadecimal`. Equal keys mean the same registration. */
export type CredentialKey = `${'fp' | 'subject' | 'san'}:${string}`;

const digest = (...parts: readonly string[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex');
const sanKey = (issuer: Name, type: string, value: string): CredentialKey =>
  `san:${digest(looseNameKey(issuer), type, type === 'other' ? value : value.normalize('NFC').toLowerCase())}`;

/**
 * What the registry keeps for a registration; undefined for a text that is not a fingerprint, and
 * for an empty name, which many certificates may have.
 */
export function credentialKey(match: CertificateMatch): CredentialKey | undefined {
  if (match.kind !== 'fingerprint' && match.issuer.length === 0) return undefined;
  if (match.kind === 'subject' && match.subject.length === 0) return undefined;
  if (match.kind === 'alternative-name') return sanKey(match.issuer, match.type, match.value);
  if (match.kind === 'subject') return `subject:${digest(looseNameKey(match.issuer), looseNameKey(match.subject))}`;
  const plain = match.sha256.replace(/[:\s]/g, '').toLowerCase();
  return /^[0-9a-f]{64}$/.test(plain) ? `fp:${plain}` : undefined;
}

/**
 * Every registration that `certificate` meets. Without a trusted path only the first, its
 * fingerprint, may be used.
 */
export function credentialKeys(certificate: Certificate, path: 'trusted' | 'untrusted'): readonly CredentialKey[] {
  const pin: CredentialKey = `fp:${certificate.fingerprint}`;
  if (path === 'untrusted') return [pin];
  const { issuer, subject, alternativeNames } = certificate;
  const named = alternativeNames.flatMap((name): readonly CredentialKey[] => {
    if (name.kind === 'dns') return [sanKey(issuer, 'dns', name.value)];
    return name.kind === 'other' ? [sanKey(issuer, 'other', `${name.oid}:${name.value}`)] : [];
  });
  const mails = emailsOf(certificate).map((email) => sanKey(issuer, 'email', email));
  return [pin, `subject:${digest(looseNameKey(issuer), looseNameKey(subject))}`, ...new Set([...named, ...mails])];
}

/** True if the certificate meets the registration. */
export function meets(certificate: Certificate, match: CertificateMatch, path: 'trusted' | 'untrusted'): boolean {
  const key = credentialKey(match);
  return key !== undefined && credentialKeys(certificate, path).includes(key);
}
