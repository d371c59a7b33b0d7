/**
 * Slows logins to pages as logins of mail are slowed. Each kind of page counts for itself, and over
 * all gateways.
 */
import type { Config } from '../config/schema.ts';
import type { LogInNotes } from '../web/login/notes.ts';
import type { Slowed } from '../web/login/slowed.ts';
import { NetworkSet } from '../platform/network.ts';
import type { Store } from '../store/port/store.ts';
import type { GatewayEffects } from './effects.ts';
import { authLimitsOf } from './limits.ts';

/** `pages`: whose guesses are counted together. */
export async function slowedPages(
  pages: 'console' | 'self-service',
  config: Config,
  {
    clock,
    random,
    store,
  }: Pick<Required<GatewayEffects>, 'clock' | 'random'> & { readonly store: Pick<Store, 'shared'> },
  notes: LogInNotes,
): Promise<Slowed> {
  const { Slowed: Made } = await import('../web/login/slowed.ts');
  const { throttle, refusalGrid } = authLimitsOf(config);
  return new Made({
    clock,
    random,
    notes,
    limits: { throttle, refusalGrid },
    exempt: new NetworkSet(config.auth['exempt-networks']),
    shared: store.shared.of(pages),
  });
}
