/** What the writer does for each kind of work, inside a transaction that somebody else began and will commit. */
import type Database from 'better-sqlite3';
import { settingOf, type Settings } from '../../domain/settings.ts';
import { RegistryError } from '../registry.ts';
import { AuditWriter } from './audit-writer.ts';
import { CaChanges } from './ca-changes.ts';
import type { Db } from './database.ts';
import type { AcceptWork, AuditItem, ChunkWork, WriterAnswer, WriterWork } from './protocol.ts';
import { RegistryChanges } from './registry-changes.ts';
import { Sweeper } from './sweeper.ts';

interface MailboxRow {
  readonly octets: number;
  readonly messages: number;
  readonly next_uid: number;
  readonly changes: number;
  readonly state: string;
  readonly settings: string;
  readonly organisation: string;
}
interface EntryRow {
  readonly message: bigint;
  readonly octets: bigint;
  readonly retrieved: bigint;
}

const DONE: WriterAnswer = { kind: 'done' };
const UIDL_OCTETS = 16;

/** Nearly no mailbox has a quota of its own: the text tells so without parsing it. */
const quotaOf = (row: MailboxRow): number => {
  const read = (text: string): Settings | undefined =>
    text.includes('"quota"') ? (JSON.parse(text) as Settings) : undefined;
  return settingOf('quota', read(row.settings), read(row.organisation));
};

/** A refused change is an answer; anything else is a fault. */
function orError(change: () => WriterAnswer): WriterAnswer {
  try {
    return change();
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error;
    return { kind: 'registry-error', error: error.kind, message: error.message };
  }
}

export class WriterWorker {
  readonly audit: AuditWriter;
  readonly #registry: RegistryChanges;
  readonly #certificates: CaChanges;
  readonly #sweeper: Sweeper;
  readonly #mailbox: Database.Statement<[number], MailboxRow>;
  readonly #addressState: Database.Statement<[string], { state: string }>;
  readonly #insertMessage: Database.Statement;
  readonly #insertEntry: Database.Statement;
  readonly #setMailbox: Database.Statement;
  readonly #noteDay: Database.Statement;
  readonly #insertUpload: Database.Statement;
  readonly #endUpload: Database.Statement;
  readonly #insertChunk: Database.Statement;
  readonly #countChunks: Database.Statement<[bigint], { n: number }>;
  readonly #deleteEntry: Database.Statement<[number, number], EntryRow>;
  readonly #insertHidden: Database.Statement;
  readonly #markRetrieved: Database.Statement;
  readonly #hiddenSince: Database.Statement<[number, number, number], EntryRow & { hidden_at: bigint; uid: bigint }>;
  readonly #deleteHidden: Database.Statement;
  readonly #markUsed: Database.Statement;
  readonly #markCertificateUsed: Database.Statement;
  readonly #dayErased: Database.Statement;
  /** Days that are known to stand in `day_key`. Forgotten at a rollback. */
  readonly #days = new Set<string>();

