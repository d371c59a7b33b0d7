/**
 * The store's port: joins an engine with the maildrops, the registry, the deliveries and the audit
 * trail, which are the same for all engines.
 */
import type { KeyFolder } from '../../crypto/keys/key-folder.ts';
import type { Day } from '../../domain/utc-day.ts';
import type { Clock, Log, RandomBytes } from '../../domain/effects.ts';
import type { MessageParts } from '../../domain/message-part.ts';
import { type AccountId, type EntryUid, type MessageId, messageIdOf, messageNumber } from '../../domain/ids.ts';
import { type Instant, type Milliseconds, type Octets, octets } from '../../domain/units.ts';
import type { AuditEvent } from '../audit.ts';
import { ALL_JOBS, type Jobs } from '../jobs.ts';
import type { AuditTrail } from '../port/audit.ts';
import { COUNTED_ALONE, type SharedCounts } from '../shared-counts.ts';
import type { Certificates } from '../port/certificates.ts';
import type { BreakGlass } from '../port/break-glass.ts';
import type { Takeovers } from '../port/takeovers.ts';
import type { SelfService } from '../port/self-service.ts';
import type { Identities } from '../port/identities.ts';
import type { ConsoleAccess } from '../port/console.ts';
import type { LogSource, StoreCopy } from '../copies.ts';
import type { Deliveries } from '../port/mail.ts';
import type { Imports } from '../port/mail.ts';
import type { MessageIds } from '../message-ids.ts';
import type { Subjects } from '../objects.ts';
import type { Operators } from '../port/certificates.ts';
import type { DirectoryStore, Registry } from '../port/registry.ts';
import type { Webhooks } from '../port/webhooks.ts';
import type { PgpKeys } from '../port/certificates.ts';
import type { AvailabilityStore, Idempotency, Usage } from '../port/mail.ts';
import { type StoreCounts, StoreFailed, type StoreHealth, type SweepReport } from '../store.ts';
import type { Holder, MaildropListing, MaildropLock } from '../maildrop.ts';
import type { AcceptOutcome, Acceptance, Answered } from '../acceptance.ts';
import type { BodyWriter, ContentFingerprint, StoredContent } from '../body.ts';
import type { Store } from '../port/store.ts';
import type { CoreAccountMoves } from './account-moves.ts';
import type { Audit } from './audit.ts';
import type { SentNotices } from '../changes/accept-work.ts';
import type { Bodies } from './bodies.ts';
import { UIDL_OCTETS } from '../changes/uidls.ts';
import type { Effects } from '../changes/changed.ts';
import { after } from './calls.ts';
import type { CertificateMemory } from './certificate-memory.ts';
import type { CoreDeliveries } from './deliveries.ts';
import type { Elsewhere, Engine } from './engine.ts';
import { CoreImports } from './imports.ts';
import type { Erasures } from './erasures.ts';
import { CoreInterchanges } from './interchanges.ts';
import type { Maildrops } from './maildrops.ts';
import type { Mailboxes } from './mailboxes.ts';
import type { Settled } from './options.ts';
import type { RememberedPgpKeys } from './pgp.ts';
import type { CoreQuirks } from './quirks.ts';
import type { RememberingRegistry } from './registry.ts';
import type { StoreTime } from './store-time.ts';
import { CoreStoreDays } from './store-days.ts';
import { Sweeper } from './sweeper.ts';

/** Most entries that one "hand out again" brings back. */
const MAX_RESTORED = 10_000;

export interface StoreParts {
  readonly engine: Engine;
  readonly registry: RememberingRegistry & Registry;
  readonly accountMoves: CoreAccountMoves;
  readonly certificates: CertificateMemory & Certificates;
  /** Behind `pgpKeys`. */
  readonly rememberedKeys: RememberedPgpKeys;
  readonly mailboxes: Mailboxes;
  readonly pgpKeys: PgpKeys;
  readonly subjects: Subjects;
  readonly ediMemory: Subjects['ediMemory'];
  readonly audit: Audit & AuditTrail;
  readonly deliveries: CoreDeliveries & Deliveries;
  readonly erasures: Erasures;
  readonly quirks: CoreQuirks;
  readonly maildrops: Maildrops;
  readonly bodies: Bodies;
  readonly keys: KeyFolder;
  readonly days: Set<Day>;
  readonly ids: MessageIds;
  readonly time: StoreTime;
  readonly random: RandomBytes;
  readonly clock: Clock;
  readonly log: Log;
  readonly settled: Settled;
}

