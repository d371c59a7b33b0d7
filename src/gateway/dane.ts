/**
 * Assembles the look-up of TLSA records of partners' servers (RFC 7672). The code that asks the DNS
 * is loaded at the first question, if a resolver is configured.
 */
import type { Config } from '../config/schema.ts';
import type { TlsaSource } from '../push/courier.ts';
import type { TlsaCounts } from '../dns/tlsa-counts.ts';
import { newTlsaCounts } from '../dns/tlsa-counts.ts';
import type { Clock, Log } from '../domain/effects.ts';
import { type Metric, counter } from '../http/metric.ts';

export interface GatewayDane {
  readonly source: TlsaSource;
  readonly counts: TlsaCounts;
}

/** The look-up of TLSA records; undefined if no resolver is configured. */
export function gatewayDane(
  { delivery: { 'dane-resolver': at } }: Pick<Config, 'delivery'>,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): GatewayDane | undefined {
  if (at === undefined) return undefined;
  const counts = newTlsaCounts();
  const load = async (): Promise<TlsaSource> => {
    const [{ Resolver }, { RememberedTlsa }] = await Promise.all([
      import('../dns/resolver.ts'),
      import('../dns/tlsa-source.ts'),
    ]);
    return new RememberedTlsa({ dns: new Resolver({ at, clock }), clock, log, counts });
  };
  let loaded: Promise<TlsaSource> | undefined;
  return { counts, source: { find: async (host, port) => await (await (loaded ??= load())).find(host, port) } };
}

/** Metrics of DANE; none if no resolver is configured. */
export const daneMetrics = (dane: GatewayDane | undefined): readonly Metric[] =>
  dane === undefined
    ? []
    : [
        counter(
          'sluis_dane_lookups_total',
          'Look-ups of TLSA records for hosts of partners, by what was found: records; none that hold, because of no-host, insecure, absent, unusable; or failed, and nothing is sent.',
          ['outcome'],
          () => dane.counts.lookups.read(),
        ),
        counter(
          'sluis_dane_judged_total',
          'Servers of partners that were judged by TLSA records: met, unmet.',
          ['outcome'],
          () => dane.counts.judged.read(),
        ),
      ];
