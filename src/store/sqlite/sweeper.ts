/**
 * Removes what nobody needs any more, a bounded step in each transaction: uploads that a crash or a dropped line left over, hidden entries
 * past their time, content that nothing needs, days without content, facts of messages whose trace is over, old keys of notices, interchanges
 * that are no longer remembered, codes that fetch no certificate any more, figures of months past their time.
 */
import type Database from 'better-sqlite3';
import { dayOf } from '../../crypto/key-folder.ts';
import type { Settings } from '../../domain/settings/setting.ts';
import { type Instant, days, instant } from '../../domain/units.ts';
import { INTERCHANGES_FOR, MOST_INTERCHANGES } from '../interchanges.ts';
import type { Db } from './database.ts';
import { firstIdAt } from './message-ids.ts';
import type { SweepNumbers, WriterWork } from './writer-protocol.ts';

type SweepWork = Extract<WriterWork, { kind: 'sweep' }>;

/** Rows of each kind in one step: a few milliseconds of the writer's time. */
const ROWS = 200;
/** 8 chunks are 2 MB. */
const CHUNKS = 8;
const HIGHEST = 'last_id';
/** How long keys of notices are remembered: longer than anything waits that one could be filed about. */
const NOTICES_FOR = days(400);

export class Sweeper {
  readonly #uploads: Database.Statement<[bigint, bigint, number], { message: bigint }>;
  readonly #deleteUpload: Database.Statement;
  readonly #deleteChunks: Database.Statement;
  readonly #nextAccount: Database.Statement<[number], { account: number }>;
  readonly #keptDays: Database.Statement<[number], string>;
  readonly #expired: Database.Statement<[number, number, number], { hidden_at: number; uid: number; message: bigint }>;
  readonly #deleteHidden: Database.Statement;
  readonly #dropReference: Database.Statement;
  readonly #unreferenced: Database.Statement<[number], { id: bigint; chunks: bigint }>;
  readonly #deleteContent: Database.Statement;
  readonly #markGone: Database.Statement;
  readonly #markOriginalGone: Database.Statement;
  readonly #gone: Database.Statement<[number, number], { id: bigint }>;
  readonly #deleteDeliveries: Database.Statement;
  readonly #deleteMessage: Database.Statement;
  readonly #forgetNotices: Database.Statement;
  readonly #lastInterchange: Database.Statement<[], { seq: number }>;
  readonly #forgetInterchanges: Database.Statement<[number, number, number]>;
  readonly #raise: Database.Statement;
  readonly #liveDays: Database.Statement<[string], { day: string }>;
  readonly #between: Database.Statement<[bigint, bigint]>;
  readonly #chunkBetween: Database.Statement<[bigint, bigint]>;
  readonly #enrolments: Database.Statement<[number, number]>;
  readonly #usage: Database.Statement<[number, number]>;
  #account = 0;

