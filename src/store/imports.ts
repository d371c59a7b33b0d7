/**
 * The imports' part of the store port: mail that another server had filed, taken over with the
 * UIDLs that it gave, so that clients which leave mail on the server know it again (RFC 1939
 * section 7).
 */
import type { Address } from '../domain/address.ts';
import type { MessageParts } from '../domain/message-part.ts';
import type { Instant } from '../domain/units.ts';
import type { SealedBody } from './body.ts';

/** Most messages of one batch. */
export const MAX_IMPORTED_AT_ONCE = 100;

export interface ImportedEntry {
  readonly body: SealedBody;
  /** When the other server had received it. */
  readonly receivedAt: Instant;
  /** Empty if the sender is unknown, or nobody here. */
  readonly sender: Address | '';
  readonly recipient: Address;
  /** Message-ID of the header, without angle brackets; for the trace. */
  readonly messageIdField: string;
  /** As `isUidl` of domain/uidl.ts takes it. */
  readonly uidl: string;
  /** True: a program had fetched it from the other server, so nobody is warned that it waits. */
  readonly fetched: boolean;
  readonly parts: MessageParts;
}

/** Nothing was filed unless the kind is `filed`. */
export type ImportOutcome =
  | { readonly kind: 'filed' }
  /** The mailbox has, or had, a message with this UIDL. */
  | { readonly kind: 'taken'; readonly uidl: string }
  /** The account has ended. */
  | { readonly kind: 'gone' };
