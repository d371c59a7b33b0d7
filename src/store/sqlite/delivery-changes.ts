/** The queue of deliveries in the writer: claims under leases, settlements under fences, what operators change. */
import type Database from 'better-sqlite3';
import type { AuditWriter } from './audit-writer.ts';
import type { Db } from './database.ts';
import { Changed } from '../changes/changed.ts';
import { type Filing, UIDL_OCTETS } from './filing.ts';
import type { MaildropChanges } from './maildrop-changes.ts';
import { DELIVERY, MessageRows, type RawDelivery, deliveryOf, rawStatement } from './message-rows.ts';
import type { UsageChanges } from './usage-changes.ts';
import type { DeliveryWork, WithdrawnCopy, WriterAnswer } from './writer-protocol.ts';

type WorkOf<K extends DeliveryWork['kind']> = Extract<DeliveryWork, { kind: K }>;

interface OpenRow {
  readonly message: bigint;
  readonly partner: bigint;
  readonly mailbox: bigint | null;
  readonly fence: bigint;
  readonly lease_until: bigint | null;
  readonly settled_at: bigint | null;
}

const OPEN_ROW = 'message, partner, mailbox, fence, lease_until, settled_at';
const OPEN = "state IN ('waiting', 'held')";

/** A crash left leases over. This process is the only one: nobody works under them any more, and what they held is due at its old place. */
export const voidLeases = (db: Db): void =>
  void db.exec(
    `UPDATE delivery SET lease_until = NULL, due_at = coalesce((SELECT received_at FROM message WHERE id = delivery.message), due_at)
       WHERE lease_until IS NOT NULL`,
  );

export interface DeliveryParts {
  readonly audit: AuditWriter;
  readonly filing: Filing;
  readonly maildrops: MaildropChanges;
  readonly usage: UsageChanges;
}

export class DeliveryChanges {
  readonly #audit: AuditWriter;
  readonly #filing: Filing;
  readonly #maildrops: MaildropChanges;
  readonly #usage: UsageChanges;
  readonly #messages: MessageRows;
  readonly #due: Database.Statement<[number, number, number], { id: number }>;
  readonly #claim: Database.Statement<[number, number, number], RawDelivery>;
  readonly #open: Database.Statement<[number], OpenRow>;
  readonly #end: Database.Statement;
  readonly #retry: Database.Statement;
  readonly #hold: Database.Statement<[number], OpenRow>;
  readonly #release: Database.Statement<[number], OpenRow>;
  readonly #heldFromMailbox: Database.Statement<[number], OpenRow>;
  readonly #queuedFor: Database.Statement<[number, number], OpenRow & { readonly recipient: string }>;
  readonly #retryNow: Database.Statement<[number, number], OpenRow>;
  readonly #unclaimed: Database.Statement<[bigint, number], { id: number; recipient: string; mailbox: number | null }>;
  readonly #dropReference: Database.Statement;
  readonly #took: Database.Statement<[bigint, bigint], { account: number; submitter: number; octets: number }>;

