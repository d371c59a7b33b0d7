/**
 * Tells load balancers and metrics what the guard over PostgreSQL knows: whether commits are
 * acknowledged, and how far the standbys are behind.
 */
import type { Readiness } from '../domain/readiness.ts';
import { type Instant, iso } from '../domain/units.ts';
import { type Metric, gauge, single } from '../http/metric.ts';
import type { Guard } from '../store/postgres/guard.ts';

/**
 * Without a primary nothing can be read either. If only acknowledgements are missing, mail that is
 * there is handed out.
 */
export const readinessOf = (
  guard: Pick<Guard, 'judgement'>,
  aloneUntil: () => Instant | undefined = () => undefined,
): Readiness => ({
  notes: () => {
    const until = aloneUntil();
    return until === undefined
      ? []
      : [
          {
            name: 'alone',
            text: `one place alone may acknowledge until ${iso(until)}, and is lost with what it acknowledged`,
          },
        ];
  },
  against: (role) => {
    const { not, primary } = guard.judgement;
    if (not === undefined) return [];
    const text = `${not.why}; ${not.remedy}`;
    if (primary === undefined || not.cause === 'not-watched') return [{ name: 'store-away', text }];
    return role === 'serve' ? [] : [{ name: 'not-acknowledging', text }];
  },
});

export const postgresMetrics = (
  guard: Pick<Guard, 'judgement' | 'servers'>,
  aloneUntil: () => Instant | undefined = () => undefined,
): readonly Metric[] => [
  single(
    'gauge',
    'sluis_store_acknowledges',
    '1: what is committed is held by another place too, and acknowledged.',
    () => (guard.judgement.not === undefined ? 1 : 0),
  ),
  single('gauge', 'sluis_store_alone', '1: one place alone holds what is acknowledged, as an operator allowed.', () =>
    guard.judgement.alone ? 1 : 0,
  ),
  gauge(
    'sluis_standby_lag_octets',
    'Bytes that a standby does not hold yet; infinite: it does not follow.',
    ['server', 'site'],
    () =>
      guard
        .servers()
        .filter(({ role }) => role === 'standby')
        .map(({ name, site, lag }) => ({ labels: { server: name, site }, value: lag ?? Number.POSITIVE_INFINITY })),
  ),
  single(
    'gauge',
    'sluis_store_alone_allowed',
    '1: an operator lets one place alone acknowledge ("sluis site alone"), whether it does at present or not.',
    () => (aloneUntil() === undefined ? 0 : 1),
  ),
];
