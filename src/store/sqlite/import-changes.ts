/** Files what another server had filed, in the writer. Everything is checked before anything is written. */
import type Database from 'better-sqlite3';
import type { AuditWriter } from './audit-writer.ts';
import type { Db } from './database.ts';
import { Changed } from '../changes/changed.ts';
import { type Filing } from './filing.ts';
import type { MailboxCounters } from './mailbox-counters.ts';
import type { ImportWork, WriterAnswer } from './writer-protocol.ts';
import { importedUidl, ownUidl } from '../changes/uidls.ts';

/** As a client that fetched it leaves it. */
const COLLECTED = 2;

export class ImportChanges {
  readonly #audit: AuditWriter;
  readonly #counters: MailboxCounters;
  readonly #filing: Filing;
  readonly #imported: Database.Statement<[number, string]>;
  readonly #entry: Database.Statement<[number, Buffer]>;
  readonly #insertEntry: Database.Statement;
  readonly #insertImported: Database.Statement;

  constructor(db: Db, audit: AuditWriter, counters: MailboxCounters, filing: Filing) {
    this.#audit = audit;
    this.#counters = counters;
    this.#filing = filing;
    this.#imported = db.prepare('SELECT 1 FROM imported WHERE account = ? AND uidl = ?');
    this.#entry = db.prepare('SELECT 1 FROM entry WHERE account = ? AND uidl = ? LIMIT 1');
    this.#insertEntry = db.prepare(
      'INSERT INTO entry (account, uid, message, octets, uidl, retrieved, receipt) VALUES (?,?,?,?,?,?,0)',
    );
    this.#insertImported = db.prepare('INSERT INTO imported (account, uidl, message) VALUES (?,?,?)');
  }

  file({ account, entries, audit }: ImportWork): WriterAnswer {
    const row = this.#counters.get(account);
    if (row === undefined || row.state === 'ended') return { kind: 'refused', why: 'gone', index: 0 };
    const seen = new Set<string>();
    const taken = entries.findIndex(({ uidl }) => seen.size === seen.add(uidl).size || this.#isTaken(account, uidl));
    if (taken >= 0) return { kind: 'uidl-taken', index: taken };
    let octets = 0;
    for (const [i, { message, uidl, fetched }] of entries.entries()) {
      this.#filing.insert(message, 1);
      const retrieved = fetched ? COLLECTED : 0;
      this.#insertEntry.run(account, row.next_uid + i, message.id, message.octets, importedUidl(uidl), retrieved);
      this.#insertImported.run(account, uidl, message.id);
      octets += message.octets;
    }
    const changed = new Changed();
    this.#counters.add(changed.mailboxes, account, row, { octets, messages: entries.length });
    this.#audit.appendAll(audit);
    return { kind: 'done', ...changed.effects };
  }

  /** An own one is found only where it stands now: they are random, and one that is gone does not come back. */
  #isTaken(account: number, uidl: string): boolean {
    if (this.#imported.get(account, uidl) !== undefined) return true;
    const own = ownUidl(uidl);
    return own !== undefined && this.#entry.get(account, own) !== undefined;
  }
}
