/** The deliveries' port on SQLite: asks the writer and the reader, joins what they say. */
import type { Erasures } from './erasures.ts';
import { type Address, type AddressKey, addressKey } from '../../domain/address.ts';
import type { Log, RandomBytes } from '../../domain/effects.ts';
import {
  type AccountId,
  type DeliveryId,
  type EntryUid,
  type MessageId,
  type PartnerId,
  messageNumber,
} from '../../domain/ids.ts';
import { type Instant, type Milliseconds, days, instant } from '../../domain/units.ts';
import type {
  Claim,
  Consumer,
  Deliveries,
  Delivery,
  DeliveryQuery,
  Erasure,
  Holdings,
  ExpiringEntry,
  MessageQuery,
  MessageRecord,
  PartnerQueue,
  Settlement,
  UncollectedEntry,
  UncollectedMailbox,
  UncollectedQuery,
  Whereabouts,
  Withdrawal,
} from '../deliveries.ts';
import { firstIdAt } from '../message-ids.ts';
import { type Actor, personalOf } from '../registry.ts';
import type { Acceptance, MaildropLock, StoredContent } from '../store.ts';
import type { SqliteAudit } from './audit.ts';
import type { Bodies } from './bodies.ts';
import type { Maildrops } from './maildrops.ts';
import { UIDL_OCTETS } from './filing.ts';
import type { ReaderWork, WhereaboutsData } from './reader-protocol.ts';
import type { Notices, WithdrawnCopy } from './writer-protocol.ts';
import type { Reader } from './reader.ts';
import { deliveriesFrom, deliveryFrom, recordOf } from './records.ts';
import type { StoreTime } from './store-time.ts';
import { type Writer, errorOf } from './writer.ts';

const MOST = 1000;
const MOST_EXPIRED = 100;
const HIGHEST_ID = 2n ** 63n - 1n;
/** An id is made when the content begins; the message is accepted when it has ended. */
const LONGEST_DATA = days(1);
const OPEN = ['waiting', 'held'] as const;
const CHANGES = {
  hold: 'delivery.held',
  release: 'delivery.released',
  retry: 'delivery.hurried',
  refile: 'delivery.refiled',
} as const;

export interface DeliveriesParts {
  readonly writer: Writer;
  readonly reader: Reader;
  readonly audit: SqliteAudit;
  readonly bodies: Bodies;
  readonly erasures: Erasures;
  readonly maildrops: Maildrops;
  readonly time: StoreTime;
  readonly random: RandomBytes;
  readonly log: Log;
}

function limited(what: string, n: number): number {
  if (!(n >= 1 && n <= MOST)) throw new RangeError(`The limit of ${what} is ${n}; expected 1 to ${MOST}`);
  return n;
}

export class SqliteDeliveries implements Deliveries {
  readonly #p: DeliveriesParts;
  readonly #listeners: ((partners: readonly PartnerId[]) => void)[] = [];

  constructor(parts: DeliveriesParts) {
    this.#p = parts;
  }

  // --- the queue

  async claim(partner: PartnerId, max: number, lease: Milliseconds): Promise<readonly Claim[]> {
    const at = this.#p.time.now();
    const work = { kind: 'claim', partner, max: limited('a claim', max), at, until: at + lease } as const;
    const answer = await this.#p.writer.ask(work);
    if (answer.kind !== 'claimed') throw errorOf(answer);
    return deliveriesFrom(answer.found);
  }

  async claimOne(id: DeliveryId, lease: Milliseconds): Promise<Claim | 'busy' | 'settled' | 'unknown'> {
    const at = this.#p.time.now();
    const answer = await this.#p.writer.ask({ kind: 'claim-one', id, at, until: at + lease });
    if (answer.kind === 'not-claimed') return answer.why;
    if (answer.kind !== 'claimed') throw errorOf(answer);
    return deliveriesFrom(answer.found)[0] ?? 'unknown';
  }

