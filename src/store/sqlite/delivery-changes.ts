/** The queue of deliveries in the writer: claims under leases, settlements under fences, what operators change. */
import type Database from 'better-sqlite3';
import type { AuditWriter } from './audit-writer.ts';
import type { Db } from './database.ts';
import { Changed } from '../changes/changed.ts';
import type { Filing } from './filing.ts';
import type { MaildropChanges } from './maildrop-changes.ts';
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
  readonly #open: Database.Statement<[number], OpenRow>;
  readonly #end: Database.Statement;
  readonly #retry: Database.Statement;
  readonly #unclaimed: Database.Statement<[bigint, number], { id: number; recipient: string; mailbox: number | null }>;
  readonly #dropReference: Database.Statement;
  readonly #took: Database.Statement<[bigint, bigint], { account: number; submitter: number; octets: number }>;

  constructor(db: Db, { audit, filing, maildrops, usage }: DeliveryParts) {
    this.#audit = audit;
    this.#filing = filing;
    this.#maildrops = maildrops;
    this.#usage = usage;
    this.#open = db.prepare<[number], OpenRow>(`SELECT ${OPEN_ROW} FROM delivery WHERE id = ?`).safeIntegers(true);
    this.#end = db.prepare(
      'UPDATE delivery SET state = ?, settled_at = ?, last_reply = coalesce(?, last_reply), lease_until = NULL WHERE id = ?',
    );
    this.#retry = db.prepare(
      'UPDATE delivery SET due_at = ?, last_reply = ?, delayed_at = coalesce(delayed_at, ?), lease_until = NULL WHERE id = ?',
    );
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
      case 'settle':
        return this.#settle(work);
      case 'withdraw':
        return this.#withdraw(work);
    }
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
