/**
 * The TLS policy of every listener: TLS 1.2 or newer, forward secrecy, no SHA-1 in the handshake,
 * no renegotiation, no compression.
 *
 * NCSC-NL TLS guidelines 2025-05, RFC 9325 (BCP 195), RFC 8314 section 4.1. There is no built-in
 * key: a listener without material of its own does not start. The lists of `intermediate` were
 * graded A+ by testssl 3.2.1 on an implicit-TLS port.
 */
import { X509Certificate, constants, createPrivateKey } from 'node:crypto';
import { type SecureContextOptions, createSecureContext } from 'node:tls';
import type { Instant } from '../domain/units.ts';
import { Unusable } from '../domain/unusable.ts';
import type { TlsMaterial, TlsProfile } from './listener.ts';

/**
 * The key or certificate cannot be served. The text says which one, why, and what to do; it never
 * has a part of the key in it.
 */
export class TlsMaterialError extends Unusable {
  override readonly name = 'TlsMaterialError';
}

const refuse = (what: string, why: string, cause?: unknown): never => {
  throw new TlsMaterialError(`Cannot use the TLS ${what}: ${why}`, cause === undefined ? undefined : { cause });
};

/** Octets of a ticket key: name, HMAC key, AES key (Node's `ticketKeys`). */
export const TICKET_KEY = 48;

const tls13Suites = ['TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256', 'TLS_AES_128_GCM_SHA256'];

const aeadSuites = [
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
];

// The guidelines grade all of these "phase out", and none "insufficient". An old system without
// ECDHE would have no forward secrecy, so there is no suite for it.
const cbcSuites = [
  'ECDHE-ECDSA-AES256-SHA384',
  'ECDHE-RSA-AES256-SHA384',
  'ECDHE-ECDSA-AES128-SHA256',
  'ECDHE-RSA-AES128-SHA256',
  'ECDHE-ECDSA-AES256-SHA',
  'ECDHE-RSA-AES256-SHA',
  'ECDHE-ECDSA-AES128-SHA',
  'ECDHE-RSA-AES128-SHA',
];

/**
 * X25519 and ML-KEM-768 together: an attacker who records the line today must break both. It needs
 * TLS 1.3, and OpenSSL 3.5 or newer.
 */
const POST_QUANTUM = 'X25519MLKEM768';

function canExchange(name: string): boolean {
  try {
    createSecureContext({ ecdhCurve: name });
    return true;
  } catch {
    return false;
  }
}

/**
 * The key exchanges that this Node's OpenSSL can offer, best first: OpenSSL refuses a whole list if
 * it does not know one name.
 */
export const keyExchanges: readonly string[] = [POST_QUANTUM, 'X25519', 'prime256v1', 'secp384r1'].filter(
  (name) => name !== POST_QUANTUM || canExchange(name),
);

// Lists in OpenSSL's notation. In a server's list the names behind `/` are used only with clients
// that cannot do what stands before it, even if they guessed otherwise. A client sends a key for
// the names with `*` at once, so that partners without the hybrid need no further round trip.
const listened = keyExchanges.join(':').replace(`${POST_QUANTUM}:`, `${POST_QUANTUM}/`);
const asked = keyExchanges.join(':').replace(`${POST_QUANTUM}:X25519:`, `*${POST_QUANTUM}:*X25519:`);

/**
 * What `sluis check` says of an OpenSSL without this key exchange: a distribution may link Node
 * with its own OpenSSL.
 */
export const postQuantumWarning = (offered: readonly string[] = keyExchanges): string | undefined =>
  offered.includes(POST_QUANTUM)
    ? undefined
    : `OpenSSL ${process.versions.openssl} behind this Node has no ${POST_QUANTUM}: what is recorded on the line today can be read once there are quantum computers; OpenSSL 3.5 has it`;

const common = {
  minVersion: 'TLSv1.2',
  maxVersion: 'TLSv1.3',
  honorCipherOrder: true,
  ecdhCurve: listened,
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
  // Without this, testssl finds client-initiated renegotiation on STARTTLS ports: a cheap way to
  // burn the server's CPU.
  secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
} as const satisfies SecureContextOptions;

