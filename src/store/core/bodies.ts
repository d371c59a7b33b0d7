/**
 * Bodies that are being written, sealed or filed: their ids, keys and space, and what the writer
 * needs to file a message.
 */
import type { KeyFolder } from '../../crypto/keys/key-folder.ts';
import { type Day, dayOf } from '../../domain/utc-day.ts';
import type { Sealed } from '../../crypto/keys/sealing.ts';
import { addressKey } from '../../domain/address.ts';
import { Counts } from '../../domain/counts.ts';
import type { RandomBytes } from '../../domain/effects.ts';
import { type AccountId, type MessageId, messageIdOf, messageNumber } from '../../domain/ids.ts';
import { type Octets, hours } from '../../domain/units.ts';
import { asBuffer } from '../../platform/bytes.ts';
import type { SeenInterchange } from '../interchanges.ts';
import { type MessageIds, idTime } from '../message-ids.ts';
import type { Subjects } from '../objects.ts';
import type { MayMakeKey } from '../port/day-keys.ts';
import { StoreFull } from '../store.ts';
import {
  type AcceptedRecipient,
  type Acceptance,
  type KeptRequest,
  MAX_ANSWER,
  MAX_COPIES,
  MAX_WITH,
  type MessageCopy,
} from '../acceptance.ts';
import type { BodyWriter } from '../body.ts';
import type { Audit } from './audit.ts';
import { SealingBodyWriter } from './body-writer.ts';
import { UIDL_OCTETS } from '../changes/uidls.ts';
import { heldMailboxes } from './held-mailboxes.ts';
import type { Chunk, Engine, EngineContents } from './engine.ts';
import type { AcceptWork, NewDelivery } from '../changes/accept-work.ts';
import { SealingDays } from './sealing-days.ts';
import type { StoreTime } from './store-time.ts';
import type { SealedParts } from './upload-slices.ts';

const MAX_RECIPIENTS = 1000;
const MAX_ONCE = 200;
const RESUBMISSION_OCTETS = 16;
const REQUEST_OCTETS = 16;
const SEEN_OCTETS = 16;
const MAX_SEEN = 100;
/** Mark behind the keys of an interchange that is held. */
const HELD = '!';
const LONGEST_WINDOW = hours(1);

export interface BodiesParts {
  readonly engine: Pick<Engine, 'mail' | 'room'>;
  readonly contents: Pick<EngineContents, 'upload'>;
  readonly audit: Audit;
  readonly keys: KeyFolder;
  readonly days: Set<Day>;
  readonly ids: MessageIds;
  readonly time: StoreTime;
  readonly random: RandomBytes;
  readonly maxBody: Octets;
  readonly mayMakeKey: MayMakeKey | undefined;
  readonly sweeps: Pick<Subjects['sweeps'], 'giveUp'>;
}

interface OpenBody {
  readonly writer: SealingBodyWriter;
  /** Octets that were promised and are not stored yet. */
  promised: number;
  /** Kind of notice; absent for mail of others. */
  notice?: string;
}

export class Bodies {
  /** Notices that were filed, by kind. */
  readonly noticesFiled = new Counts(['kind'], 50);
  readonly #p: BodiesParts;
  readonly #open = new Map<MessageId, OpenBody>();
  readonly #days: SealingDays;

  constructor(parts: BodiesParts) {
    this.#p = parts;
    this.#days = new SealingDays({ ...parts, claim: parts.engine.mail.claimDay });
  }

  /** Ids of all bodies that were neither filed nor given up. */
  get ids(): MessageId[] {
    return [...this.#open.keys()];
  }

  /** True while a message that began on that day is being written. */
  isWriting(day: Day): boolean {
    return this.ids.some((id) => dayOf(idTime(messageNumber(id))) === day);
  }

  open(promised: Octets, account?: AccountId): BodyWriter {
    const { room } = this.#p.engine;
    if (room.full || !room.fits(promised))
      throw new StoreFull(
        `The store has no space for a message of ${promised} bytes: ${room.available} bytes are free; free some space on its disk`,
      );
    const now = this.#p.time.now();
    const id = this.#p.ids.next(now);
    const day = dayOf(idTime(id));
    // A day without a key is refused here, before the client sends any content.
    this.#days.keyOf(day);
    const writer: SealingBodyWriter = new SealingBodyWriter({
      id,
      day,
      ready: this.#days.ready(day),
      dayKey: () => this.#days.keyOf(day),
      startedAt: now,
      account: account ?? 0,
      random: this.#p.random,
      maxBody: this.#p.maxBody,
      store: (chunk) => this.#storeChunk(writer.id, chunk),
      chunk: (n) => this.#chunk(writer.id, n),
      ended: () => this.#ended(writer.id),
      giveBack: () => this.giveBack(id),
    });
    this.#open.set(writer.id, { writer, promised });
    room.promise(promised);
    return writer;
  }

  async #storeChunk(id: MessageId, chunk: Chunk): Promise<void> {
    // The octets are transferred to the other thread, after which their length here is 0.
    const { length } = chunk.sealed;
    await this.#p.engine.mail.chunk(chunk);
    const body = this.#open.get(id);
    if (body === undefined) return;
    const kept = Math.min(body.promised, length);
    body.promised -= kept;
    this.#p.engine.room.settle(kept);
  }

