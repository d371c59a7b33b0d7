/** The deliveries' port on SQLite: asks the writer and the reader, joins what they say. */
import { recipientsIn } from '../../domain/recipients.ts';
import type { Erasures } from './erasures.ts';
import { type Address, type AddressKey, addressKey } from '../../domain/address.ts';
import { defined } from '../../domain/defined.ts';
import type { Log, RandomBytes } from '../../domain/effects.ts';
import {
  type AccountId,
  type DeliveryId,
  type EntryUid,
  type MessageId,
  type PartnerId,
  messageNumber,
} from '../../domain/ids.ts';
import { type Instant, type Milliseconds, hours, instant } from '../../domain/units.ts';
import type {
  Claim,
  Delivery,
  DeliveryQuery,
  Erasure,
  ExpiringEntry,
  HourlyCount,
  MessageQuery,
  MessageRecord,
  ReferenceFound,
  ReferenceQuery,
  SettingAside,
  Settlement,
  UncollectedMailbox,
  Withdrawal,
} from '../deliveries.ts';
import type { Deliveries } from '../port/mail.ts';
import type { Subjects } from '../objects.ts';
import { deliveriesFrom } from '../reads/records.ts';
import type { MailboxState } from '../reads/roads.ts';
import type { AuditEvent } from '../audit.ts';
import type { Step } from '../reads/steps.ts';
import { type Actor, personalOf } from '../actor.ts';
import type { MaildropLock } from '../maildrop.ts';
import type { Acceptance } from '../acceptance.ts';
import type { StoredContent } from '../body.ts';
import type { Audit } from './audit.ts';
import type { Bodies } from './bodies.ts';
import type { Mailboxes } from './mailboxes.ts';
import type { Maildrops } from './maildrops.ts';
import type { Notices } from '../changes/accept-work.ts';
import type { WithdrawnCopy } from '../changes/queue.ts';
import { UIDL_OCTETS } from '../changes/uidls.ts';

const MOST = 1000;
const MOST_EXPIRED = 100;
const HOUR = hours(1);
const MAX_HOURS = 48;
/** Most steps of a search that no index helps: some 20,000 messages, a tenth of a second. */
const MOST_STEPS = 10;
const CHANGES = {
  hold: 'delivery.held',
  release: 'delivery.released',
  retry: 'delivery.hurried',
  refile: 'delivery.refiled',
} as const;

export interface DeliveriesParts {
  readonly subjects: Pick<Subjects, 'messages' | 'deliveries' | 'mailboxes' | 'maildrops' | 'queue'>;
  readonly audit: Audit;
  readonly bodies: Bodies;
  readonly erasures: Erasures;
  readonly maildrops: Maildrops;
  /** What is known of mailboxes without asking the database. */
  readonly states: Mailboxes;
  readonly random: RandomBytes;
  readonly log: Log;
}

function limited(what: string, n: number): number {
  if (!(n >= 1 && n <= MOST)) throw new RangeError(`The limit of ${what} is ${n}; expected 1 to ${MOST}`);
  return n;
}

/** Goes on step by step until there are enough rows or no more. */
async function allOf<R, K>(
  what: string,
  limit: number,
  from: K | undefined,
  step: (left: number, behind: K | undefined) => Promise<Step<R, K>>,
): Promise<readonly R[]> {
  const found: R[] = [];
  let behind = from;
  for (let left = limited(what, limit); left > 0; left = limit - found.length) {
    const { rows, next } = await step(left, behind);
    found.push(...rows);
    if (next === undefined) break;
    behind = next;
  }
  return found;
}

/** Reads that one step completes. */
type Whole = keyof (Subjects['messages'] & Subjects['deliveries'] & Subjects['mailboxes']);

export class CoreDeliveries implements Omit<Deliveries, Whole> {
  readonly #p: DeliveriesParts;
  readonly #listeners: ((partners: readonly PartnerId[]) => void)[] = [];

