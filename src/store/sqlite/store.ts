/** The store port on SQLite: joins the writer, the reader, the maildrops, the registry and the audit trail. */
import type { Day, KeyFolder } from '../../crypto/key-folder.ts';
import type { Clock, Log, RandomBytes, Timer } from '../../domain/effects.ts';
import type { MessageParts } from '../../domain/message-part.ts';
import { type AccountId, type EntryUid, type MessageId, messageIdOf, messageNumber } from '../../domain/ids.ts';
import { type Instant, type Milliseconds, type Octets, hours, minutes, octets } from '../../domain/units.ts';
import type { AuditEvent } from '../audit.ts';
import type { AuditTrail } from '../port/audit.ts';
import type { Certificates } from '../port/certificates.ts';
import type { StoreCopy } from '../copies.ts';
import type { Deliveries } from '../port/mail.ts';
import type { Imports } from '../port/mail.ts';
import type { MessageIds } from '../message-ids.ts';
import type { Subjects } from '../objects.ts';
import type { Operators } from '../port/certificates.ts';
import type { DirectoryStore, Registry } from '../port/registry.ts';
import type { Webhooks } from '../port/webhooks.ts';
import type { PgpKeys } from '../port/certificates.ts';
import type { Idempotency, Usage } from '../port/mail.ts';
import {
  type AcceptOutcome,
  type Acceptance,
  type Answered,
  type BodyWriter,
  type ContentFingerprint,
  type Holder,
  type MaildropListing,
  type MaildropLock,
  type StoreCounts,
  StoreFailed,
  type StoreHealth,
  type StoredContent,
  type SweepReport,
} from '../store.ts';
import type { Store } from '../port/store.ts';
import type { SqliteAccountMoves } from './account-moves.ts';
import type { SqliteAudit } from './audit.ts';
import type { SentNotices } from '../changes/accept-work.ts';
import type { Bodies } from './bodies.ts';
import type { Swept } from '../changes/sweeps.ts';
import { UIDL_OCTETS } from '../changes/uidls.ts';
import { type OwnCalls, after } from './calls.ts';
import { takeCopy } from './copies.ts';
import { SqliteImports } from './imports.ts';
import type { Erasures } from './erasures.ts';
import type { FolderLock } from './folder-lock.ts';
import { SqliteInterchanges } from './interchanges.ts';
import type { Maildrops } from './maildrops.ts';
import type { Settled } from './options.ts';
import type { OwnReadCalls } from './own-reads.ts';
import type { Reader } from './reader.ts';
import type { SqliteQuirks } from './quirks.ts';
import type { Space } from './space.ts';
import type { StoreTime } from './store-time.ts';
import type { UnreadPages } from './unread-pages.ts';
import type { Writer } from './writer.ts';

/** What a crash left over goes soon after the start, but not while everybody reconnects. */
const FIRST_SWEEP = minutes(1);
const SWEEP_EVERY = hours(1);
/** Entries that one "hand out again" brings back at most. */
const MAX_RESTORED = 10_000;

export interface StoreParts {
  readonly writer: Writer;
  readonly own: OwnCalls;
  readonly reader: Pick<Reader, 'close'>;
  readonly contents: Pick<OwnReadCalls['contents'], 'forgetDay'>;
  readonly registry: Registry;
  readonly accountMoves: SqliteAccountMoves;
  readonly certificates: Certificates;
  readonly pgpKeys: PgpKeys;
  readonly subjects: Subjects;
  readonly ediMemory: Subjects['ediMemory'];
  readonly audit: SqliteAudit & AuditTrail;
  readonly deliveries: Deliveries;
  readonly erasures: Erasures;
  readonly quirks: SqliteQuirks;
  readonly maildrops: Maildrops;
  readonly bodies: Bodies;
  readonly space: Space;
  readonly pages: UnreadPages;
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
  /** The database. */
  readonly path: string;
  readonly commits: Pick<StoreCounts, 'commits' | 'groups'>;
}