  async #chunk(id: MessageId, n: number): Promise<Sealed | undefined> {
    const found = await this.#p.contents.upload(messageNumber(id), n);
    return found === undefined ? undefined : { octets: found.sealed, tag: found.tag };
  }

  #ended(id: MessageId): void {
    const body = this.#open.get(id);
    if (body === undefined) return;
    this.#open.delete(id);
    this.#p.engine.room.settle(body.promised);
  }

  /**
   * Removes the stored chunks of a body that nobody gets, slice by slice, with mail in between.
   * What is left is removed by the sweep. Never rejects.
   */
  async giveBack(id: bigint): Promise<void> {
    try {
      while (await this.#p.sweeps.giveUp(id));
    } catch {
      // The store has ended: the sweep after its next start removes what is left.
    }
  }

  /** These messages were filed, so their bodies can no longer be changed. */
  filed(ids: readonly bigint[]): void {
    for (const id of ids) {
      const body = this.#open.get(messageIdOf(id));
      if (body?.notice !== undefined) this.noticesFiled.add([body.notice]);
      body?.writer.filed();
    }
  }

  /** The database may have lost commits, so the key for new messages is agreed on again. */
  anotherHistory(): void {
    this.#days.anotherHistory();
  }

  /** Gives up all bodies that are not sealed. */
  abortUnsealed(): void {
    for (const { writer } of [...this.#open.values()]) if (writer.sealed === undefined) void writer.abort();
  }

  /** Throws RangeError if there are too many notices. */
  checkNumber(notices: readonly Acceptance[], most = MAX_RECIPIENTS): void {
    if (notices.length > most) throw new RangeError(`There are ${notices.length} notices; expected at most ${most}`);
  }

  /**
   * The work of filing notices together with something else: at most `MAX_WITH` with an acceptance,
   * otherwise 1000.
   */
  notices(notices: readonly Acceptance[], most = MAX_RECIPIENTS): AcceptWork[] {
    this.checkNumber(notices, most);
    return notices.map((notice) => {
      if (notice.with !== undefined && notice.with.length > 0) throw new RangeError('A notice carries a notice');
      return this.workOf(notice);
    });
  }

  /** The work of filing a message. Throws RangeError if the message breaks the port's contract. */
  workOf(message: Acceptance): AcceptWork {
    const { recipients, once, resubmission, copies = [] } = message;
    checkRecipients(message);
    if (once !== undefined && (once.length < 1 || once.length > MAX_ONCE))
      throw new RangeError(`The key of a notice has ${once.length} characters; expected 1 to ${MAX_ONCE}`);
    if (resubmission !== undefined) checkResubmission(resubmission);
    const { body, octets, sha256, dataKey, chunks, day } = this.#sealed(message.body.id);
    const open = this.#open.get(message.body.id);
    const notice = message.audit.find(({ facts }) => facts?.notice !== undefined)?.facts?.notice;
    if (open !== undefined && notice !== undefined) open.notice = String(notice);
    const held = heldMailboxes(recipients);
    return {
      id: messageNumber(message.body.id),
      receivedAt: message.receivedAt,
      submitter: message.submitter,
      sender: message.sender,
      messageIdField: message.messageIdField,
      envelope: envelopeOf(message),
      parts: message.parts === undefined ? null : JSON.stringify(message.parts),
      octets,
      submitted: message.submittedOctets ?? octets,
      charged: octets,
      sha256,
      day,
      dataKey,
      chunks,
      body,
      submittedHeader: null,
      mailboxes: recipients.map((r) => (r.mailbox === undefined || held.has(r.mailbox) ? 0 : r.mailbox)),
      owners: recipients.map((r) => r.mailbox ?? 0),
      partners: recipients.some((r) => r.partner !== undefined) ? recipients.map((r) => r.partner ?? 0) : [],
      keys: recipients.map((r) => addressKey(r.address)),
      uidls: this.#p.random(UIDL_OCTETS * recipients.length),
      receipts: recipients.flatMap((r) => (wantsToHear(r) && r.mailbox !== undefined ? [r.mailbox] : [])),
      deliveries: deliveriesOf(recipients, held),
      interchanges: seenIn(message),
      system: message.system ?? false,
      once: once ?? null,
      resubmission:
        resubmission === undefined ? null : { key: resubmission.key, since: message.receivedAt - resubmission.window },
      request: message.request === undefined ? null : checkedRequest(message.request),
      copies: copies.map((copy) => this.#copyWork(message, copy)),
      audit: message.audit.map((event) => this.#p.audit.item(event, message.body.id)),
      notices: message.with === undefined ? [] : this.notices(message.with, MAX_WITH),
      judged: message.judged ?? null,
    };
  }

  /** Only the message itself carries its facts: a copy has its octets and its recipients. */
  #copyWork(message: Acceptance, { body, recipients, opened = false }: MessageCopy): AcceptWork {
    const { receivedAt, submitter, sender, messageIdField, system, header } = message;
    const facts = {
      receivedAt,
      submitter,
      sender,
      messageIdField,
      envelope: { ...message.envelope, opened },
      ...(system === undefined ? {} : { system }),
    };
    const work = this.workOf({ ...facts, body, recipients, audit: [] });
    return {
      ...work,
      charged: opened ? message.body.octets : work.octets,
      submittedHeader: header === undefined ? null : this.#writer(body.id).sealBeside(header),
    };
  }

  #writer(id: MessageId): SealingBodyWriter {
    const writer = this.#open.get(id)?.writer;
    if (writer === undefined) throw new RangeError(`The body of message ${id} was filed or given up already`);
    return writer;
  }

  #sealed(id: MessageId): SealedParts {
    const sealed = this.#open.get(id)?.writer.sealed;
    if (sealed === undefined)
      throw new RangeError(`The body of message ${id} is not sealed, or was filed or given up already`);
    return sealed;
  }
}

function checkRecipients({ recipients, copies = [] }: Acceptance): void {
  if (copies.length > MAX_COPIES)
    throw new RangeError(`A message has ${copies.length} copies; expected at most ${MAX_COPIES}`);
  if (copies.some((copy) => copy.recipients.length === 0)) throw new RangeError('A copy has no recipient');
  const all = copies.reduce((n, copy) => n + copy.recipients.length, recipients.length);
  if (all < 1 || all > MAX_RECIPIENTS)
    throw new RangeError(`A message has ${all} recipients; expected 1 to ${MAX_RECIPIENTS}`);
}

/** Envelope and recipients as JSON: all recipients, each with the copy that went there. */
function envelopeOf({ envelope, recipients, copies = [] }: Acceptance): string {
  const others = copies.flatMap(({ body, recipients: its }) => its.map((to) => ({ ...to, copy: body.id })));
  return JSON.stringify({ ...envelope, recipients: [...recipients, ...others] });
}

function checkResubmission({ key, window }: NonNullable<Acceptance['resubmission']>): void {
  if (key.length !== RESUBMISSION_OCTETS)
    throw new RangeError(`The key of a resubmission has ${key.length} octets; expected ${RESUBMISSION_OCTETS}`);
  if (!(window >= 0 && window <= LONGEST_WINDOW))
    throw new RangeError(`The window of a resubmission is ${window} ms; expected 0 to ${LONGEST_WINDOW}`);
}

/** True if pickup has to report that the message was collected. */
const wantsToHear = ({ receipt, contrl }: AcceptedRecipient): boolean => receipt === true || contrl === true;

/** Checks a request. Throws RangeError. */
function checkedRequest({ key, digest, answer }: KeptRequest): AcceptWork['request'] {
  if (key.length !== REQUEST_OCTETS || digest.length !== REQUEST_OCTETS)
    throw new RangeError(`A request has a key of ${key.length} octets and a digest of ${digest.length}; expected 16`);
  if (answer.length > MAX_ANSWER)
    throw new RangeError(`The answer of a request has ${answer.length} characters; expected at most ${MAX_ANSWER}`);
  return { hashes: asBuffer(key).toString('latin1') + asBuffer(digest).toString('latin1'), answer };
}

/**
 * One delivery for each recipient of a partner, and one for each mailbox that the message is held
 * from.
 */
function deliveriesOf(recipients: readonly AcceptedRecipient[], held: ReadonlySet<AccountId>): NewDelivery[] {
  const told = new Set<AccountId>();
  return recipients.flatMap((recipient) => {
    const { address, partner, mailbox, notify, originalRecipient } = recipient;
    if (partner === undefined) {
      if (!held.has(mailbox) || told.has(mailbox)) return [];
      told.add(mailbox);
    }
    const dsn =
      notify === undefined && originalRecipient === undefined ? null : JSON.stringify({ notify, originalRecipient });
    return [
      { partner: partner ?? 0, mailbox: mailbox ?? null, held: recipient.held === true, recipient: address, dsn },
    ];
  });
}

function seenIn({ interchanges = [] }: Acceptance): readonly string[] {
  if (interchanges.length > MAX_SEEN || interchanges.some((key) => !isSeen(key)))
    throw new RangeError(
      `There are ${interchanges.length} interchanges to remember; expected at most ${MAX_SEEN}, each known by 16 octets`,
    );
  return interchanges.map(
    ({ reference, messages, held }) => latin1(reference) + latin1(messages) + (held === true ? HELD : ''),
  );
}

const latin1 = (octets: Uint8Array): string =>
  Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength).toString('latin1');

const isSeen = ({ reference, messages }: SeenInterchange): boolean =>
  reference.length === SEEN_OCTETS && messages.length === SEEN_OCTETS;
