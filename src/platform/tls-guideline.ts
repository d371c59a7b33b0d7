/**
 * The NCSC-NL TLS guidelines 2025-05, as Internet.nl tests them: grades what a server offers, in
 * four grades.
 *
 * Anything that the guidelines do not name is insufficient.
 */
import type { X509Certificate } from 'node:crypto';

export const grades = ['good', 'sufficient', 'phase out', 'insufficient'] as const;
export type Grade = (typeof grades)[number];

export const isWorse = (grade: Grade, than: Grade): boolean => grades.indexOf(grade) > grades.indexOf(than);

/** Grade of a version by Node's name: `TLSv1.3`. */
export const gradeVersion = (version: string): Grade =>
  version === 'TLSv1.3' ? 'good' : version === 'TLSv1.2' ? 'sufficient' : 'insufficient';

const goodSuites = ['TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'];
const sufficientSuites = ['TLS_AES_128_GCM_SHA256', 'TLS_AES_128_CCM_SHA256'];

/** By OpenSSL's name: `ECDHE-RSA-AES128-GCM-SHA256`, `TLS_AES_128_GCM_SHA256`. */
export function gradeSuite(name: string): Grade {
  if (goodSuites.includes(name)) return 'good';
  if (sufficientSuites.includes(name)) return 'sufficient';
  if (/^ECDHE-(ECDSA|RSA)-(AES(128|256)-GCM-SHA(256|384)|CHACHA20-POLY1305)$/.test(name)) return 'sufficient';
  if (/^ECDHE-ECDSA-AES(128|256)-CCM$/.test(name)) return 'sufficient';
  // CCM with a tag of 8 octets, anonymous and static-key exchanges, 3DES, RC4 and NULL are not
  // named at all.
  if (
    /^(ECDHE-(ECDSA|RSA)|DHE-RSA)-((AES|CAMELLIA)(128|256)|AES(128|256)-GCM|AES(128|256)-CCM|CHACHA20-POLY1305|ARIA(128|256)-GCM)(-SHA(256|384)?)?$/.test(
      name,
    )
  )
    return 'phase out';
  if (/^ECDHE-(ECDSA-|)ARIA(128|256)-GCM-SHA(256|384)$/.test(name)) return 'phase out';
  return 'insufficient';
}

const goodCurves = [
  // It is as good as X25519, which is a part of it, even if the other part breaks.
  'X25519MLKEM768',
  'X25519',
  'X448',
  'prime256v1',
  'secp384r1',
  'secp521r1',
  'brainpoolP256r1',
  'brainpoolP384r1',
  'brainpoolP512r1',
];

/** A curve of the key exchange or of a certificate's key, by OpenSSL's name. */
export const gradeCurve = (name: string): Grade => (goodCurves.includes(name) ? 'good' : 'insufficient');

/** Grades a certificate's key: RSA by its length, elliptic curves by name. */
export function gradeKey({ publicKey }: X509Certificate): { readonly text: string; readonly grade: Grade } {
  const { asymmetricKeyType: type = 'unknown', asymmetricKeyDetails: details } = publicKey;
  if (type === 'rsa' || type === 'rsa-pss') {
    const bits = details?.modulusLength ?? 0;
    return { text: `RSA ${bits}`, grade: bits >= 3072 ? 'good' : bits >= 2048 ? 'phase out' : 'insufficient' };
  }
  if (type === 'ec') {
    const curve = details?.namedCurve ?? 'unknown';
    return { text: `ECDSA ${curve}`, grade: gradeCurve(curve) };
  }
  return { text: type, grade: type === 'ed25519' || type === 'ed448' ? 'good' : 'insufficient' };
}
