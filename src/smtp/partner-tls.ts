/**
 * How a partner's server is recognised: by authorities, name, date, and the certificate or key if
 * one is pinned; and by the TLSA records of its host.
 *
 * Where there are TLSA records, one must be met. They stand in for the public authorities and the
 * name of the host, which are what holds when a partner's record says nothing; what the record says
 * (authorities, name, pins) must hold as well.
 *
 * RFC 8314 section 3, RFC 7817 (names in server certificates); a pin of the key is the one of RFC
 * 7469 section 2.4.
 */
import { X509Certificate, createHash } from 'node:crypto';
import { type ConnectionOptions, type PeerCertificate, checkServerIdentity } from 'node:tls';
import type { Destination, TlsaAnswer } from '../push/courier.ts';
import { defined } from '../domain/defined.ts';
import { type CertificatePin, formatPin } from '../domain/partner.ts';
import { clientTlsOptions } from '../platform/tls.ts';

/** The server showed neither a certificate nor a key that is pinned. */
export class WrongPin extends Error {
  override readonly name = 'WrongPin';
  readonly code = 'SLUIS_WRONG_PIN';
}

/** The host has TLSA records, or must have them, and what its server showed meets none. */
export class WrongTlsa extends Error {
  override readonly name = 'WrongTlsa';
  readonly code = 'SLUIS_WRONG_TLSA';
}

export type TlsaRecords = Extract<TlsaAnswer, { kind: 'records' }>;

const sha256 = (octets: Uint8Array): string => createHash('sha256').update(octets).digest('hex');

/** The pins that this certificate would meet. */
export const pinsOf = (certificate: X509Certificate): readonly [certificate: CertificatePin, key: CertificatePin] => [
  { of: 'certificate', sha256: sha256(certificate.raw) },
  { of: 'key', sha256: sha256(certificate.publicKey.export({ type: 'spki', format: 'der' })) },
];

export const nameOf = ({ certificateName, host }: Destination): string => certificateName ?? host;

/**
 * Options for the handshake with the partner. With `tlsa`, and without authorities in the partner's
 * record, the handshake checks nothing: the caller must ask `tlsaProblem`. Throws OpenSSL's error
 * if it cannot use our client certificate.
 */
export function partnerTls(destination: Destination, tlsa?: TlsaRecords): ConnectionOptions {
  const { authorities, clientCertificate, pins, certificateName } = destination;
  const name = nameOf(destination);
  const byTlsa = tlsa !== undefined && authorities === undefined;
  // RFC 7672 section 8.1: the server may have one certificate for each of its names.
  const sni = byTlsa ? (certificateName ?? tlsa.base) : name;
  return {
    ...clientTlsOptions,
    ...(byTlsa ? { rejectUnauthorized: false } : {}),
    ...(isIpAddress(sni) ? {} : { servername: sni }),
    ...defined({
      ca: authorities && [...authorities],
      key: clientCertificate?.key,
      cert: clientCertificate?.certificate,
    }),
    // Called after the chain was verified. The name that Node passes is the one of the connection;
    // ours is the one that was registered.
    checkServerIdentity: (_host, certificate) => identityError(name, pins, certificate),
  };
}

const isIpAddress = (name: string): boolean => /^[\d.]+$|:/.test(name);

/**
 * After the handshake, before anything is sent: the record that the shown chain (DER, own
 * certificate first) meets, or what is wrong.
 */
export function judgedByTlsa(destination: Destination, tlsa: TlsaRecords, chain: readonly Buffer[]): string | Error {
  const { authorities, pins, certificateName, host } = destination;
  const names = certificateName === undefined ? [tlsa.base, host] : [certificateName];
  const met = tlsa.judge(chain, names);
  if (!met.ok) return new WrongTlsa(met.error);
  const [own] = chain;
  // If the record names authorities, OpenSSL has judged the rest.
  if (own === undefined || authorities !== undefined) return met.value;
  const certificate = new X509Certificate(own);
  if (certificateName !== undefined && certificate.checkHost(certificateName, { subject: 'never' }) === undefined)
    return new WrongTlsa(`it meets a TLSA record, and is not for ${certificateName}`);
  return pinError(pins, certificate) ?? met.value;
}

function identityError(
  name: string,
  pins: readonly CertificatePin[] | undefined,
  certificate: PeerCertificate,
): Error | undefined {
  const wrongName = checkServerIdentity(name, certificate);
  if (wrongName !== undefined || pins === undefined) return wrongName;
  return pinError(pins, new X509Certificate(certificate.raw));
}

function pinError(pins: readonly CertificatePin[] | undefined, certificate: X509Certificate): WrongPin | undefined {
  if (pins === undefined || pins.length === 0) return undefined;
  const shown = pinsOf(certificate);
  if (pins.some((pin) => shown.some((mine) => mine.of === pin.of && mine.sha256 === pin.sha256))) return undefined;
  return new WrongPin(`it is not pinned; it has ${shown.map(formatPin).join(' and ')}`);
}

// Names of OpenSSL's verification results, as Node gives them in `code`.
const VERIFICATION =
  /^(?:UNABLE_TO_|CERT_|CRL_|DEPTH_ZERO|SELF_SIGNED|INVALID_|PATH_LENGTH|HOSTNAME_MISMATCH|ERR_TLS_CERT|SLUIS_WRONG_)/;

/** The part of TLS that an error is about; undefined: it is about something else. */
export const tlsTrouble = (code: string): 'certificate' | 'tls' | undefined =>
  VERIFICATION.test(code) ? 'certificate' : /^(?:ERR_SSL|ERR_TLS|ERR_OSSL|EPROTO$)/.test(code) ? 'tls' : undefined;