export class CoreStore implements Store {
  readonly days: CoreStoreDays;
  readonly registry: Registry;
  readonly accountMoves: CoreAccountMoves;
  readonly certificates: Certificates;
  readonly pgpKeys: PgpKeys;
  readonly operators: Operators;
  readonly console: ConsoleAccess;
  readonly identities: Identities;
  readonly breakGlass: BreakGlass;
  readonly selfService: SelfService;
  readonly takeovers: Takeovers;
  readonly directory: DirectoryStore;
  readonly webhooks: Webhooks;
  readonly audit: Audit & AuditTrail;
  readonly deliveries: Deliveries;
  readonly interchanges: CoreInterchanges;
  readonly quirks: CoreQuirks;
  readonly id: string;
  readonly imports: Imports;
  readonly usage: Usage;
  readonly idempotency: Idempotency;
  readonly availability: AvailabilityStore;
  readonly deletedFor: Milliseconds;
  readonly jobs: Jobs;
  readonly shared: SharedCounts;
  readonly #p: StoreParts;
  readonly #listeners: ((error: StoreFailed) => void)[] = [];
  readonly #sweeper: Sweeper;
  #failure: StoreFailed | undefined;
  #closed: Promise<void> | undefined;

  constructor(parts: StoreParts) {
    this.#p = parts;
    this.registry = parts.registry;
    this.accountMoves = parts.accountMoves;
    this.certificates = parts.certificates;
    this.pgpKeys = parts.pgpKeys;
    this.operators = parts.subjects.operators;
    this.console = parts.subjects.console;
    this.identities = parts.subjects.identities;
    this.breakGlass = parts.subjects.breakGlass;
    this.selfService = parts.subjects.selfService;
    this.takeovers = parts.subjects.takeovers;
    this.directory = parts.subjects.directory;
    this.webhooks = { ...parts.subjects.webhooks, ...parts.subjects.webhookProgress };
    this.audit = parts.audit;
    this.deliveries = parts.deliveries;
    this.interchanges = new CoreInterchanges({ ...parts, alone: parts.engine.nodes === undefined });
    this.quirks = parts.quirks;
    this.id = parts.keys.storeId ?? '';
    this.days = new CoreStoreDays(parts);
    this.imports = Object.assign(
      new CoreImports({ ...parts, importedMail: parts.subjects.importedMail }),
      parts.subjects.imports,
    );
    // Refusals and logins are counted with their audit rows; what acceptances counted may wait to
    // be written.
    const settle = async (): Promise<unknown> => {
      await parts.audit.flush();
      return await parts.engine.countUsage();
    };
    this.usage = after(settle, parts.subjects.usage);
    this.idempotency = parts.subjects.idempotency;
    this.availability = parts.subjects.availability;
    this.deletedFor = parts.settled.hiddenFor;
    this.jobs = parts.engine.nodes?.jobs ?? ALL_JOBS;
    this.shared = parts.engine.nodes?.shared ?? COUNTED_ALONE;
    this.#sweeper = new Sweeper(parts, {
      isMine: () => this.jobs.runs('sweeps'),
      dayEmptied: (day) => this.days.erase(day),
    });
  }

  // --- bodies

  openBody(promised: Octets, account?: AccountId): BodyWriter {
    if (this.#failure !== undefined) throw this.#failure;
    this.#p.engine.lookForRoom();
    return this.#p.bodies.open(promised, account);
  }

  fingerprint(): ContentFingerprint {
    return this.#p.keys.fingerprint();
  }

  async accept(message: Acceptance): Promise<AcceptOutcome> {
    const work = this.#p.bodies.workOf(message);
    const unfiled = await this.#p.engine.mail.accept(work);
    if (unfiled === undefined) {
      this.#p.bodies.filed([work.id, ...work.copies.map(({ id }) => id)]);
      // Nobody gets the message as it was submitted: its key went with the acceptance, and nothing
      // waits until its octets are removed.
      if (work.mailboxes.length === 0 && work.body === null) void this.#p.bodies.giveBack(work.id);
      if (message.interchanges !== undefined) this.interchanges.filed(message.interchanges, work.receivedAt);
      return { kind: 'filed' };
    }
    if (unfiled.kind === 'outdated') await this.#p.engine.nodes?.caughtUp();
    if (unfiled.kind === 'outdated' || unfiled.kind === 'already' || unfiled.kind === 'closed') return unfiled;
    if (unfiled.kind === 'answered') return { ...unfiled, message: messageIdOf(unfiled.message) };
    if (unfiled.kind === 'duplicate') return { kind: 'duplicate', of: messageIdOf(unfiled.of) };
    const { recipients, copies = [] } = message;
    const recipient = [...recipients, ...copies.flatMap((copy) => copy.recipients)][unfiled.index];
    if (recipient === undefined)
      throw new Error(`The store refused recipient ${unfiled.index} of a message, which has none such`);
    return { kind: 'refused', why: unfiled.why, address: recipient.address };
  }

  async sentRequest(key: Uint8Array): Promise<Answered | undefined> {
    const found = await this.#p.engine.mail.sentRequest(key, this.#p.time.now());
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
    stands?: () => Promise<boolean>,
  ): Promise<void> {
    const sent = notices.length === 0 ? undefined : () => this.#sendNotices(notices);
    const { maildrops } = this.#p;
    const end = { deleted, retrieved, audit: this.audit.items(audit), notices: sent, stands };
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
      await maildrops.releaseSent(lock, retrieved, async () => await this.#sendNotices(await notices()));
    } catch (error) {
      // The messages are not noted as sent, so they are sent again and reported then.
      this.#p.log.warn('store.release-not-noted', { account: lock.account, why: String(error) });
    }
  }

  async #sendNotices(notices: readonly Acceptance[]): Promise<SentNotices> {
    const { bodies, engine } = this.#p;
    bodies.checkNumber(notices);
    return await engine.sendNotices(notices, (part) => bodies.notices(part));
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
    return await this.#sweeper.sweep();
  }

  get log(): LogSource | undefined {
    return this.#p.engine.log;
  }

  async checkCopy(label: string): Promise<void> {
    await this.#p.engine.checkCopy?.(label);
  }

  copySize(): Promise<number> {
    return this.#p.engine.copySize();
  }

  async copyTo(folder: string, told: (octets: number) => void = () => undefined): Promise<StoreCopy> {
    if (this.#failure !== undefined) throw this.#failure;
    await this.quirks.flush();
    await this.audit.flush();
    return await this.#p.engine.copyTo(folder, told);
  }

  get counts(): StoreCounts {
    return { ...this.#p.engine.commits, notices: this.#p.bodies.noticesFiled, swept: { ...this.#sweeper.counted } };
  }

  health(): StoreHealth {
    const { engine } = this.#p;
    // MAIL checks the space here and opens no body while nothing is free: without this a gateway
    // that was full once would stay full.
    engine.lookForRoom();
    const { room, waiting, unread, version } = engine;
    return {
      free: octets(room.full ? 0 : room.available),
      used: octets(room.used),
      waiting,
      failed: this.#failure !== undefined,
      unread,
      version,
    };
  }

  async alive(): Promise<void> {
    // Neither call writes anything; each passes through everything that takes part in writing,
    // behind the work that waits there.
    await Promise.all([this.#p.engine.alive(), this.registry.findOrganisation('')]);
  }

  onFailed(listener: (error: StoreFailed) => void): void {
    this.#listeners.push(listener);
  }

  /**
   * Called by the engine: memories of what the commits changed are dropped, and those who wait for
   * it are woken.
   */
  committed(all: readonly Effects[]): void {
    const { registry, certificates, rememberedKeys, mailboxes, bodies, deliveries } = this.#p;
    const due = new Set<number>();
    const crowded = new Set<number>();
    for (const { told, mailboxes: numbers, filed, due: partners, crowded: accounts } of all) {
      if (told !== undefined) {
        if (told.accounts.length > 0) registry.told(told);
        if (told.mail.length > 0 || told.trust) certificates.told(told);
        if (told.mail.length > 0 || told.trust) rememberedKeys.told(told);
      }
      if (numbers !== undefined) mailboxes.told(numbers);
      if (filed !== undefined) bodies.filed(filed);
      for (const partner of partners ?? []) due.add(partner);
      for (const account of accounts ?? []) crowded.add(account);
    }
    deliveries.told(due);
    this.#sweeper.crowded(crowded);
  }

  /** Takes over what another node says it has changed. */
  elsewhere({ mailboxes, due }: Elsewhere): void {
    for (const account of mailboxes) this.#p.mailboxes.changedElsewhere(account as AccountId);
    this.#p.deliveries.told(new Set(due));
  }

  /** Another gateway changed the registry; what exactly is not known. */
  registryChanged(): void {
    this.#p.registry.told({ accounts: 'many', scope: 'registry' });
    this.#p.certificates.forgetAll();
    this.#p.rememberedKeys.forgetAll();
  }

  /**
   * The database may have lost commits: what is remembered under numbers that it gives out is read
   * again.
   */
  anotherHistory(): void {
    this.#p.maildrops.anotherHistory();
    this.#p.bodies.anotherHistory();
    this.interchanges.anotherHistory();
  }

  /** Called by the engine, once. */
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
    this.#sweeper.close();
    this.#p.engine.stop();
    await this.accountMoves.stop();
    await this.quirks.flush();
    await this.audit.flush();
    this.#p.bodies.abortUnsealed();
    await this.#p.maildrops.close();
    await this.#p.engine.close();
    this.#failure ??= new StoreFailed('The store is closed');
  }
}
