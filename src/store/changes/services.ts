/**
 * What a change asks of its engine besides statements: the counters of mailboxes, the filing of
 * messages and the figures of usage. An engine remembers what it reads for these, and writes them
 * in its own way, so each is more than a statement that both could share. They are asked as steps,
 * with `yield* addToMailbox(...)`, and are undone with the change.
 */
import type { Settings } from '../../domain/settings/setting.ts';
import { settingOf } from '../../domain/settings.ts';
import { type Change, ask } from '../sql/sql.ts';
import type { AcceptWork, Notices } from './accept-work.ts';
import type { ChangeEffects } from './changed.ts';
import type { ChangeContext } from './change-context.ts';

/** What counts in a mailbox, and what it may hold. */
export interface Mailbox {
  /** State of its account, or of its organisation if that is not active. */
  readonly state: string;
  readonly nextUid: number;
  /** Octets of deleted entries that can still be handed out again. */
  readonly hiddenOctets: number;
  /** Nothing that was deleted here is dropped before this moment; null: nothing is deleted. */
  readonly sweepAt: number | null;
  /** Octets of deleted mail that it may hold. */
  readonly deletedAllowed: number;
}

/** What is added to the counters of a mailbox. The next uid rises by the messages that came. */
export interface MailboxChange {
  readonly octets?: number;
  readonly messages?: number;
  /** Octets of deleted entries. */
  readonly hidden?: number;
  /** When a sweep has to look at the mailbox; absent: unchanged. */
  readonly sweepAt?: number | null;
}

/** A delivery for a partner. */
export interface Queued {
  readonly message: bigint;
  readonly recipient: string;
  readonly partner: number;
}

/**
 * Each is a method of the engine. `changed` collects its effects on what others remember or wait
 * for.
 */
export interface Services {
  /** The mailbox of an account; undefined: it has none. */
  mailbox(account: number): Mailbox | undefined;
  /** Adds to a mailbox. An account without one is left as it is. */
  addToMailbox(account: number, by: MailboxChange, changed: ChangeEffects): void;
  /** Notices whose addressee is gone stay out; an audit row tells. */
  fileNotices(notices: Notices, at: number, changed: ChangeEffects): void;
  /**
   * Writes facts and content of a message that `refs` entries and deliveries need. Entries,
   * counters and usage are the caller's.
   */
  insertMessage(work: AcceptWork, refs: number): void;
  /**
   * A copy that was held goes into its mailbox, above its quota too; false while the mailbox takes
   * no mail.
   */
  releaseHeld(message: bigint, account: number, uidl: Uint8Array, at: number, changed: ChangeEffects): boolean;
  /**
   * A queued delivery goes into the mailbox that its recipient leads to now; false while there is
   * none that takes mail.
   */
  refileQueued(queued: Queued, uidl: Uint8Array, at: number, changed: ChangeEffects): boolean;
  /** Messages that an account has collected. */
  countCollected(account: number, messages: number, at: number): void;
  /**
   * Counts a message that the account's own server accepted. `submitter` 0: it was the gateway's
   * own.
   */
  countPushed(account: number, submitter: number, octets: number, at: number): void;
}

function* service<K extends keyof Services>(
  name: K,
  ...args: Parameters<Services[K]>
): Change<ReturnType<Services[K]>> {
  return yield* ask<ReturnType<Services[K]>>({ service: name, args });
}

export const mailboxOf = (account: number): Change<Mailbox | undefined> => service('mailbox', account);

/** The only way to change what `mailbox` counts, since the engine remembers it. */
export const addToMailbox = (context: ChangeContext, account: number, by: MailboxChange): Change<void> =>
  service('addToMailbox', account, by, context.changed);

export const fileNotices = (context: ChangeContext, notices: Notices): Change<void> =>
  service('fileNotices', notices, context.at, context.changed);

export const insertMessage = (work: AcceptWork, refs: number): Change<void> => service('insertMessage', work, refs);

export const releaseHeld = (
  context: ChangeContext,
  message: bigint,
  account: number,
  uidl: Uint8Array,
): Change<boolean> => service('releaseHeld', message, account, uidl, context.at, context.changed);

export const refileQueued = (context: ChangeContext, queued: Queued, uidl: Uint8Array): Change<boolean> =>
  service('refileQueued', queued, uidl, context.at, context.changed);

export const countCollected = (context: ChangeContext, account: number, messages: number): Change<void> =>
  service('countCollected', account, messages, context.at);

export const countPushed = (context: ChangeContext, account: number, submitter: number, octets: number): Change<void> =>
  service('countPushed', account, submitter, octets, context.at);

/** Settings of an account and of its organisation, as JSON. */
interface QuotaSettings {
  readonly settings: string | null;
  readonly organisation: string | null;
}

/** Quota in octets. Nearly no mailbox has its own: the settings of the others are not even read. */
export const quotaOf = ({ settings, organisation }: QuotaSettings): number => {
  const read = (text: string | null): Settings | undefined =>
    text === null ? undefined : (JSON.parse(text) as Settings);
  return settingOf('quota', read(settings), read(organisation));
};

/**
 * Deleted mail that can be handed out again may be this many times the quota; beyond that the
 * oldest is dropped early. Without a limit one account could fill the disk through a small mailbox:
 * it fetches, deletes and is sent more.
 */
const DELETED_PER_QUOTA = 1;

export const deletedAllowed = (its: QuotaSettings): number => DELETED_PER_QUOTA * quotaOf(its);
