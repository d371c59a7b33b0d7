/** How the writer looks things up and writes for the rules of filing. */
import type { AuditItem } from '../../domain/audit-row.ts';
import type { AcceptWork, NewDelivery } from '../changes/accept-work.ts';
import type { ChangeEffects } from '../changes/changed.ts';
import type { KeptRow } from '../core/engine.ts';
import type { FiledCopy, FilingTables, NewEntry } from '../core/filing-rules.ts';
import type { AddressTarget } from '../core/reroute.ts';
import type { AuditWriter } from './audit-writer.ts';
import { type Db, shapeOf } from './database.ts';
import type { MailboxCounters, MailboxRow } from './mailbox-counters.ts';
import type { Reach } from '../core/reach.ts';
import { RecentSubmissions } from './recent-submissions.ts';
import type { SearchTables } from './search-tables.ts';
import { SentRequests } from './sent-requests.ts';
import { Standing } from './standing.ts';
import { type Sql, sqlOf } from './statements.ts';
import type { UsageChanges } from './usage-changes.ts';

/** Pages, by estimate, that each message writes which is filed with another one. */
const PAGES_EACH = 4;

export interface FilingParts {
  readonly audit: AuditWriter;
  readonly counters: MailboxCounters;
  readonly usage: UsageChanges;
  readonly search: SearchTables;
}

export class SqliteFilingTables implements FilingTables<MailboxRow> {
  readonly #p: FilingParts;
  readonly #recent: RecentSubmissions;
  readonly #standing: Standing;
  readonly #requests: SentRequests;
  readonly #sql: Sql;
  /** Days that are known to stand in `day_key`. Forgotten at a rollback. */
  readonly #days = new Set<string>();
  readonly #pageOctets: number;
  #pages = 0;

  /** `now`: the time at the start of the store. */
  constructor(db: Db, parts: FilingParts, now: number) {
    this.#p = parts;
    this.#pageOctets = shapeOf(db).pageOctets;
    this.#recent = new RecentSubmissions(db, now);
    this.#standing = new Standing(db, () => parts.counters.forget());
    this.#requests = new SentRequests(db, now);
    this.#sql = sqlOf(db);
  }

  forget(): void {
    this.#pages = 0;
    this.#days.clear();
    this.#standing.forget();
  }

  begin(reach: Reach): void {
    this.#standing.begin(reach);
  }

  sentRequest(key: Uint8Array, now: number): KeptRow | undefined {
    return this.#requests.find(key, now);
  }

  /** Counts the pages that these octets fill. */
  wrote({ length }: Uint8Array): void {
    this.#pages += Math.ceil(length / this.#pageOctets);
  }

  /**
   * Pages, by estimate, that were written since the last call, beside those that every piece of
   * work writes.
   */
  takePages(): number {
    const pages = this.#pages;
    this.#pages = 0;
    return pages;
  }

  // --- looks

  /** Never outdated: no other process changes a SQLite store. */
  isOutdated(): boolean {
    return false;
  }

  isClosed(account: number): boolean {
    return this.#standing.isClosed(account);
  }

  wasTakenOver(account: number): boolean {
    return this.#standing.wasTakenOver(account);
  }

