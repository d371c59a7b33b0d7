/**
 * What a verdict of the scanner means for a message: let through, let through with a mark, or
 * refused. Pure.
 */
import { type Refusal, type RefusalRow, refusing, row } from '../domain/refusal.ts';
import type { Verdict } from './verdict.ts';

/** `pass`: let through, marked in trail and log. */
export interface ScanPolicy {
  /** The scanner is away, slow, full or not to be believed. */
  readonly away: 'refuse' | 'pass';
  readonly tooLarge: 'refuse' | 'pass';
  /** What happens to content that only the addressee can read. */
  readonly encrypted: 'refuse' | 'pass';
}

/** Why content passes unscanned. */
export type Mark = 'unscanned' | 'too-large' | 'encrypted' | 'exempt';

export type Ruling =
  | { readonly kind: 'clean' }
  | { readonly kind: 'marked'; readonly mark: Mark; readonly why: string }
  | { readonly kind: 'found'; readonly name: string; readonly refusal: Refusal }
  | { readonly kind: 'refused'; readonly mark: Mark; readonly why: string; readonly refusal: Refusal };

export const scanRows = {
  malware: row(
    554,
    '5.7.1',
    'The message holds malware ({name}) and is refused; have the computer checked that sent it, or ask the helpdesk if this is a mistake',
    'The scanner found malware in the message. Nothing was filed.',
  ),
  tooLargeToScan: row(
    552,
    '5.3.4',
    'The message is too large to be scanned for malware and is refused; send it in parts, or with files that are not compressed',
    'The message or an archive in it is larger, or has more levels, than the scanner examines.',
  ),
  encryptedUnscanned: row(
    554,
    '5.7.1',
    'The message or a part of it is encrypted, cannot be scanned for malware and is refused; send it without encryption, this gateway encrypts it',
    'The message is encrypted end to end or holds an archive with a password, and the operator refuses what cannot be scanned.',
  ),
  scannerAway: row(
    451,
    '4.7.1',
    'The gateway cannot scan for malware at present; try again later',
    'The scanner does not answer in time, or does not announce its limits. The log says which (`scan.away`, `scan.limits-silent`).',
  ),
  scannerBusy: row(
    451,
    '4.4.5',
    'The gateway is busy scanning other messages for malware; try again later',
    'Too many messages are waiting for the scanner.',
  ),
} as const satisfies Record<string, RefusalRow>;

const refusals = refusing(scanRows);

export function rulingOf(verdict: Verdict, policy: ScanPolicy): Ruling {
  switch (verdict.kind) {
    case 'clean':
      return verdict;
    case 'found':
      return { ...verdict, refusal: refusals.malware({ name: verdict.name }) };
    case 'too-large':
      return rule('too-large', verdict.why, policy.tooLarge, refusals.tooLargeToScan);
    case 'encrypted':
      return rule('encrypted', verdict.why, policy.encrypted, refusals.encryptedUnscanned);
    case 'failed':
      return rule(
        'unscanned',
        `${verdict.because}: ${verdict.why}`,
        policy.away,
        verdict.because === 'full' ? refusals.scannerBusy : refusals.scannerAway,
      );
  }
}

const rule = (mark: Mark, why: string, policy: 'refuse' | 'pass', refusal: Refusal): Ruling =>
  policy === 'refuse'
    ? { kind: 'refused', mark, why, refusal: { ...refusal, detail: why } }
    : { kind: 'marked', mark, why };
