/**
 * Accounts whose mail passes unscanned, for a while or without an end, as two operators decided (decision 1973).
 *
 * It is kept among the settings of the account, so that whoever knows who submits knows it without another read. It is in no table of settings: one
 * person may change those, and no road on which settings are read from text takes a name that they do not have.
 */
import type { Account } from './registry.ts';
import { type Instant, instant } from './units.ts';

/** Its value: milliseconds of its end, or NO_END. */
export const SCAN_EXEMPT = 'scan-exempt';
export const NO_END = 0;

/** Undefined: it was never exempt, or not since it was ended. An end by the clock may have come. */
export function exemptUntil({ settings }: Pick<Account, 'settings'>): Instant | 'no end' | undefined {
  const value = settings[SCAN_EXEMPT];
  if (typeof value !== 'number') return undefined;
  return value === NO_END ? 'no end' : instant(value);
}

export function isExempt(account: Pick<Account, 'settings'>, at: Instant): boolean {
  const until = exemptUntil(account);
  return until === 'no end' || (until !== undefined && until > at);
}
