/**
 * A notice on its way from who writes it to who protects it: as it was written, and what became of
 * it.
 */
import type { Refusal } from '../domain/refusal.ts';
import type { Instant } from '../domain/units.ts';
import type { AuditEvent } from './audit.ts';
import type { AcceptedRecipient, MessageCopy } from './acceptance.ts';
import type { SealedBody } from './body.ts';

/** A notice whose body is written and sealed. */
export interface WrittenNotice {
  readonly body: SealedBody;
  /** Its header, with or without what follows. */
  readonly head: string;
  /** Message-ID without angle brackets. */
  readonly messageId: string;
  /** The body may have octets above 127 outside any transfer encoding. */
  readonly eightBit: boolean;
  readonly to: AcceptedRecipient;
  readonly at: Instant;
}

export type NoticeProtected =
  /**
   * The notice goes unprotected. `audit`: rows which say that the addressee wanted it encrypted.
   */
  | { readonly kind: 'plain'; readonly audit: readonly AuditEvent[] }
  /** This copy goes in its place. `discard` gives it up, where it was not filed. */
  | {
      readonly kind: 'protected';
      readonly copy: MessageCopy;
      readonly header?: Buffer;
      readonly audit: readonly AuditEvent[];
      discard(): Promise<void>;
    }
  /** Its addressee requires protection that cannot be made. `busy`: only at this moment. */
  | { readonly kind: 'refused'; readonly refusal: Pick<Refusal, 'text' | 'detail'>; readonly busy: boolean };
