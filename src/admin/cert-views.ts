/**
 * Authorities and certificates as `ca` and `cert` show them and `--json` prints them. Times are ISO
 * 8601.
 */
import { z } from '../config/zod.ts';
import type { KnownAuthority } from '../ca/authorities.ts';
import type { Enrolled } from '../ca/enrol.ts';
import type { Issued } from '../ca/issue.ts';
import { type Certificate, certificatePem } from '../crypto/certificates/certificate.ts';
import { certificateState } from '../crypto/certificates/certificate-expiry.ts';
import { formatName } from '../crypto/certificates/distinguished-name.ts';
import type { GatewayCertificateKind, Judged } from '../crypto/certificates/gateway-certificates.ts';
import { encodePem } from '../crypto/certificates/pem.ts';
import { defined } from '../domain/defined.ts';
import { type Instant, iso } from '../domain/units.ts';
import type { AccountCertificate } from '../store/certificates.ts';

export const USES = ['login', 'mail'] as const;

export const authorityView = z.object({
  role: z.string(),
  current: z.boolean(),
  subject: z.string(),
  issuer: z.string(),
  serial: z.string(),
  fingerprint: z.string(),
  key: z.string(),
  begins: z.string(),
  ends: z.string(),
  privateKey: z.enum(['here', 'away']).optional().meta({
    description:
      '`here`: sealed in the key folder. `away`: removed, to be kept off line. Absent if the gateway has none of its own.',
  }),
  listNumber: z.number().optional().meta({ description: 'Of the last revocation list.' }),
  pem: z.string(),
});
export type AuthorityView = z.infer<typeof authorityView>;

export const certificateView = z.object({
  serial: z.string(),
  fingerprint: z.string(),
  account: z.string().meta({ description: 'Login; empty if it belongs to no account.' }),
  use: z.string().meta({
    description:
      '`login` or `mail`; if it belongs to no account, its kind, such as `listener` or `partner-certificate`.',
  }),
  name: z.string().optional().meta({
    description:
      'Of one that belongs to no account: which listener or partner it is of, or the begin of the fingerprint of an authority.',
  }),
  subject: z.string(),
  issuer: z.string(),
  addresses: z.array(z.string()).readonly(),
  begins: z.string(),
  ends: z.string(),
  state: z
    .enum(['valid', 'not-yet-valid', 'expired', 'revoked', 'replaced'])
    .meta({ description: '`replaced`: valid, and a newer one takes its place.' }),
  origin: z.enum(['issued', 'imported', 'registered', 'configured', 'partner', 'shown']).meta({
    description:
      'Issued by this gateway, given to it, or registered for login alone (`account certificate add`): of such only what is shown is kept. Of those that belong to no account also: in a file of the configuration, set for a partner, or shown by the server of a partner.',
  }),
  revoked: z.string().optional(),
  reason: z.string().optional(),
  replaces: z.string().optional(),
  keyHeld: z.boolean().meta({ description: 'The gateway holds its private key.' }),
  warned: z.number().optional().meta({ description: 'Days before the end of the last warning.' }),
});
export type CertificateView = z.infer<typeof certificateView>;

export const issuedView = z.object({
  serial: z.string(),
  fingerprint: z.string(),
  account: z.string(),
  use: z.string(),
  subject: z.string(),
  ends: z.string(),
  pem: z.string(),
  chain: z.array(z.string()).readonly().meta({ description: 'Issuers, nearest first.' }),
});
export type IssuedView = z.infer<typeof issuedView>;

export const enrolledView = z.object({
  account: z.string(),
  use: z.string(),
  serial: z.string().optional().meta({ description: 'Of the certificate that is to be replaced.' }),
  ends: z.string(),
  code: z.string(),
  codeExpires: z.string(),
});
export type EnrolledView = z.infer<typeof enrolledView>;

export const viewAuthority = (
  { record, certificate }: KnownAuthority,
  hasKey: (role: 'root' | 'issuing', fingerprint: string) => boolean,
): AuthorityView => {
  const { role, fingerprint } = record;
  const { kind, bits } = certificate.key;
  return {
    role,
    current: record.current,
    subject: formatName(certificate.subject),
    issuer: formatName(certificate.issuer),
    serial: certificate.serial,
    fingerprint,
    key: `${kind} ${bits}`,
    begins: iso(certificate.notBefore),
    ends: iso(certificate.notAfter),
    ...(role === 'cross' ? {} : { privateKey: hasKey(role, fingerprint) ? 'here' : 'away' }),
    ...(role === 'issuing' ? { listNumber: record.crlNumber } : {}),
    pem: certificatePem(certificate),
  };
};

function stateOf(record: AccountCertificate, now: Instant): CertificateView['state'] {
  const state = certificateState(record, now);
  return state === 'valid' && record.replaced ? 'replaced' : state;
}

const originOf = ({ authority, registered }: AccountCertificate): CertificateView['origin'] =>
  registered === true ? 'registered' : authority === undefined ? 'imported' : 'issued';

export const viewCertificate = (record: AccountCertificate, now: Instant): CertificateView => ({
  serial: record.serial,
  fingerprint: record.fingerprint,
  account: record.login,
  use: record.use,
  subject: record.subject,
  issuer: record.issuer,
  addresses: record.emails,
  begins: iso(record.notBefore),
  ends: iso(record.notAfter),
  state: stateOf(record, now),
  origin: originOf(record),
  keyHeld: record.keyHeld,
  ...defined({ revoked: iso(record.revoked?.at), reason: record.revoked?.reason }),
  ...defined({ replaces: record.replaces, warned: record.warned }),
});

const ORIGINS = {
  ...({ root: 'issued', issuing: 'issued', cross: 'issued', evidence: 'issued' } as const),
  ...({ 'partner-certificate': 'partner', 'partner-authority': 'partner', 'partner-server': 'shown' } as const),
} as const satisfies Partial<Record<GatewayCertificateKind, CertificateView['origin']>>;
const originOfKind = (kind: GatewayCertificateKind): CertificateView['origin'] =>
  kind in ORIGINS ? ORIGINS[kind as keyof typeof ORIGINS] : 'configured';

export function viewGatewayCertificate(
  { kind, name, certificate, replaced, keyHeld }: Judged,
  now: Instant,
): CertificateView {
  const state = certificateState(certificate, now);
  return {
    serial: certificate.serial,
    fingerprint: certificate.fingerprint,
    account: '',
    use: kind,
    name,
    subject: formatName(certificate.subject),
    issuer: formatName(certificate.issuer),
    addresses: [],
    begins: iso(certificate.notBefore),
    ends: iso(certificate.notAfter),
    state: state === 'valid' && replaced ? 'replaced' : state,
    origin: originOfKind(kind),
    keyHeld,
  };
}

/** The certificate in PEM; empty if its content is not kept. */
export const pemOf = ({ der }: AccountCertificate): string => (der.length === 0 ? '' : encodePem('CERTIFICATE', der));

export const viewIssued = ({ certificate, chain }: Issued, account: string, use: string): IssuedView => ({
  serial: certificate.serial,
  fingerprint: certificate.fingerprint,
  account,
  use,
  subject: formatName(certificate.subject),
  ends: iso(certificate.notAfter),
  pem: certificatePem(certificate),
  chain: chain.map((issuer: Certificate) => certificatePem(issuer)),
});

export const viewEnrolled = ({ login, use, serial, ends, code, codeExpires }: Enrolled): EnrolledView => ({
  account: login,
  use,
  ...defined({ serial }),
  ends: iso(ends),
  code,
  codeExpires: iso(codeExpires),
});