export class SqliteStore implements Store {
  readonly registry: Registry;
  readonly accountMoves: SqliteAccountMoves;
  readonly certificates: Certificates;
  readonly pgpKeys: PgpKeys;
  readonly operators: Operators;
  readonly directory: DirectoryStore;
  readonly webhooks: Webhooks;
  readonly audit: SqliteAudit & AuditTrail;
  readonly deliveries: Deliveries;
  readonly interchanges: SqliteInterchanges;
  readonly quirks: SqliteQuirks;
  readonly id: string;
  readonly imports: Imports;
  readonly usage: Usage;
  readonly idempotency: Idempotency;
  readonly deletedFor: Milliseconds;
  readonly #p: StoreParts;
  readonly #listeners: ((error: StoreFailed) => void)[] = [];
  #sweeping: Promise<unknown> | undefined;
  #sweepDue = false;
  readonly #counted = { uploads: 0, messages: 0, traces: 0 };
  /** Mailboxes whose deleted mail is being cut down; true where more was deleted meanwhile. */
  readonly #trimming = new Map<number, boolean>();
  #sweepTimer: Timer | undefined;
  #askedForReserve = false;
  #failure: StoreFailed | undefined;
  #closed: Promise<void> | undefined;

  constructor(parts: StoreParts) {
    this.#p = parts;
    this.registry = parts.registry;
    this.accountMoves = parts.accountMoves;
    this.certificates = parts.certificates;
    this.pgpKeys = parts.pgpKeys;
    this.operators = parts.subjects.operators;
    this.directory = parts.subjects.directory;
    this.webhooks = { ...parts.subjects.webhooks, ...parts.subjects.webhookProgress };
    this.audit = parts.audit;
    this.deliveries = parts.deliveries;
    this.interchanges = new SqliteInterchanges(parts);
    this.quirks = parts.quirks;
    this.id = parts.keys.storeId ?? '';
    this.imports = Object.assign(
      new SqliteImports({ ...parts, importedMail: parts.subjects.importedMail }),
      parts.subjects.imports,
    );
    // Refusals and log-ins are counted with their rows; what acceptances counted may wait to be written.
    const settle = async (): Promise<unknown> => {
      await parts.audit.flush();
      return await parts.own.upkeep.countUsage();
    };
    this.usage = after(settle, parts.subjects.usage);
    this.idempotency = parts.subjects.idempotency;
    this.deletedFor = parts.settled.hiddenFor;
    this.#scheduleSweep(FIRST_SWEEP);
  }

