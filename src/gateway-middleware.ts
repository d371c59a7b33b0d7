/** The steps that a submitted message passes before it is accepted, in their order. */
import { randomBytes } from 'node:crypto';
import type { Config } from './config/schema.ts';
import type { Desk } from './delivery/desk.ts';
import type { Log, RandomBytes } from './domain/effects.ts';
import { ediSteps } from './gateway-edi.ts';
import { Chain } from './middleware/chain.ts';
import type { MailKeys } from './middleware/mail-keys.ts';
import { smimeOpen } from './middleware/smime-open.ts';
import { smimeProtect } from './middleware/smime-protect.ts';
import { smimeVerify } from './middleware/smime-verify.ts';
import type { Store } from './store/store.ts';

export interface MiddlewareEffects {
  readonly log: Log;
  readonly random?: RandomBytes;
  readonly desk: Desk;
}

/** EDI is looked at as it was submitted. Then what was signed is judged, then what may be opened is, then what is left is protected. */
export function gatewayMiddleware(
  store: Store,
  keys: MailKeys,
  { hostname, notices }: Pick<Config, 'hostname' | 'notices'>,
  { log, random = randomBytes, desk }: MiddlewareEffects,
): Chain {
  const contact = notices.operator ?? `postmaster@${hostname}`;
  return new Chain(store, [
    ...ediSteps({ store, log, desk }),
    smimeVerify({ keys, authserv: hostname }),
    smimeOpen({ keys, random, log, authserv: hostname, contact }),
    smimeProtect({ keys, random, log }),
  ]);
}