  /** Messages of past hours, by the beginning of the hour. */
  readonly #hours = new Map<number, number>();

  constructor(parts: DeliveriesParts) {
    this.#p = parts;
  }

  // --- the queue

  async claim(partner: PartnerId, max: number, lease: Milliseconds): Promise<readonly Claim[]> {
    const most = limited('a claim', max);
    return deliveriesFrom(await this.#p.subjects.queue.claim(partner, most, lease));
  }

  async claimOne(id: DeliveryId, lease: Milliseconds): Promise<Claim | 'busy' | 'settled' | 'unknown'> {
    const found = await this.#p.subjects.queue.claimOne(id, lease);
    return typeof found === 'string' ? found : (deliveriesFrom(found)[0] ?? 'unknown');
  }

  async settle({ claim, outcome, notice, also, audit }: Settlement): Promise<'settled' | 'lost'> {
    const { id, fence } = claim;
    const notices = [...this.#notices(notice), ...this.#notices(also)];
    return await this.#p.subjects.queue.settle({ id, fence }, outcome, this.#p.audit.items(audit), notices);
  }

  onDue(listener: (partners: readonly PartnerId[]) => void): void {
    this.#listeners.push(listener);
  }

  /** Hears of a commit: something is due for these partners. */
  told(partners: ReadonlySet<number>): void {
    if (partners.size === 0) return;
    const list = [...partners] as PartnerId[];
    for (const listener of this.#listeners) listener(list);
  }

  async list(query: DeliveryQuery): Promise<readonly Delivery[]> {
    const { limit, after } = query;
    return await allOf('a listing of deliveries', limit, after, async (left, behind) =>
      this.#p.subjects.deliveries.deliveriesStep({ ...query, limit: left, ...defined({ after: behind }) }),
    );
  }

  async change(ids: readonly DeliveryId[], change: keyof typeof CHANGES, actor: Actor): Promise<number> {
    if (ids.length > MOST)
      throw new RangeError(`${ids.length} deliveries are to change at once; expected at most ${MOST}`);
    const { queue } = this.#p.subjects;
    const audit = this.#p.audit.item({ event: CHANGES[change], outcome: 'success', personal: personalOf(actor) });
    if (change === 'hold' || change === 'retry') return await queue[change](ids, audit);
    return await queue[change](ids, this.#p.random(UIDL_OCTETS * ids.length), audit);
  }

  // --- messages

  async findMessages(query: MessageQuery): Promise<readonly MessageRecord[]> {
    const { limit, before } = query;
    return await allOf('a search for messages', limit, before, async (left, behind) =>
      this.#p.subjects.messages.messagesStep({ ...query, limit: left, ...defined({ before: behind }) }),
    );
  }

  async findByReference(query: ReferenceQuery): Promise<ReferenceFound> {
    const messages: MessageRecord[] = [];
    let before = query.before;
    for (let steps = 0; steps < MOST_STEPS; steps += 1) {
      const { rows, next } = await this.#p.subjects.messages.referenceStep({
        ...query,
        limit: limited('a search for a reference', query.limit) - messages.length,
        ...defined({ before }),
      });
      messages.push(...rows);
      before = next;
      if (before === undefined || messages.length >= query.limit) break;
    }
    return { messages, ...defined({ next: before }) };
  }

  async acceptedByHour(now: Instant, wanted: number): Promise<readonly HourlyCount[]> {
    const last = Math.floor(now / HOUR) * HOUR;
    const first = last - (Math.min(MAX_HOURS, Math.max(1, wanted)) - 1) * HOUR;
    for (const known of this.#hours.keys()) if (known < last - MAX_HOURS * HOUR) this.#hours.delete(known);
    const counts: HourlyCount[] = [];
    for (let from = instant(first); from <= last; from = instant(from + HOUR)) {
      const messages =
        this.#hours.get(from) ?? (await this.#p.subjects.messages.acceptedIn(from, instant(from + HOUR)));
      // A message whose content began in that hour may still be filed.
      if (from + 2 * HOUR <= now) this.#hours.set(from, messages);
      counts.push({ from, messages });
    }
    return counts;
  }

  async openMessage(id: MessageId): Promise<StoredContent | undefined> {
    return await this.#p.maildrops.contents.openMessage(id);
  }

  async submittedHeader(copy: MessageId): Promise<Buffer | undefined> {
    return await this.#p.maildrops.contents.submittedHeader(copy);
  }

  async withdraw(
    message: MessageId,
    recipients: readonly Address[] | 'all',
    actor: Actor,
    notices: readonly Acceptance[],
  ): Promise<readonly Withdrawal[] | 'unknown'> {
    const record = await this.#p.subjects.messages.findMessage(message);
    if (record === undefined) return 'unknown';
    const named = namedOf(record, recipients);
    const locks = await this.#lockAll(named.flatMap(({ mailbox }) => mailbox ?? []));
    try {
      const withdrawn = await this.#p.subjects.queue.withdraw(
        [...byCopy(record, named)].map(([copy, its]) => ({
          message: messageNumber(copy),
          accounts: [...new Set(its.flatMap(({ mailbox }) => mailbox ?? []))].filter((account) =>
            locks.some((lock) => lock.account === account),
          ),
          recipients: its.flatMap(({ address, partner }) => (partner === undefined ? [] : address)),
          heldFrom: its.flatMap(({ mailbox }) => mailbox ?? []),
        })),
        this.#p.audit.item(
          {
            event: 'message.withdrawn',
            outcome: 'success',
            personal: { ...personalOf(actor), recipients: named.map(({ address }) => address) },
          },
          message,
        ),
        this.#p.bodies.notices(notices),
      );
      return await this.#withdrawals(record, named, withdrawn);
    } finally {
      for (const lock of locks) await this.#p.maildrops.release(lock);
    }
  }

  async erase(message: MessageId, actor: Actor): Promise<Erasure | 'unknown'> {
    const named = await this.#p.subjects.messages.findMessage(message);
    const record = named?.copyOf === undefined ? named : await this.#p.subjects.messages.findMessage(named.copyOf);
    return record === undefined ? 'unknown' : await this.#p.erasures.erase(record, actor);
  }

  /**
   * Seizes the maildrops that no session holds. What a session has listed may be on its way to the
   * client, so it is too late to withdraw that.
   */
  async #lockAll(accounts: readonly AccountId[]): Promise<MaildropLock[]> {
    const locks: MaildropLock[] = [];
    for (const account of new Set(accounts)) {
      const lock = await this.#p.maildrops.lock(account, OURSELVES);
      if (lock !== 'in-use') locks.push(lock);
    }
    return locks;
  }

