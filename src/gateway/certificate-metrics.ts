/** Metrics of certificates and keys: which ones end, and which should have been renewed by now. */
import { ENDING_KINDS, endingsWithin } from '../admin/endings.ts';
import {
  GATEWAY_CERTIFICATE_KINDS,
  type GatewayCertificate,
  type GatewayCertificates,
  endingOf,
  renewalLate,
  renewedInTime,
} from '../crypto/certificates/gateway-certificates.ts';
import type { Clock } from '../domain/effects.ts';
import { days, hours, seconds } from '../domain/units.ts';
import { type Metric, type Sample, gauge } from '../http/metric.ts';
import { remembered } from '../platform/remembered.ts';
import type { Store } from '../store/port/store.ts';

export interface CertificateMetricParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly certificates: () => Promise<GatewayCertificates>;
}

const WITHIN = [7, 30, 60] as const;

/** A file may hold a certificate twice, but a metric may not have a row twice. */
const distinct = (samples: readonly Sample[]): readonly Sample[] => [
  ...new Map(samples.map((sample) => [JSON.stringify(sample.labels), sample])).values(),
];

/**
 * Most rows of certificates that belong to no account; those that end first are shown. A file of
 * authorities may hold hundreds.
 */
export const MOST_CERTIFICATES = 500;

export function certificateMetrics({ store, clock, certificates: look }: CertificateMetricParts): readonly Metric[] {
  const own = remembered(clock, seconds(10), async () => {
    const { certificates: all } = await look();
    return endingOf(all, clock.now(), Number.POSITIVE_INFINITY)
      .filter((one) => !renewedInTime(one, clock.now()))
      .slice(0, MOST_CERTIFICATES);
  });
  const renewed = remembered(clock, seconds(10), async () => {
    const { certificates: all } = await look();
    return all.filter((one) => one.renewed === true).slice(0, MOST_CERTIFICATES);
  });
  const ending = remembered(clock, hours(1), () => endingsWithin(store, clock.now(), WITHIN[2]));
  const left = ({ kind, name, certificate }: GatewayCertificate): Sample => ({
    labels: { kind, name },
    value: (certificate.notAfter - clock.now()) / days(1),
  });
  return [
    gauge(
      'sluis_certificate_days_left',
      `Days until a certificate that belongs to no account ends, negative after that; one that another has taken the place of, or that lives for less than three weeks and is renewed in time, has no row. kind: ${GATEWAY_CERTIFICATE_KINDS.join(', ')}.`,
      ['kind', 'name'],
      async () => distinct((await own()).map(left)),
    ),
    gauge(
      'sluis_certificate_renewal_late',
      'Of each certificate of a listener that a program renews (tls.renewal): 1 if it should have been renewed by now, else 0.',
      ['name'],
      async () =>
        distinct(
          (await renewed()).map((one) => ({
            labels: { name: one.name },
            value: renewalLate(one, clock.now()) ? 1 : 0,
          })),
        ),
    ),
    gauge(
      'sluis_certificates_ending',
      'Certificates and OpenPGP keys of accounts, neither revoked nor replaced, that end within so many days. kind: certificate, pgp-key.',
      ['kind', 'days'],
      async () => {
        const ends = await ending();
        const now = clock.now();
        return ENDING_KINDS.flatMap((kind) =>
          WITHIN.map((n) => ({
            labels: { kind, days: String(n) },
            value: ends[kind].filter((end) => end >= now && end < now + days(n)).length,
          })),
        );
      },
    ),
  ];
}
