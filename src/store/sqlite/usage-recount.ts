/**
 * Counts again what was accepted, from its rows in the trail and among the messages: figures of
 * acceptances are written every few seconds only, and a crash takes with it what was gathered in
 * between.
 *
 * What it reads is as it was when the message was accepted: whatever may change these rows has the
 * figures written first (usage-changes.ts).
 */
import { type MessageId, messageNumber } from '../../domain/ids.ts';
import type { FiledCopy } from '../core/filing-rules.ts';
import type { AcceptedRecipient } from '../acceptance.ts';
import type { Db } from './database.ts';
import { heldMailboxes } from '../core/held-mailboxes.ts';
import { type Sql, sqlOf } from './statements.ts';
import type { AuditItem } from '../../domain/audit-row.ts';
import type { AcceptWork } from '../changes/accept-work.ts';

export const ACCEPTED = 'message.accepted';

export interface Accepted {
  readonly submitter: number;
  readonly at: number;
  readonly recipients: number;
  /** Octets of the message as its sender gave it. */
  readonly submitted: number;
  readonly filed: readonly FiledCopy[];
}

interface Row {
  readonly facts: string;
  readonly at: bigint;
  readonly submitter: bigint;
  readonly octets: bigint;
  readonly envelope: string;
}

/** True if its rows will tell everything that is counted of it. */
export function isToldAgain({ id, submitter, octets, submitted, audit }: AcceptWork): boolean {
  if (submitter === 0) return false;
  const rows = audit.filter(({ event, message }) => event === ACCEPTED && message === id);
  return rows.length === 1 && rows.every(({ facts }) => submittedIn(facts, octets) === submitted);
}

function submittedIn(facts: AuditItem['facts'], octets: number): number {
  const { submitted } = JSON.parse(facts) as { readonly submitted?: unknown };
  return typeof submitted === 'number' ? submitted : octets;
}

export class UsageRecount {
  readonly #sql: Sql;

  constructor(db: Db) {
    this.#sql = sqlOf(db);
  }

  /** Messages accepted after that row of the trail. */
  *since(seq: number): Generator<Accepted> {
    const rows = this.#sql.big.each<Row>`
      SELECT a.facts, m.received_at AS at, m.submitter, m.octets, m.envelope FROM audit a JOIN message m ON m.id = a.message
        WHERE a.seq > ${seq} AND a.event = ${ACCEPTED} AND m.submitter > 0 ORDER BY a.seq`;
    for (const row of rows) {
      const { recipients } = JSON.parse(row.envelope) as { readonly recipients: readonly AcceptedRecipient[] };
      const octets = Number(row.octets);
      yield {
        submitter: Number(row.submitter),
        at: Number(row.at),
        recipients: recipients.length,
        submitted: submittedIn(row.facts, octets),
        filed: this.#filed(recipients, octets),
      };
    }
  }

  #octetsOf(message: bigint): number | undefined {
    return this.#sql.value<number>`SELECT octets FROM message WHERE id = ${message}`;
  }

  /** One for each mailbox and copy: whoever has two copies has two messages. */
  #filed(recipients: readonly AcceptedRecipient[], octets: number): FiledCopy[] {
    const byCopy = new Map<MessageId | undefined, AcceptedRecipient[]>();
    for (const recipient of recipients) {
      const its = byCopy.get(recipient.copy);
      if (its === undefined) byCopy.set(recipient.copy, [recipient]);
      else its.push(recipient);
    }
    return [...byCopy].flatMap(([copy, its]) => {
      const held = heldMailboxes(its);
      const mailboxes = new Set(its.flatMap((r) => (r.mailbox === undefined ? [] : [r.mailbox])));
      const each = copy === undefined ? octets : (this.#octetsOf(messageNumber(copy)) ?? 0);
      return [...mailboxes].filter((account) => !held.has(account)).map((account) => ({ account, octets: each }));
    });
  }
}
