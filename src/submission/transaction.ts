/** One mail transaction: its parts, who submits it, and what the gateway's sessions share. */
import type { Address } from '../domain/address.ts';
import type { Clock, Log } from '../domain/effects.ts';
import type { MessageId } from '../domain/ids.ts';
import type { Quirk } from '../domain/quirks.ts';
import type { Refusal } from '../domain/refusal.ts';
import type { Octets } from '../domain/units.ts';
import type { Chain } from '../middleware/chain.ts';
import type { LoginRecord } from '../store/registry.ts';
import type { Answered } from '../store/acceptance.ts';
import type { Store } from '../store/port/store.ts';
import type { AbsenceNotices } from './absence-notices.ts';
import type { FiledNotices } from './filed-notices.ts';
import type { Fullness } from './fullness.ts';
import type { HourlyCount } from './limits.ts';
import type { TransactionQuirks } from './quirks.ts';
import type { RefusalNotes } from './refusal-notes.ts';
import type { RoutedAbsence, CopyRoute } from './route.ts';
import type { TestReports } from './test-address.ts';

export interface SubmissionServices {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  readonly hostname: string;
  readonly maxMessage: Octets;
  readonly maxRecipients: number;
  /** Shared by all sessions of the gateway. */
  readonly counts: Readonly<Record<'messages' | 'octets' | 'recipients' | 'unknown' | 'tests', HourlyCount>>;
  /** Tells senders that an addressee is away; without it only the replies do. */
  readonly absences?: AbsenceNotices;
  /** What happens to messages before they are accepted; without it nothing does. */
  readonly middleware?: Chain;
  /** Writes refusals into the audit trail. */
  readonly refused?: RefusalNotes;
  /** Answers messages to the test address; without it there is none. */
  readonly tests?: TestReports;
  /** Tells senders that asked for it (NOTIFY=SUCCESS) that their message stands in a mailbox. */
  readonly filed?: FiledNotices;
  /**
   * Counts a message whose content was begun, by how it ended; set by protocols whose sessions do
   * not count it.
   */
  readonly ended?: (outcome: ContentOutcome, submitted: Octets) => void;
  /** Notes mailboxes that are nearly full. */
  readonly fullness?: Fullness;
}

/** How the content of a message ended. */
export const CONTENT_OUTCOMES = ['accepted', 'duplicate', 'refused-4yz', 'refused-5yz', 'interrupted'] as const;
export type ContentOutcome = (typeof CONTENT_OUTCOMES)[number];

/**
 * What the registry says at this moment of whoever logged in; undefined if the account no longer
 * exists.
 */
export type Standing = LoginRecord | undefined;

export interface MailParameters {
  readonly size: Octets;
  readonly body: '7BIT' | '8BITMIME';
  readonly smtpUtf8: boolean;
  readonly ret?: 'FULL' | 'HDRS';
  readonly envid?: string;
  /**
   * How session and command deviate. Judged at RCPT, since for the test address everything is
   * tolerated.
   */
  readonly quirks?: readonly Quirk[];
}

export interface RecipientParameters {
  readonly notify?: readonly string[];
  readonly originalRecipient?: string;
  readonly quirks?: readonly Quirk[];
}

export interface TakenRecipient {
  readonly copyRoute: CopyRoute;
  readonly away?: RoutedAbsence;
  /** The path of the command, by which its repetition is recognised. */
  readonly path: string;
  readonly asked: RecipientParameters;
  /** A note for the reply. */
  readonly note?: string;
}

export interface Transaction {
  readonly sender: Address | '';
  parameters: MailParameters;
  readonly recipients: Map<string, TakenRecipient>;
  /** Addresses that the header names as its authors, and that the submitter may send as. */
  readonly authors: Set<Address>;
  /** RCPT commands so far, accepted or not. */
  asked: number;
  /** The smallest limit among the addressees, and whose it is. */
  limit: { readonly octets: Octets; readonly refusal: Refusal };
  readonly quirks: TransactionQuirks;
  /** Kept with the message, so that the same request is not carried out twice. */
  request?: KeyedRequest;
  /** The one recipient is the test address, as the sender wrote it. */
  test?: Address;
}

/** A request that its sender may send again under the same key, and what it is answered then. */
export interface KeyedRequest {
  /** The first 16 octets of a hash over the owner of the key and the key. */
  readonly key: Uint8Array;
  /** Digest of the request, given the fingerprint of the content as submitted. */
  readonly digest: (submitted: Uint8Array) => Uint8Array;
  /** The answer that is kept beside the message's id. `note`: that of `Filed`. */
  readonly answer: (note: string | undefined) => string;
}

/** What is known of content only when it has ended, and no command said. */
export interface EndedContent {
  /** Some octet is above 127. */
  readonly eightBit: boolean;
}

export interface RecipientTaken {
  /** A note for the reply: the addressee is absent, and where the message goes. */
  readonly note?: string;
}

/** How the content of a transaction ended. */
export interface Filed {
  readonly id: MessageId;
  /**
   * The same message was accepted a moment ago and nobody has it yet: `id` is that one's, and
   * nothing was filed.
   */
  readonly again?: MessageId;
  /** A note for the reply: what did not go where RCPT said. */
  readonly note?: string;
  /**
   * The same request was carried out before, or another one under the same key: `id` is that one's
   * message, and nothing was filed.
   */
  readonly answered?: Answered;
}
