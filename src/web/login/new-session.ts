/** Makes a new session: what the browser gets, and what the store keeps of it. */
import { newSessionSecret, newShownId, sessionHash } from '../../crypto/keys/console-secrets.ts';
import type { RandomBytes } from '../../domain/effects.ts';
import type { NewSession } from '../../store/console.ts';
import type { From } from './slowed.ts';

export function newSession(random: RandomBytes, { range }: From): NewSession & { readonly secret: string } {
  const secret = newSessionSecret(random);
  const hash = sessionHash(secret);
  if (hash === undefined) throw new Error('A secret that was made is none');
  return { secret, hash, id: newShownId(random), network: range };
}
