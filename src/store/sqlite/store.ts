/** The store port on SQLite: joins the writer, the reader, the maildrops, the registry and the audit trail. */
import type { KeyObject } from 'node:crypto';
import { type Day, type KeyFolder, KeyFolderRefused, dayOf } from '../../crypto/key-folder.ts';
import { addressKey } from '../../domain/address.ts';
import type { Clock, Log, RandomBytes, Timer } from '../../domain/effects.ts';
import { type AccountId, type EntryUid, type MessageId, messageNumber } from '../../domain/ids.ts';
import { type Instant, type Milliseconds, type Octets, hours, minutes, octets } from '../../domain/units.ts';
import type { AuditEvent } from '../audit.ts';
import {
  type AcceptOutcome,
  type Acceptance,
  type BodyWriter,
  type Holder,
  type MaildropListing,
  type MaildropLock,
  type Store,
  StoreFailed,
  StoreFull,
  type StoreHealth,
  type StoredContent,
  type SweepReport,
} from '../store.ts';
import type { SqliteAudit } from './audit.ts';
import { type BodyParts, SqliteBodyWriter } from './body-writer.ts';
import type { FolderLock } from './folder-lock.ts';
import type { Maildrops } from './maildrops.ts';
import { type MessageIds, idTime } from './message-ids.ts';
import type { Settled } from './options.ts';
import type { WriterWork } from './protocol.ts';
import type { Reader } from './reader.ts';
import type { SqliteCa } from './ca.ts';
import type { SqliteRegistry } from './registry.ts';
import type { Space } from './space.ts';
import type { StoreTime } from './store-time.ts';
import { type Writer, errorOf } from './writer.ts';

const UIDL_OCTETS = 16;
/** Free beside the reserve before mail is taken again, so that a full disk does not say yes and no in turns. */
const ROOM_TO_GO_ON = 8 * 1024 * 1024;
/** What a crash left over goes soon after the start, but not while everybody reconnects. */
const FIRST_SWEEP = minutes(1);
const SWEEP_EVERY = hours(1);
/** Steps of one sweep: each holds the writer for a few milliseconds, and mail goes between them. */
const SWEEP_STEPS = 200;
/** Entries that one "hand out again" brings back at most. */
const MAX_RESTORED = 10_000;

export interface StoreParts {
  readonly writer: Writer;
  readonly reader: Reader;
  readonly registry: SqliteRegistry;
  readonly certificates: SqliteCa;
  readonly audit: SqliteAudit;
  readonly maildrops: Maildrops;
  readonly space: Space;
  readonly keys: KeyFolder;
  readonly days: Set<Day>;
  readonly ids: MessageIds;
  readonly time: StoreTime;
  readonly random: RandomBytes;
  readonly clock: Clock;
  readonly log: Log;
  readonly settled: Settled;
  readonly lock: FolderLock;
  readonly version: string;
}

interface OpenBody {
  readonly writer: SqliteBodyWriter;
  /** Of what was promised, not yet stored. */
  promised: number;
}

export class SqliteStore implements Store {
  readonly registry: SqliteRegistry;
  readonly certificates: SqliteCa;
  readonly audit: SqliteAudit;
  readonly #p: StoreParts;
  readonly #bodies = new Map<MessageId, OpenBody>();
  readonly #listeners: ((error: StoreFailed) => void)[] = [];
  #sweeping: Promise<unknown> | undefined;
  #sweepDue = false;
  #sweepTimer: Timer | undefined;
  #askedForSpace = false;
  #failure: StoreFailed | undefined;
  #closed: Promise<void> | undefined;

  constructor(parts: StoreParts) {
    this.#p = parts;
    this.registry = parts.registry;
    this.certificates = parts.certificates;
    this.audit = parts.audit;
    this.#scheduleSweep(FIRST_SWEEP);
  }

