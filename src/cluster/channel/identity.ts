/**
 * Who may speak over the channel: TLS 1.3 on both sides, each with a certificate of the cluster's
 * own authority for its host name, as it stands in `cluster.peers` of the others. Nothing resumes:
 * each connection is judged again, and an ended certificate ends at the next.
 */
import { X509Certificate, constants, createPrivateKey } from 'node:crypto';
import type { SecureContextOptions } from 'node:tls';
import type { Instant } from '../../domain/units.ts';
import { keyExchanges } from '../../platform/tls.ts';
import { PeerRefused } from './refusals.ts';

/** PEM. */
export interface ChannelMaterial {
  /** The one authority of this cluster; no other is trusted. */
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
}

export const secureOptionsOf = ({ ca, certificate, key }: ChannelMaterial): SecureContextOptions => ({
  ca,
  cert: certificate,
  key,
  minVersion: 'TLSv1.3',
  maxVersion: 'TLSv1.3',
  ecdhCurve: keyExchanges.join(':'),
  secureOptions: constants.SSL_OP_NO_TICKET,
});

const dayOf = (text: string): string => new Date(text).toISOString().slice(0, 10);

/** What is wrong with this node's own certificate, in words for the log and for `check`. */
export function ownProblem({ certificate }: Pick<ChannelMaterial, 'certificate'>, now: Instant): string | undefined {
  const its = new X509Certificate(certificate);
  if (now >= Date.parse(its.validTo))
    return `the certificate of this node (cluster.certificate) ended on ${dayOf(its.validTo)}, and no other node speaks with it; put a new one of the cluster's authority in its place`;
  return undefined;
}

/**
 * What makes these files no material at all: TLS itself would say it of every handshake, in words
 * for programmers.
 */
export function materialProblem({ ca, certificate, key }: ChannelMaterial): string | undefined {
  const its = new X509Certificate(certificate);
  if (!its.checkPrivateKey(createPrivateKey(key)))
    return 'the certificate of this node (cluster.certificate) does not belong to its key (cluster.key); give the pair';
  if (!its.verify(new X509Certificate(ca).publicKey))
    return 'the certificate of this node (cluster.certificate) is not of the authority in cluster.ca; give the authority that issued it, first in its file';
  return undefined;
}

/** The last moment of this node's own certificate. */
export const ownEnd = ({ certificate }: Pick<ChannelMaterial, 'certificate'>): Instant =>
  Date.parse(new X509Certificate(certificate).validTo) as Instant;

/** By OpenSSL's names: what a failed handshake means, seen from whoever called. */
const MEANINGS: readonly (readonly [RegExp, string])[] = [
  [/CERT_HAS_EXPIRED/, 'its certificate has ended; put a new one in its place there (cluster.certificate)'],
  [/CERT_NOT_YET_VALID/, 'its certificate is not valid yet; check the clocks of both machines'],
  [
    /ALTNAME_INVALID/,
    'its certificate is for another name; issue one for the name that is in cluster.peers, or correct that name',
  ],
  [
    /SELF_SIGNED|UNABLE_TO_|CERT_SIGNATURE|CERT_UNTRUSTED|INVALID_PURPOSE|INVALID_CA/,
    "its certificate does not lead to the cluster's own authority (cluster.ca); both nodes need certificates of one authority, for server and client",
  ],
  [
    /ALERT_CERTIFICATE_EXPIRED/,
    'it says that the certificate of this node has ended; put a new one in its place here (cluster.certificate)',
  ],
  [
    /ALERT_(?:UNKNOWN_CA|BAD_CERTIFICATE|CERTIFICATE_UNKNOWN|UNSUPPORTED_CERTIFICATE|DECRYPT_ERROR)|CERTIFICATE_REQUIRED/,
    "it does not take the certificate of this node; both need certificates of the cluster's one authority, for server and client",
  ],
];

/** The refusal that an error of a socket is, where it is one. */
export function refusalIn(error: unknown): PeerRefused | undefined {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const meaning = MEANINGS.find(([form]) => form.test(code))?.[1];
  return meaning === undefined ? undefined : new PeerRefused('certificate', meaning);
}
