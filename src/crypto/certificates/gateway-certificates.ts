/**
 * Certificates that belong to no account: those of the gateway itself, of the authorities that it
 * trusts, and of its partners. Says what each is, whether another takes its place, and when to warn
 * of its end. Pure: who reads them is in gateway/certificates.ts.
 */
import { isRenewalLate } from '../../domain/renewal.ts';
import { type Instant, days } from '../../domain/units.ts';
import type { Certificate } from './certificate.ts';
import { WARNING_DAYS, type WarningDay } from './certificate-expiry.ts';
import { formatName } from './distinguished-name.ts';

/**
 * `listener`: of a listener, its chain too. `evidence`: signs evidence. `partner-certificate`: that
 * we show to a partner, its chain too. `partner-authority`: may have issued a partner's.
 * `partner-server`: that the partner's server showed at the last push since the start.
 */
export const GATEWAY_CERTIFICATE_KINDS = [
  ...(['listener', 'client-authority', 'mail-authority', 'time-stamp-authority', 'root', 'issuing', 'cross'] as const),
  ...(['evidence', 'partner-certificate', 'partner-authority', 'partner-server'] as const),
] as const;
export type GatewayCertificateKind = (typeof GATEWAY_CERTIFICATE_KINDS)[number];

export interface GatewayCertificate {
  readonly kind: GatewayCertificateKind;
  /**
   * The owner: listener and key type, or partner. For an authority the begin of its fingerprint,
   * behind the owner if there is one.
   */
  readonly name: string;
  readonly certificate: Certificate;
  /** What certificates must have in common to take each other's place: a partner, else nothing. */
  readonly scope: string;
  /**
   * The part that looks after it knows that another one is in use. Absent: decided by comparison
   * with the others.
   */
  readonly replaced?: boolean;
  /** The gateway holds its private key. */
  readonly keyHeld: boolean;
  /** The certificate itself is pinned, so that its end ends the pin. */
  readonly pinned?: boolean;
  /** A program is to renew it: set for a listener's own certificate. */
  readonly renewed?: true;
}

/** A program should have renewed it by now. */
export const renewalLate = ({ renewed, certificate }: GatewayCertificate, now: Instant): boolean =>
  renewed === true && isRenewalLate(certificate, now);

/**
 * True if a program renews it in time and it lives for a few weeks only: a warning by days alone
 * would come for each new one.
 */
export const renewedInTime = (one: GatewayCertificate, now: Instant): boolean =>
  one.renewed === true && one.certificate.notAfter - one.certificate.notBefore < days(21) && !renewalLate(one, now);

/** Certificates that were found, and files that could not be read. */
export interface GatewayCertificates {
  readonly certificates: readonly GatewayCertificate[];
  readonly unread: readonly { readonly kind: GatewayCertificateKind; readonly why: string }[];
}

export interface Judged extends GatewayCertificate {
  readonly replaced: boolean;
}

const isAuthority = (kind: GatewayCertificateKind): boolean => kind.endsWith('-authority');

/**
 * Whether another certificate takes its place: one for the same purpose and name that ends later.
 * An authority that has ended does no harm beside one that is valid, whatever its name.
 */
export function judgeReplaced(all: readonly GatewayCertificate[], now: Instant): readonly Judged[] {
  const latest = new Map<string, Instant>();
  const keep = (key: string, ends: Instant): void => {
    if (ends > (latest.get(key) ?? 0)) latest.set(key, ends);
  };
  const named = ({ kind, scope, certificate }: GatewayCertificate): string =>
    `${kind}\n${scope}\n${formatName(certificate.subject)}`;
  const purpose = ({ kind, scope }: GatewayCertificate): string => `${kind}\n${scope}`;
  for (const one of all) {
    keep(named(one), one.certificate.notAfter);
    keep(purpose(one), one.certificate.notAfter);
  }
  return all.map((one) => {
    const { notAfter } = one.certificate;
    const later = (latest.get(named(one)) ?? 0) > notAfter;
    const harmless = isAuthority(one.kind) && notAfter < now && (latest.get(purpose(one)) ?? 0) >= now;
    return { ...one, replaced: one.replaced ?? (later || harmless) };
  });
}

/**
 * Certificates to warn of: those that somebody renews once that should have been done, those that a
 * program has failed to renew at once.
 */
export function warningDaysOf(one: GatewayCertificate, now: Instant): readonly WarningDay[] {
  if (renewalLate(one, now)) return WARNING_DAYS;
  const { kind, pinned } = one;
  return kind === 'listener' || (kind === 'partner-server' && pinned !== true) ? WARNING_DAYS.slice(-1) : WARNING_DAYS;
}

/**
 * Certificates that end within this many days or have ended, and that nothing replaces; ordered by
 * their end.
 */
export const endingOf = (all: readonly GatewayCertificate[], now: Instant, within: number): readonly Judged[] =>
  judgeReplaced(all, now)
    .filter(({ replaced, certificate }) => !replaced && certificate.notAfter < now + days(within))
    .sort((a, b) => a.certificate.notAfter - b.certificate.notAfter);
