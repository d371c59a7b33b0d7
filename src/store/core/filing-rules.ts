/**
 * What is decided when a message is filed, one text for both engines: whether its sender may still
 * send, whether it repeats another message, where its addresses lead by now, which mailboxes take
 * it. Everything is looked up before anything of a message is written: a refusal has nothing to
 * undo.
 *
 * An engine says how it looks things up and how it writes. A look sees what was written before it,
 * also by an earlier message of the same transaction.
 */
import type { AuditItem } from '../../domain/audit-row.ts';
import { type MessageId, messageNumber } from '../../domain/ids.ts';
import type { AcceptWork, NewDelivery, Notices } from '../changes/accept-work.ts';
import type { ChangeEffects } from '../changes/changed.ts';
import { quotaOf } from '../changes/services.ts';
import { UIDL_OCTETS } from '../changes/uidls.ts';
import { OPERATOR } from '../acceptance.ts';
import type { KeptRow, Unfiled } from './engine.ts';
import { type AddressTarget, rerouted } from './reroute.ts';

/** The copy that went into one mailbox. */
export interface FiledCopy {
  readonly account: number;
  readonly octets: number;
}

/** What the rules look at in a mailbox. */
export interface FilingMailbox {
  readonly octets: number;
  /** State of its account, or of its organisation if that is not active. */
  readonly state: string;
  /** 1: it takes no new mail, since its account or organisation is ending. */
  readonly ending: 0 | 1;
  /** Settings as JSON, if they may hold a quota. */
  readonly settings: string | null;
  readonly organisation: string | null;
}

/** A message in one mailbox. */
export interface NewEntry {
  readonly work: AcceptWork;
  readonly account: number;
  readonly uidl: Uint8Array;
  readonly receipt: 0 | 1;
}

export interface FilingLooks<M extends FilingMailbox> {
  /** True if the account ended, or went to another organisation. */
  isClosed(account: number): boolean;
  /** Another gateway has changed the registry since the message was judged. */
  isOutdated(work: AcceptWork): boolean;
  wasTakenOver(account: number): boolean;
  target(key: string): AddressTarget | undefined;
  /** State of an address; undefined: it is not registered. 'ended' also if its end is final. */
  addressState(key: string): string | undefined;
  partnerState(partner: number): string | undefined;
  mailbox(account: number): M | undefined;
  /**
   * The last message with that key of a resubmission, where it was accepted at `since` or later.
   */
  submitted(key: Uint8Array, since: number): bigint | undefined;
  /** Envelope of a message; undefined if the message is gone. */
  envelope(message: bigint): string | undefined;
  /** Whether this mailbox's entry of the message was retrieved; undefined if it has none. */
  retrieved(account: number, message: bigint): number | undefined;
  isHeld(message: bigint, account: number): boolean;
  /** True if some delivery of the message was settled otherwise than by filing. */
  isSettled(message: bigint): boolean;
}

export interface FilingWrites<M extends FilingMailbox> {
  /**
   * Keeps the request of a message that is about to be filed; or says what was kept under its key.
   */
  keepRequest(work: AcceptWork): KeptRow | undefined;
  /**
   * Frees the key of a request whose message was not filed. `stands`: the message that it repeats,
   * with which it is answered.
   */
  unfiledRequest(work: AcceptWork, stands: bigint | undefined): void;
  /** Notes a notice by its key; false if it was filed before. */
  isFirst(once: string, at: number): boolean;
  /** Writes facts and content of a message that `refs` entries and deliveries need. */
  message(work: AcceptWork, refs: number, copyOf: bigint | null): void;
  /** Writes an entry with the counters of its mailbox, which `changed` reports. */
  entry(entry: NewEntry, mailbox: M, changed: ChangeEffects): void;
  delivery(work: AcceptWork, delivery: NewDelivery): void;
  /** `keys`: reference and digest of the messages, and one octet more where it is held. */
  interchange(at: number, keys: Buffer): void;
  resubmission(key: Uint8Array, message: bigint, at: number): void;
  audit(items: readonly AuditItem[]): void;
  usage(work: AcceptWork, recipients: number, filed: readonly FiledCopy[]): void;
  /**
   * Called with how many further messages (notices, copies) are filed in the transaction of another
   * one.
   */
  behind(messages: number): void;
}

export interface FilingTables<M extends FilingMailbox> extends FilingLooks<M>, FilingWrites<M> {}

