/** What several commands of `sluis takeover` read. */
import { allRows } from '../../cli/pages.ts';
import type { Here } from '../core/row.ts';
import { type MailboxView, PAGE, type PracticeView, mailboxes, practices } from './parts.ts';

/** All practices by name, including those that are in no wave. */
export const wavesOf = (here: Here): Promise<readonly PracticeView[]> =>
  allRows(
    (page) => here.call(practices, { ...page, limit: PAGE }),
    ({ organisation }) => organisation,
  );

/** All mailboxes by login name, or those of one practice. */
export const mailboxesOf = (here: Here, organisation?: string): Promise<readonly MailboxView[]> =>
  allRows(
    (page) => here.call(mailboxes, { ...page, limit: PAGE, ...(organisation !== undefined && { organisation }) }),
    ({ login }) => login,
  );

export function durationText(seconds: number): string {
  if (seconds < 90) return `${seconds} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}