  constructor(db: Db) {
    this.audit = new AuditWriter(db);
    this.#registry = new RegistryChanges(db, this.audit);
    this.#certificates = new CaChanges(db, this.audit);
    this.#sweeper = new Sweeper(db);
    this.#mailbox = db.prepare(
      `SELECT m.octets, m.messages, m.next_uid, m.changes, a.state, a.settings, o.settings AS organisation
         FROM mailbox m JOIN account a ON a.id = m.account JOIN organisation o ON o.id = a.organisation WHERE m.account = ?`,
    );
    this.#addressState = db.prepare('SELECT state FROM address WHERE key = ?');
    this.#insertMessage = db.prepare(
      `INSERT INTO message (id, received_at, submitter, sender, message_id_field, envelope, octets, sha256, data_key, chunks, refs, body)
         VALUES (?,?,?,?,?,?,?,?,?,?,?,?)`,
    );
    this.#insertEntry = db.prepare('INSERT INTO entry (account, uid, message, octets, uidl) VALUES (?,?,?,?,?)');
    this.#setMailbox = db.prepare(
      'UPDATE mailbox SET next_uid = ?, messages = ?, octets = ?, changes = ? WHERE account = ?',
    );
    this.#noteDay = db.prepare('INSERT OR IGNORE INTO day_key (day) VALUES (?)');
    this.#insertUpload = db.prepare('INSERT INTO upload (message, started_at) VALUES (?, ?)');
    this.#endUpload = db.prepare('DELETE FROM upload WHERE message = ?');
    this.#insertChunk = db.prepare('INSERT INTO chunk (message, n, sealed, tag) VALUES (?, ?, ?, ?)');
    this.#countChunks = db.prepare('SELECT count(*) AS n FROM chunk WHERE message = ?');
    this.#deleteEntry = db
      .prepare<[number, number], EntryRow>(
        'DELETE FROM entry WHERE account = ? AND uid = ? RETURNING message, octets, retrieved',
      )
      .safeIntegers(true);
    this.#insertHidden = db.prepare(
      'INSERT INTO hidden_entry (account, hidden_at, uid, message, octets, retrieved) VALUES (?,?,?,?,?,?)',
    );
    this.#markRetrieved = db.prepare('UPDATE entry SET retrieved = 1 WHERE account = ? AND uid = ? AND retrieved = 0');
    this.#hiddenSince = db
      .prepare<[number, number, number], EntryRow & { hidden_at: bigint; uid: bigint }>(
        'SELECT hidden_at, uid, message, octets, retrieved FROM hidden_entry WHERE account = ? AND hidden_at >= ? ORDER BY message, uid LIMIT ?',
      )
      .safeIntegers(true);
    this.#deleteHidden = db.prepare('DELETE FROM hidden_entry WHERE account = ? AND hidden_at = ? AND uid = ?');
    this.#markUsed = db.prepare('UPDATE password SET last_used_at = ? WHERE account = ? AND name = ?');
    this.#markCertificateUsed = db.prepare('UPDATE client_certificate SET last_used_at = ? WHERE id = ?');
    this.#dayErased = db.prepare('UPDATE day_key SET erased_at = ? WHERE day = ?');
  }

  /** After a rollback: what was remembered of the transaction never happened. */
  forget(): void {
    this.#days.clear();
  }

  apply(work: WriterWork): WriterAnswer {
    switch (work.kind) {
      case 'accept':
        return this.#accept(work);
      case 'chunk':
        return this.#chunk(work);
      case 'commit-maildrop':
        return this.#commitMaildrop(work.account, work.deleted, work.retrieved, work.at, work.audit);
      case 'restore':
        return this.#restore(work.account, work.since, work.uidls, work.audit);
      case 'audit':
        this.audit.appendAll(work.audit);
        return DONE;
      case 'used':
        this.#markUsed.run(work.at, work.account, work.name);
        return DONE;
      case 'certificate-used':
        this.#markCertificateUsed.run(work.at, work.id);
        return DONE;
      case 'erase-personal':
        return { kind: 'done', value: this.audit.erasePersonal(work.before) };
      case 'registry':
        return orError(() => {
          const { id, accounts, scope } = this.#registry.apply(work.change, work.at, work.salt);
          return { kind: 'registry', id, accounts, scope };
        });
      case 'ca':
        return orError(() => ({
          kind: 'ca',
          changed: this.#certificates.apply(work.change, work.at, work.salt),
        }));
      case 'sweep':
        return { kind: 'swept', report: this.#sweeper.step(work) };
      case 'day-erased':
        this.#dayErased.run(work.at, work.day);
        return DONE;
      case 'space':
        return { kind: 'space', restored: false };
    }
  }

  #accept(work: AcceptWork): WriterAnswer {
    const { id, octets } = work;
    // One entry for each mailbox, and everything is checked before anything is written: a refusal has nothing to undo.
    const rows = new Map<number, MailboxRow>();
    for (const [i, account] of work.mailboxes.entries()) {
      if (this.#addressState.get(work.keys[i] ?? '')?.state !== 'active')
        return { kind: 'refused', why: 'gone', index: i };
      if (rows.has(account)) continue;
      const row = this.#mailbox.get(account);
      if (row?.state !== 'active') return { kind: 'refused', why: 'gone', index: i };
      if (row.octets + octets > quotaOf(row)) return { kind: 'refused', why: 'quota', index: i };
      rows.set(account, row);
    }
    if (work.body === null) {
      const stored = this.#countChunks.get(id)?.n;
      if (stored !== work.chunks)
        return { kind: 'error', message: `the body of message ${id} has ${stored ?? 0} of ${work.chunks} chunks` };
      this.#endUpload.run(id);
    }
    this.#day(work.day);
    this.#insertMessage.run(
      id,
      work.receivedAt,
      work.submitter,
      work.sender,
      work.messageIdField,
      work.envelope,
      octets,
      work.sha256,
      work.dataKey,
      work.chunks,
      rows.size,
      work.body,
    );
    const numbers: number[] = [];
    let i = 0;
    for (const [account, row] of rows) {
      this.#insertEntry.run(account, row.next_uid, id, octets, work.uidls.subarray(i, i + UIDL_OCTETS));
      i += UIDL_OCTETS;
      this.#putMailbox(numbers, account, row.octets + octets, row.messages + 1, row.next_uid + 1, row.changes + 1);
    }
    this.audit.appendAll(work.audit);
    return { kind: 'done', mailboxes: numbers };
  }

  #putMailbox(
    numbers: number[],
    account: number,
    octets: number,
    messages: number,
    nextUid: number,
    changes: number,
  ): void {
    this.#setMailbox.run(nextUid, messages, octets, changes, account);
    numbers.push(account, octets, messages, nextUid, changes);
  }

  #day(day: string): void {
    if (this.#days.has(day)) return;
    this.#noteDay.run(day);
    if (this.#days.size > 100) this.#days.clear();
    this.#days.add(day);
  }

  #chunk(work: ChunkWork): WriterAnswer {
    if (work.n === 0) {
      this.#day(work.day);
      this.#insertUpload.run(work.id, work.at);
    }
    this.#insertChunk.run(work.id, work.n, work.sealed, work.tag);
    return DONE;
  }

  #commitMaildrop(
    account: number,
    deleted: readonly number[],
    retrieved: readonly number[],
    at: number,
    audit: readonly AuditItem[],
  ): WriterAnswer {
    for (const uid of retrieved) this.#markRetrieved.run(account, uid);
    let octets = 0;
    let messages = 0;
    for (const uid of deleted) {
      const row = this.#deleteEntry.get(account, uid);
      if (row === undefined) continue;
      this.#insertHidden.run(account, at, uid, row.message, row.octets, row.retrieved);
      octets += Number(row.octets);
      messages += 1;
    }
    const numbers: number[] = [];
    const row = messages === 0 ? undefined : this.#mailbox.get(account);
    if (row !== undefined)
      this.#putMailbox(numbers, account, row.octets - octets, row.messages - messages, row.next_uid, row.changes + 1);
    this.audit.appendAll(audit);
    return { kind: 'done', mailboxes: numbers };
  }

  #restore(account: number, since: number, uidls: Uint8Array, audit: AuditItem): WriterAnswer {
    const row = this.#mailbox.get(account);
    if (row === undefined) return { kind: 'done', value: 0 };
    const most = uidls.length / UIDL_OCTETS;
    const hidden = this.#hiddenSince.all(account, since, most);
    let { octets, next_uid: uid } = row;
    for (const [i, entry] of hidden.entries()) {
      this.#deleteHidden.run(account, entry.hidden_at, entry.uid);
      this.#insertEntry.run(
        account,
        uid,
        entry.message,
        entry.octets,
        uidls.subarray(i * UIDL_OCTETS, (i + 1) * UIDL_OCTETS),
      );
      uid += 1;
      octets += Number(entry.octets);
    }
    const numbers: number[] = [];
    if (hidden.length > 0)
      this.#putMailbox(numbers, account, octets, row.messages + hidden.length, uid, row.changes + 1);
    const facts = { ...(JSON.parse(audit.facts) as object), entries: hidden.length };
    this.audit.append({ ...audit, facts: JSON.stringify(facts) });
    return { kind: 'done', mailboxes: numbers, value: hidden.length };
  }
}
