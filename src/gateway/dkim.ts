/** Assembles the signing of mail for partners (DKIM). */
import type { Config } from '../config/schema.ts';
import { readDkimKeys } from '../crypto/dkim/dkim-keys.ts';
import { DkimSigner } from '../push/dkim.ts';
import type { Clock } from '../domain/effects.ts';
import { type Metric, counter } from '../http/metric.ts';

/**
 * Undefined if no folder with keys is configured. Throws Unusable for a key that cannot be used.
 */
export function gatewayDkim(
  { hostname, delivery }: Pick<Config, 'hostname' | 'delivery'>,
  clock: Clock,
): DkimSigner | undefined {
  const folder = delivery['dkim-keys'];
  return folder === undefined ? undefined : new DkimSigner(readDkimKeys(folder), hostname, clock);
}

/** Metrics of DKIM; none if nothing is signed. */
export const dkimMetrics = (dkim: DkimSigner | undefined): readonly Metric[] =>
  dkim === undefined
    ? []
    : [
        counter(
          'sluis_dkim_signatures_total',
          'Signatures in front of what was pushed to partners who want it, by algorithm.',
          ['algorithm'],
          () => dkim.made.read(),
        ),
      ];