  #scheduleSweep(delay: Milliseconds): void {
    this.#sweepTimer = this.#p.clock.after(delay, () => {
      this.#scheduleSweep(SWEEP_EVERY);
      if (this.#sweepDue) return;
      this.#sweepDue = true;
      this.sweep()
        .catch((error: unknown) => this.#sweepFailed(error))
        .finally(() => (this.#sweepDue = false));
    });
  }

  // --- bodies

  openBody(promised: Octets, account?: AccountId): BodyWriter {
    if (this.#failure !== undefined) throw this.#failure;
    this.#keepReserve();
    return this.#p.bodies.open(promised, account);
  }

  fingerprint(): ContentFingerprint {
    return this.#p.keys.fingerprint();
  }

  async accept(message: Acceptance): Promise<AcceptOutcome> {
    const work = this.#p.bodies.workOf(message);
    const unfiled = await this.#p.own.mail.accept(work);
    if (unfiled === undefined) {
      this.#p.bodies.filed([work.id, ...work.copies.map(({ id }) => id)]);
      // Nobody gets it as it was submitted: its key went with the acceptance, and nobody waits for its octets to go.
      if (work.mailboxes.length === 0 && work.body === null) void this.#p.bodies.giveBack(work.id);
      if (message.interchanges !== undefined) this.interchanges.filed(message.interchanges, work.receivedAt);
      return { kind: 'filed' };
    }
    if (unfiled.kind === 'already' || unfiled.kind === 'closed') return unfiled;
    if (unfiled.kind === 'answered') return { ...unfiled, message: messageIdOf(unfiled.message) };
    if (unfiled.kind === 'duplicate') return { kind: 'duplicate', of: messageIdOf(unfiled.of) };
    const { recipients, copies = [] } = message;
    const recipient = [...recipients, ...copies.flatMap((copy) => copy.recipients)][unfiled.index];
    if (recipient === undefined)
      throw new Error(`The store refused recipient ${unfiled.index} of a message, which has none such`);
    return { kind: 'refused', why: unfiled.why, address: recipient.address };
  }

  async sentRequest(key: Uint8Array): Promise<Answered | undefined> {
    const found = await this.#p.own.mail.sentRequest(key, this.#p.time.now());
    return found === undefined ? undefined : { ...found, message: messageIdOf(found.message) };
  }

  async messageParts(id: MessageId): Promise<MessageParts | undefined> {
    return await this.#p.subjects.messages.messageParts(id);
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
    notices: readonly Acceptance[] = [],
    then: 'ends' | 'goes-on' = 'ends',
  ): Promise<void> {
    const sent = notices.length === 0 ? undefined : () => this.#ahead(notices);
    const { maildrops } = this.#p;
    const end = { deleted, retrieved, audit: this.audit.items(audit), notices: sent };
    await (then === 'ends' ? maildrops.commit(lock, end) : maildrops.commitAndGoOn(lock, end));
  }

  async refreshMaildrop(lock: MaildropLock): Promise<void> {
    await this.#p.maildrops.refresh(lock);
  }

  async releaseMaildrop(
    lock: MaildropLock,
    retrieved: readonly EntryUid[] = [],
    notices: () => Promise<readonly Acceptance[]> = () => Promise.resolve([]),
  ): Promise<void> {
    const { maildrops } = this.#p;
    if (retrieved.length === 0) return await maildrops.release(lock);
    try {
      await maildrops.releaseSent(lock, retrieved, async () => await this.#ahead(await notices()));
    } catch (error) {
      // Uncounted, the messages are sent again and told of then.
      this.#p.log.warn('store.release-not-noted', { account: lock.account, why: String(error) });
    }
  }

  async #ahead(notices: readonly Acceptance[]): Promise<SentNotices> {
    const { bodies, writer } = this.#p;
    bodies.checkNumber(notices);
    return await writer.ahead(notices, (part) => bodies.notices(part));
  }

  async restoreEntries(
    account: AccountId,
    what: { readonly since: Instant } | { readonly message: MessageId },
    actor: { readonly name: string; readonly reason?: string },
  ): Promise<number> {
    const audit = this.audit.item({
      event: 'maildrop.restored',
      outcome: 'success',
      account,
      ...('message' in what ? { message: what.message } : { facts: { since: what.since } }),
      personal: { actor: actor.name, ...(actor.reason === undefined ? {} : { reason: actor.reason }) },
    });
    const uidls = this.#p.random(UIDL_OCTETS * MAX_RESTORED);
    const hidden = 'message' in what ? { message: messageNumber(what.message) } : { since: what.since };
    return await this.#p.subjects.maildrops.restore(account, hidden, uidls, audit);
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
    const { hiddenFor: hidden, tracedFor: traces, networksFor: networks, countedFor: usage } = this.#p.settled;
    const keptFor = { hidden, traces, networks, usage };
    let day: Day = '';
    const swept = await this.#swept(async (below) => {
      const open = this.#p.bodies.ids.map(messageNumber);
      const step = await this.#p.subjects.sweeps.step({ keptFor, open, below, day });
      ({ day } = step);
      return step;
    });
    if (this.#closed === undefined) await this.#p.erasures.closeDays();
    return swept;
  }

  /** From a commit: these mailboxes have more deleted mail than they may. */
  crowded(accounts: Iterable<number>): void {
    for (const account of accounts) {
      const running = this.#trimming.has(account);
      // Told while it is at work, it looks once more.
      this.#trimming.set(account, running);
      if (!running) void this.#trim(account as AccountId).catch((error: unknown) => this.#sweepFailed(error));
    }
  }

  async #trim(account: AccountId): Promise<void> {
    try {
      for (let again = true; again; again = this.#trimming.get(account) === true) {
        this.#trimming.set(account, false);
        await this.#swept((below) => this.#p.subjects.sweeps.trim(account, below), account);
      }
    } finally {
      this.#trimming.delete(account);
    }
  }

