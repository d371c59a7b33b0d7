/** The steps that a submitted message passes before it is accepted, in their order. */
import { Chain } from './middleware/chain.ts';
import type { Store } from './store/store.ts';

export const gatewayMiddleware = (store: Store): Chain => new Chain(store, []);