  target(key: string): AddressTarget | undefined {
    return this.#sql.first<AddressTarget>`SELECT a.account, coalesce(p.id, 0) AS partner
      FROM address a LEFT JOIN partner p ON p.account = a.account WHERE a.key = ${key}`;
  }

  addressState(key: string): string | undefined {
    return this.#standing.addressState(key);
  }

  partnerState(partner: number): string | undefined {
    return this.#sql.value<string>`SELECT state FROM partner WHERE id = ${partner}`;
  }

  mailbox(account: number): MailboxRow | undefined {
    return this.#p.counters.get(account);
  }

  submitted(key: Uint8Array, since: number): bigint | undefined {
    return this.#recent.find(key, since);
  }

  envelope(message: bigint): string | undefined {
    return this.#sql.value<string>`SELECT envelope FROM message WHERE id = ${message} AND gone_at IS NULL`;
  }

  /** Reads from the end, since what was submitted in the last hour is there. */
  retrieved(account: number, message: bigint): number | undefined {
    return this.#sql.value<number>`SELECT retrieved FROM entry WHERE account = ${account} AND message = ${message}
      ORDER BY uid DESC LIMIT 1`;
  }

  isHeld(message: bigint, account: number): boolean {
    return (
      this.#sql.value`SELECT 1 FROM delivery WHERE message = ${message} AND mailbox = ${account} AND state = 'held'` !==
      undefined
    );
  }

  isSettled(message: bigint): boolean {
    const some = this.#sql.value`SELECT 1 FROM delivery
      WHERE message = ${message} AND settled_at IS NOT NULL AND state <> 'filed' LIMIT 1`;
    return some !== undefined;
  }

  // --- writes

  keepRequest(work: AcceptWork): KeptRow | undefined {
    return this.#requests.keep(work);
  }

  unfiledRequest(work: AcceptWork, stands: bigint | undefined): void {
    this.#requests.unfiled(work, stands);
  }

  isFirst(once: string, at: number): boolean {
    return this.#sql.run`INSERT OR IGNORE INTO notice (key, at) VALUES (${once}, ${at})` > 0;
  }

  message(work: AcceptWork, refs: number, copyOf: bigint | null): void {
    const { id, receivedAt, submitter, sender, messageIdField, envelope, octets, sha256, parts } = work;
    const resubmission = work.resubmission?.key ?? null;
    this.#sql
      .run`INSERT INTO message (id, received_at, submitter, sender, message_id_field, envelope, octets, sha256, resubmission, parts, copy_of)
        VALUES (${id}, ${receivedAt}, ${submitter}, ${sender}, ${messageIdField}, ${envelope}, ${octets}, ${sha256}, ${resubmission}, ${parts}, ${copyOf})`;
    this.#p.search.filed(id);
    // Nobody gets the message as it was submitted: its key goes with this transaction, and its
    // stored chunks are swept as an upload that was left over.
    if (refs === 0) return;
    const { dataKey, chunks, body, submittedHeader } = work;
    if (body === null) this.#endStreamed(work);
    this.day(work.day);
    this.#sql.run`INSERT INTO content (message, data_key, chunks, refs, body, submitted_header)
      VALUES (${id}, ${dataKey}, ${chunks}, ${refs}, ${body}, ${submittedHeader})`;
    if (body !== null) this.wrote(body);
  }

  entry({ work, account, uidl, receipt }: NewEntry, row: MailboxRow, changed: ChangeEffects): void {
    const { id, octets } = work;
    this.insertEntry(account, row.next_uid, id, octets, uidl, receipt);
    this.#p.counters.add(changed.mailboxes, account, row, { octets, messages: 1 });
  }

  insertEntry(
    account: number,
    uid: number,
    message: bigint,
    octets: number | bigint,
    uidl: Uint8Array,
    receipt: 0 | 1,
  ): void {
    this.#sql.run`INSERT INTO entry (account, uid, message, octets, uidl, receipt)
      VALUES (${account}, ${uid}, ${message}, ${octets}, ${uidl}, ${receipt})`;
  }

  delivery({ id, receivedAt }: AcceptWork, { partner, mailbox, held, recipient, dsn }: NewDelivery): void {
    const state = held ? 'held' : 'waiting';
    this.#sql.run`INSERT INTO delivery (message, partner, mailbox, recipient, dsn, state, due_at)
      VALUES (${id}, ${partner}, ${mailbox}, ${recipient}, ${dsn}, ${state}, ${receivedAt})`;
  }

  interchange(at: number, octets: Buffer): void {
    const [reference, messages, held] = [octets.subarray(0, 16), octets.subarray(16, 32), octets.length > 32 ? 1 : 0];
    this.#sql.run`INSERT INTO interchange (at, reference, messages, held)
      VALUES (${at}, ${reference}, ${messages}, ${held})`;
  }

  resubmission(key: Uint8Array, message: bigint, at: number): void {
    this.#recent.add(key, message, at);
  }

  audit(items: readonly AuditItem[]): void {
    this.#p.audit.appendAll(items);
  }

  usage(work: AcceptWork, recipients: number, filed: readonly FiledCopy[]): void {
    this.#p.usage.accepted(work, recipients, filed);
  }

  behind(messages: number): void {
    this.#pages += PAGES_EACH * messages;
  }

  day(day: string): void {
    if (this.#days.has(day)) return;
    this.#sql.run`INSERT OR IGNORE INTO day_key (day) VALUES (${day})`;
    if (this.#days.size > 100) this.#days.clear();
    this.#days.add(day);
  }

  #endStreamed({ id, chunks }: AcceptWork): void {
    const stored = this.#sql.value<number>`SELECT count(*) FROM chunk WHERE message = ${id}`;
    if (stored !== chunks) throw new Error(`the body of message ${id} has ${stored ?? 0} of ${chunks} chunks`);
    this.#sql.run`DELETE FROM upload WHERE message = ${id}`;
  }
}