  constructor(db: Db, { audit, filing, maildrops, usage }: DeliveryParts) {
    this.#audit = audit;
    this.#filing = filing;
    this.#maildrops = maildrops;
    this.#usage = usage;
    this.#messages = new MessageRows(db);
    this.#due = db.prepare(
      "SELECT id FROM delivery WHERE partner = ? AND state = 'waiting' AND due_at <= ? ORDER BY due_at, id LIMIT ?",
    );
    this.#claim = rawStatement(
      db,
      `UPDATE delivery SET due_at = ?, lease_until = ?, fence = fence + 1, attempts = attempts + 1 WHERE id = ? RETURNING ${DELIVERY}`,
    );
    this.#open = db.prepare<[number], OpenRow>(`SELECT ${OPEN_ROW} FROM delivery WHERE id = ?`).safeIntegers(true);
    this.#end = db.prepare(
      'UPDATE delivery SET state = ?, settled_at = ?, last_reply = coalesce(?, last_reply), lease_until = NULL WHERE id = ?',
    );
    this.#retry = db.prepare(
      'UPDATE delivery SET due_at = ?, last_reply = ?, delayed_at = coalesce(delayed_at, ?), lease_until = NULL WHERE id = ?',
    );
    const change = <P extends unknown[]>(sql: string): Database.Statement<P, OpenRow> =>
      db.prepare<P, OpenRow>(`${sql} RETURNING ${OPEN_ROW}`).safeIntegers(true);
    // An attempt that is under way goes on, and how it ends counts: what was relayed must not go out again.
    this.#hold = change("UPDATE delivery SET state = 'held' WHERE id = ? AND state = 'waiting'");
    this.#release = change("UPDATE delivery SET state = 'waiting' WHERE id = ? AND state = 'held' AND mailbox IS NULL");
    this.#heldFromMailbox = db
      .prepare<[number], OpenRow>(`SELECT ${OPEN_ROW} FROM delivery WHERE id = ? AND state = 'held' AND mailbox > 0`)
      .safeIntegers(true);
    // One that is under way may be at the partner already: it goes on.
    this.#queuedFor = db
      .prepare<[number, number], OpenRow & { readonly recipient: string }>(
        `SELECT ${OPEN_ROW}, recipient FROM delivery
           WHERE id = ? AND state = 'waiting' AND mailbox IS NULL AND (lease_until IS NULL OR lease_until <= ?)`,
      )
      .safeIntegers(true);
    this.#retryNow = change("UPDATE delivery SET due_at = ?, lease_until = NULL WHERE id = ? AND state = 'waiting'");
    this.#unclaimed = db.prepare(
      `SELECT id, recipient, mailbox FROM delivery WHERE message = ? AND ${OPEN} AND (lease_until IS NULL OR lease_until <= ?) ORDER BY id`,
    );
    this.#took = db.prepare(
      'SELECT p.account, m.submitter, m.octets FROM message m JOIN partner p WHERE m.id = ? AND p.id = ?',
    );
    this.#dropReference = db.prepare('UPDATE content SET refs = refs - 1 WHERE message = ?');
  }

  apply(work: DeliveryWork): WriterAnswer {
    switch (work.kind) {
      case 'claim':
        return this.#claimDue(work);
      case 'claim-one':
        return this.#claimOne(work);
      case 'settle':
        return this.#settle(work);
      case 'change-deliveries':
        return this.#changeAll(work);
      case 'withdraw':
        return this.#withdraw(work);
    }
  }

  #claimDue({ partner, max, at, until }: WorkOf<'claim'>): WriterAnswer {
    const claimed = this.#due.all(partner, at, max).flatMap(({ id }) => this.#lease(id, until));
    return { kind: 'claimed', found: this.#messages.with(claimed) };
  }

  #lease(id: number, until: number): ReturnType<typeof deliveryOf>[] {
    const raw = this.#claim.get(until, until, id);
    return raw === undefined ? [] : [deliveryOf(raw)];
  }

  #claimOne({ id, at, until }: WorkOf<'claim-one'>): WriterAnswer {
    const row = this.#open.get(id);
    if (row === undefined) return { kind: 'not-claimed', why: 'unknown' };
    if (row.settled_at !== null) return { kind: 'not-claimed', why: 'settled' };
    if (row.lease_until !== null && row.lease_until > BigInt(at)) return { kind: 'not-claimed', why: 'busy' };
    return { kind: 'claimed', found: this.#messages.with(this.#lease(id, until)) };
  }

  /** The first final state wins; who comes with an older fence has lost the delivery to somebody else. */
  #settle({ id, fence, outcome, at, audit, notices }: WorkOf<'settle'>): WriterAnswer {
    const row = this.#open.get(id);
    if (row?.settled_at !== null || Number(row.fence) !== fence) return { kind: 'done', value: 0 };
    if (outcome.kind === 'retry') this.#retry.run(outcome.at, outcome.reply, outcome.delayed === true ? at : null, id);
    else this.#final(id, row.message, outcome.kind, at, outcome.reply);
    if (outcome.kind === 'relayed') this.#countPush(row, at);
    const changed = new Changed();
    this.#filing.notices(notices, at, changed);
    this.#audit.appendAll(audit);
    return { kind: 'done', value: 1, ...changed.effects };
  }

  #countPush({ message, partner }: OpenRow, at: number): void {
    const took = this.#took.get(message, partner);
    if (took !== undefined) this.#usage.pushed(took.account, took.submitter, took.octets, at);
  }

  #final(
    id: number,
    message: bigint,
    state: 'relayed' | 'failed' | 'withdrawn',
    at: number,
    reply: string | null,
  ): void {
    this.#end.run(state, at, reply, id);
    this.#dropReference.run(message);
  }

  #changeAll({ ids, change, uidls, at, audit }: WorkOf<'change-deliveries'>): WriterAnswer {
    const changed = new Changed();
    let n = 0;
    for (const [i, id] of ids.entries()) {
      const uidl = uidls.subarray(i * UIDL_OCTETS, (i + 1) * UIDL_OCTETS);
      const row =
        change === 'hold'
          ? this.#hold.get(id)
          : change === 'release'
            ? (this.#release.get(id) ?? this.#file(id, uidl, at, changed))
            : change === 'refile'
              ? this.#refile(id, uidl, at, changed)
              : this.#retryNow.get(at, id);
      if (row === undefined) continue;
      n += 1;
      if ((change === 'release' || change === 'retry') && row.mailbox === null) changed.due.add(Number(row.partner));
      const facts = { ...(JSON.parse(audit.facts) as object), delivery: id };
      this.#audit.append({ ...audit, message: row.message, facts: JSON.stringify(facts) });
    }
    return { kind: 'done', value: n, ...changed.effects };
  }

  /** Releases a copy that is held from a mailbox: entry and settlement together. */
  #file(id: number, uidl: Uint8Array, at: number, changed: Changed): OpenRow | undefined {
    const row = this.#heldFromMailbox.get(id);
    if (row === undefined || !this.#filing.release(row.message, Number(row.mailbox), uidl, at, changed))
      return undefined;
    this.#end.run('filed', at, null, id);
    return row;
  }

  /** What waits for a partner whose address has moved: into the mailbox. */
  #refile(id: number, uidl: Uint8Array, at: number, changed: Changed): OpenRow | undefined {
    const row = this.#queuedFor.get(id, at);
    if (row === undefined) return undefined;
    const queued = { message: row.message, recipient: row.recipient, partner: Number(row.partner) };
    if (!this.#filing.refile(queued, uidl, at, changed)) return undefined;
    this.#end.run('filed', at, null, id);
    return row;
  }

  #withdraw({ copies, at, audit, notices }: WorkOf<'withdraw'>): WriterAnswer {
    const changed = new Changed();
    const withdrawn = copies.map((copy) => this.#withdrawCopy(copy, at, changed));
    const count = (of: (copy: WithdrawnCopy) => readonly unknown[]): number =>
      withdrawn.reduce((n, copy) => n + of(copy).length, 0);
    const [mailboxes, deliveries] = [count(({ accounts }) => accounts), count(({ recipients }) => recipients)];
    if (mailboxes + deliveries > 0) this.#filing.notices(notices, at, changed);
    const facts = { ...(JSON.parse(audit.facts) as object), mailboxes, deliveries };
    const outcome = mailboxes + deliveries > 0 ? 'success' : 'failure';
    this.#audit.append({ ...audit, outcome, facts: JSON.stringify(facts) });
    return { kind: 'withdrawn', copies: withdrawn, ...changed.effects };
  }

  #withdrawCopy(
    { message, accounts, recipients, heldFrom }: WithdrawnCopy,
    at: number,
    changed: Changed,
  ): WithdrawnCopy {
    const mailboxes = accounts.filter((account) => this.#maildrops.withdraw(account, message, at, changed));
    const named = new Set(recipients);
    const unclaimed = this.#unclaimed.all(message, at);
    const relays = unclaimed.filter(({ recipient, mailbox }) => mailbox === null && named.has(recipient));
    const held = unclaimed.filter(({ mailbox }) => mailbox !== null && heldFrom.includes(mailbox));
    for (const { id } of [...relays, ...held]) this.#final(id, message, 'withdrawn', at, null);
    return {
      message,
      accounts: [...mailboxes, ...held.flatMap(({ mailbox }) => mailbox ?? [])],
      recipients: relays.map(({ recipient }) => recipient),
      heldFrom,
    };
  }
}
