/**
 * Counts in a second way what accounts did: from the rows of messages, mailboxes, deliveries and
 * the trail in a database file, and not from the counters. The result is right as long as nothing
 * was swept, expired or handed out again.
 *
 * It compares with what the counters would be if the store ended now. Figures that were not written
 * yet are those that the next start would find.
 */
import Database from 'better-sqlite3';
import { isoMonth, monthOf } from '../../src/domain/months.ts';
import type { Instant } from '../../src/domain/units.ts';
import { dayOf } from '../../src/domain/working-days.ts';
import { UsageChanges } from '../../src/store/sqlite/usage-changes.ts';
import { NO_USAGE, USAGE_COUNTS, type UsageCounts } from '../../src/store/usage.ts';

type Counted = { -readonly [K in keyof UsageCounts]: number } & { loginDays: number[] };
/** Figures by `MONTH ACCOUNT`. */
export type Recount = Readonly<Record<string, Counted>>;

const column = (name: string): string => name.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`);
const isNothing = (of: Counted): boolean => USAGE_COUNTS.every((name) => of[name] === 0) && of.loginDays.length === 0;

export interface Recounts {
  readonly kept: Recount;
  readonly found: Recount;
  /** Messages and collections. Only the trail knows when a message was collected. */
  readonly collected: {
    readonly kept: Readonly<Record<string, number>>;
    readonly found: Readonly<Record<string, number>>;
  };
}

/** `before` may change the copy of the database before it is read. */
export function recount(path: string, before: (db: Database.Database) => void = () => undefined): Recounts {
  const db = new Database(committedAt(path));
  try {
    before(db);
    db.transaction(() => new UsageChanges(db, { seq: () => 0 }).settle())();
    const collected = { kept: sumOf(db, KEPT), found: sumOf(db, FETCHED) };
    return { kept: keptIn(db), found: foundIn(db), collected };
  } finally {
    db.close();
  }
}

/** All that is committed, including the write-ahead log, as one file that needs no log. */
function committedAt(path: string): Buffer {
  const db = new Database(path, { readonly: true });
  try {
    const file = db.serialize();
    // Octets 18 and 19 hold the version of the file format: 2 means that it has a write-ahead log.
    return file.fill(1, 18, 20);
  } finally {
    db.close();
  }
}

const KEPT = 'SELECT account, sum(collected) AS n FROM usage_month GROUP BY account HAVING n > 0 ORDER BY account';
const FETCHED = `SELECT account, count(*) AS n FROM (
    SELECT account FROM entry WHERE retrieved = 2 UNION ALL SELECT account FROM hidden_entry WHERE retrieved = 2
  ) GROUP BY account ORDER BY account`;
const sumOf = (db: Database.Database, sql: string): Record<string, number> =>
  Object.fromEntries(
    db
      .prepare<[], { account: number; n: number }>(sql)
      .all()
      .map(({ account, n }) => [account, n]),
  );

class Counts {
  readonly #of: Record<string, Counted> = {};

  at(account: number, at: number): Counted {
    return (this.#of[`${isoMonth(monthOf(at as Instant))} ${account}`] ??= { ...NO_USAGE, loginDays: [] });
  }

  of(key: string): Counted {
    return (this.#of[key] ??= { ...NO_USAGE, loginDays: [] });
  }

  get all(): Recount {
    return Object.fromEntries(
      Object.entries(this.#of)
        .filter(([, counted]) => !isNothing(counted))
        .sort(),
    );
  }
}

function keptIn(db: Database.Database): Recount {
  const counts = new Counts();
  for (const row of db.prepare<[], Record<string, number>>('SELECT * FROM usage_month').all()) {
    const { month = 0, account = 0, login_days: bits = 0 } = row;
    const sums = counts.of(`${isoMonth(month)} ${account}`);
    for (const name of USAGE_COUNTS) if (name !== 'collected') sums[name] += row[column(name)] ?? 0;
    for (let day = 1; day <= 31; day += 1) if ((bits & (1 << (day - 1))) !== 0) sums.loginDays.push(day);
  }
  return counts.all;
}

interface MessageRow {
  readonly submitter: number;
  readonly at: number;
  readonly octets: number;
  readonly envelope: string;
}
interface ArrivedRow {
  readonly account: number;
  readonly submitter: number;
  readonly at: number;
  readonly octets: number;
}
interface TrailRow {
  readonly event: string;
  readonly at: number;
  readonly account: number;
  readonly facts: string;
}

function foundIn(db: Database.Database): Recount {
  const counts = new Counts();
  const messages = db.prepare<[], MessageRow>(
    // Only the trail has the number of octets as submitted: the stored message also has our fields.
    `SELECT submitter, received_at AS at, envelope, coalesce(
        (SELECT json_extract(facts, '$.submitted') FROM audit a WHERE a.message = m.id AND event = 'message.accepted'), octets) AS octets
       FROM message m WHERE copy_of IS NULL AND submitter > 0`,
  );
  for (const { submitter, at, octets, envelope } of messages.all()) {
    const sums = counts.at(submitter, at);
    sums.sent += 1;
    sums.sentOctets += octets;
    sums.sentRecipients += (JSON.parse(envelope) as { recipients: unknown[] }).recipients.length;
  }
  const arrived = (row: ArrivedRow): Counted => {
    const sums = counts.at(row.account, row.at);
    if (row.submitter === 0) sums.notices += 1;
    else {
      sums.received += 1;
      sums.receivedOctets += row.octets;
    }
    return sums;
  };
  // A message that was held or queued first arrived when it was filed.
  const filed = db.prepare<[], ArrivedRow>(
    `SELECT e.account, m.submitter, m.octets, coalesce(
        (SELECT settled_at FROM delivery d WHERE d.message = m.id AND d.state = 'filed' AND coalesce(d.mailbox, e.account) = e.account), m.received_at) AS at
       FROM (SELECT account, message FROM entry UNION ALL SELECT account, message FROM hidden_entry) e JOIN message m ON m.id = e.message
       WHERE NOT EXISTS (SELECT 1 FROM imported i WHERE i.message = m.id)`,
  );
  for (const row of filed.all()) arrived(row);
  const pushed = db.prepare<[], ArrivedRow>(
    `SELECT p.account, m.submitter, m.octets, d.settled_at AS at
       FROM delivery d JOIN partner p ON p.id = d.partner JOIN message m ON m.id = d.message WHERE d.state = 'relayed'`,
  );
  for (const row of pushed.all()) arrived(row).pushed += 1;
  for (const row of db.prepare<[], TrailRow>('SELECT event, at, account, facts FROM audit WHERE account > 0').all())
    countRow(counts, row);
  return counts.all;
}

function countRow(counts: Counts, { event, at, account, facts: text }: TrailRow): void {
  const facts = JSON.parse(text) as { count?: number; last?: string };
  if (event === 'login.refused') counts.at(account, at).loginsRefused += facts.count ?? 1;
  if (event === 'message.refused') counts.at(account, at).refused += facts.count ?? 1;
  if (event !== 'login.granted') return;
  const when = (facts.last === undefined ? at : Date.parse(facts.last)) as Instant;
  const { loginDays } = counts.at(account, when);
  const day = new Date(dayOf(when) * 86_400_000).getUTCDate();
  if (!loginDays.includes(day)) loginDays.push(day);
  loginDays.sort((a, b) => a - b);
}
