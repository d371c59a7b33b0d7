/** Walks the audit trail in bounded steps: where a time begins, and what a period comes to. */
import type { AccountId } from '../domain/ids.ts';
import type { Instant } from '../domain/units.ts';
import type { AuditTrail } from '../store/audit.ts';

const STEP = 1000;
/** Accounts that a report names, those with most failed logins first. */
const NAMED = 20;
/** Accounts that are counted while a report is made. */
const COUNTED = 100_000;
const MAX_ACTS = 500;

/** The first row at `since` or later, or the number behind the last one. Rows stand in the order of time. */
export async function firstSince(audit: AuditTrail, since: Instant): Promise<number> {
  let low = 1;
  let high = (await audit.head()).seq + 1;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const [row] = await audit.chain({ fromSeq: middle, limit: 1 });
    if (row === undefined || row.at >= since) high = middle;
    else low = middle + 1;
  }
  return low;
}

export interface AuditSummary {
  readonly since: string;
  readonly until: string;
  readonly rows: number;
  readonly events: readonly { readonly event: string; readonly outcome: string; readonly rows: number }[];
  /** Rows of failed logins by account, most first; each row may stand for many tries. */
  readonly failedLogins: readonly { readonly account: string; readonly rows: number }[];
  /** What people did by the command line, oldest first, at most 500. */
  readonly acts: readonly {
    readonly at: string;
    readonly event: string;
    readonly actor: string;
    readonly reason?: string;
  }[];
  readonly moreActs: boolean;
}

const iso = (at: Instant): string => new Date(at).toISOString();

export async function report(
  audit: AuditTrail,
  { since, until }: { readonly since: Instant; readonly until: Instant },
  nameOf: (id: AccountId) => Promise<string | undefined>,
  progress: (done: number, total: number) => void,
): Promise<AuditSummary> {
  const events = new Map<string, number>();
  const failed = new Map<AccountId, number>();
  const acts: AuditSummary['acts'][number][] = [];
  let rows = 0;
  let moreActs = false;
  const first = await firstSince(audit, since);
  const total = (await audit.head()).seq - first + 1;
  for (let from = first; ;) {
    const found = await audit.read({ fromSeq: from, limit: STEP });
    for (const row of found) {
      if (row.at > until) return await summed();
      from = row.seq + 1;
      rows += 1;
      count(events, `${row.event} ${row.outcome}`);
      if (
        row.event.startsWith('login') &&
        row.outcome === 'failure' &&
        row.account !== undefined &&
        failed.size < COUNTED
      )
        count(failed, row.account);
      const { actor, reason } = row.personal ?? {};
      if (typeof actor !== 'string') continue;
      moreActs ||= acts.length === MAX_ACTS;
      if (acts.length < MAX_ACTS)
        acts.push({ at: iso(row.at), event: row.event, actor, ...(typeof reason === 'string' ? { reason } : {}) });
    }
    progress(rows, total);
    if (found.length < STEP) return await summed();
  }

  async function summed(): Promise<AuditSummary> {
    const most = [...failed].sort(([, a], [, b]) => b - a).slice(0, NAMED);
    const failedLogins: { account: string; rows: number }[] = [];
    for (const [id, n] of most) failedLogins.push({ account: (await nameOf(id)) ?? `account ${id}`, rows: n });
    return {
      ...{ since: iso(since), until: iso(until), rows },
      events: [...events]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, n]) => ({ event: name.split(' ')[0] ?? name, outcome: name.split(' ')[1] ?? '', rows: n })),
      ...{ failedLogins, acts, moreActs },
    };
  }
}

const count = <K>(counts: Map<K, number>, key: K): void => void counts.set(key, (counts.get(key) ?? 0) + 1);
