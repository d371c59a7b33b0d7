/**
 * The TLS policy of every listener: TLS 1.2 or newer, forward secrecy and AEAD only, no renegotiation.
 *
 * NCSC-NL guideline for TLS (2.1), RFC 9325 (BCP 195), RFC 8314 section 4.1. There is no built-in key: a listener without material of its
 * own does not start. The lists were graded A+ by testssl 3.2.1 on an implicit-TLS port.
 */
import { X509Certificate, constants, createPrivateKey } from 'node:crypto';
import { type SecureContextOptions, createSecureContext } from 'node:tls';
import type { Instant } from '../domain/units.ts';
import type { TlsMaterial } from './listener.ts';

/** The key or certificate cannot be served. The text says which, why and what to do; it never holds a part of the key. */
export class TlsMaterialError extends Error {
  override readonly name = 'TlsMaterialError';
}

const refuse = (what: string, why: string, cause?: unknown): never => {
  throw new TlsMaterialError(`Cannot use the TLS ${what}: ${why}`, cause === undefined ? undefined : { cause });
};

export const tlsPolicy = {
  minVersion: 'TLSv1.2',
  maxVersion: 'TLSv1.3',
  honorCipherOrder: true,
  ecdhCurve: 'X25519:prime256v1:secp384r1',
  ciphers: [
    'TLS_AES_256_GCM_SHA384',
    'TLS_CHACHA20_POLY1305_SHA256',
    'TLS_AES_128_GCM_SHA256',
    'ECDHE-ECDSA-AES256-GCM-SHA384',
    'ECDHE-RSA-AES256-GCM-SHA384',
    'ECDHE-ECDSA-CHACHA20-POLY1305',
    'ECDHE-RSA-CHACHA20-POLY1305',
    'ECDHE-ECDSA-AES128-GCM-SHA256',
    'ECDHE-RSA-AES128-GCM-SHA256',
  ].join(':'),
  sigalgs: [
    'ecdsa_secp256r1_sha256',
    'ecdsa_secp384r1_sha384',
    'ed25519',
    'rsa_pss_rsae_sha256',
    'rsa_pss_rsae_sha384',
    'rsa_pss_rsae_sha512',
    'rsa_pkcs1_sha256',
    'rsa_pkcs1_sha384',
    'rsa_pkcs1_sha512',
  ].join(':'),
  // Without it testssl finds client-initiated renegotiation on STARTTLS ports: a cheap way to burn the server's CPU.
  secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
  // Sessions resume only where they were made: in this gateway, not in another server that shares the certificate.
  sessionIdContext: 'sluis',
} as const satisfies SecureContextOptions;

export type ServerTlsOptions = typeof tlsPolicy & { readonly key: string; readonly cert: string };

/**
 * Options for `tls.createServer`, `tls.createSecureContext` and smtp-server. Throws TlsMaterialError when key or certificate is missing,
 * unreadable, not a pair, expired at `now`, or refused by OpenSSL (a key that is too short).
 */
export function serverTlsOptions(material: TlsMaterial, now: Instant): ServerTlsOptions {
  if (material.key.trim() === '') refuse('key', 'it is missing; set the path of a PEM file with the private key');
  if (material.certificate.trim() === '')
    refuse('certificate', 'it is missing; set the path of a PEM file with the certificate and its chain');
  const certificate = certificateOf(material.certificate);
  if (!certificate.checkPrivateKey(keyOf(material.key)))
    refuse(
      'certificate',
      `it (${certificate.subject}) does not belong to the key; give the key that the certificate was issued for, or put the server's own certificate first in its file`,
    );
  if (Date.parse(certificate.validTo) <= now)
    refuse(
      'certificate',
      `it (${certificate.subject}) expired on ${new Date(certificate.validTo).toISOString().slice(0, 10)}, a valid one is required; replace the file and run "sluis check"`,
    );
  const options = { ...tlsPolicy, key: material.key, cert: material.certificate };
  try {
    createSecureContext(options);
  } catch (error) {
    refuse(
      'key and certificate',
      `OpenSSL refuses them (${messageOf(error)}); use ECDSA P-256 or RSA of 2048 bits or more`,
      error,
    );
  }
  return options;
}

function certificateOf(pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (error) {
    return refuse('certificate', 'it is not a PEM certificate; expected "-----BEGIN CERTIFICATE-----"', error);
  }
}

function keyOf(pem: string): ReturnType<typeof createPrivateKey> {
  try {
    return createPrivateKey(pem);
  } catch (error) {
    return refuse(
      'key',
      'it is not a PEM private key without a passphrase; expected "-----BEGIN PRIVATE KEY-----"',
      error,
    );
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
