/**
 * How large a message may be: for the gateway, for its sender, for one of its recipients; and
 * whether there is room for it now.
 */
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

/**
 * The refusal of a message above a limit; it names the size of attached files that the limit on
 * encoded octets allows.
 */
export function tooLarge(limit: Octets): Refusal {
  const attachment = Math.floor((limit * 0.73) / 1_000_000);
  return refusals.tooLarge({ limit: formatOctets(limit), attachment });
}

/** A partner's limit holds both ways: its server may not send what it does not accept. */
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

/**
 * A low disk refuses at MAIL already: a sender with ten recipients need not find out at the end.
 */
export function freeSpaceFor(size: Octets, store: Pick<Store, 'health'>): Refusal | undefined {
  const health = store.health();
  if (health.failed) return refusals.storageFailed;
  return health.free <= size ? refusals.storageFull : undefined;
}

/** True for the error of a store that does not answer for now: nothing was done. */
export const isAway = (error: unknown): boolean => error instanceof StoreUnavailable;

/** The refusal that the sender gets for an error of the store. */
export function storageRefusal(error: unknown): Refusal {
  const detail = error instanceof Error ? error.message : String(error);
  return { ...(error instanceof StoreFull ? refusals.storageFull : refusals.storageFailed), detail };
}
