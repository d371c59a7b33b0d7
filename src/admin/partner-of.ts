/** Finds the partner of an account. */
import type { Account } from '../domain/registry.ts';
import type { Store } from '../store/port/store.ts';
import { everyPartner } from './every-partner.ts';

/** The partner of an account; undefined: it is not a partner's. */
export async function partnerOf({ registry }: Store, { id, kind }: Account) {
  if (kind === 'partner')
    for await (const partner of everyPartner(registry)) if (partner.account === id) return partner;
  return undefined;
}