  async settle({ claim, outcome, notice, also, audit }: Settlement): Promise<'settled' | 'lost'> {
    const { value } = await this.#p.writer.must({
      kind: 'settle',
      id: claim.id,
      fence: claim.fence,
      outcome,
      at: this.#p.time.now(),
      audit: this.#p.audit.items(audit),
      notices: [...this.#notices(notice), ...this.#notices(also)],
    });
    return value === 1 ? 'settled' : 'lost';
  }

  async queues(): Promise<readonly PartnerQueue[]> {
    const rows = await this.#p.reader.ask('queues', {});
    return rows.map(({ partner, waiting, held, dueAt, oldest }) => ({
      partner: partner as PartnerId,
      waiting,
      held,
      ...(dueAt === null ? {} : { dueAt: instant(dueAt) }),
      ...(oldest === null ? {} : { oldest: instant(oldest) }),
    }));
  }

  onDue(listener: (partners: readonly PartnerId[]) => void): void {
    this.#listeners.push(listener);
  }

  /** From a commit. */
  told(partners: ReadonlySet<number>): void {
    if (partners.size === 0) return;
    const list = [...partners] as PartnerId[];
    for (const listener of this.#listeners) listener(list);
  }

  async list(query: DeliveryQuery): Promise<readonly Delivery[]> {
    const limit = limited('a listing of deliveries', query.limit);
    const found: Delivery[] = [];
    let after: number | null = query.after ?? 0;
    while (after !== null && found.length < limit) {
      const step: StepOf<'deliveries'> = await this.#p.reader.ask('deliveries', {
        limit: limit - found.length,
        after,
        partner: query.partner ?? null,
        message: query.message === undefined ? null : messageNumber(query.message),
        states: query.states ?? OPEN,
      });
      found.push(...deliveriesFrom(step));
      after = step.next;
    }
    return found;
  }

  async find(id: DeliveryId): Promise<Delivery | undefined> {
    return deliveriesFrom(await this.#p.reader.ask('delivery', { id }))[0];
  }

  async change(ids: readonly DeliveryId[], change: keyof typeof CHANGES, actor: Actor): Promise<number> {
    if (ids.length > MOST)
      throw new RangeError(`${ids.length} deliveries are to change at once; expected at most ${MOST}`);
    const { value = 0 } = await this.#p.writer.must({
      kind: 'change-deliveries',
      ids,
      change,
      uidls: change === 'release' || change === 'refile' ? this.#p.random(UIDL_OCTETS * ids.length) : new Uint8Array(0),
      at: this.#p.time.now(),
      audit: this.#p.audit.item({ event: CHANGES[change], outcome: 'success', personal: personalOf(actor) }),
    });
    return value;
  }

  // --- messages

  async findMessage(id: MessageId): Promise<MessageRecord | undefined> {
    const row = await this.#p.reader.ask('message', { id: messageNumber(id) });
    return row === undefined ? undefined : recordOf(row);
  }

  async findMessages(query: MessageQuery): Promise<readonly MessageRecord[]> {
    const limit = limited('a search for messages', query.limit);
    const { since, until } = query;
    const newest = until === undefined ? HIGHEST_ID : firstIdAt(instant(until + LONGEST_DATA));
    const before = query.before === undefined ? HIGHEST_ID : messageNumber(query.before);
    const found: MessageRecord[] = [];
    let below: bigint | null = before < newest ? before : newest;
    while (below !== null && found.length < limit) {
      const step: StepOf<'messages'> = await this.#p.reader.ask('messages', {
        limit: limit - found.length,
        above: firstIdAt(instant(Math.max(0, since - LONGEST_DATA))) - 1n,
        below,
        receivedFrom: since,
        receivedTo: until ?? Infinity,
        messageIdField: query.messageIdField ?? null,
        sender: query.sender === undefined ? null : addressKey(query.sender),
        recipient: query.recipient === undefined ? null : addressKey(query.recipient),
      });
      found.push(...step.rows.map(recordOf));
      below = step.next;
    }
    return found;
  }

  async openMessage(id: MessageId): Promise<StoredContent | undefined> {
    return await this.#p.maildrops.contents.openMessage(id);
  }

  async submittedHeader(copy: MessageId): Promise<Buffer | undefined> {
    return await this.#p.maildrops.contents.submittedHeader(copy);
  }

  async whereabouts(message: MessageRecord): Promise<readonly Whereabouts[]> {
    const data = new Map<MessageId, WhereaboutsData>();
    for (const [copy, recipients] of byCopy(message, message.recipients)) {
      const accounts = [...new Set(recipients.flatMap(({ mailbox }) => mailbox ?? []))];
      data.set(copy, await this.#p.reader.ask('whereabouts', { message: messageNumber(copy), accounts }));
    }
    return message.recipients.map(({ address, mailbox, copy = message.id }) => {
      const its = data.get(copy) ?? NOWHERE;
      return mailbox === undefined ? relayOf(its, address, message) : copyOf(its, address, mailbox, message);
    });
  }

  async withdraw(
    message: MessageId,
    recipients: readonly Address[] | 'all',
    actor: Actor,
    notices: readonly Acceptance[],
  ): Promise<readonly Withdrawal[] | 'unknown'> {
    const record = await this.findMessage(message);
    if (record === undefined) return 'unknown';
    const named = namedOf(record, recipients);
    const locks = await this.#lockAll(named.flatMap(({ mailbox }) => mailbox ?? []));
    try {
      const answer = await this.#p.writer.ask({
        kind: 'withdraw',
        message: messageNumber(message),
        copies: [...byCopy(record, named)].map(([copy, its]) => ({
          message: messageNumber(copy),
          accounts: [...new Set(its.flatMap(({ mailbox }) => mailbox ?? []))].filter((account) =>
            locks.some((lock) => lock.account === account),
          ),
          recipients: its.flatMap(({ address, partner }) => (partner === undefined ? [] : address)),
          heldFrom: its.flatMap(({ mailbox }) => mailbox ?? []),
        })),
        at: this.#p.time.now(),
        audit: this.#p.audit.item(
          {
            event: 'message.withdrawn',
            outcome: 'success',
            personal: { ...personalOf(actor), recipients: named.map(({ address }) => address) },
          },
          message,
        ),
        notices: this.#p.bodies.notices(notices),
      });
      if (answer.kind !== 'withdrawn') throw errorOf(answer);
      return await this.#withdrawals(record, named, answer.copies);
    } finally {
      for (const lock of locks) await this.#p.maildrops.release(lock);
    }
  }

  async erase(message: MessageId, actor: Actor): Promise<Erasure | 'unknown'> {
    const named = await this.findMessage(message);
    const record = named?.copyOf === undefined ? named : await this.findMessage(named.copyOf);
    return record === undefined ? 'unknown' : await this.#p.erasures.erase(record, actor);
  }

  /** Takes the maildrops that no session holds. What a session has listed may be on its way to the client: it is too late for those. */
  async #lockAll(accounts: readonly AccountId[]): Promise<MaildropLock[]> {
    const locks: MaildropLock[] = [];
    for (const account of new Set(accounts)) {
      const lock = await this.#p.maildrops.lock(account, OURSELVES);
      if (lock !== 'in-use') locks.push(lock);
    }
    return locks;
  }

  /** Recipients whose copy lies in a withdrawn mailbox lose it too, named or not: there was one copy for all of them. */
  async #withdrawals(
    record: MessageRecord,
    named: MessageRecord['recipients'],
    done: readonly WithdrawnCopy[],
  ): Promise<Withdrawal[]> {
    const where = await this.whereabouts(record);
    return record.recipients.flatMap((recipient, i) => {
      const { address, mailbox, copy = record.id } = recipient;
      const its = done.find(({ message }) => message === messageNumber(copy));
      const withdrawn =
        its !== undefined &&
        (mailbox === undefined ? its.recipients.includes(address) : its.accounts.includes(mailbox));
      const at = where[i];
      if (at === undefined || (!withdrawn && !named.includes(recipient))) return [];
      return [{ where: at, done: withdrawn ? 'withdrawn' : 'too-late' }];
    });
  }

  // --- notices

  async usedKeys(keys: readonly string[]): Promise<readonly string[]> {
    if (keys.length > MOST)
      throw new RangeError(`${keys.length} keys of notices are asked for; expected at most ${MOST}`);
    return await this.#p.reader.ask('usedKeys', { keys });
  }

  // --- mailboxes

  async holdings(after?: readonly number[]): Promise<Holdings> {
    return await this.#p.reader.ask('holdings', after === undefined ? {} : { after });
  }

  async uncollected(query: {
    readonly before: Instant;
    readonly after?: AccountId;
    readonly limit: number;
  }): Promise<readonly UncollectedMailbox[]> {
    const limit = limited('a listing of mailboxes', query.limit);
    const found: UncollectedMailbox[] = [];
    let after: number | null = query.after ?? 0;
    while (after !== null && found.length < limit) {
      const step: StepOf<'overdue'> = await this.#p.reader.ask('overdue', {
        before: query.before,
        after,
        limit: limit - found.length,
      });
      for (const { account, messages, oldest } of step.rows)
        found.push({ account: account as AccountId, messages, oldest: instant(oldest) });
      after = step.next;
    }
    return found;
  }

  async uncollectedEntries(account: AccountId, query: UncollectedQuery): Promise<readonly UncollectedEntry[]> {
    const rows = await this.#p.reader.ask('overdueEntries', {
      account,
      before: query.before,
      after: query.after ?? 0,
      limit: limited('a listing of entries', query.limit),
      restored: query.restored === true,
    });
    return rows.map(({ uid, message }) => ({ account, uid: uid as EntryUid, message: recordOf(message) }));
  }

  async expire(account: AccountId, entries: readonly ExpiringEntry[]): Promise<readonly EntryUid[]> {
    if (entries.length > MOST_EXPIRED)
      throw new RangeError(`${entries.length} entries are to expire at once; expected at most ${MOST_EXPIRED}`);
    const [lock] = await this.#lockAll([account]);
    if (lock === undefined) return [];
    try {
      const answer = await this.#p.writer.ask({
        kind: 'expire',
        account,
        entries: entries.map(({ uid, notice, also, audit }) => ({
          uid,
          notices: [...this.#notices(notice), ...this.#notices(also)],
          audit: this.#p.audit.item(audit),
        })),
        at: this.#p.time.now(),
      });
      if (answer.kind !== 'expired') throw errorOf(answer);
      return answer.uids as EntryUid[];
    } finally {
      await this.#p.maildrops.release(lock);
    }
  }

  #notices(notice: Acceptance | undefined): Notices {
    return this.#p.bodies.notices(notice === undefined ? [] : [notice]);
  }

  noteConsumer(
    account: AccountId,
    network: string,
    did: { readonly sessions: number; readonly retrieved: number; readonly deleted: number },
    at: Instant,
  ): Promise<void> {
    return this.#p.writer.must({ kind: 'consumer', account, network, ...did, at }).then(
      () => undefined,
      (error: unknown) => this.#p.log.error('store.notes-lost', { notes: 1, why: String(error) }),
    );
  }

  async consumers(account: AccountId): Promise<readonly Consumer[]> {
    return await this.#p.reader.ask('consumers', { account });
  }

  async accountsAt(network: string, limit: number): Promise<number> {
    return await this.#p.reader.ask('accountsAt', { network, limit });
  }
}

