/**
 * What fetching over the API needs beside the parts of POP3: claims of workers, and requests that
 * wait for new mail.
 */
import { Arrivals } from '../pickup/arrivals.ts';
import type { ClientNetworks } from '../pickup/client-networks.ts';
import type { Receipts } from '../pickup/receipts.ts';
import { SharedMaildrops } from '../pickup/shared.ts';
import type { Store } from '../store/port/store.ts';
import type { GatewayEffects } from './effects.ts';

export interface PickupParts extends Required<GatewayEffects> {
  readonly store: Store;
  /** The same object as for POP3: each account has one count, over all protocols. */
  readonly clientNetworks: ClientNetworks;
  readonly receipts: Receipts;
}

export interface ApiPickup extends Pick<PickupParts, 'clientNetworks' | 'receipts'> {
  readonly shared: SharedMaildrops;
  readonly arrivals: Arrivals;
}

/** The claims of the API. Close `shared` when no request runs. */
export function apiPickup({ store, clientNetworks, receipts, clock, random, log }: PickupParts): ApiPickup {
  const arrivals = new Arrivals({ deliveries: store.deliveries, clock });
  const freed = (account: Parameters<Arrivals['tell']>[0]): void => arrivals.tell(account);
  const shared = new SharedMaildrops({ store, receipts, clientNetworks, clock, random, log, freed });
  return { clientNetworks, receipts, shared, arrivals };
}
