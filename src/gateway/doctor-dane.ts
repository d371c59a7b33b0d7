/** What `check` and `doctor` say about the resolver that looks up TLSA records. */
import type { Config } from '../config/schema.ts';
import type { DoctorFinding } from '../domain/doctor.ts';
import type { Clock } from '../domain/effects.ts';
import { seconds } from '../domain/units.ts';

/**
 * Asks the resolver for the root, which is signed: a resolver that does not say so validates
 * nothing. Empty if no resolver is configured.
 */
export async function daneFindings(
  { delivery: { 'dane-resolver': at } }: Pick<Config, 'delivery'>,
  clock: Clock,
): Promise<readonly DoctorFinding[]> {
  if (at === undefined) return [];
  const { Resolver } = await import('../dns/resolver.ts');
  const wrong = (what: string): readonly DoctorFinding[] => [{ id: 'dane', severity: 'failure', what }];
  try {
    const { secure } = await new Resolver({ at, clock, patience: seconds(1) }).ask('', 'SOA');
    return secure
      ? []
      : wrong(
          `the resolver at ${at.host} port ${at.port} validates nothing (its answer for the root has no AD bit), so no TLSA record is believed: give unbound its trust anchor, or set delivery.dane-resolver to one that validates`,
        );
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return wrong(
      `TLSA records cannot be looked up (${why}), so nothing is pushed to partners whose hosts have names: start the resolver of delivery.dane-resolver`,
    );
  }
}