type StepOf<K extends 'deliveries' | 'messages' | 'overdue'> = ReaderWork[K]['out'];

/** Holds a maildrop while entries are taken out of it; shares no network with a session. */
const OURSELVES = { session: 'store', network: 'store' };

function namedOf(record: MessageRecord, recipients: readonly Address[] | 'all'): MessageRecord['recipients'] {
  if (recipients === 'all') return record.recipients;
  const keys = new Set<AddressKey>(recipients.map(addressKey));
  return record.recipients.filter(({ address }) => keys.has(addressKey(address)));
}

/** Recipients by the message row that holds what went to them. */
function byCopy(
  record: MessageRecord,
  recipients: MessageRecord['recipients'],
): ReadonlyMap<MessageId, MessageRecord['recipients']> {
  const all = new Map<MessageId, MessageRecord['recipients'][number][]>();
  for (const recipient of recipients) {
    const { copy = record.id } = recipient;
    const its = all.get(copy);
    if (its === undefined) all.set(copy, [recipient]);
    else its.push(recipient);
  }
  return all;
}

const NOWHERE: WhereaboutsData = { entries: [], hidden: [], deliveries: [] };

function relayOf(data: WhereaboutsData, recipient: Address, message: MessageRecord): Whereabouts {
  const row = data.deliveries.find((delivery) => delivery.mailbox === null && delivery.recipient === recipient);
  if (row === undefined) throw new Error(`The delivery of message ${message.id} to one of its recipients is missing`);
  return { kind: 'partner', recipient, delivery: deliveryFrom(row, message) };
}

/** An entry that was handed out again counts before one that is still hidden, and before both a copy that was never released. */
function copyOf(data: WhereaboutsData, recipient: Address, account: AccountId, message: MessageRecord): Whereabouts {
  const held = data.deliveries.find((delivery) => delivery.mailbox === account);
  const delivery = held === undefined ? {} : { delivery: deliveryFrom(held, message) };
  if (held?.state === 'held' || held?.state === 'failed' || held?.state === 'withdrawn')
    return { kind: 'mailbox', recipient, account, state: held.state, ...delivery };
  const entry = data.entries.find((row) => row.account === account);
  const hidden = data.hidden.find((row) => row.account === account);
  const state = entry !== undefined ? (entry.retrieved === 0 ? 'waiting' : 'collected') : (hidden?.why ?? 'gone');
  const uid = entry?.uid ?? hidden?.uid;
  return {
    kind: 'mailbox',
    recipient,
    account,
    state,
    ...(uid === undefined ? {} : { uid: uid as EntryUid }),
    ...(entry === undefined
      ? {}
      : { since: instant(entry.since), ...(entry.restored === 1 ? { restored: true } : {}) }),
    ...delivery,
  };
}
