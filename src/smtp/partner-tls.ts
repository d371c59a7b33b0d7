/**
 * How a partner's server is recognised: authorities, name, date, and the certificate or its key where one is pinned.
 *
 * RFC 8314 section 3, RFC 7817 (names in server certificates); a pin of the key is the one of RFC 7469 section 2.4.
 */
import { X509Certificate, createHash } from 'node:crypto';
import { type ConnectionOptions, type PeerCertificate, checkServerIdentity } from 'node:tls';
import type { Destination } from '../delivery/courier.ts';
import { defined } from '../domain/defined.ts';
import { type CertificatePin, formatPin } from '../domain/partner.ts';
import { clientTlsOptions } from '../platform/tls.ts';

/** Certificate and key are none of those that were pinned. */
export class WrongPin extends Error {
  override readonly name = 'WrongPin';
  readonly code = 'SLUIS_WRONG_PIN';
}

const sha256 = (octets: Uint8Array): string => createHash('sha256').update(octets).digest('hex');

/** What a pin of this certificate would say. */
export const pinsOf = (certificate: X509Certificate): readonly [certificate: CertificatePin, key: CertificatePin] => [
  { of: 'certificate', sha256: sha256(certificate.raw) },
  { of: 'key', sha256: sha256(certificate.publicKey.export({ type: 'spki', format: 'der' })) },
];

export const nameOf = ({ certificateName, host }: Destination): string => certificateName ?? host;

/** Options for the handshake with the partner. Throws what OpenSSL says of a client certificate that it cannot use. */
export function partnerTls(destination: Destination): ConnectionOptions {
  const { authorities, clientCertificate, pins } = destination;
  const name = nameOf(destination);
  return {
    ...clientTlsOptions,
    ...(isIpAddress(name) ? {} : { servername: name }),
    ...defined({
      ca: authorities && [...authorities],
      key: clientCertificate?.key,
      cert: clientCertificate?.certificate,
    }),
    // Called after the chain was verified. The name that Node passes is the one of the connection; ours is the one that was registered.
    checkServerIdentity: (_host, certificate) => identityError(name, pins, certificate),
  };
}

const isIpAddress = (name: string): boolean => /^[\d.]+$|:/.test(name);

function identityError(
  name: string,
  pins: readonly CertificatePin[] | undefined,
  certificate: PeerCertificate,
): Error | undefined {
  const wrongName = checkServerIdentity(name, certificate);
  if (wrongName !== undefined || pins === undefined || pins.length === 0) return wrongName;
  const shown = pinsOf(new X509Certificate(certificate.raw));
  if (pins.some((pin) => shown.some((mine) => mine.of === pin.of && mine.sha256 === pin.sha256))) return undefined;
  return new WrongPin(`it is not pinned; it has ${shown.map(formatPin).join(' and ')}`);
}

// Names of OpenSSL's verification results, as Node gives them in `code`.
const VERIFICATION =
  /^(?:UNABLE_TO_|CERT_|CRL_|DEPTH_ZERO|SELF_SIGNED|INVALID_|PATH_LENGTH|HOSTNAME_MISMATCH|ERR_TLS_CERT|SLUIS_WRONG_PIN)/;

/** Which part of TLS an error is about; undefined: none. */
export const tlsTrouble = (code: string): 'certificate' | 'tls' | undefined =>
  VERIFICATION.test(code) ? 'certificate' : /^(?:ERR_SSL|ERR_TLS|ERR_OSSL|EPROTO$)/.test(code) ? 'tls' : undefined;
