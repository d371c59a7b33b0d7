/** Erases one message in the writer: its entries, its deleted entries, its content with the sealed key. Its facts stay for the trace. */
import type Database from 'better-sqlite3';
import type { AuditWriter } from './audit-writer.ts';
import type { Db } from './database.ts';
import { Changed } from '../changes/changed.ts';
import type { MailboxCounters } from './mailbox-counters.ts';
import type { WriterAnswer, WriterWork } from './writer-protocol.ts';

type EraseWork = Extract<WriterWork, { kind: 'erase-message' }>;

interface Row {
  readonly uid: number;
  readonly octets: number;
}

/** What the answer's value says. */
export const ERASED = 0;
export const WAITING = 1;
export const ELSEWHERE = 2;

export class MessageErasure {
  readonly #audit: AuditWriter;
  readonly #counters: MailboxCounters;
  readonly #open: Database.Statement<[bigint]>;
  readonly #entries: Database.Statement<[number, bigint], Row & { retrieved: number }>;
  readonly #hidden: Database.Statement<[number, bigint], Row & { hidden_at: number }>;
  readonly #refs: Database.Statement<[bigint], { refs: number; chunked: number }>;
  readonly #deleteEntry: Database.Statement;
  readonly #deleteHidden: Database.Statement;
  readonly #deleteContent: Database.Statement;
  readonly #leaveChunks: Database.Statement;
  readonly #markGone: Database.Statement;

  constructor(db: Db, audit: AuditWriter, counters: MailboxCounters) {
    this.#audit = audit;
    this.#counters = counters;
    this.#open = db.prepare('SELECT 1 FROM delivery WHERE message = ? AND settled_at IS NULL LIMIT 1');
    this.#entries = db.prepare('SELECT uid, octets, retrieved FROM entry WHERE account = ? AND message = ?');
    this.#hidden = db.prepare('SELECT uid, octets, hidden_at FROM hidden_entry WHERE account = ? AND message = ?');
    this.#refs = db.prepare('SELECT refs, body IS NULL AS chunked FROM content WHERE message = ?');
    this.#deleteEntry = db.prepare('DELETE FROM entry WHERE account = ? AND uid = ?');
    this.#deleteHidden = db.prepare('DELETE FROM hidden_entry WHERE account = ? AND hidden_at = ? AND uid = ?');
    this.#deleteContent = db.prepare('DELETE FROM content WHERE message = ?');
    this.#leaveChunks = db.prepare('INSERT OR IGNORE INTO upload (message, started_at) VALUES (?, ?)');
    this.#markGone = db.prepare('UPDATE message SET gone_at = ? WHERE id = ? AND gone_at IS NULL');
  }

  /** All of it or nothing. Chunks become an upload that is given up: the caller has them taken back slice by slice. */
  erase({ messages, at, audit }: EraseWork): WriterAnswer {
    for (const { id, accounts } of messages) {
      const why = this.#keeps(id, accounts);
      if (why !== ERASED) return { kind: 'done', value: why };
    }
    const changed = new Changed();
    for (const { id, accounts } of messages) {
      for (const account of accounts) this.#takeOut(account, id, changed);
      if (this.#refs.get(id)?.chunked === 1) this.#leaveChunks.run(id, at);
      this.#deleteContent.run(id);
      this.#markGone.run(at, id);
    }
    this.#audit.append(audit);
    return { kind: 'done', value: ERASED, ...changed.effects };
  }

  /** Whoever waits for it must hear first that it does not come; and what lies in a mailbox that is not named would never open. */
  #keeps(id: bigint, accounts: readonly number[]): number {
    const entries = accounts.flatMap((account) => this.#entries.all(account, id));
    if (this.#open.get(id) !== undefined || entries.some(({ retrieved }) => retrieved < 2)) return WAITING;
    const hidden = accounts.flatMap((account) => this.#hidden.all(account, id));
    return (this.#refs.get(id)?.refs ?? 0) > entries.length + hidden.length ? ELSEWHERE : ERASED;
  }

  #takeOut(account: number, id: bigint, changed: Changed): void {
    const entries = this.#entries.all(account, id);
    const hidden = this.#hidden.all(account, id);
    for (const { uid } of entries) this.#deleteEntry.run(account, uid);
    for (const { hidden_at: hiddenAt, uid } of hidden) this.#deleteHidden.run(account, hiddenAt, uid);
    const row = this.#counters.get(account);
    if (row === undefined) return;
    const sum = (rows: readonly Row[]): number => rows.reduce((all, { octets }) => all + octets, 0);
    this.#counters.add(changed.mailboxes, account, row, {
      octets: -sum(entries),
      messages: -entries.length,
      hidden: -sum(hidden),
    });
  }
}
