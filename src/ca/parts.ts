/** Parts that the certificate authority works with. */
import type { AuthorityKeys } from '../crypto/keys/authority-keys.ts';
import type { Clock, RandomBytes } from '../domain/effects.ts';
import type { Store } from '../store/port/store.ts';

export interface CaParts {
  readonly store: Store;
  readonly keys: AuthorityKeys;
  readonly clock: Clock;
  readonly random: RandomBytes;
  /** Where revocation lists are written; absent: they are made on request only. */
  readonly crlFile?: string;
  /** The folder of `crlFile` as the world sees it; stands in certificates. */
  readonly crlUrl?: string;
}