  constructor(db: Db) {
    this.#uploads = db
      .prepare<[bigint, bigint, number], { message: bigint }>(
        'SELECT message FROM upload WHERE message > ? AND message < ? ORDER BY message LIMIT ?',
      )
      .safeIntegers(true);
    this.#deleteUpload = db.prepare('DELETE FROM upload WHERE message = ?');
    this.#deleteChunks = db.prepare(
      'DELETE FROM chunk WHERE rowid IN (SELECT rowid FROM chunk WHERE message = ? ORDER BY n DESC LIMIT ?)',
    );
    this.#nextAccount = db.prepare('SELECT account FROM hidden_entry WHERE account > ? ORDER BY account LIMIT 1');
    this.#keptDays = db
      .prepare<[number], string>(
        `SELECT o.settings FROM account a JOIN organisation o ON o.id = a.organisation
           WHERE a.id = ? AND instr(o.settings, '"keep-deleted"') > 0`,
      )
      .pluck(true);
    this.#expired = db
      .prepare<[number, number, number], { hidden_at: number; uid: number; message: bigint }>(
        'SELECT hidden_at, uid, message FROM hidden_entry WHERE account = ? AND hidden_at < ? ORDER BY hidden_at, uid LIMIT ?',
      )
      .safeIntegers(true);
    this.#deleteHidden = db.prepare('DELETE FROM hidden_entry WHERE account = ? AND hidden_at = ? AND uid = ?');
    this.#dropReference = db.prepare('UPDATE content SET refs = refs - 1 WHERE message = ?');
    this.#unreferenced = db
      .prepare<[number], { id: bigint; chunks: bigint }>(
        'SELECT message AS id, chunks FROM content WHERE refs = 0 ORDER BY message LIMIT ?',
      )
      .safeIntegers(true);
    this.#deleteContent = db.prepare('DELETE FROM content WHERE message = ?');
    this.#markGone = db.prepare('UPDATE message SET gone_at = ? WHERE id = ?');
    this.#markOriginalGone = db.prepare(
      `UPDATE message SET gone_at = ? WHERE id = (SELECT copy_of FROM message WHERE id = ?) AND gone_at IS NULL
         AND NOT EXISTS (SELECT 1 FROM content c WHERE c.message = message.id)
         AND NOT EXISTS (SELECT 1 FROM message o JOIN content c ON c.message = o.id WHERE o.copy_of = message.id)`,
    );
    // What was submitted is told of as long as any of its copies.
    this.#gone = db
      .prepare<[number, number], { id: bigint }>(
        `SELECT id FROM message WHERE gone_at < ? AND NOT EXISTS (SELECT 1 FROM message c WHERE c.copy_of = message.id)
           ORDER BY gone_at, id LIMIT ?`,
      )
      .safeIntegers(true);
    this.#deleteDeliveries = db.prepare('DELETE FROM delivery WHERE message = ?');
    this.#deleteMessage = db.prepare('DELETE FROM message WHERE id = ?');
    this.#forgetNotices = db.prepare(
      'DELETE FROM notice WHERE key IN (SELECT key FROM notice WHERE at < ? ORDER BY at LIMIT ?)',
    );
    this.#raise = db.prepare(
      'INSERT INTO fact (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = max(value, excluded.value)',
    );
    this.#liveDays = db.prepare('SELECT day FROM day_key WHERE erased_at IS NULL AND day < ? ORDER BY day LIMIT 40');
    this.#between = db.prepare('SELECT 1 FROM content WHERE message >= ? AND message < ? LIMIT 1');
    this.#chunkBetween = db.prepare('SELECT 1 FROM chunk WHERE message >= ? AND message < ? LIMIT 1');
    this.#lastInterchange = db.prepare('SELECT seq FROM interchange WHERE seq > 0 ORDER BY seq DESC LIMIT 1');
    this.#forgetInterchanges = db.prepare(
      `DELETE FROM interchange WHERE seq IN
         (SELECT seq FROM (SELECT seq, at FROM interchange WHERE seq > 0 ORDER BY seq LIMIT ?) WHERE at < ? OR seq <= ?)`,
    );
    // No index for it: a region has a few thousand of them, for ninety days at most.
    this.#enrolments = db.prepare(
      'DELETE FROM enrolment WHERE id IN (SELECT id FROM enrolment WHERE expires_at < ? LIMIT ?)',
    );
    this.#usage = db.prepare(
      `DELETE FROM usage_month WHERE (month, organisation, account) IN
         (SELECT month, organisation, account FROM usage_month WHERE month < ? ORDER BY month LIMIT ?)`,
    );
  }

  /** `open`: uploads below `below` that are still being written; those above began after that was written down. */
  step({ at, hiddenBefore, goneBefore, usageBefore, open, below }: Omit<SweepWork, 'kind'>): SweepNumbers {
    const chunksLeft = { n: CHUNKS };
    const uploads = this.#dropUploads(new Set(open), below, chunksLeft);
    const moreHidden = this.#dropHidden(at, hiddenBefore);
    let messages = 0;
    const unreferenced = this.#unreferenced.all(ROWS);
    for (const { id, chunks } of unreferenced) {
      if (chunks > 1n && !this.#dropChunks(id, chunksLeft)) break;
      this.#deleteChunks.run(id, CHUNKS);
      this.#deleteContent.run(id);
      this.#markGone.run(at, id);
      this.#markOriginalGone.run(at, id);
      messages += 1;
    }
    const traces = this.#dropTraces(goneBefore);
    const notices = this.#forgetNotices.run(at - NOTICES_FOR, ROWS).changes;
    // Ids and the store's time must go on above what was deleted here, whatever the clock says at the next start.
    if (uploads.dropped + messages + traces > 0) this.#raise.run(HIGHEST, below);
    // Used or not. A day later than it ended: until then who tries one is told in the audit trail which of the two it was.
    const interchanges = this.#dropInterchanges(at);
    const enrolments = this.#enrolments.run(at - days(1), ROWS).changes;
    const usage = this.#usage.run(usageBefore, ROWS).changes;
    const more =
      uploads.more ||
      moreHidden ||
      messages < unreferenced.length ||
      [unreferenced.length, traces, notices, interchanges, enrolments, usage].includes(ROWS);
    return { uploads: uploads.dropped, messages, traces, pages: 0, days: more ? [] : this.#emptyDays(at), more };
  }

  /** Facts of messages whose content went before `goneBefore`. */
  #dropTraces(goneBefore: number): number {
    const gone = this.#gone.all(goneBefore, ROWS);
    for (const { id } of gone) {
      this.#deleteDeliveries.run(id);
      this.#deleteMessage.run(id);
    }
    return gone.length;
  }

  /** From the oldest on, which lie in front. */
  #dropInterchanges(at: number): number {
    const last = this.#lastInterchange.get()?.seq ?? 0;
    return this.#forgetInterchanges.run(ROWS, at - INTERCHANGES_FOR, last - MOST_INTERCHANGES).changes;
  }

  /** True when the message has no chunks left. */
  #dropChunks(id: bigint, left: { n: number }): boolean {
    if (left.n <= 0) return false;
    const budget = left.n;
    const dropped = this.#deleteChunks.run(id, budget).changes;
    left.n -= dropped;
    return dropped < budget;
  }

  #dropUploads(open: ReadonlySet<bigint>, below: bigint, left: { n: number }): { dropped: number; more: boolean } {
    let dropped = 0;
    let after = 0n;
    for (;;) {
      const rows = this.#uploads.all(after, below, ROWS);
      for (const { message } of rows) {
        after = message;
        if (open.has(message)) continue;
        if (!this.#dropChunks(message, left)) return { dropped, more: true };
        this.#deleteUpload.run(message);
        dropped += 1;
      }
      if (rows.length < ROWS) return { dropped, more: false };
    }
  }

  /** Seeks from account to account, so that mailboxes without expired entries cost one step in the tree each. */
  #dropHidden(at: number, before: number): boolean {
    let rows = 0;
    for (let seeks = 0; seeks < 10 * ROWS; seeks += 1) {
      const next = this.#nextAccount.get(this.#account);
      if (next === undefined) {
        this.#account = 0;
        return false;
      }
      const expired = this.#expired.all(next.account, this.#keptSince(next.account, at) ?? before, ROWS - rows);
      for (const row of expired) {
        this.#deleteHidden.run(next.account, row.hidden_at, row.uid);
        this.#dropReference.run(row.message);
      }
      rows += expired.length;
      if (rows >= ROWS) return true;
      this.#account = next.account;
    }
    return true;
  }

  /** Where the organisation of the account has a time of its own: what was hidden earlier goes. */
  #keptSince(account: number, at: number): number | undefined {
    const settings = this.#keptDays.get(account);
    const kept = settings === undefined ? undefined : (JSON.parse(settings) as Settings)['keep-deleted'];
    return typeof kept === 'number' ? at - days(kept) : undefined;
  }

  /** Days before yesterday that no content and no chunk belongs to any more. */
  #emptyDays(at: number): string[] {
    const yesterday = dayOf(instant(at - days(1)));
    return this.#liveDays
      .all(yesterday)
      .map((row) => row.day)
      .filter((day) => {
        const from = Date.parse(`${day}T00:00:00Z`) as Instant;
        const range = [firstIdAt(from), firstIdAt(instant(from + days(1)))] as const;
        return this.#between.get(...range) === undefined && this.#chunkBetween.get(...range) === undefined;
      });
  }
}
