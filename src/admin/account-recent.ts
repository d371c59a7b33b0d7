/** What a support call asks first: who is connected now, when and from where the account last got in, and what it was refused and why. */
import { days, instant } from '../domain/units.ts';
import type { AuditRow } from '../store/audit.ts';
import { accountOf } from './accounts.ts';
import { firstSince } from './audit-scan.ts';
import { login } from './input.ts';
import { listing } from './operation.ts';
import { type SessionView, openSessions } from './sessions.ts';

const LOOKED_BACK = days(30);
const STEP = 1000;
/** Rows of one account that are looked at: the newest of more are not seen. */
const MOST = 20_000;
const SHOWN = 5;

export interface RecentView {
  /** ISO 8601. */
  readonly at: string;
  /** `login.granted`, `login.refused` and so on, as in the trail. */
  readonly event: string;
  readonly network?: string;
  /** Protocol, reason, count and what else names nobody. */
  readonly facts: Readonly<Record<string, string | number | boolean>>;
}

export interface RecentViews {
  readonly sessions: readonly SessionView[];
  /** Of the last 30 days, newest first, at most 5. */
  readonly logins: readonly RecentView[];
  readonly refusals: readonly RecentView[];
}

const REFUSALS: readonly string[] = ['login.refused', 'login.busy', 'message.refused'];

export const recentOperations = {
  'account.recent': listing(
    (input) => login(input, 'login'),
    async (context, name): Promise<RecentViews> => {
      const { audit, registry } = context.store;
      const { account } = await accountOf(registry, name);
      const logins: RecentView[] = [];
      const refusals: RecentView[] = [];
      let from = await firstSince(audit, instant(context.clock.now() - LOOKED_BACK));
      for (let seen = 0; seen < MOST;) {
        const rows = await audit.read({ account: account.id, fromSeq: from, limit: STEP });
        for (const row of rows) {
          from = row.seq + 1;
          if (row.event === 'login.granted') keep(logins, row);
          else if (REFUSALS.includes(row.event)) keep(refusals, row);
        }
        if (rows.length < STEP) break;
        seen += rows.length;
      }
      return { sessions: openSessions(context, [account.login]), logins, refusals };
    },
  ),
};

function keep(newest: RecentView[], { at, event, facts = {}, personal = {} }: AuditRow): void {
  const network = personal.address ?? personal.network;
  newest.unshift({
    ...{ at: new Date(at).toISOString(), event, facts },
    ...(typeof network === 'string' ? { network } : {}),
  });
  newest.length = Math.min(newest.length, SHOWN);
}
