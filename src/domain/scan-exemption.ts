/**
 * Accounts whose mail passes unscanned, for a while or without an end, and interchanges of an
 * account that do, as two operators decided (decision 1973).
 *
 * It is kept among the settings of the account, so that whoever knows who submits knows it without
 * another read. It is in no table of settings: one person may change those, and no road on which
 * settings are read from text takes a name that they do not have.
 */
import { isOneOf } from './edi-match.ts';
import type { Interchange } from './interchange.ts';
import type { Account } from './registry.ts';
import type { Settings } from './settings/setting.ts';
import { type Instant, instant } from './units.ts';

/** Its value: milliseconds of its end, or NO_END. */
export const SCAN_EXEMPT = 'scan-exempt';
export const NO_END = 0;
/** Its value: what `writeEdiExemptions` makes of them. */
export const SCAN_EXEMPT_EDI = 'scan-exempt-edi';
/** Keys among the settings that exempt from scanning; operators cannot set them as settings. */
export const EXEMPTIONS: readonly string[] = [SCAN_EXEMPT, SCAN_EXEMPT_EDI];
/** Most exemptions of one account: each is compared with each interchange that it submits. */
export const MAX_EDI_EXEMPTIONS = 20;

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

/**
 * Which interchanges: the parties as `formatIdentity` writes them. `to` is empty if it may be for
 * anybody.
 */
export interface ExemptParties {
  readonly from: string;
  readonly to: string;
}

/** How many exemptions these settings are. */
export const exemptionsIn = (settings: Settings): number =>
  (settings[SCAN_EXEMPT] === undefined ? 0 : 1) + ediExemptions(settings).length;

/** It always has an end, since the submitter writes the identity himself. */
export interface EdiExemption extends ExemptParties {
  readonly until: Instant;
}

/** The exemptions, also those whose end has come by the clock. */
export function ediExemptions(settings: Settings): readonly EdiExemption[] {
  const value = settings[SCAN_EXEMPT_EDI];
  if (typeof value !== 'string') return [];
  const rows = JSON.parse(value) as readonly (readonly [string, string, number])[];
  return rows.map(([from, to, until]) => ({ from, to, until: instant(until) }));
}

export const writeEdiExemptions = (all: readonly EdiExemption[]): string | null =>
  all.length === 0 ? null : JSON.stringify(all.map(({ from, to, until }) => [from, to, until]));

export const isSameParties = (a: ExemptParties, b: ExemptParties): boolean => a.from === b.from && a.to === b.to;

/** An exemption that lets the interchange pass; undefined: it is scanned. */
export const exemptionOf = (
  all: readonly EdiExemption[],
  { sender, recipient }: Pick<Interchange, 'sender' | 'recipient'>,
  at: Instant,
): EdiExemption | undefined =>
  all.find(({ from, to, until }) => until > at && isOneOf(sender, [from]) && (to === '' || isOneOf(recipient, [to])));
