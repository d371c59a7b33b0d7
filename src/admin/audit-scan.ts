/**
 * Walks over the audit trail in steps of limited size: it finds where a time begins, and sums up a
 * period.
 */
import { z } from '../config/zod.ts';
import { AUDIT_LOG_KINDS, meaningOf } from '../domain/audit-events.ts';
import type { ChainRow, LaneHead } from '../domain/audit-row.ts';
import { defined } from '../domain/defined.ts';
import type { AccountId } from '../domain/ids.ts';
import { type Instant, iso } from '../domain/units.ts';
import type { AuditRow } from '../store/audit.ts';
import type { AuditTrail } from '../store/port/audit.ts';

const STEP = 1000;
/** Accounts and networks that a report names, beginning with those that have most failed logins. */
const NAMED = 20;
/** Most pairs of account and network that are counted for one report. */
const COUNTED = 100_000;
/** Most acts of each kind in a summary. */
const MAX_ACTS = 500;

/**
 * Kinds of acts that an auditor looks for: looks at the trail, what was given out, what two people
 * did, and all other commands.
 */
const actKind = z.enum(['look', 'export', 'approval', 'command']);
export type ActKind = z.infer<typeof actKind>;

export const auditSummary = z.object({
  since: z.string(),
  until: z.string(),
  rows: z.number(),
  events: z.array(z.object({ event: z.string(), outcome: z.string(), rows: z.number() })).readonly(),
  logs: z.array(z.object({ log: z.enum(AUDIT_LOG_KINDS), success: z.number(), failure: z.number() })).readonly(),
  failedLogins: z
    .array(z.object({ account: z.string(), network: z.string(), tries: z.number() }))
    .readonly()
    .meta({
      description: 'Most first. A name that is not one of ours is in quotes; tries that share a row count each.',
    }),
  acts: z
    .array(
      z.object({
        kind: actKind,
        at: z.string(),
        event: z.string(),
        what: z.string().optional().meta({ description: 'The operation, or what was looked at.' }),
        outcome: z.string(),
        actor: z.string(),
        reason: z.string().optional(),
      }),
    )
    .readonly()
    .meta({ description: 'What people did by the command line, oldest first, at most 500 of each kind.' }),
  moreActs: z.boolean(),
});
export type AuditSummary = z.infer<typeof auditSummary>;

/**
 * The number of the first row at `since` or later; if there is none, the number after the last row.
 * Rows stand in the order of time.
 */
export const firstSince = async (audit: AuditTrail, since: Instant): Promise<number> =>
  first(since, (await audit.head()).seq + 1, (fromSeq) => audit.chain({ fromSeq, limit: 1 }));

/** The same as `firstSince`, within one chain and by the row numbers of that chain. */
export const firstOfLane = (audit: AuditTrail, { lane, place }: LaneHead, since: Instant): Promise<number> =>
  first(since, place + 1, (from) => audit.chainOf({ lane, from, limit: 1 }));

async function first(
  since: Instant,
  behind: number,
  from: (n: number) => Promise<readonly Pick<ChainRow, 'at'>[]>,
): Promise<number> {
  let low = 1;
  let high = behind;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const [row] = await from(middle);
    if (row === undefined || row.at >= since) high = middle;
    else low = middle + 1;
  }
  return low;
}

export async function report(
  audit: AuditTrail,
  { since, until }: { readonly since: Instant; readonly until: Instant },
  nameOf: (id: AccountId) => Promise<string | undefined>,
  progress: (done: number, total: number) => void,
): Promise<AuditSummary> {
  const events = new Map<string, number>();
  const logs = new Map<string, number>();
  const failed = new Map<string, Failed>();
  const shown = new Map<ActKind, number>();
  const acts: AuditSummary['acts'][number][] = [];
  let rows = 0;
  let moreActs = false;
  const begin = await firstSince(audit, since);
  const total = (await audit.head()).seq - begin + 1;
  for (let from = begin; ;) {
    const found = await audit.read({ fromSeq: from, limit: STEP });
    for (const row of found) {
      if (row.at > until) return await summed();
      from = row.seq + 1;
      rows += 1;
      count(events, `${row.event} ${row.outcome}`);
      count(logs, `${meaningOf(row.event).kind} ${row.outcome}`);
      if (row.event.startsWith('login') && row.outcome === 'failure') countFailed(failed, row);
      const { actor } = row.personal ?? {};
      if (typeof actor !== 'string') continue;
      const kind = kindOf(row);
      count(shown, kind);
      if ((shown.get(kind) ?? 0) > MAX_ACTS) moreActs = true;
      else acts.push(actOf(row, kind, actor));
    }
    progress(rows, total);
    if (found.length < STEP) return await summed();
  }

  async function summed(): Promise<AuditSummary> {
    const most = [...failed.values()].sort((a, b) => b.tries - a.tries).slice(0, NAMED);
    const failedLogins: AuditSummary['failedLogins'][number][] = [];
    for (const { account: id, login, network, tries } of most) {
      const account = id === undefined ? login : ((await nameOf(id)) ?? `account ${id}`);
      failedLogins.push({ account, network, tries });
    }
    return {
      since: iso(since),
      until: iso(until),
      rows,
      events: [...events]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, n]) => ({ event: name.split(' ')[0] ?? name, outcome: name.split(' ')[1] ?? '', rows: n })),
      logs: AUDIT_LOG_KINDS.map((log) => ({
        log,
        success: logs.get(`${log} success`) ?? 0,
        failure: logs.get(`${log} failure`) ?? 0,
      })),
      failedLogins,
      acts,
      moreActs,
    };
  }
}

const count = <K>(counts: Map<K, number>, key: K): void => void counts.set(key, (counts.get(key) ?? 0) + 1);

interface Failed {
  readonly account?: AccountId;
  readonly login: string;
  readonly network: string;
  tries: number;
}

function countFailed(failed: Map<string, Failed>, { account, facts, personal = {} }: AuditRow): void {
  const login = typeof personal.login === 'string' ? JSON.stringify(personal.login) : '(erased)';
  const network = typeof personal.network === 'string' ? personal.network : '(erased)';
  const key = `${account ?? login} ${network}`;
  const tries = typeof facts?.count === 'number' ? facts.count : 1;
  const known = failed.get(key);
  if (known !== undefined) known.tries += tries;
  else if (failed.size < COUNTED) failed.set(key, { ...defined({ account }), login, network, tries });
}

/** The operation that a row is about, or what was looked at. */
function whatOf({ facts = {} }: AuditRow): string | undefined {
  const what = facts.operation ?? facts.what;
  return typeof what === 'string' ? what : undefined;
}

function kindOf(row: AuditRow): ActKind {
  if (row.event.startsWith('approval.')) return 'approval';
  if (['message.exported', 'evidence.bundle'].includes(row.event) || (whatOf(row) ?? '').includes('export'))
    return 'export';
  return row.event === 'audit.read' ? 'look' : 'command';
}

function actOf(row: AuditRow, kind: ActKind, actor: string): AuditSummary['acts'][number] {
  const { at, event, outcome, personal: { reason } = {} } = row;
  const what = whatOf(row);
  return {
    kind,
    at: iso(at),
    event,
    outcome,
    actor,
    ...defined({ what }),
    ...(typeof reason === 'string' ? { reason } : {}),
  };
}
