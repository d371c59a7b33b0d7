/**
 * One-time codes that fetch a certificate: for renewals of many, and for whoever is not at the
 * gateway's keyboard. The certificate is made when the code is used, for a key that is made then:
 * until that moment there is nothing to steal but the code.
 */
import { spreadEnd } from '../crypto/certificates/authority.ts';
import { type EnrolmentCode, newEnrolmentCode, readEnrolmentCode } from '../crypto/passwords/enrolment-code.ts';
import { defined } from '../domain/defined.ts';
import { type Instant, type Milliseconds, days, instant } from '../domain/units.ts';
import type { AccountCertificate, CertificateEnrolment, CertificateUse, Enrolment } from '../store/certificates.ts';
import { RegistryError } from '../store/registry.ts';
import { type Actor } from '../store/actor.ts';
import { CERTIFICATE_LIFETIME, type IssueRequest, type Issued, issueCertificate } from './issue.ts';
import type { CaParts } from './parts.ts';

/** Wrong codes for one enrolment. */
export const TRIES = 5;
/**
 * Certificates of one batch end over so long: they were issued in one night and would else expire
 * in one night.
 */
const SPREAD = days(60);
const PAGE = 200;

export interface Enrolled {
  readonly login: string;
  readonly use: CertificateUse;
  /** The certificate that is to be replaced. */
  readonly serial?: string;
  readonly ends: Instant;
  readonly code: string;
  readonly codeExpires: Instant;
}

/** A code for a first certificate. */
export async function enrol(
  parts: CaParts,
  { login, use, validFor }: { readonly login: string; readonly use: CertificateUse; readonly validFor: Milliseconds },
  actor: Actor,
): Promise<Enrolled> {
  const now = parts.clock.now();
  const { code, id, hash } = newEnrolmentCode(parts.random);
  const ends = instant(now + CERTIFICATE_LIFETIME);
  const codeExpires = instant(now + validFor);
  const enrolment: CertificateEnrolment = {
    id,
    hash,
    login,
    use,
    notAfter: ends,
    expiresAt: codeExpires,
    tries: TRIES,
  };
  await parts.store.certificates.addEnrolments([enrolment], actor);
  return { login, use, ends, code, codeExpires };
}

/** Ours, in force, and nothing newer stands beside it. */
export const isRenewable = (certificate: AccountCertificate): boolean =>
  certificate.authority !== undefined && certificate.revoked === undefined && !certificate.replaced;

export type RenewalCursor = Pick<AccountCertificate, 'notAfter' | 'fingerprint'>;

export interface RenewalPage {
  readonly certificates: readonly AccountCertificate[];
  readonly next?: RenewalCursor;
}

/**
 * Certificates that end within `within` and are to be renewed, a bounded number; `next` goes on
 * behind them.
 */
export async function dueForRenewal(
  { store, clock }: CaParts,
  within: Milliseconds,
  after?: RenewalCursor,
): Promise<RenewalPage> {
  const now = clock.now();
  const page = await store.certificates.listCertificates({
    limit: PAGE,
    endsFrom: now,
    endsBefore: instant(now + within),
    ...defined({ after }),
  });
  const last = page.at(-1);
  const certificates = page.filter(isRenewable);
  return page.length < PAGE || last === undefined
    ? { certificates }
    : { certificates, next: { notAfter: last.notAfter, fingerprint: last.fingerprint } };
}

/**
 * A code for each; the certificates that they fetch end spread over two months. The old ones stay
 * valid until their own end.
 */
export async function enrolRenewals(
  parts: CaParts,
  certificates: readonly AccountCertificate[],
  validFor: Milliseconds,
  actor: Actor,
): Promise<readonly Enrolled[]> {
  const now = parts.clock.now();
  const codeExpires = instant(now + validFor);
  const made = certificates.map(({ login, use, serial, fingerprint }) => {
    const fresh = newEnrolmentCode(parts.random);
    const ends = spreadEnd(instant(now + CERTIFICATE_LIFETIME), SPREAD, fingerprint);
    const { id, hash } = fresh;
    const enrolment: CertificateEnrolment = {
      id,
      hash,
      login,
      use,
      notAfter: ends,
      replaces: fingerprint,
      expiresAt: codeExpires,
      tries: TRIES,
    };
    return { enrolment, told: { login, use, serial, ends, code: fresh.code, codeExpires } };
  });
  await parts.store.certificates.addEnrolments(
    made.map(({ enrolment }) => enrolment),
    actor,
  );
  return made.map(({ told }) => told);
}

/** The same answer for everything that can be wrong with a code. */
export const codeRefused = (): RegistryError =>
  new RegistryError(
    'ended',
    'The enrolment code is not valid: it is mistyped, used, too old, or was tried too often; type it again, or ask for a new one',
  );

type Collected = Issued & { readonly login: string; readonly use: CertificateUse };

/** Uses a code up: one certificate for the key of `request`. */
export async function collect(
  parts: CaParts,
  { code, request, keep }: Pick<IssueRequest, 'keep'> & { readonly code: string; readonly request: string },
  actor: Actor,
): Promise<Collected> {
  const read = readEnrolmentCode(code);
  const tried =
    read === undefined
      ? undefined
      : await parts.store.certificates.tryEnrolment(read.id, read.hash, { for: 'certificate', actor });
  if (read === undefined || tried?.kind !== 'valid') throw codeRefused();
  return await collectTried(parts, { read, enrolment: tried.enrolment, request, ...(keep && { keep }) }, actor);
}

/** The same for a code that was tried a moment ago. */
export async function collectTried(
  parts: CaParts,
  {
    read,
    enrolment,
    ...asked
  }: Pick<IssueRequest, 'keep' | 'request'> & { readonly read: EnrolmentCode; readonly enrolment: Enrolment },
  actor: Actor,
): Promise<Collected> {
  if (enrolment.use === 'password') throw codeRefused();
  const { login, use } = enrolment;
  const issued = await issueCertificate(parts, { ...enrolment, ...asked }, (certificate) =>
    parts.store.certificates.collectEnrolment(read.id, read.hash, certificate, actor),
  );
  return { ...issued, login, use };
}
