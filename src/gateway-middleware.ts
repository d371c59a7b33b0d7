/** The steps that a submitted message passes before it is accepted, in their order. */
import { randomBytes } from 'node:crypto';
import type { Config } from './config/schema.ts';
import type { Log, RandomBytes } from './domain/effects.ts';
import { Chain } from './middleware/chain.ts';
import type { MailKeys } from './middleware/mail-keys.ts';
import { smimeOpen } from './middleware/smime-open.ts';
import { smimeProtect } from './middleware/smime-protect.ts';
import { smimeVerify } from './middleware/smime-verify.ts';
import type { Store } from './store/store.ts';

export interface MiddlewareEffects {
  readonly log: Log;
  readonly random?: RandomBytes;
}

/** What was signed is judged first, then what may be opened is, then what is left is protected. */
export function gatewayMiddleware(
  store: Store,
  keys: MailKeys,
  { hostname, notices }: Pick<Config, 'hostname' | 'notices'>,
  { log, random = randomBytes }: MiddlewareEffects,
): Chain {
  const contact = notices.operator ?? `postmaster@${hostname}`;
  return new Chain(store, [
    smimeVerify({ keys, authserv: hostname }),
    smimeOpen({ keys, random, log, authserv: hostname, contact }),
    smimeProtect({ keys, random, log }),
  ]);
}
