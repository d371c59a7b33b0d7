/**
 * Files messages in the writer: message, content, entries, deliveries, counters, audit rows; and behind them the notices that came along.
 * Everything is checked before anything is written: a refusal has nothing to undo.
 */
import { type Address, addressKey } from '../../domain/address.ts';
import { type MessageId, messageNumber } from '../../domain/ids.ts';
import { Changed } from '../changes/changed.ts';
import type { Queued } from '../changes/services.ts';
import { UIDL_OCTETS } from '../changes/uidls.ts';
import type { AuditWriter } from './audit-writer.ts';
import { type AcceptedRecipient, OPERATOR } from '../store.ts';
import { type Db, shapeOf } from './database.ts';
import { type MailboxCounters, type MailboxRow, quotaOf } from './mailbox-counters.ts';
import type { Reach } from '../core/reach.ts';
import type { AuditItem } from '../../domain/audit-row.ts';
import type { AcceptWork, Notices } from '../changes/accept-work.ts';
import { RecentSubmissions } from './recent-submissions.ts';
import { type Lead, movedEnvelope, rerouted } from '../core/reroute.ts';
import type { KeptRow, Unfiled } from '../core/engine.ts';
import { SentRequests } from './sent-requests.ts';
import type { SearchTables } from './search-tables.ts';
import { Standing } from './standing.ts';
import { type Sql, sqlOf } from './statements.ts';
import type { UsageChanges } from './usage-changes.ts';
import type { FiledCopy } from './usage-recount.ts';

/** By estimate, what each message writes that is filed behind another one. */
const PAGES_EACH = 4;

interface Facts {
  readonly envelope: string;
  readonly octets: bigint;
  readonly copy_of: bigint | null;
  readonly submitter: bigint;
}

export interface FilingParts {
  readonly audit: AuditWriter;
  readonly counters: MailboxCounters;
  readonly usage: UsageChanges;
  readonly search: SearchTables;
}

export class Filing {
  readonly #audit: AuditWriter;
  readonly #counters: MailboxCounters;
  readonly #usage: UsageChanges;
  readonly #search: SearchTables;
  readonly #recent: RecentSubmissions;
  readonly #standing: Standing;
  readonly #requests: SentRequests;
  readonly #sql: Sql;
  /** Days that are known to stand in `day_key`. Forgotten at a rollback. */
  readonly #days = new Set<string>();
  readonly #pageOctets: number;
  #pages = 0;

  constructor(db: Db, { audit, counters, usage, search }: FilingParts, now: number) {
    this.#pageOctets = shapeOf(db).pageOctets;
    this.#audit = audit;
    this.#counters = counters;
    this.#usage = usage;
    this.#search = search;
    this.#recent = new RecentSubmissions(db, now);
    this.#standing = new Standing(db, () => counters.forget());
    this.#requests = new SentRequests(db, now);
    this.#sql = sqlOf(db);
  }

  /** After a rollback: what was remembered of the transaction never happened. */
  forget(): void {
    this.#pages = 0;
    this.#days.clear();
    this.#standing.forget();
  }

  /** Before each piece of work. */
  begin(reach: Reach): void {
    this.#standing.begin(reach);
  }

  /** What was kept of a request that sent a message. */
  sentRequest(key: Uint8Array, now: number): KeptRow | undefined {
    return this.#requests.find(key, now);
  }

  /** Undefined: it was filed. */
  accept(changed: Changed, work: AcceptWork): Unfiled | undefined {
    const before = this.#requests.keep(work);
    if (before !== undefined) return { kind: 'answered', ...before };
    const unfiled = this.#isClosed(work.submitter)
      ? ({ kind: 'closed' } as const)
      : this.#file(this.#whereTheyLead(work), changed);
    if (unfiled === undefined) this.notices(work.notices, work.receivedAt, changed);
    else this.#requests.unfiled(work, unfiled.kind === 'duplicate' ? unfiled.of : undefined);
    return unfiled;
  }

  /** Notices whose addressee is gone stay out; an audit row tells. */
  notices(notices: Notices, at: number, changed: Changed): void {
    this.#pages += PAGES_EACH * notices.length;
    for (const notice of notices) {
      const unfiled = this.#file(this.#whereTheyLead(notice), changed);
      if (unfiled === undefined) changed.filed.push(notice.id, ...notice.copies.map(({ id }) => id));
      else if (unfiled.kind === 'refused') this.#audit.append(notFiled(notice, unfiled.why, at));
    }
  }

