/**
 * What follows an account that went to another organisation (account-move-changes.ts), in the writer, a bounded step in each transaction: what
 * was received since the day, what is held for it, which UIDLs were taken over. Each step leaves both mailboxes whole; after a crash the row
 * of `account_move` tells where to go on.
 *
 * Uids and UIDLs stay: a client that polls the same log-in knows its messages again.
 */
import { hash } from 'node:crypto';
import type Database from 'better-sqlite3';
import { messageIdOf } from '../../domain/ids.ts';
import { joinSmall } from '../../platform/bytes.ts';
import type { AuditWriter } from './audit-writer.ts';
import type { Db } from './database.ts';
import type { MailboxCounters } from './mailbox-counters.ts';
import { recipientsMoved } from './reroute.ts';
import type { Effects, WriterAnswer, WriterWork } from './writer-protocol.ts';

/** Entries that one step looks at, and characters of their envelopes: a message may have a thousand recipients. Some 10 ms. */
const ENTRIES = 200;
const CHARACTERS = 200_000;
/** Rows of other tables in one step. */
const ROWS = 500;

type Step = Extract<WriterWork, { kind: 'move-step' }>;

interface Move {
  readonly source: number;
  readonly target: number;
  readonly since: number;
  readonly below: number;
  readonly next_uid: number;
  readonly next_held: number;
  readonly messages: number;
  readonly octets: number;
  readonly held: number;
}

interface EntryRow {
  readonly uid: bigint;
  readonly message: bigint;
  readonly octets: bigint;
  readonly received_at: bigint;
}

interface Envelope {
  readonly envelope: string;
  readonly copy_of: bigint | null;
}

export class MailboxMoves {
  readonly #audit: AuditWriter;
  readonly #counters: MailboxCounters;
  readonly #find: Database.Statement<[number], Move>;
  readonly #entries: Database.Statement<[number, number, number, number], EntryRow>;
  readonly #moveEntry: Database.Statement;
  readonly #copyNotice: Database.Statement;
  readonly #envelope: Database.Statement<[bigint], Envelope>;
  readonly #setEnvelope: Database.Statement;
  readonly #moveDeliveries: Database.Statement;
  readonly #held: Database.Statement<
    [number, number],
    { id: bigint; message: bigint; mailbox: bigint | null; at: bigint }
  >;
  readonly #moveImported: Database.Statement;
  readonly #note: Database.Statement;
  readonly #forget: Database.Statement;

