/**
 * Judges what a listener offers, from its probe: pure, so that a test can give it what no build of
 * OpenSSL speaks any longer.
 */
import type { X509Certificate } from 'node:crypto';
import { readCertificate } from '../crypto/certificates/certificate.ts';
import { algorithmText, isWeak } from '../crypto/certificates/signature.ts';
import { defined } from '../domain/defined.ts';
import { type Instant, days } from '../domain/units.ts';
import {
  type Grade,
  gradeCurve,
  gradeKey,
  gradeSuite,
  gradeVersion,
  grades,
  isWorse,
} from '../platform/tls-guideline.ts';
import type { TlsOffer } from '../platform/tls-probe.ts';

export interface Finding {
  readonly about: 'version' | 'suite' | 'curve' | 'certificate' | 'signature' | 'renegotiation';
  readonly what: string;
  readonly grade: Grade;
  /** What to do, if something is to be done. */
  readonly remedy?: string | undefined;
}

export interface ListenerReport {
  readonly listener: string;
  readonly profile: string;
  /** Last day of the profile legacy. */
  readonly until?: string | undefined;
  readonly findings: readonly Finding[];
  readonly worst: Grade;
  readonly passed: boolean;
  readonly unprobed: readonly string[];
}

export interface Judged {
  readonly listener: string;
  readonly profile: string;
  readonly until: string | undefined;
  readonly hostname: string;
  readonly now: Instant;
}

const SOON = days(30);

/**
 * A legacy listener passes with the grade "phase out" until its last day; none passes with
 * "insufficient".
 */
export function judgeOffer(offer: TlsOffer, { listener, profile, until, hostname, now }: Judged): ListenerReport {
  const findings: Finding[] = [
    ...offer.versions.map((what): Finding => ({ about: 'version', what, grade: gradeVersion(what) })),
    ...offer.suites.map((what): Finding => ({ about: 'suite', what, grade: gradeSuite(what) })),
    ...offer.curves.map((what): Finding => ({ about: 'curve', what, grade: gradeCurve(what) })),
    ...offer.certificates.flatMap((certificate) => judgeCertificate(certificate, hostname, now)),
    {
      about: 'signature',
      what: offer.signsSha1 ? 'handshake signed with SHA-1' : 'no SHA-1 in the handshake',
      grade: offer.signsSha1 ? 'insufficient' : 'good',
    },
    {
      about: 'renegotiation',
      what: offer.renegotiates ? 'a client can renegotiate' : 'a client cannot renegotiate',
      grade: offer.renegotiates ? 'phase out' : 'good',
    },
  ];
  const worst = grades[Math.max(...findings.map(({ grade }) => grades.indexOf(grade)))] ?? 'insufficient';
  const running = until !== undefined && new Date(now).toISOString().slice(0, 10) <= until;
  const passed = !isWorse(worst, running ? 'phase out' : 'sufficient');
  return { listener, profile, ...defined({ until }), findings, worst, passed, unprobed: offer.unprobed };
}

function judgeCertificate(certificate: X509Certificate, hostname: string, now: Instant): Finding[] {
  const key = gradeKey(certificate);
  const read = readCertificate(certificate.raw);
  const ends = Date.parse(certificate.validTo);
  const day = new Date(ends).toISOString().slice(0, 10);
  const finding = (what: string, grade: Grade, remedy?: string): Finding => ({
    about: 'certificate',
    what: `${key.text}: ${what}`,
    grade,
    ...defined({ remedy }),
  });
  return [
    finding('key', key.grade, key.grade === 'good' ? undefined : 'get one with an ECDSA P-256 or RSA-3072 key'),
    finding(
      `signed with ${read.ok ? algorithmText(read.value.signature) : 'an unknown algorithm'}`,
      read.ok && !isWeak(read.value.signature) ? 'good' : 'insufficient',
    ),
    ends <= now
      ? finding(`ended on ${day}`, 'insufficient', 'replace it')
      : ends - now < SOON
        ? finding(`ends on ${day}`, 'sufficient', 'replace it soon')
        : finding(`ends on ${day}`, 'good'),
    certificate.checkHost(hostname) === undefined
      ? finding(`does not name ${hostname}`, 'insufficient', 'get one that does')
      : finding(`names ${hostname}`, 'good'),
  ];
}