  /**
   * Nearly nobody has moved since RCPT: a look at each account. A mailbox may be another one than that of its recipient's address (edi-boxes),
   * so what counts is that the account itself is one that somebody took over.
   */
  #whereTheyLead(work: AcceptWork): AcceptWork {
    const leads = new Map<string, Lead>();
    for (const { keys, partners, owners } of [work, ...work.copies])
      for (const [i, key] of keys.entries()) {
        const partner = partners[i] ?? 0;
        if (partner === 0 && !this.#standing.wasTakenOver(owners[i] ?? 0)) continue;
        const lead = this.#lead(key);
        if (lead !== undefined && (partner === 0 ? lead.partner === 0 : lead.partner !== partner)) leads.set(key, lead);
      }
    return leads.size === 0 ? work : rerouted(work, leads);
  }

  /** True for an account that sends no more: it ended, or went to another organisation, while the message came in. */
  #isClosed(submitter: number): boolean {
    return submitter !== OPERATOR && this.#standing.isClosed(submitter);
  }

  /** Undefined when it was filed. */
  #file(work: AcceptWork, changed: Changed): Unfiled | undefined {
    const before = this.#repeated(work);
    if (before !== undefined) return { kind: 'duplicate', of: before };
    const rows = this.#mailboxes(work);
    if (!(rows instanceof Map)) return rows;
    const refused = this.#refusedCopy(work);
    if (refused !== undefined) return refused;
    if (work.once !== null && !this.#isFirst(work.once, work.receivedAt)) return { kind: 'already' };
    const filed = this.#write(work, rows, null, changed);
    this.#pages += PAGES_EACH * work.copies.length;
    for (const copy of work.copies) {
      // Anew: a mailbox may have got another copy just now.
      const its = this.#mailboxes(copy, true);
      if (!(its instanceof Map)) throw new Error(`copy ${copy.id} was taken and is refused in the same transaction`);
      filed.push(...this.#write(copy, its, work.id, changed));
    }
    for (const keys of work.interchanges) {
      const octets = Buffer.from(keys, 'latin1');
      const [reference, messages, held] = [octets.subarray(0, 16), octets.subarray(16, 32), octets.length > 32 ? 1 : 0];
      this.#sql.run`INSERT INTO interchange (at, reference, messages, held)
        VALUES (${work.receivedAt}, ${reference}, ${messages}, ${held})`;
    }
    if (work.resubmission !== null) this.#recent.add(work.resubmission.key, work.id, work.receivedAt);
    this.#audit.appendAll(work.audit);
    const recipients = work.copies.reduce((n, { keys }) => n + keys.length, work.keys.length);
    this.#usage.accepted(work, recipients, filed);
    return undefined;
  }

  /** The first recipient of a copy that cannot be served, counted behind those of the message itself. */
  #refusedCopy(work: AcceptWork): Unfiled | undefined {
    let index = work.mailboxes.length;
    for (const copy of work.copies) {
      const rows = this.#mailboxes(copy);
      if (!(rows instanceof Map)) return rows.kind === 'refused' ? { ...rows, index: index + rows.index } : rows;
      index += copy.mailboxes.length;
    }
    return undefined;
  }

  /** Facts and content of a message, `refs` times needed. */
  insert(work: AcceptWork, refs: number): void {
    this.#pages += PAGES_EACH;
    this.#insert(work, refs, null);
  }

  #insert(work: AcceptWork, refs: number, copyOf: bigint | null): void {
    const { id, receivedAt, submitter, sender, messageIdField, envelope, octets, sha256, parts } = work;
    const resubmission = work.resubmission?.key ?? null;
    this.#sql
      .run`INSERT INTO message (id, received_at, submitter, sender, message_id_field, envelope, octets, sha256, resubmission, parts, copy_of)
        VALUES (${id}, ${receivedAt}, ${submitter}, ${sender}, ${messageIdField}, ${envelope}, ${octets}, ${sha256}, ${resubmission}, ${parts}, ${copyOf})`;
    this.#search.filed(id);
    // Nobody gets it as it was submitted: its key goes with this transaction, and what was stored of it is swept as an upload left over.
    if (refs === 0) return;
    const { dataKey, chunks, body, submittedHeader } = work;
    if (body === null) this.#endStreamed(work);
    this.day(work.day);
    this.#sql.run`INSERT INTO content (message, data_key, chunks, refs, body, submitted_header)
      VALUES (${id}, ${dataKey}, ${chunks}, ${refs}, ${body}, ${submittedHeader})`;
    if (body !== null) this.wrote(body);
  }

  /** These octets fill pages. */
  wrote({ length }: Uint8Array): void {
    this.#pages += Math.ceil(length / this.#pageOctets);
  }

  /** By estimate, how many pages were written since this was asked, beside those that every piece of work writes. */
  takePages(): number {
    const pages = this.#pages;
    this.#pages = 0;
    return pages;
  }

  #write(
    work: AcceptWork,
    rows: ReadonlyMap<number, MailboxRow>,
    copyOf: bigint | null,
    changed: Changed,
  ): FiledCopy[] {
    const { id, octets, receivedAt } = work;
    this.#insert(work, rows.size + work.deliveries.length, copyOf);
    let i = 0;
    for (const [account, row] of rows) {
      const uidl = work.uidls.subarray(i, i + UIDL_OCTETS);
      this.#insertEntry(account, row.next_uid, id, octets, uidl, work.receipts.includes(account) ? 1 : 0);
      i += UIDL_OCTETS;
      this.#counters.add(changed.mailboxes, account, row, { octets, messages: 1 });
    }
    for (const { partner, mailbox, held, recipient, dsn } of work.deliveries) {
      const state = held ? 'held' : 'waiting';
      this.#sql.run`INSERT INTO delivery (message, partner, mailbox, recipient, dsn, state, due_at)
        VALUES (${id}, ${partner}, ${mailbox}, ${recipient}, ${dsn}, ${state}, ${receivedAt})`;
      if (!held) changed.due.add(partner);
    }
    return [...rows.keys()].map((account) => ({ account, octets }));
  }

  /** One row for each mailbox, or why one of them takes nothing. `checked`: it was asked before in this transaction. */
  #mailboxes(work: AcceptWork, checked = work.system): Map<number, MailboxRow> | Unfiled {
    const rows = new Map<number, MailboxRow>();
    for (const [i, account] of work.mailboxes.entries()) {
      const state = this.#standing.addressState(work.keys[i] ?? '');
      const partner = work.partners[i] ?? 0;
      // A partner may have a whole domain: its addresses need not be registered one by one.
      const takes = partner === 0 ? state === 'active' : (state ?? 'active') === 'active' && this.#takesMail(partner);
      if (!takes) return { kind: 'refused', why: 'gone', index: i };
      // Held, or for a partner: no mailbox takes it now.
      if (partner !== 0 || account === 0 || rows.has(account)) continue;
      const row = this.#counters.get(account);
      if (row?.state !== 'active' || row.ending === 1) return { kind: 'refused', why: 'gone', index: i };
      if (!checked && row.octets + work.charged > quotaOf(row)) return { kind: 'refused', why: 'quota', index: i };
      rows.set(account, row);
    }
    return rows;
  }

  /** Mail for a suspended partner waits. */
  #takesMail(partner: number): boolean {
    const state = this.#sql.value<string>`SELECT state FROM partner WHERE id = ${partner}`;
    return state !== undefined && state !== 'ended';
  }

  #endStreamed({ id, chunks }: AcceptWork): void {
    const stored = this.#sql.value<number>`SELECT count(*) FROM chunk WHERE message = ${id}`;
    if (stored !== chunks) throw new Error(`the body of message ${id} has ${stored ?? 0} of ${chunks} chunks`);
    this.#sql.run`DELETE FROM upload WHERE message = ${id}`;
  }

  /** The message that this one repeats, while nobody has anything of it. */
  #repeated({ resubmission }: AcceptWork): bigint | undefined {
    if (resubmission === null) return undefined;
    const id = this.#recent.find(resubmission.key, resubmission.since);
    if (id === undefined) return undefined;
    const envelope = this.#sql.value<string>`SELECT envelope FROM message WHERE id = ${id} AND gone_at IS NULL`;
    if (envelope === undefined) return undefined;
    const { recipients } = JSON.parse(envelope) as {
      recipients: readonly { mailbox?: number; copy?: MessageId }[];
    };
    const rowOf = (copy: MessageId | undefined): bigint => (copy === undefined ? id : messageNumber(copy));
    const untouched = recipients.every(
      ({ mailbox, copy }) =>
        mailbox === undefined || this.#retrieved(mailbox, rowOf(copy)) === 0 || this.#isHeld(rowOf(copy), mailbox),
    );
    const settled = [...new Set(recipients.map(({ copy }) => rowOf(copy)))].some((of) => this.#isSettled(of));
    return untouched && !settled ? id : undefined;
  }

  #lead(key: string): Lead | undefined {
    return this.#sql.first<Lead>`SELECT a.account, coalesce(p.id, 0) AS partner
      FROM address a LEFT JOIN partner p ON p.account = a.account WHERE a.key = ${key}`;
  }

  #facts(message: bigint): Facts | undefined {
    return this.#sql.big.first<Facts>`SELECT envelope, octets, copy_of, submitter FROM message WHERE id = ${message}`;
  }

  /** Undefined where that mailbox has no entry of it. From the end: what was submitted in the last hour lies there. */
  #retrieved(account: number, message: bigint): number | undefined {
    return this.#sql.value<number>`SELECT retrieved FROM entry WHERE account = ${account} AND message = ${message}
      ORDER BY uid DESC LIMIT 1`;
  }

  #isHeld(message: bigint, account: number): boolean {
    return (
      this.#sql.value`SELECT 1 FROM delivery WHERE message = ${message} AND mailbox = ${account} AND state = 'held'` !==
      undefined
    );
  }

  #isSettled(message: bigint): boolean {
    const some = this.#sql.value`SELECT 1 FROM delivery
      WHERE message = ${message} AND settled_at IS NOT NULL AND state <> 'filed' LIMIT 1`;
    return some !== undefined;
  }

  #isFirst(once: string, at: number): boolean {
    return this.#sql.run`INSERT OR IGNORE INTO notice (key, at) VALUES (${once}, ${at})` > 0;
  }

  #insertEntry(
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

  /**
   * A copy that was held goes into its mailbox, above its quota too; false while the mailbox takes no mail. The delivery's reference to the
   * content becomes the entry's.
   */
  release(message: bigint, account: number, uidl: Uint8Array, at: number, changed: Changed): boolean {
    const row = this.#counters.get(account);
    const facts = this.#facts(message);
    if (row?.state !== 'active' || facts === undefined) return false;
    const { recipients } = JSON.parse(facts.envelope) as { recipients: readonly AcceptedRecipient[] };
    const receipt = recipients.some((r) => r.mailbox === account && (r.receipt ?? r.contrl) === true) ? 1 : 0;
    this.#insertEntry(account, row.next_uid, message, facts.octets, uidl, receipt);
    const octets = Number(facts.octets);
    this.#counters.add(changed.mailboxes, account, row, { octets, messages: 1 });
    this.#usage.received(account, Number(facts.submitter), octets, at);
    return true;
  }

  /**
   * What was queued for a partner goes into the mailbox that its recipient leads to by now, above its quota too; false while there is none
   * that takes mail. The delivery's reference to the content becomes the entry's.
   */
  refile(queued: Queued, uidl: Uint8Array, at: number, changed: Changed): boolean {
    const { message, recipient, partner } = queued;
    const key = addressKey(recipient as Address);
    const lead = this.#lead(key);
    const row = lead?.partner === 0 ? this.#counters.get(lead.account) : undefined;
    const facts = this.#facts(message);
    if (lead === undefined || row?.state !== 'active' || facts === undefined) return false;
    const leads = new Map<string, Lead>([[key, lead]]);
    for (const id of facts.copy_of === null ? [message] : [message, facts.copy_of]) {
      const envelope = this.#facts(id)?.envelope;
      if (envelope !== undefined)
        this.#sql.run`UPDATE message SET envelope = ${movedEnvelope(envelope, leads, partner)} WHERE id = ${id}`;
    }
    if (this.#retrieved(lead.account, message) !== undefined) {
      this.#sql.run`UPDATE content SET refs = refs - 1 WHERE message = ${message}`;
      return true;
    }
    return this.release(message, lead.account, uidl, at, changed);
  }

  day(day: string): void {
    if (this.#days.has(day)) return;
    this.#sql.run`INSERT OR IGNORE INTO day_key (day) VALUES (${day})`;
    if (this.#days.size > 100) this.#days.clear();
    this.#days.add(day);
  }
}

const notFiled = (notice: AcceptWork, why: string, at: number): AuditItem => ({
  at,
  event: 'notice.not-filed',
  outcome: 'failure',
  message: notice.id,
  account: null,
  facts: JSON.stringify({ why, ...(notice.once === null ? {} : { once: notice.once }) }),
  personal: null,
  salt: null,
});