  #sweepFailed(error: unknown): void {
    // What a closing store leaves over goes after its next start.
    if (this.#closed === undefined) this.#p.log.error('store.sweep-failed', { why: String(error) });
  }

  /** Step by step, each a few milliseconds of the writer's time with mail in between, until nothing is left or the store closes. */
  async #swept(step: (below: bigint) => Promise<Swept>, account?: AccountId): Promise<SweepReport> {
    const total = { uploads: 0, messages: 0, traces: 0 };
    for (let more = true; more && this.#closed === undefined;) {
      const report = await step(this.#p.ids.next(this.#p.time.now()));
      for (const kind of ['uploads', 'messages', 'traces'] as const) {
        total[kind] += report[kind];
        this.#counted[kind] += report[kind];
      }
      for (const day of report.days) if (!this.#p.bodies.isWriting(day)) await this.#eraseDay(day);
      ({ more } = report);
    }
    if (total.uploads + total.messages + total.traces > 0) {
      const whose = account === undefined ? {} : { account };
      this.#p.log.info('store.swept', { ...total, ...whose });
      // What was half sent and swept was never anybody's.
      const { messages, traces } = total;
      if (messages + traces > 0)
        this.audit.note({ event: 'store.swept', outcome: 'success', ...whose, facts: { messages, traces } });
    }
    return total;
  }

  /** The key first: if this is cut short, the next sweep finds the day again. */
  async #eraseDay(day: Day): Promise<void> {
    this.#p.keys.erase(day);
    this.#p.days.delete(day);
    await this.#p.contents.forgetDay(day);
    await this.#p.subjects.sweeps.dayErased(day);
    this.#p.log.info('store.day-key-erased', { day });
    this.audit.note({ event: 'store.day-key-erased', outcome: 'success', facts: { day } });
  }

  /** Asks the writer to make the reserve again, or to give half of it back, where room came or went. */
  #keepReserve(): void {
    const { space, own, log } = this.#p;
    if (this.#askedForReserve || this.#failure !== undefined) return;
    const { reserved, wanted } = space;
    if (wanted === reserved || wanted === 'out') return;
    this.#askedForReserve = true;
    own.upkeep
      .keepReserve(reserved, wanted)
      .then(
        (kept) => {
          if (!kept) return;
          log.info(reserved === 'out' ? 'store.space-returned' : 'store.reserve-changed', { reserve: wanted });
        },
        () => undefined,
      )
      .finally(() => {
        this.#askedForReserve = false;
        space.forget();
      });
  }

  async copyTo(path: string, told: (octets: number) => void = () => undefined): Promise<StoreCopy> {
    if (this.#failure !== undefined) throw this.#failure;
    await this.quirks.flush();
    await this.audit.flush();
    return await takeCopy(this.#p.path, path, told);
  }

  get counts(): StoreCounts {
    return { ...this.#p.commits, notices: this.#p.bodies.noticesFiled, swept: { ...this.#counted } };
  }

  health(): StoreHealth {
    // MAIL looks here and opens no body while nothing is free: without this a gateway that was full once would stay full.
    this.#keepReserve();
    return {
      free: octets(this.#p.space.full ? 0 : this.#p.space.available),
      used: octets(this.#p.space.used),
      waiting: this.#p.writer.waiting,
      failed: this.#failure !== undefined,
      unread: this.#p.pages.left,
      version: this.#p.version,
    };
  }

  async alive(): Promise<void> {
    // Neither writes anything; each goes through the whole of its thread, behind what waits there.
    await Promise.all([this.#p.own.upkeep.alive(), this.registry.findOrganisation('')]);
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
    this.#p.pages.stop();
    await this.accountMoves.stop();
    await this.quirks.flush();
    await this.audit.flush();
    this.#p.bodies.abortUnsealed();
    await this.#p.maildrops.close();
    await this.#p.reader.close();
    await this.#p.writer.close();
    this.#failure ??= new StoreFailed('The store is closed');
    this.#p.lock.release();
  }
}
