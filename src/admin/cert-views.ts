/** What `ca` and `cert` show: the shapes that `--json` prints. Times are ISO 8601. */
import type { KnownAuthority } from '../ca/authorities.ts';
import type { Enrolled } from '../ca/enrol.ts';
import type { Issued } from '../ca/issue.ts';
import { type Certificate, certificatePem } from '../crypto/certificate.ts';
import { type CertificateState, certificateState } from '../crypto/certificate-expiry.ts';
import { formatName } from '../crypto/distinguished-name.ts';
import type { GatewayCertificateKind, Judged } from '../crypto/gateway-certificates.ts';
import { encodePem } from '../crypto/pem.ts';
import { defined } from '../domain/defined.ts';
import { type Instant, iso } from '../domain/units.ts';
import type { AccountCertificate } from '../store/certificates.ts';

export const USES = ['login', 'mail'] as const;

export interface AuthorityView {
  readonly role: string;
  readonly current: boolean;
  readonly subject: string;
  readonly issuer: string;
  readonly serial: string;
  readonly fingerprint: string;
  readonly key: string;
  readonly begins: string;
  readonly ends: string;
  /** `here`: sealed in the key folder. `away`: removed, to be kept off line. Absent where there is none of its own. */
  readonly privateKey?: 'here' | 'away';
  /** Of the last revocation list. */
  readonly listNumber?: number;
  readonly pem: string;
}

export interface CertificateView {
  readonly serial: string;
  readonly fingerprint: string;
  /** Login; empty where it is no account's. */
  readonly account: string;
  /** `login` or `mail`; where it is no account's its kind, such as `listener` or `partner-certificate`. */
  readonly use: string;
  /** Of one that is no account's: which listener or partner it is of, or the begin of the fingerprint of an authority. */
  readonly name?: string;
  readonly subject: string;
  readonly issuer: string;
  readonly addresses: readonly string[];
  readonly begins: string;
  readonly ends: string;
  /** `valid`, `expired`, `revoked`, or `replaced`: valid, and a newer one takes its place. */
  readonly state: CertificateState | 'replaced';
  /**
   * Issued by this gateway, given to it, or registered for log-in alone (`account certificate add`): of such no more is kept than is shown. Of those that
   * are no account's also: in a file of the configuration, set for a partner, or shown by the server of a partner.
   */
  readonly origin: 'issued' | 'imported' | 'registered' | 'configured' | 'partner' | 'shown';
  readonly revoked?: string;
  readonly reason?: string;
  readonly replaces?: string;
  /** The gateway holds its private key. */
  readonly keyHeld: boolean;
  /** Days before the end of the last warning. */
  readonly warned?: number;
}

export interface IssuedView {
  readonly serial: string;
  readonly fingerprint: string;
  readonly account: string;
  readonly use: string;
  readonly subject: string;
  readonly ends: string;
  readonly pem: string;
  /** Issuers, nearest first. */
  readonly chain: readonly string[];
}

export interface EnrolledView {
  readonly account: string;
  readonly use: string;
  /** Of the certificate that is to be replaced. */
  readonly serial?: string;
  readonly ends: string;
  readonly code: string;
  readonly codeExpires: string;
}

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

/** Empty where it is not kept. */
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