export class FilingRules<M extends FilingMailbox> {
  readonly #tables: FilingTables<M>;

  constructor(tables: FilingTables<M>) {
    this.#tables = tables;
  }

  /** Undefined: it was filed. */
  accept(changed: ChangeEffects, work: AcceptWork): Unfiled | undefined {
    const before = this.#tables.keepRequest(work);
    if (before !== undefined) return { kind: 'answered', ...before };
    const unfiled = this.#notFrom(work) ?? this.#file(withCurrentTargets(this.#tables, work), changed);
    if (unfiled === undefined) this.notices(work.notices, work.receivedAt, changed);
    else this.#tables.unfiledRequest(work, unfiled.kind === 'duplicate' ? unfiled.of : undefined);
    return unfiled;
  }

  /** Files notices. Those whose addressee is gone are left out, and an audit row says so. */
  notices(notices: Notices, at: number, changed: ChangeEffects): void {
    this.#tables.behind(notices.length);
    for (const notice of notices) {
      const unfiled = this.#file(withCurrentTargets(this.#tables, notice), changed);
      if (unfiled === undefined) changed.filed.push(notice.id, ...notice.copies.map(({ id }) => id));
      else if (unfiled.kind === 'refused') this.#tables.audit([notFiled(notice, unfiled.why, at)]);
    }
  }

  /**
   * True if the account may send no more: it ended, or went to another organisation, while the
   * message came in. True also if that is unknown, since nobody has looked since.
   */
  #notFrom(work: AcceptWork): Unfiled | undefined {
    if (work.submitter !== OPERATOR && this.#tables.isClosed(work.submitter)) return { kind: 'closed' };
    return this.#tables.isOutdated(work) ? { kind: 'outdated' } : undefined;
  }

  /** Files a message; undefined: it was filed. */
  #file(work: AcceptWork, changed: ChangeEffects): Unfiled | undefined {
    const tables = this.#tables;
    const before = this.#repeated(work);
    if (before !== undefined) return { kind: 'duplicate', of: before };
    const rows = this.#mailboxes(work);
    if (!(rows instanceof Map)) return rows;
    const refused = this.#refusedCopy(work);
    if (refused !== undefined) return refused;
    if (work.once !== null && !tables.isFirst(work.once, work.receivedAt)) return { kind: 'already' };
    const filed = this.#write(work, rows, null, changed);
    tables.behind(work.copies.length);
    for (const copy of work.copies) {
      // Looked up again: a mailbox may have got another copy just now.
      const its = this.#mailboxes(copy, true);
      if (!(its instanceof Map)) throw new Error(`copy ${copy.id} was taken and is refused in the same transaction`);
      filed.push(...this.#write(copy, its, work.id, changed));
    }
    for (const keys of work.interchanges) tables.interchange(work.receivedAt, Buffer.from(keys, 'latin1'));
    if (work.resubmission !== null) tables.resubmission(work.resubmission.key, work.id, work.receivedAt);
    tables.audit(work.audit);
    const recipients = work.copies.reduce((n, { keys }) => n + keys.length, work.keys.length);
    tables.usage(work, recipients, filed);
    return undefined;
  }

