/** What ends a POP3 session, a retention or a withdrawal does to maildrops, in the writer. */
import { hash } from 'node:crypto';
import type Database from 'better-sqlite3';
import { joinSmall } from '../../platform/bytes.ts';
import type { HiddenWhy } from '../reads/records.ts';
import type { AuditWriter } from './audit-writer.ts';
import type { Db } from './database.ts';
import { Changed } from '../changes/changed.ts';
import type { Filing } from './filing.ts';
import { type MailboxCounters, deletedAllowed } from './mailbox-counters.ts';
import type { UsageChanges } from './usage-changes.ts';
import type { AuditItem, WriterAnswer, WriterWork } from './writer-protocol.ts';

type WorkOf<K extends WriterWork['kind']> = Extract<WriterWork, { kind: K }>;

interface EntryRow {
  readonly message: bigint;
  readonly octets: bigint;
  readonly retrieved: bigint;
  readonly receipt: bigint;
}
interface Hidden {
  readonly uid: number;
  readonly message: bigint;
  /** Before. */
  readonly retrieved: number;
}

const NONE: ReadonlySet<number> = new Set();
const UNSEEN = JSON.stringify({ retrieved: false });

/** `entry.retrieved` of what was collected. */
const COLLECTED = 2;

export interface MaildropParts {
  readonly audit: AuditWriter;
  readonly counters: MailboxCounters;
  readonly filing: Filing;
  readonly usage: UsageChanges;
}

export class MaildropChanges {
  readonly #audit: AuditWriter;
  readonly #counters: MailboxCounters;
  readonly #filing: Filing;
  readonly #usage: UsageChanges;
  readonly #deleteEntry: Database.Statement<[number, number], EntryRow>;
  readonly #insertHidden: Database.Statement;
  readonly #markCollected: Database.Statement;
  readonly #markSent: Database.Statement<[number, number], { retrieved: number }>;
  readonly #isWaiting: Database.Statement<[number, number], { uid: number }>;
  readonly #waiting: Database.Statement<[number, bigint], { uid: number }>;

