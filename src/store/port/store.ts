/**
 * The store, as the gateway has it: bodies and acceptances, maildrops, upkeep, and the parts that
 * stand beside this file.
 */
import type { AccountId, EntryUid, MessageId } from '../../domain/ids.ts';
import type { MessageParts } from '../../domain/message-part.ts';
import type { Instant, Milliseconds, Octets } from '../../domain/units.ts';
import type { AccountMoves } from '../account-moves.ts';
import type { AuditEvent } from '../audit.ts';
import type { LogSource, StoreCopy } from '../copies.ts';
import type { Interchanges } from '../interchanges.ts';
import type { Jobs } from '../jobs.ts';
import type { Quirks } from '../quirks.ts';
import type { SharedCounts } from '../shared-counts.ts';
import type { StoreCounts, StoreFailed, StoreHealth, SweepReport } from '../store.ts';
import type { Holder, MaildropListing, MaildropLock } from '../maildrop.ts';
import type { AcceptOutcome, Acceptance, Answered } from '../acceptance.ts';
import type { BodyWriter, ContentFingerprint, StoredContent } from '../body.ts';
import type { AuditTrail } from './audit.ts';
import type { StoreDays } from './day-keys.ts';
import type { Certificates, Operators, PgpKeys } from './certificates.ts';
import type { BreakGlass } from './break-glass.ts';
import type { Takeovers } from './takeovers.ts';
import type { SelfService } from './self-service.ts';
import type { ConsoleAccess } from './console.ts';
import type { Identities } from './identities.ts';
import type { AvailabilityStore, Deliveries, Idempotency, Imports, Usage } from './mail.ts';
import type { DirectoryStore, Registry } from './registry.ts';
import type { Webhooks } from './webhooks.ts';

export interface Store {
  /** Random, made with the store: its key folder carries it, and its backups. */
  readonly id: string;
  readonly registry: Registry;
  readonly certificates: Certificates;
  readonly pgpKeys: PgpKeys;
  readonly operators: Operators;
  /** Access to the web console. */
  readonly console: ConsoleAccess;
  /** Operators who log in at an OpenID provider. */
  readonly identities: Identities;
  /** The account of the console for emergencies. */
  readonly breakGlass: BreakGlass;
  readonly selfService: SelfService;
  readonly takeovers: Takeovers;
  readonly directory: DirectoryStore;
  readonly webhooks: Webhooks;
  readonly audit: AuditTrail;
  readonly deliveries: Deliveries;
  readonly interchanges: Interchanges;
  readonly quirks: Quirks;
  readonly imports: Imports;
  readonly usage: Usage;
  readonly idempotency: Idempotency;
  readonly availability: AvailabilityStore;
  readonly accountMoves: AccountMoves;
  readonly days: StoreDays;
  /**
   * How long deleted entries can be handed out again, where their organisation says nothing else.
   */
  readonly deletedFor: Milliseconds;
  /** The jobs that must be done once and are this gateway's. */
  readonly jobs: Jobs;
  /** What all gateways of this store count together. */
  readonly shared: SharedCounts;

  /**
   * Starts a message. Its id is made here, since the Received line carries it. `promised` is the
   * declared SIZE (0: unknown); it counts against free space until the body is filed or given up.
   * Throws StoreFull at once when it does not fit. `account`: whose turn its pieces take in the
   * store's line; what it becomes is accepted from the same. Without one it is the gateway's own.
   */
  openBody(promised: Octets, account?: AccountId): BodyWriter;
  /**
   * Begins a fingerprint of a message's octets, by which a later one is known to be the same, after
   * a restart too. Under another master key it is another.
   */
  fingerprint(): ContentFingerprint;
  accept(message: Acceptance): Promise<AcceptOutcome>;
  /** What was kept of a request that sent a message (`Acceptance.request`), by its key. */
  sentRequest(key: Uint8Array): Promise<Answered | undefined>;
  /** What was accepted with the message; undefined when nothing was, or the message is gone. */
  messageParts(id: MessageId): Promise<MessageParts | undefined>;

