/**
 * Removes what nobody needs any more, a bounded step in each transaction: uploads that a crash left over, deleted entries past their time or
 * beyond their quota, content that nothing needs, days without content, facts of messages whose trace is over, old keys of notices,
 * interchanges that are no longer remembered, codes that fetch no certificate any more, figures of months past their time,
 * networks that nobody came from.
 */
import type Database from 'better-sqlite3';
import { dayOf } from '../../crypto/key-folder.ts';
import { type Instant, days, instant } from '../../domain/units.ts';
import { INTERCHANGES_FOR, MOST_INTERCHANGES } from '../interchanges.ts';
import { firstIdAt } from '../message-ids.ts';
import type { Db } from './database.ts';
import { type DeletedMail, ROWS } from './deleted-mail.ts';
import { type Dropping, newBudget } from './dropping.ts';
import type { SearchTables } from './search-tables.ts';
import type { SweepNumbers, WriterWork } from './writer-protocol.ts';

type WorkOf<K extends WriterWork['kind']> = Omit<Extract<WriterWork, { kind: K }>, 'kind'>;

/** Days that one step looks at. */
const DAYS = 40;
/** How long keys of notices are remembered: longer than anything waits that one could be filed about. */
const NOTICES_FOR = days(400);

const NOTHING: SweepNumbers = { uploads: 0, messages: 0, traces: 0, pages: 0, days: [], more: false };

export class Sweeper {
  readonly #dropping: Dropping;
  readonly #deleted: DeletedMail;
  readonly #search: SearchTables;
  readonly #gone: Database.Statement<[number, number], { id: bigint }>;
  readonly #deleteDeliveries: Database.Statement;
  readonly #deleteMessage: Database.Statement;
  readonly #forgetNotices: Database.Statement;
  readonly #lastInterchange: Database.Statement<[], { seq: number }>;
  readonly #forgetInterchanges: Database.Statement<[number, number, number]>;
  readonly #liveDays: Database.Statement<[string, string], string>;
  readonly #between: Database.Statement<[bigint, bigint]>;
  readonly #chunkBetween: Database.Statement<[bigint, bigint]>;
  readonly #enrolments: Database.Statement<[number, number]>;
  readonly #usage: Database.Statement<[number, number]>;
  readonly #networks: Database.Statement<[number, number]>;
  /** Where the next step goes on. */
  #day = '';

  constructor(db: Db, dropping: Dropping, deleted: DeletedMail, search: SearchTables) {
    this.#dropping = dropping;
    this.#deleted = deleted;
    this.#search = search;
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
    this.#liveDays = db
      .prepare<[string, string], string>(
        `SELECT day FROM day_key WHERE erased_at IS NULL AND day > ? AND day < ? ORDER BY day LIMIT ${DAYS}`,
      )
      .pluck(true);
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
    this.#networks = db.prepare(
      `DELETE FROM known_network WHERE (account, network) IN
         (SELECT account, network FROM known_network WHERE at < ? ORDER BY at LIMIT ?)`,
    );
    this.#usage = db.prepare(
      `DELETE FROM usage_month WHERE (month, organisation, account) IN
         (SELECT month, organisation, account FROM usage_month WHERE month < ? ORDER BY month LIMIT ?)`,
    );
  }

  /**
   * `open`: uploads below `below` that are still being written; those above began after that was written down. What was promised to go comes
   * before what was left over, and days are looked at in each step: however much one account leaves behind, keys end when they should.
   */
  step({ at, hiddenBefore, goneBefore, usageBefore, networksBefore, open, below }: WorkOf<'sweep'>): SweepNumbers {
    const left = newBudget();
    const moreHidden = this.#deleted.step(at, hiddenBefore);
    const contents = this.#dropping.contents(at, left);
    const uploads = this.#dropping.uploads(new Set(open), below, left);
    const traces = this.#dropTraces(goneBefore);
    const notices = this.#forgetNotices.run(at - NOTICES_FOR, ROWS).changes;
    if (uploads.dropped + contents.messages + traces > 0) this.#dropping.raise(below);
    // Used or not. A day later than it ended: until then who tries one is told in the audit trail which of the two it was.
    const interchanges = this.#dropInterchanges(at);
    const enrolments = this.#enrolments.run(at - days(1), ROWS).changes;
    const usage = this.#usage.run(usageBefore, ROWS).changes;
    const networks = this.#networks.run(networksBefore, ROWS).changes;
    const empty = this.#emptyDays(at);
    const more =
      [uploads.more, moreHidden, contents.more, empty.more].includes(true) ||
      [traces, notices, interchanges, enrolments, usage, networks].includes(ROWS);
    return { uploads: uploads.dropped, messages: contents.messages, traces, pages: 0, days: empty.days, more };
  }

  /** Deleted mail of one account beyond its quota, and the content that goes with it. */
  trim({ account, at, below }: WorkOf<'trim'>): SweepNumbers {
    const rows = this.#deleted.trim(account, at);
    const { messages, more } = this.#dropping.contents(at, newBudget());
    if (messages > 0) this.#dropping.raise(below);
    return { ...NOTHING, messages, more: more || rows === ROWS };
  }

  /** A slice of an upload that was given up. */
  giveUp(id: bigint): SweepNumbers {
    return { ...NOTHING, more: this.#dropping.giveUp(id) };
  }

  /** Facts of messages whose content went before `goneBefore`. */
  #dropTraces(goneBefore: number): number {
    const gone = this.#gone.all(goneBefore, ROWS);
    for (const { id } of gone) {
      this.#deleteDeliveries.run(id);
      this.#search.forget(id);
      this.#deleteMessage.run(id);
    }
    return gone.length;
  }

  /** From the oldest on, which lie in front. */
  #dropInterchanges(at: number): number {
    const last = this.#lastInterchange.get()?.seq ?? 0;
    return this.#forgetInterchanges.run(ROWS, at - INTERCHANGES_FOR, last - MOST_INTERCHANGES).changes;
  }

  /**
   * Days before yesterday that no content and no chunk belongs to any more, of the next few that have a key: mail that was fetched and left
   * keeps its day, and many such days in front may not hide the others.
   *
   * After the last of them the next step begins again with the first. Nothing else in a step may do so: two that go round would each see the other under way, and the sweep
   * would never end.
   */
  #emptyDays(at: number): { readonly days: string[]; readonly more: boolean } {
    const yesterday = dayOf(instant(at - days(1)));
    const live = this.#liveDays.all(this.#day, yesterday);
    const more = live.length === DAYS;
    this.#day = more ? (live.at(-1) ?? '') : '';
    return { days: live.filter((day) => this.#isEmpty(day)), more };
  }

  #isEmpty(day: string): boolean {
    const from = Date.parse(`${day}T00:00:00Z`) as Instant;
    const range = [firstIdAt(from), firstIdAt(instant(from + days(1)))] as const;
    return this.#between.get(...range) === undefined && this.#chunkBetween.get(...range) === undefined;
  }
}