  constructor(db: Db, audit: AuditWriter, counters: MailboxCounters) {
    this.#audit = audit;
    this.#counters = counters;
    this.#find = db.prepare('SELECT * FROM account_move WHERE source = ?');
    this.#entries = db
      .prepare<[number, number, number, number], EntryRow>(
        `SELECT e.uid, e.message, e.octets, m.received_at FROM entry e JOIN message m ON m.id = e.message
           WHERE e.account = ? AND e.uid >= ? AND e.uid < ? ORDER BY e.uid LIMIT ?`,
      )
      .safeIntegers(true);
    this.#moveEntry = db.prepare('UPDATE entry SET account = ? WHERE account = ? AND uid = ?');
    this.#copyNotice = db.prepare('INSERT OR IGNORE INTO notice (key, at) SELECT ?, at FROM notice WHERE key = ?');
    this.#envelope = db
      .prepare<[bigint], Envelope>('SELECT envelope, copy_of FROM message WHERE id = ?')
      .safeIntegers(true);
    this.#setEnvelope = db.prepare('UPDATE message SET envelope = ? WHERE id = ?');
    this.#moveDeliveries = db.prepare('UPDATE delivery SET mailbox = ? WHERE message = ? AND mailbox = ?');
    this.#held = db
      .prepare<[number, number], { id: bigint; message: bigint; mailbox: bigint | null; at: bigint }>(
        `SELECT d.id, d.message, d.mailbox, m.received_at AS at FROM delivery d JOIN message m ON m.id = d.message
           WHERE d.partner = 0 AND d.state = 'held' AND d.id > ? ORDER BY d.id LIMIT ?`,
      )
      .safeIntegers(true);
    this.#moveImported = db.prepare(
      `UPDATE imported SET account = ? WHERE (account, uidl) IN
         (SELECT account, uidl FROM imported WHERE account = ? LIMIT ${ROWS})`,
    );
    this.#note = db.prepare(
      'UPDATE account_move SET next_uid = ?, next_held = ?, messages = ?, octets = ?, held = ? WHERE source = ?',
    );
    this.#forget = db.prepare('DELETE FROM account_move WHERE source = ?');
  }

  step({ source, at, personal, salt }: Step): WriterAnswer {
    const move = this.#find.get(source);
    if (move === undefined) return { kind: 'done', value: 0 };
    if (move.next_uid < move.below) return this.#moveEntries(move);
    if (move.next_held >= 0) return this.#moveHeld(move);
    const { messages, octets, held } = move;
    const moved = { messages, octets, held };
    if (this.#moveImported.run(move.target, source).changes > 0) return { kind: 'done', value: 1, moved };
    this.#forget.run(source);
    this.#tell(move, { at, personal, salt });
    return { kind: 'done', value: 0, moved };
  }

  #moveEntries(move: Move): WriterAnswer {
    const { source, target, since, below } = move;
    const rows = this.#entries.all(source, move.next_uid, below, ENTRIES);
    let next = rows.length < ENTRIES ? below : Number(rows.at(-1)?.uid ?? below) + 1;
    let [messages, octets, characters] = [0, 0, 0];
    for (const row of rows) {
      if (characters > CHARACTERS) {
        next = Number(row.uid);
        break;
      }
      if (row.received_at < since) continue;
      const uid = Number(row.uid);
      this.#moveEntry.run(target, source, uid);
      characters += this.#moveFacts(row.message, source, target);
      messages += 1;
      octets += Number(row.octets);
    }
    const numbers: number[] = [];
    for (const [account, sign] of [
      [source, -1],
      [target, 1],
    ] as const) {
      const counted = messages === 0 ? undefined : this.#counters.get(account);
      if (counted !== undefined)
        this.#counters.add(numbers, account, counted, { octets: sign * octets, messages: sign * messages });
    }
    return { kind: 'done', value: 1, mailboxes: numbers, moved: this.#noted(move, { next, messages, octets }) };
  }

  /** Where a copy is, as the trace tells it; and that its receipt was sent. Returns the characters it looked at. */
  #moveFacts(message: bigint, source: number, target: number): number {
    const id = messageIdOf(message);
    this.#copyNotice.run(`collected:${id}:${target}`, `collected:${id}:${source}`);
    this.#moveDeliveries.run(target, message, source);
    const own = this.#envelope.get(message);
    if (own === undefined) return 0;
    let characters = this.#rewrite(message, own.envelope, (json) => recipientsMoved(json, source, target));
    const original = own.copy_of === null ? undefined : this.#envelope.get(own.copy_of);
    // Of the message itself only those recipients who got this copy: another one may lie elsewhere.
    if (own.copy_of !== null && original !== undefined)
      characters += this.#rewrite(own.copy_of, original.envelope, (json) => recipientsMoved(json, source, target, id));
    return characters;
  }

  #rewrite(message: bigint, before: string, change: (json: string) => string): number {
    const after = change(before);
    if (after !== before) this.#setEnvelope.run(after, message);
    return before.length;
  }

  #moveHeld(move: Move): WriterAnswer {
    const { source, target, since } = move;
    const rows = this.#held.all(move.next_held, ROWS);
    let [held, characters, next] = [0, 0, rows.length < ROWS ? -1 : Number(rows.at(-1)?.id)];
    for (const { id, message, mailbox, at } of rows) {
      if (mailbox === null || Number(mailbox) !== source || at < since) continue;
      characters += this.#moveFacts(message, source, target);
      held += 1;
      if (characters > CHARACTERS) {
        next = Number(id);
        break;
      }
    }
    return { kind: 'done', value: 1, moved: this.#noted(move, { nextHeld: next, held }) };
  }

  #noted(
    move: Move,
    by: { next?: number; nextHeld?: number; messages?: number; octets?: number; held?: number },
  ): NonNullable<Effects['moved']> {
    const messages = move.messages + (by.messages ?? 0);
    const octets = move.octets + (by.octets ?? 0);
    const held = move.held + (by.held ?? 0);
    this.#note.run(by.next ?? move.next_uid, by.nextHeld ?? move.next_held, messages, octets, held, move.source);
    return { messages, octets, held };
  }

  #tell(
    { source, target, messages, octets, held }: Move,
    { at, personal, salt }: Pick<Step, 'at' | 'personal' | 'salt'>,
  ): void {
    for (const [i, account] of [source, target].entries())
      this.#audit.append({
        at,
        event: 'maildrop.moved',
        outcome: 'success',
        message: null,
        account,
        facts: JSON.stringify({ source, target, messages, octets, held }),
        personal,
        // Each row has its own: they are erased one by one.
        salt: hash('sha256', joinSmall([salt, Buffer.from([i])]), 'buffer'),
      });
  }
}