  constructor(db: Db, { audit, counters, filing, usage }: MaildropParts) {
    this.#audit = audit;
    this.#counters = counters;
    this.#filing = filing;
    this.#usage = usage;
    this.#deleteEntry = db
      .prepare<[number, number], EntryRow>(
        'DELETE FROM entry WHERE account = ? AND uid = ? RETURNING message, octets, retrieved, receipt',
      )
      .safeIntegers(true);
    this.#insertHidden = db.prepare(
      'INSERT INTO hidden_entry (account, hidden_at, uid, message, octets, retrieved, receipt, why) VALUES (?,?,?,?,?,?,?,?)',
    );
    this.#markCollected = db.prepare('UPDATE entry SET retrieved = 2 WHERE account = ? AND uid = ? AND retrieved < 2');
    this.#markSent = db.prepare(
      'UPDATE entry SET retrieved = retrieved + 1 WHERE account = ? AND uid = ? AND retrieved < 2 RETURNING retrieved',
    );
    this.#isWaiting = db.prepare('SELECT uid FROM entry WHERE account = ? AND uid = ? AND retrieved = 0');
    this.#waiting = db.prepare('SELECT uid FROM entry WHERE account = ? AND message = ? AND retrieved = 0');
  }

  /** QUIT. */
  commit({ account, deleted, retrieved, at, audit, notices }: WorkOf<'commit-maildrop'>): WriterAnswer {
    const changed = new Changed();
    const sent = new Set(retrieved);
    const hidden = this.#hide(account, deleted, at, 'deleted', changed, sent);
    let collected = 0;
    for (const { uid, retrieved: before } of hidden) if (sent.has(uid) && before < COLLECTED) collected += 1;
    // What was deleted as well is hidden by now.
    const left = new Set(hidden.map(({ uid }) => uid));
    for (const uid of sent) if (!left.has(uid)) collected += this.#markCollected.run(account, uid).changes;
    this.#usage.collected(account, collected, at);
    this.#filing.notices(notices, at, changed);
    this.#audit.appendAll(audit);
    this.#tellUnseen(hidden, sent, audit);
    return { kind: 'done', ...changed.effects };
  }

  /** A message that was fetched and deleted has its row (`message.collected`, removed); one that was deleted unseen gets it here. */
  #tellUnseen(hidden: readonly Hidden[], retrieved: ReadonlySet<number>, audit: readonly AuditItem[]): void {
    const session = audit.find(({ event }) => event === 'maildrop.committed');
    if (session === undefined) return;
    for (const { uid, message } of hidden) {
      if (retrieved.has(uid)) continue;
      const salt =
        session.salt === null ? null : hash('sha256', joinSmall([session.salt, Buffer.from(`${uid}`)]), 'buffer');
      this.#audit.append({ ...session, event: 'message.deleted', message, facts: UNSEEN, salt });
    }
  }

  /** A session that ended without QUIT. */
  release({ account, retrieved, notices, at }: WorkOf<'release-maildrop'>): WriterAnswer {
    // The second time without a QUIT: it has the message, whatever becomes of its sessions.
    const collected = retrieved.filter((uid) => this.#markSent.get(account, uid)?.retrieved === COLLECTED).length;
    this.#usage.collected(account, collected, at);
    const changed = new Changed();
    this.#filing.notices(notices, at, changed);
    return { kind: 'done', ...changed.effects };
  }

  /** Those that were collected meanwhile stay, and nothing is told of them. */
  expire({ account, entries, at }: WorkOf<'expire'>): WriterAnswer {
    const waiting = entries.filter(({ uid }) => this.#isWaiting.get(account, uid) !== undefined);
    const uids = waiting.map(({ uid }) => uid);
    if (uids.length === 0) return { kind: 'expired', uids };
    const changed = new Changed();
    this.#hide(account, uids, at, 'expired', changed);
    for (const { notices, audit } of waiting) {
      this.#audit.append(audit);
      this.#filing.notices(notices, at, changed);
    }
    return { kind: 'expired', uids, ...changed.effects };
  }

  /** Hides the entry of a message that was never sent to its end; false when there is none. */
  withdraw(account: number, message: bigint, at: number, changed: Changed): boolean {
    const uids = this.#waiting.all(account, message).map((row) => row.uid);
    this.#hide(account, uids, at, 'withdrawn', changed);
    return uids.length > 0;
  }

  /** `sent`: to their end, now. */
  #hide(
    account: number,
    uids: readonly number[],
    at: number,
    why: HiddenWhy,
    changed: Changed,
    sent: ReadonlySet<number> = NONE,
  ): Hidden[] {
    let octets = 0;
    const hidden: Hidden[] = [];
    for (const uid of uids) {
      const row = this.#deleteEntry.get(account, uid);
      if (row === undefined) continue;
      const { message, receipt, retrieved } = row;
      const now = sent.has(uid) ? COLLECTED : retrieved;
      this.#insertHidden.run(account, at, uid, message, row.octets, now, receipt, why);
      octets += Number(row.octets);
      hidden.push({ uid, message, retrieved: Number(retrieved) });
    }
    const messages = hidden.length;
    const row = messages === 0 ? undefined : this.#counters.get(account);
    if (row === undefined) return hidden;
    const crowded = row.hidden_octets + octets > deletedAllowed(row);
    // What is beyond the quota goes now, and after a crash with the next sweep. What was deleted before is the oldest, or the sweep finds when the first of it is due.
    const sweepAt = crowded || row.sweep_at === null ? { sweepAt: at } : {};
    const by = { octets: -octets, messages: -messages, hidden: octets, ...sweepAt };
    this.#counters.add(changed.mailboxes, account, row, by);
    if (crowded) changed.crowded.push(account);
    return hidden;
  }
}
