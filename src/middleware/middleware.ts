/**
 * What happens to a message between its last octet and its acceptance: protection, verification,
 * guards over EDI. Each is a step; the chain (chain.ts) runs them in order, before the sender reads
 * `250`.
 *
 * A step never changes a body: it reads the sealed upload, as often as it must, and writes another
 * one beside it. It sees the message as copies: at first one, as submitted, for everybody; a step
 * may split a copy by its recipients, put another body in its place, change what holds for a
 * recipient, or refuse the message. What a step does not name stays as it is.
 *
 * A message that needs nothing pays nothing: `wants` looks at what is known already and reads no
 * octet.
 */
import type { Address } from '../domain/address.ts';
import type { MessageParts } from '../domain/message-part.ts';
import type { Refusal } from '../domain/refusal.ts';
import type { Account, Organisation } from '../domain/registry.ts';
import type { Instant, Octets } from '../domain/units.ts';
import type { AuthenticationResult } from '../mime/authentication-results.ts';
import type { ContentFields } from '../mime/content-fields.ts';
import type { AuditEvent } from '../store/audit.ts';
import type { SeenInterchange } from '../store/interchanges.ts';
import type { Recipient } from '../store/registry.ts';
import type { AcceptedRecipient, PreparedNotice } from '../store/acceptance.ts';
import type { BodyWriter, SealedBody } from '../store/body.ts';

/** Who sends: its settings decide whether it signs, its keys with what. */
export interface Sending {
  readonly account: Account;
  readonly organisation: Organisation;
}

/**
 * One recipient and what the registry knew of it at RCPT: settings of address, account and
 * organisation, partner.
 */
export interface Addressee {
  readonly to: AcceptedRecipient;
  readonly registered: Recipient;
}

/** One body and who gets it. */
export interface Copy {
  readonly body: SealedBody;
  /** One or more. */
  readonly recipients: readonly Addressee[];
  /**
   * What was done to it, for the trace: words such as `smime interop`. Empty: it is as it was
   * submitted.
   */
  readonly protection: string;
  /** What the sender's signature is worth, if there is one. */
  readonly signature?: 'valid' | 'invalid';
  /** What was found about that signature, the outermost one. */
  readonly results?: readonly AuthenticationResult[];
  /**
   * Nothing more may be done to its content: it was opened for a program that reads nothing else.
   */
  readonly opened?: true;
}

/** The message, whole, as it was submitted and before anything is done to it. */
export interface Submitted {
  /** With our Received line on top, and what else the plan of its header changes. */
  readonly body: SealedBody;
  /** What its header says of its content. */
  readonly content: ContentFields;
  /** The content may have octets above 127 outside any transfer encoding. */
  readonly eightBit: boolean;
  /** Its leaves and the EDI in them. */
  readonly parts: MessageParts;
  /** The reverse path; empty for a null one. */
  readonly sender: Address | '';
  /** The one address in the header field From. */
  readonly from: Address;
  /** Message-ID of the header, without angle brackets. */
  readonly messageId: string;
  readonly submitter: Sending;
  /** All of them, in the order of RCPT. */
  readonly recipients: readonly Addressee[];
  readonly receivedAt: Instant;
  /** For the log. */
  readonly session: string;
  /**
   * Aborted when the client has gone: nobody will hear what becomes of the message, and what is not
   * done yet is not done.
   */
  readonly signal?: AbortSignal;
}

/**
 * Where a step puts octets. The chain gives up every body that is not filed in the end: a step need
 * not.
 */
export interface BodyWriters {
  /** A new body; `promised` octets are kept free for it. Throws StoreFull. */
  open(promised: Octets): BodyWriter;
}

export interface StepPassed {
  readonly kind: 'passed';
  /**
   * The copies from here on, which replace the given ones; every recipient stands in one of them,
   * or in several mailboxes of one.
   */
  readonly copies: readonly Copy[];
  /** Stand in the row that tells of the acceptance. */
  readonly facts?: NonNullable<AuditEvent['facts']>;
  /**
   * Filed with the message, in the same transaction. The message they tell of is the submitted one.
   */
  readonly audit?: readonly AuditEvent[];
  /** One line of ASCII for the reply to the content: what the sender should know now. */
  readonly note?: string;
  /** Filed in the same transaction. The chain gives up those that are not. */
  readonly notices?: readonly PreparedNotice[];
  /** Remembered with the message. */
  readonly interchanges?: readonly SeenInterchange[];
  /** In place of what it was found to be made of: the same, and what the step found out besides. */
  readonly parts?: MessageParts;
}

/** `refused`: the whole message, for everybody; nothing is filed. */
export type StepOutcome = StepPassed | { readonly kind: 'refused'; readonly refusal: Refusal };

/** Asked at RCPT. `at`: where the copy goes, the addressee's own address or the substitute's. */
export interface AskedRecipient {
  readonly at: Address;
  readonly registered: Recipient;
  readonly submitter: Sending;
  /**
   * The reverse path, which is the best guess at From before there is a header; empty for a null
   * one.
   */
  readonly sender: Address | '';
}

/** One step. Its name stands in the log. */
export interface Middleware {
  readonly name: string;
  /**
   * Whether a message could go to this recipient at all, as far as can be told without its content.
   * What is refused here leaves the other recipients; what is refused later leaves nobody.
   */
  recipient?(asked: AskedRecipient): Promise<Refusal | undefined> | Refusal | undefined;
  /** Whether there is anything to do. Cheap: no reading of bodies, no waiting. */
  wants(message: Submitted, copies: readonly Copy[]): boolean;
  /** Throws StoreFull and StoreFailed, which refuse the message for now. */
  run(message: Submitted, copies: readonly Copy[], bodies: BodyWriters): Promise<StepOutcome>;
}
