/**
 * The client's certificate in TLS: it is asked for and proved in the handshake, but not judged
 * here.
 *
 * Listeners ask every client and refuse none: what a certificate is worth is decided at each login
 * (auth/client-certificates.ts). The names of our authorities are not sent along: many clients
 * would then hide a certificate of another issuer, which may be registered by its fingerprint.
 * OpenSSL's own verdict (`authorized`) is not used: a resumed session keeps that of its first
 * handshake.
 */
import { X509Certificate, hash } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import type { Instant } from '../domain/units.ts';
import { openTls } from './tls-line.ts';

/** Options of TLS servers. */
export const clientCertificateRequest = { requestCert: true, rejectUnauthorized: false } as const;

/**
 * What a client showed, DER, its own certificate first. Its key was proved in the handshake;
 * nothing else about it is known.
 */
export type ShownChain = readonly Buffer[];

const MOST = 8;

/** SHA-256, hexadecimal, as certificates are named everywhere. */
export const fingerprintOf = (der: Buffer): string => hash('sha256', der);

/**
 * Undefined if the client showed none, or if the connection has gone. On a resumed session only its
 * own certificate is there: OpenSSL keeps no others.
 */
export function shownChain(socket: TLSSocket): ShownChain | undefined {
  const chain: Buffer[] = [];
  // Its type says that it is always there, but Node gives an empty object or nothing if there is
  // none.
  let certificate = openTls(socket)?.getPeerCertificate(true) as
    Partial<ReturnType<TLSSocket['getPeerCertificate']>> | undefined;
  while (certificate?.raw !== undefined && chain.length < MOST) {
    if (chain.some((known) => known.equals(certificate?.raw ?? known))) break;
    chain.push(certificate.raw);
    certificate = (certificate as { issuerCertificate?: typeof certificate }).issuerCertificate;
  }
  return chain.length === 0 ? undefined : chain;
}

/** True if a certificate (DER) has begun and not ended. */
export function holdsAt(certificate: Buffer, now: Instant): boolean {
  try {
    const { validFrom, validTo } = new X509Certificate(certificate);
    return Date.parse(validFrom) <= now && now < Date.parse(validTo);
  } catch {
    return false;
  }
}