  #scheduleSweep(delay: Milliseconds): void {
    this.#sweepTimer = this.#p.clock.after(delay, () => {
      this.#scheduleSweep(SWEEP_EVERY);
      if (this.#sweepDue) return;
      this.#sweepDue = true;
      this.sweep()
        .catch((error: unknown) => this.#p.log.error('store.sweep-failed', { why: String(error) }))
        .finally(() => (this.#sweepDue = false));
    });
  }

  // --- bodies

  openBody(promised: Octets): BodyWriter {
    if (this.#failure !== undefined) throw this.#failure;
    const { space } = this.#p;
    if (space.full) this.#askForSpace();
    if (space.full || !space.fits(promised))
      throw new StoreFull(
        `The store has no room for a message of ${promised} octets: ${space.available} octets are free; free space on its disk`,
      );
    const now = this.#p.time.now();
    const id = this.#p.ids.next(now);
    const day = dayOf(idTime(id));
    const writer: SqliteBodyWriter = new SqliteBodyWriter({
      id,
      day,
      dayKey: this.#dayKey(day),
      startedAt: now,
      random: this.#p.random,
      maxBody: this.#p.settled.maxBody,
      store: (work, transfer) => this.#storeChunk(writer.id, work, transfer),
      ended: () => this.#bodyEnded(writer.id),
    } satisfies BodyParts);
    this.#bodies.set(writer.id, { writer, promised });
    space.promise(promised);
    return writer;
  }

  /** The key of the day. Only a day that the store never used gets a new one. */
  #dayKey(day: Day): KeyObject {
    const { keys, days, random } = this.#p;
    try {
      if (days.has(day)) return keys.keyOf(day);
      const key = keys.make(day, random);
      days.add(day);
      return key;
    } catch (error) {
      if (error instanceof KeyFolderRefused) throw new StoreFailed(error.message);
      throw new StoreFailed(`The day key of ${day} cannot be made or read: ${String(error)}`);
    }
  }

  async #storeChunk(id: MessageId, work: WriterWork, transfer: Uint8Array): Promise<void> {
    const { length } = transfer;
    await this.#p.writer.must(work, transfer);
    const body = this.#bodies.get(id);
    if (body === undefined) return;
    const kept = Math.min(body.promised, length);
    body.promised -= kept;
    this.#p.space.settle(kept);
  }