  /**
   * One session at a time. A holder of the same network that made no progress for the configured
   * time (30 s) loses the maildrop. One that is being released is waited for: a client whose line
   * broke is often back before what it fetched was noted.
   */
  lockMaildrop(account: AccountId, holder: Holder): Promise<MaildropLock | 'in-use'>;
  /** The listing of the maildrop. Rejects with LockLost. */
  listMaildrop(lock: MaildropLock): Promise<MaildropListing>;
  /** The content of an entry. Rejects with LockLost. */
  openEntry(lock: MaildropLock, uid: EntryUid): Promise<StoredContent>;
  /**
   * QUIT: hides the deleted entries and ends the lock, conditional on the fence, in one transaction
   * with the audit rows and the notices (as `Acceptance.with`). All hidden entries of a mailbox
   * hold at most its quota once more: beyond it the oldest go for good, soon after. `retrieved`
   * were sent to their end in this session: they are collected now. Rejects with LockLost, and then
   * nothing was deleted. `goes-on`: the lock stays, for what is in the mailbox by then; several
   * such commits may be under way at once. `stands`: whether the login holds still; asked before,
   * and again where another gateway changes the registry meanwhile. Where it does not, it rejects
   * with LoginEnded, and nothing was deleted.
   */
  commitMaildrop(
    lock: MaildropLock,
    deleted: readonly EntryUid[],
    retrieved: readonly EntryUid[],
    audit: readonly AuditEvent[],
    notices?: readonly Acceptance[],
    then?: 'ends' | 'goes-on',
    stands?: () => Promise<boolean>,
  ): Promise<void>;
  /**
   * What came since the lock was taken is in the maildrop from now on, as for a session that begins
   * now. Rejects with LockLost.
   */
  refreshMaildrop(lock: MaildropLock): Promise<void>;
  /**
   * Ends the lock without deleting anything. `retrieved` were sent to their end, but no QUIT
   * confirmed it: each counts as sent once, and the second time as collected. `notices` is asked
   * while the lock is held and no longer lost, and its answer filed in the same transaction; it
   * must not reject. Never rejects; a lost lock is no error, and changes nothing.
   */
  releaseMaildrop(
    lock: MaildropLock,
    retrieved?: readonly EntryUid[],
    notices?: () => Promise<readonly Acceptance[]>,
  ): Promise<void>;
  /**
   * Hidden entries come back under new uids and UIDLs ("hand out again"): all that were hidden
   * since then, or those of one message. Withdrawn ones stay hidden. Resolves to how many.
   */
  restoreEntries(
    account: AccountId,
    what: { readonly since: Instant } | { readonly message: MessageId },
    actor: { readonly name: string; readonly reason?: string },
  ): Promise<number>;

  /**
   * Removes what nobody needs any more: uploads left over, hidden entries past their time or beyond
   * the quota of their mailbox, bodies without entries, old traces, old figures, keys of days
   * without content. Goes on while there is more, in turns with mail; by itself each hour.
   */
  sweep(): Promise<SweepReport>;
  /**
   * Writes a whole copy of the store into files in `folder` while everything goes on: it holds
   * every commit before this call; of SQLite none that came after its begin. `told` now and then,
   * with the octets so far. Rejects with CopyFailed; the caller removes what was written.
   */
  copyTo(folder: string, told?: (octets: number) => void): Promise<StoreCopy>;
  /** Octets that a copy would have by now. */
  copySize(): Promise<number>;
  /**
   * Rejects with CopyFailed if the operator's own program, which took the copy under that name,
   * does not find it whole.
   */
  checkCopy(label: string): Promise<void>;
  /** Of what is committed behind a copy; undefined if the engine keeps none for long. */
  readonly log: LogSource | undefined;
  health(): StoreHealth;
  /**
   * Resolves when everything that takes part in writing and reading has answered just now; what
   * hangs keeps it waiting.
   */
  alive(): Promise<void>;
  readonly counts: StoreCounts;
  /** Called once, when the store has failed for good. */
  onFailed(listener: (error: StoreFailed) => void): void;
  /** Ends what was queued, then closes. Bodies in writing are given up. */
  close(): Promise<void>;
}
