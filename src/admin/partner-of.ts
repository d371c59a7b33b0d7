/** Finds the partner of an account. */
import type { Account } from '../domain/registry.ts';
import type { Store } from '../store/port/store.ts';
import { everyPartner } from './every-partner.ts';

/** The partner to which an account belongs; undefined if it is not a partner's account. */
export async function partnerOf({ registry }: Store, { id, kind }: Account) {
  if (kind === 'partner')
    for await (const partner of everyPartner(registry)) if (partner.account === id) return partner;
  return undefined;
}