  /**
   * Recipients whose copy lies in a withdrawn mailbox lose it too, named or not, since one copy was
   * for all of them.
   */
  async #withdrawals(
    record: MessageRecord,
    named: MessageRecord['recipients'],
    done: readonly WithdrawnCopy[],
  ): Promise<Withdrawal[]> {
    const where = await this.#p.subjects.deliveries.whereabouts(record);
    return record.recipients.flatMap((recipient, i) => {
      const { address, mailbox, copy = record.id } = recipient;
      const its = done.find(({ message }) => message === messageNumber(copy));
      const withdrawn =
        its !== undefined &&
        (mailbox === undefined ? its.recipients.includes(address) : its.accounts.includes(mailbox));
      const at = where[i];
      if (at === undefined || (!withdrawn && !named.includes(recipient))) return [];
      const state = at.kind === 'mailbox' ? at.state : at.delivery.state;
      return [{ where: at, done: withdrawn ? 'withdrawn' : state === 'withdrawn' ? 'earlier' : 'too-late' }];
    });
  }

  // --- mailboxes

  async mailboxState(account: AccountId): Promise<MailboxState | undefined> {
    return await this.#p.states.of(account);
  }

  onMailbox(listener: (account: AccountId) => void): void {
    this.#p.states.onChange(listener);
  }

  async noteSent(
    account: AccountId,
    uids: readonly EntryUid[],
    whole: boolean,
    audit: readonly AuditEvent[],
    notices: readonly Acceptance[] = [],
  ): Promise<readonly EntryUid[]> {
    this.#p.bodies.checkNumber(notices);
    const sent = { notices: this.#p.bodies.notices(notices) };
    return await this.#p.maildrops.noteSent(account, uids, whole, this.#p.audit.items(audit), sent);
  }

  async uncollected(query: Parameters<Deliveries['uncollected']>[0]): Promise<readonly UncollectedMailbox[]> {
    const { limit, after } = query;
    return await allOf('a listing of mailboxes', limit, after, async (left, behind) =>
      this.#p.subjects.mailboxes.uncollectedStep({ ...query, limit: left, ...defined({ after: behind }) }),
    );
  }

  async expire(account: AccountId, entries: readonly ExpiringEntry[]): Promise<readonly EntryUid[]> {
    if (entries.length > MOST_EXPIRED)
      throw new RangeError(`${entries.length} entries are to expire at once; expected at most ${MOST_EXPIRED}`);
    const [lock] = await this.#lockAll([account]);
    if (lock === undefined) return [];
    try {
      const expiring = entries.map(({ uid, notice, also, audit }) => ({
        uid,
        notices: [...this.#notices(notice), ...this.#notices(also)],
        audit: this.#p.audit.item(audit),
      }));
      return await this.#p.subjects.maildrops.expire(account, expiring);
    } finally {
      await this.#p.maildrops.release(lock);
    }
  }

  async setAside(
    account: AccountId,
    uid: EntryUid,
    { reply, facts, actor, notices }: SettingAside,
  ): Promise<DeliveryId | 'in-use' | 'gone'> {
    this.#p.bodies.checkNumber(notices);
    const [lock] = await this.#lockAll([account]);
    if (lock === undefined) return 'in-use';
    try {
      const [entry] = await this.#p.subjects.mailboxes.mailboxEntries(account, {
        after: (uid - 1) as EntryUid,
        limit: 1,
      });
      if (entry?.uid !== uid) return 'gone';
      const audit = this.#p.audit.item(
        { event: CHANGES.hold, outcome: 'success', account, facts, ...(actor && { personal: personalOf(actor) }) },
        entry.message.id,
      );
      const held = { ...wishOf(entry.message, account), reply };
      const sent = { notices: this.#p.bodies.notices(notices) };
      return (await this.#p.subjects.maildrops.setAside(account, uid, held, audit, sent)) ?? 'gone';
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
    return this.#p.subjects.maildrops
      .noteConsumer(account, network, did, at)
      .catch((error: unknown) => this.#p.log.error('store.notes-lost', { notes: 1, why: String(error) }));
  }
}

/**
 * The holder of a maildrop while entries are taken out of it; it has no network in common with any
 * session.
 */
const OURSELVES = { session: 'store', network: 'store' };

/**
 * Recipients whose copy lies in this mailbox, and what their sender asked to hear. Delivery was
 * reported when the copy was filed, so a release does not report it again. RFC 3461 section 4.1:
 * whoever asked for success alone asked for no failure.
 */
function wishOf(
  { recipients }: MessageRecord,
  account: AccountId,
): { readonly recipient: string; readonly dsn: string | null } {
  const its = recipientsIn(recipients, account)[0] ?? recipients[0];
  const { notify, originalRecipient } = its ?? {};
  const left = notify?.filter((wish) => wish.toUpperCase() !== 'SUCCESS');
  const wishes = left?.length === 0 ? ['NEVER'] : left;
  const dsn = JSON.stringify(defined({ notify: wishes, originalRecipient }));
  return { recipient: its?.address ?? '', dsn: dsn === '{}' ? null : dsn };
}

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