  /**
   * The first recipient of a copy that cannot be served, counted behind those of the message
   * itself.
   */
  #refusedCopy(work: AcceptWork): Unfiled | undefined {
    let index = work.mailboxes.length;
    for (const copy of work.copies) {
      const rows = this.#mailboxes(copy);
      if (!(rows instanceof Map)) return rows.kind === 'refused' ? { ...rows, index: index + rows.index } : rows;
      index += copy.mailboxes.length;
    }
    return undefined;
  }

  #write(work: AcceptWork, rows: ReadonlyMap<number, M>, copyOf: bigint | null, changed: ChangeEffects): FiledCopy[] {
    const tables = this.#tables;
    tables.message(work, rows.size + work.deliveries.length, copyOf);
    let i = 0;
    for (const [account, mailbox] of rows) {
      const uidl = work.uidls.subarray(i, i + UIDL_OCTETS);
      tables.entry({ work, account, uidl, receipt: work.receipts.includes(account) ? 1 : 0 }, mailbox, changed);
      i += UIDL_OCTETS;
    }
    for (const delivery of work.deliveries) {
      tables.delivery(work, delivery);
      if (!delivery.held) changed.due.add(delivery.partner);
    }
    return [...rows.keys()].map((account) => ({ account, octets: work.octets }));
  }

  /**
   * One row for each mailbox, or why one of them takes no mail. `checked`: this was asked before in
   * the same transaction.
   */
  #mailboxes(work: AcceptWork, checked = work.system): Map<number, M> | Unfiled {
    const rows = new Map<number, M>();
    for (const [i, account] of work.mailboxes.entries()) {
      const state = this.#tables.addressState(work.keys[i] ?? '');
      const partner = work.partners[i] ?? 0;
      // A partner may have a whole domain: its addresses need not be registered one by one.
      const takes = partner === 0 ? state === 'active' : (state ?? 'active') === 'active' && this.#takesMail(partner);
      if (!takes) return { kind: 'refused', why: 'gone', index: i };
      // The copy is held or goes to a partner, so no mailbox takes it now.
      if (!isForMailbox(work, i) || rows.has(account)) continue;
      const row = this.#tables.mailbox(account);
      if (row?.state !== 'active' || row.ending === 1) return { kind: 'refused', why: 'gone', index: i };
      if (!checked && row.octets + work.charged > quotaOf(row)) return { kind: 'refused', why: 'quota', index: i };
      rows.set(account, row);
    }
    return rows;
  }

  /** True also for a suspended partner, whose mail waits. */
  #takesMail(partner: number): boolean {
    const state = this.#tables.partnerState(partner);
    return state !== undefined && state !== 'ended';
  }

  /** The message that this one repeats, if nobody has collected any copy of it. */
  #repeated({ resubmission }: AcceptWork): bigint | undefined {
    if (resubmission === null) return undefined;
    const tables = this.#tables;
    const id = tables.submitted(resubmission.key, resubmission.since);
    const envelope = id === undefined ? undefined : tables.envelope(id);
    if (id === undefined || envelope === undefined) return undefined;
    const recipients = recipientsIn(envelope);
    const rowOf = (copy: MessageId | undefined): bigint => (copy === undefined ? id : messageNumber(copy));
    const untouched = recipients.every(
      ({ mailbox, copy }) =>
        mailbox === undefined || tables.retrieved(mailbox, rowOf(copy)) === 0 || tables.isHeld(rowOf(copy), mailbox),
    );
    const settled = [...new Set(recipients.map(({ copy }) => rowOf(copy)))].some((of) => tables.isSettled(of));
    return untouched && !settled ? id : undefined;
  }
}

/**
 * The work with all recipients where they lead now. Nearly none has moved since RCPT, so each
 * account is only looked at. A mailbox may differ from that of its recipient's address (edi-boxes),
 * so what counts is whether another account took over the account itself.
 */
export function withCurrentTargets(
  looks: Pick<FilingLooks<never>, 'wasTakenOver' | 'target'>,
  work: AcceptWork,
): AcceptWork {
  const targets = new Map<string, AddressTarget>();
  for (const { keys, partners, owners } of [work, ...work.copies])
    for (const [i, key] of keys.entries()) {
      const partner = partners[i] ?? 0;
      if (partner === 0 && !looks.wasTakenOver(owners[i] ?? 0)) continue;
      const target = looks.target(key);
      if (target !== undefined && (partner === 0 ? target.partner === 0 : target.partner !== partner))
        targets.set(key, target);
    }
  return targets.size === 0 ? work : rerouted(work, targets);
}

type WithMailboxes = Pick<AcceptWork, 'mailboxes' | 'partners'>;

/** Whether a recipient's copy goes into a mailbox now: it is not held, and not for a partner. */
const isForMailbox = ({ mailboxes, partners }: WithMailboxes, recipient: number): boolean =>
  mailboxes[recipient] !== 0 && (partners[recipient] ?? 0) === 0;

/** The mailboxes that get an entry each, if no recipient is refused. */
export const mailboxesOf = (work: WithMailboxes): readonly number[] => [
  ...new Set(work.mailboxes.filter((_account, i) => isForMailbox(work, i))),
];

/** `copy`: the message that this recipient got in place of the one that was submitted. */
export const recipientsIn = (envelope: string): readonly { readonly mailbox?: number; readonly copy?: MessageId }[] =>
  (JSON.parse(envelope) as { recipients: readonly { mailbox?: number; copy?: MessageId }[] }).recipients;

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
