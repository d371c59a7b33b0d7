/**
 * Files messages in the writer: message, content, entries, deliveries, counters, audit rows; and
 * after them the notices that came along. The rules are in core/filing-rules.ts.
 */
import { type Address, addressKey } from '../../domain/address.ts';
import type { ChangeEffects } from '../changes/changed.ts';
import type { AcceptWork, Notices } from '../changes/accept-work.ts';
import type { Queued } from '../changes/services.ts';
import type { KeptRow, Unfiled } from '../core/engine.ts';
import { FilingRules } from '../core/filing-rules.ts';
import { wantsReceipt, wasFiled } from '../core/held-mailboxes.ts';
import type { Reach } from '../core/reach.ts';
import { type AddressTarget, movedEnvelope } from '../core/reroute.ts';
import type { AcceptedRecipient } from '../acceptance.ts';
import type { Db } from './database.ts';
import { type FilingParts, SqliteFilingTables } from './filing-tables.ts';
import type { MailboxRow } from './mailbox-counters.ts';
import { type Sql, sqlOf } from './statements.ts';

interface Facts {
  readonly envelope: string;
  readonly octets: bigint;
  readonly copy_of: bigint | null;
  readonly submitter: bigint;
}

export class Filing {
  readonly #p: FilingParts;
  readonly #tables: SqliteFilingTables;
  readonly #rules: FilingRules<MailboxRow>;
  readonly #sql: Sql;

  constructor(db: Db, parts: FilingParts, now: number) {
    this.#p = parts;
    this.#tables = new SqliteFilingTables(db, parts, now);
    this.#rules = new FilingRules(this.#tables);
    this.#sql = sqlOf(db);
  }

  /** After a rollback: what was remembered of the transaction never happened. */
  forget(): void {
    this.#tables.forget();
  }

  /** Called before each piece of work. */
  begin(reach: Reach): void {
    this.#tables.begin(reach);
  }

  /** What was kept of a request that sent a message. */
  sentRequest(key: Uint8Array, now: number): KeptRow | undefined {
    return this.#tables.sentRequest(key, now);
  }

  /** Undefined: it was filed. */
  accept(changed: ChangeEffects, work: AcceptWork): Unfiled | undefined {
    return this.#rules.accept(changed, work);
  }

  /** Notices whose addressee is gone stay out; an audit row tells. */
  notices(notices: Notices, at: number, changed: ChangeEffects): void {
    this.#rules.notices(notices, at, changed);
  }

  /** Writes facts and content of a message that is needed `refs` times. */
  insert(work: AcceptWork, refs: number): void {
    this.#tables.behind(1);
    this.#tables.message(work, refs, null);
  }

  day(day: string): void {
    this.#tables.day(day);
  }

  wrote(octets: Uint8Array): void {
    this.#tables.wrote(octets);
  }

  takePages(): number {
    return this.#tables.takePages();
  }

  #facts(message: bigint): Facts | undefined {
    return this.#sql.big.first<Facts>`SELECT envelope, octets, copy_of, submitter FROM message WHERE id = ${message}`;
  }

  /**
   * A copy that was held goes into its mailbox, above its quota too; false while the mailbox takes
   * no mail. The delivery's reference to the content becomes the entry's.
   */
  release(message: bigint, account: number, uidl: Uint8Array, at: number, changed: ChangeEffects): boolean {
    return this.#release({ message, account, uidl }, at, changed, wasFiled);
  }

  /** `counted`: the message is in the figures of its recipient already. */
  #release(
    { message, account, uidl }: { readonly message: bigint; readonly account: number; readonly uidl: Uint8Array },
    at: number,
    changed: ChangeEffects,
    counted: typeof wasFiled,
  ): boolean {
    const row = this.#p.counters.get(account);
    const facts = this.#facts(message);
    if (row?.state !== 'active' || facts === undefined) return false;
    const { recipients } = JSON.parse(facts.envelope) as { recipients: readonly AcceptedRecipient[] };
    const receipt = wantsReceipt(recipients, account) ? 1 : 0;
    this.#tables.insertEntry(account, row.next_uid, message, facts.octets, uidl, receipt);
    const octets = Number(facts.octets);
    this.#p.counters.add(changed.mailboxes, account, row, { octets, messages: 1 });
    if (!counted(recipients, account)) this.#p.usage.received(account, Number(facts.submitter), octets, at);
    return true;
  }

  /**
   * What was queued for a partner goes into the mailbox that its recipient leads to by now, above
   * its quota too; false while there is none that takes mail. The delivery's reference to the
   * content becomes the entry's.
   */
  refile(queued: Queued, uidl: Uint8Array, at: number, changed: ChangeEffects): boolean {
    const { message, recipient, partner } = queued;
    const key = addressKey(recipient as Address);
    const target = this.#tables.target(key);
    const row = target?.partner === 0 ? this.#p.counters.get(target.account) : undefined;
    const facts = this.#facts(message);
    if (target === undefined || row?.state !== 'active' || facts === undefined) return false;
    const targets = new Map<string, AddressTarget>([[key, target]]);
    for (const id of facts.copy_of === null ? [message] : [message, facts.copy_of]) {
      const envelope = this.#facts(id)?.envelope;
      if (envelope !== undefined)
        this.#sql.run`UPDATE message SET envelope = ${movedEnvelope(envelope, targets, partner)} WHERE id = ${id}`;
    }
    if (this.#tables.retrieved(target.account, message) !== undefined) {
      this.#sql.run`UPDATE content SET refs = refs - 1 WHERE message = ${message}`;
      return true;
    }
    return this.#release({ message, account: target.account, uidl }, at, changed, () => false);
  }
}