// A session resumes only in this gateway and under the profile in which it was made. Otherwise a
// session of a legacy listener would take its suite along to a stricter one, since all listeners
// share one ticket key.
const profiles = {
  modern: { ...common, minVersion: 'TLSv1.3', ciphers: tls13Suites.join(':'), sessionIdContext: 'sluis-modern' },
  intermediate: { ...common, ciphers: [...tls13Suites, ...aeadSuites].join(':'), sessionIdContext: 'sluis' },
  legacy: {
    ...common,
    ciphers: [...tls13Suites, ...aeadSuites, ...cbcSuites].join(':'),
    sessionIdContext: 'sluis-legacy',
  },
} as const satisfies Record<TlsProfile, SecureContextOptions>;

export type ServerTlsOptions = (typeof profiles)[TlsProfile] & {
  readonly key: string[];
  readonly cert: string[];
  readonly ticketKeys?: Buffer;
};

/**
 * Options for `tls.createServer`, `tls.createSecureContext` and smtp-server. Throws
 * TlsMaterialError if there is no certificate, if two have the same key type (OpenSSL would
 * silently serve the last), or if a key or certificate is missing, unreadable, not a pair, expired
 * at `now`, or refused by OpenSSL (a key that is too short).
 */
export function serverTlsOptions(
  materials: readonly TlsMaterial[],
  now: Instant,
  profile: TlsProfile = 'intermediate',
): ServerTlsOptions {
  if (materials.length === 0) refuse('certificate', 'there is none; set key and certificate');
  const types = materials.map((material) => checkedKeyType(material, now));
  const twice = types.find((type, i) => types.indexOf(type) !== i);
  if (twice !== undefined)
    refuse('certificates', `two of them have a key of type ${twice}; give one with all host names for each key type`);
  const options = {
    ...profiles[profile],
    key: materials.map(({ key }) => key),
    cert: materials.map(({ certificate }) => certificate),
  };
  try {
    createSecureContext(options);
  } catch (error) {
    refuse(
      materials
        .map(({ files }) => `${named('key', files?.key)} and ${named('certificate', files?.certificate)}`)
        .join(', '),
      `OpenSSL refuses them (${messageOf(error)}); use ECDSA P-256 or RSA of 3072 bits or more`,
      error,
    );
  }
  return options;
}

/**
 * Options for `tls.connect` to a partner's server: the same versions and suites as `intermediate`,
 * always verified. No `session` is given, so each handshake is a full one, and the identity check
 * runs on every connection.
 */
export const clientTlsOptions = {
  minVersion: common.minVersion,
  maxVersion: common.maxVersion,
  ecdhCurve: asked,
  sigalgs: common.sigalgs,
  secureOptions: common.secureOptions,
  ciphers: [...tls13Suites, ...aeadSuites].join(':'),
  rejectUnauthorized: true,
} as const;

/**
 * Checks one key with its certificate, and gives the type of the key as OpenSSL distinguishes them.
 */
function checkedKeyType({ key, certificate: pem, files }: TlsMaterial, now: Instant): string {
  const [itsKey, itsCertificate] = [named('key', files?.key), named('certificate', files?.certificate)];
  if (key.trim() === '') refuse(itsKey, 'it is missing; set the path of a PEM file with the private key');
  if (pem.trim() === '')
    refuse(itsCertificate, 'it is missing; set the path of a PEM file with the certificate and its chain');
  const certificate = certificateOf(pem, itsCertificate);
  if (!certificate.checkPrivateKey(keyOf(key, itsKey)))
    refuse(
      itsCertificate,
      `it (${certificate.subject}) does not belong to the ${itsKey}; give the key that the certificate was issued for, or put the server's own certificate first in its file`,
    );
  if (Date.parse(certificate.validTo) <= now)
    refuse(
      itsCertificate,
      `it (${certificate.subject}) expired on ${new Date(certificate.validTo).toISOString().slice(0, 10)}, a valid one is required; replace the file and run "sluis check"`,
    );
  return (certificate.publicKey.asymmetricKeyType ?? 'unknown').toUpperCase();
}

/**
 * Names the file: there may be two certificates, and listeners with their own, so "the certificate"
 * may be any of them.
 */
const named = (what: 'key' | 'certificate', file: string | undefined): string =>
  file === undefined ? what : `${what} "${file}"`;

function certificateOf(pem: string, what: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (error) {
    return refuse(what, 'it is not a PEM certificate; expected "-----BEGIN CERTIFICATE-----"', error);
  }
}

function keyOf(pem: string, what: string): ReturnType<typeof createPrivateKey> {
  try {
    return createPrivateKey(pem);
  } catch (error) {
    return refuse(
      what,
      'it is not a PEM private key without a passphrase; expected "-----BEGIN PRIVATE KEY-----"',
      error,
    );
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