  #bodyEnded(id: MessageId): void {
    const body = this.#bodies.get(id);
    if (body === undefined) return;
    this.#bodies.delete(id);
    this.#p.space.settle(body.promised);
  }

  async accept(message: Acceptance): Promise<AcceptOutcome> {
    const writer = this.#bodies.get(message.body.id)?.writer;
    const sealed = writer?.sealed;
    if (writer === undefined || sealed === undefined)
      throw new RangeError(`The body of message ${message.body.id} is not sealed, or was filed or given up already`);
    const { recipients, envelope } = message;
    if (recipients.length < 1 || recipients.length > 1000)
      throw new RangeError(`A message has ${recipients.length} recipients; expected 1 to 1000`);
    const { body, octets: size, sha256, dataKey, chunks, day } = sealed;
    const answer = await this.#p.writer.ask({
      kind: 'accept',
      id: messageNumber(message.body.id),
      receivedAt: message.receivedAt,
      submitter: message.submitter,
      sender: message.sender,
      messageIdField: message.messageIdField,
      envelope: JSON.stringify({ ...envelope, recipients }),
      octets: size,
      sha256,
      day,
      dataKey,
      chunks,
      body,
      mailboxes: recipients.map((r) => r.mailbox),
      keys: recipients.map((r) => addressKey(r.address)),
      uidls: this.#p.random(UIDL_OCTETS * recipients.length),
      audit: message.audit.map((event) => this.audit.item(event, message.body.id)),
    });
    if (answer.kind === 'done') {
      writer.filed();
      return { kind: 'filed' };
    }
    if (answer.kind === 'refused') {
      const recipient = recipients[answer.index];
      if (recipient !== undefined) return { kind: 'refused', why: answer.why, address: recipient.address };
    }
    throw errorOf(answer);
  }

  // --- maildrops

  async lockMaildrop(account: AccountId, holder: Holder): Promise<MaildropLock | 'in-use'> {
    return await this.#p.maildrops.lock(account, holder);
  }

  async listMaildrop(lock: MaildropLock): Promise<MaildropListing> {
    return await this.#p.maildrops.list(lock);
  }

  async openEntry(lock: MaildropLock, uid: EntryUid): Promise<StoredContent> {
    return await this.#p.maildrops.openEntry(lock, uid);
  }

  async commitMaildrop(
    lock: MaildropLock,
    deleted: readonly EntryUid[],
    retrieved: readonly EntryUid[],
    audit: readonly AuditEvent[],
  ): Promise<void> {
    await this.#p.maildrops.commit(lock, deleted, retrieved, this.audit.items(audit));
  }

  releaseMaildrop(lock: MaildropLock): Promise<void> {
    this.#p.maildrops.release(lock);
    return Promise.resolve();
  }

  async restoreEntries(
    account: AccountId,
    since: Instant,
    actor: { readonly name: string; readonly reason?: string },
  ): Promise<number> {
    const audit = this.audit.item({
      event: 'maildrop.restored',
      outcome: 'success',
      account,
      facts: { since },
      personal: { actor: actor.name, ...(actor.reason === undefined ? {} : { reason: actor.reason }) },
    });
    const uidls = this.#p.random(UIDL_OCTETS * MAX_RESTORED);
    return (await this.#p.writer.must({ kind: 'restore', account, since, uidls, audit })).value ?? 0;
  }

  // --- upkeep

  async sweep(): Promise<SweepReport> {
    // After the one under way, which may have looked before what the caller wants gone was due.
    const before = this.#sweeping ?? Promise.resolve();
    const mine = before.then(
      () => this.#sweepAll(),
      () => this.#sweepAll(),
    );
    this.#sweeping = mine;
    return await mine;
  }

  async #sweepAll(): Promise<SweepReport> {
    const total = { uploads: 0, messages: 0, pages: 0 };
    for (let step = 0; step < SWEEP_STEPS; step += 1) {
      const at = this.#p.time.now();
      const answer = await this.#p.writer.ask({
        kind: 'sweep',
        at,
        hiddenBefore: at - this.#p.settled.hiddenFor,
        below: this.#p.ids.next(at),
        open: [...this.#bodies.keys()].map(messageNumber),
      });
      if (answer.kind !== 'swept') throw errorOf(answer);
      const { report } = answer;
      total.uploads += report.uploads;
      total.messages += report.messages;
      total.pages += report.pages;
      for (const day of report.days) await this.#eraseDay(day, at);
      if (!report.more) break;
    }
    if (total.uploads + total.messages > 0) this.#p.log.info('store.swept', total);
    return total;
  }

  /** The key first: if this is cut short, the next sweep finds the day again. */
  async #eraseDay(day: Day, at: number): Promise<void> {
    this.#p.keys.erase(day);
    this.#p.days.delete(day);
    await this.#p.writer.must({ kind: 'day-erased', day, at });
    this.#p.log.info('store.day-key-erased', { day });
  }

  /** While the reserve is out: asks the writer to make it again, once there is room for it and a message. */
  #askForSpace(): void {
    const { space, settled, writer } = this.#p;
    const needed = settled.testing.maxPages === undefined ? settled.reserve + ROOM_TO_GO_ON : 1;
    if (this.#askedForSpace || space.free < needed) return;
    this.#askedForSpace = true;
    writer
      .ask({ kind: 'space' })
      .then(
        (answer) => {
          if (answer.kind === 'space' && answer.restored) this.#p.log.info('store.space-returned');
        },
        () => undefined,
      )
      .finally(() => {
        this.#askedForSpace = false;
        space.forget();
      });
  }

  health(): StoreHealth {
    // MAIL looks here and opens no body while nothing is free: without this a gateway that was full once would stay full.
    if (this.#p.space.full) this.#askForSpace();
    return {
      free: octets(this.#p.space.full ? 0 : this.#p.space.available),
      waiting: this.#p.writer.waiting,
      failed: this.#failure !== undefined,
      version: this.#p.version,
    };
  }

  onFailed(listener: (error: StoreFailed) => void): void {
    this.#listeners.push(listener);
  }

  /** From the writer or the reader, once. */
  failed(error: StoreFailed): void {
    if (this.#failure !== undefined || this.#closed !== undefined) return;
    this.#failure = error;
    this.#p.log.error('store.failed', { why: error.message });
    for (const listener of this.#listeners) listener(error);
  }

  async close(): Promise<void> {
    await (this.#closed ??= this.#close());
  }

  async #close(): Promise<void> {
    this.#sweepTimer?.cancel();
    await this.audit.flush();
    for (const { writer } of [...this.#bodies.values()]) if (writer.sealed === undefined) void writer.abort();
    await this.#p.reader.close();
    await this.#p.writer.close();
    this.#failure ??= new StoreFailed('The store is closed');
    this.#p.lock.release();
  }
}
