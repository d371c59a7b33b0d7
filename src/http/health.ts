/**
 * Whether the gateway should get new sessions now, for a load balancer, and why not.
 *
 * `/live` says that the process answers at all. `/ready` says that mail sent here would be taken: 503 leaves the running sessions alone and
 * sends new ones to another site.
 */
import type { Instant } from '../domain/units.ts';
import type { StoreHealth } from '../store/store.ts';

export interface HealthFacts {
  readonly draining: boolean;
  readonly store: Pick<StoreHealth, 'failed' | 'free'>;
  /** Of the listeners that are open. */
  readonly certificates: readonly { readonly listener: string; readonly from: Instant; readonly until: Instant }[];
  readonly now: Instant;
}

/** Stable: load balancers and alarms may look at them. */
export type ReasonName = 'draining' | 'store-failed' | 'disk-full' | 'certificate';

export interface Reason {
  readonly name: ReasonName;
  readonly text: string;
}

export function reasonsAgainst({ draining, store, certificates, now }: HealthFacts): readonly Reason[] {
  const reasons: Reason[] = [];
  if (draining) reasons.push({ name: 'draining', text: 'the gateway is stopping and takes no new sessions' });
  if (store.failed) reasons.push({ name: 'store-failed', text: 'the store accepts nothing more; see store.failed' });
  // `free` leaves the reserve out.
  else if (store.free <= 0)
    reasons.push({ name: 'disk-full', text: 'only the reserve is left; free space on the disk' });
  for (const { listener, from, until } of certificates)
    if (now < from || now >= until)
      reasons.push({
        name: 'certificate',
        text: `that of listener "${listener}" ${now < from ? 'is not valid before' : 'ended on'} ${new Date(now < from ? from : until).toISOString().slice(0, 10)}`,
      });
  return reasons;
}
