/** How large a message may be: for the gateway, for its sender, for one of its recipients; and whether there is room for it now. */
import { type Address, needsUtf8 } from '../domain/address.ts';
import { formatOctets } from '../domain/octets-text.ts';
import { quoted } from '../domain/policy.ts';
import type { Refusal } from '../domain/refusal.ts';
import { settingOf } from '../domain/settings.ts';
import type { Octets } from '../domain/units.ts';
import { StoreFull, StoreUnavailable } from '../store/store.ts';
import type { Store } from '../store/port/store.ts';
import { refusals } from './refusals.ts';
import type { Submitter } from './submitter.ts';
import type { Transaction } from './transaction.ts';

/** What a limit on encoded octets means for the files that people attach. */
export function tooLarge(limit: Octets): Refusal {
  const attachment = Math.floor((limit * 0.73) / 1_000_000);
  return refusals.tooLarge({ limit: formatOctets(limit), attachment });
}

/** A partner's limit holds both ways: what its server does not take, it has no business to send. */
export function limitOf(
  { account, organisation }: Pick<Submitter, 'account' | 'organisation'>,
  most: Octets,
): Transaction['limit'] {
  const own = account.kind === 'partner' ? settingOf('max-message', account.settings, organisation.settings) : most;
  const octets = own < most ? (own as Octets) : most;
  return { octets, refusal: tooLarge(octets) };
}

export function tooLargeFor(address: Address, limit: Octets): Refusal {
  const whose = needsUtf8(address) ? 'a recipient' : quoted(address);
  return refusals.tooLargeFor({ whose, limit: formatOctets(limit) });
}

/** Low disk answers at MAIL already: a sender with ten recipients need not find out at the end. */
export function freeSpaceFor(size: Octets, store: Pick<Store, 'health'>): Refusal | undefined {
  const health = store.health();
  if (health.failed) return refusals.storageFailed;
  return health.free <= size ? refusals.storageFull : undefined;
}

/** The store does not answer for now, and nothing was done. */
export const isAway = (error: unknown): boolean => error instanceof StoreUnavailable;

/** What the sender hears of a store that could not. */
export function storageRefusal(error: unknown): Refusal {
  const detail = error instanceof Error ? error.message : String(error);
  return { ...(error instanceof StoreFull ? refusals.storageFull : refusals.storageFailed), detail };
}
