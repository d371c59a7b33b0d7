/** The part of `account show` that a support call asks for first. */
import type { RecentView, RecentViews } from '../admin/account-recent.ts';
import { table } from './output.ts';
import { sessionTable } from './session.ts';

export const recentText = ({ sessions, logins, refusals }: RecentViews): string =>
  [
    sessions.length === 0 ? 'Open sessions: none' : sessionTable(sessions),
    logins.length === 0 ? 'Logins of the last 30 days: none' : recentTable('LAST LOGINS', logins),
    refusals.length === 0 ? 'Refusals of the last 30 days: none' : recentTable('LAST REFUSALS', refusals),
  ].join('\n\n');

const recentTable = (title: string, rows: readonly RecentView[]): string =>
  table(
    [title, 'WHAT', 'FROM', 'FACTS'],
    rows.map((r) => [
      ...[r.at.slice(0, 19).replace('T', ' '), r.event, r.network],
      Object.entries(r.facts)
        .map(([name, value]) => `${name}=${String(value)}`)
        .join(' '),
    ]),
  );
