/** What a notice says, before it is written. */
import type { DsnRecipient } from '../mime/dsn.ts';
import type { Letters } from '../letters/letter.ts';
import type { MessageRecord } from '../store/deliveries.ts';
import type { StoredContent } from '../store/body.ts';
import type { Original } from './original.ts';

/** Stable names, for log and audit. */
export type NoticeKind =
  | 'failed'
  | 'delayed'
  | 'relayed'
  | 'filed'
  | 'collected'
  | 'not-collected'
  | 'expired'
  | 'rhythm'
  | 'digest'
  | 'observation-over'
  | `certificate-ends-${number}`
  | `pgp-key-ends-${number}`
  | `gateway-certificate-ends-${number}`
  | 'consumers'
  | 'stuck'
  | 'quota'
  | 'password-code'
  | 'contact-changed'
  | 'absence'
  | 'withdrawn'
  | 'held'
  | 'held-operator'
  | 'contrl'
  | 'restored'
  | `${'backup' | 'offsite' | 'drill' | 'keys' | 'log'}-failed`
  | 'webhook-stopped'
  | 'break-glass'
  | 'self-service-code'
  | 'operator'
  | 'test';

/** What the trail says of a notice, and what keeps it from being filed twice. */
export interface NoticeFacts {
  readonly kind: NoticeKind;
  /** Key of `Acceptance.once`; absent: the caller remembers by itself. */
  readonly once?: string;
  /** The notice repeats an earlier one, and the trail says so. */
  readonly again?: true;
  /** The one message that it is about. */
  readonly about?: Pick<MessageRecord, 'id' | 'messageIdField'>;
}

/** A text for people. */
export interface LetterContent extends NoticeFacts {
  readonly letters: Letters;
  /** Message-ID of a message that it answers and that was filed nowhere. */
  readonly answers?: string;
}

/** A message of one part that a program reads. */
export interface FileContent extends NoticeFacts {
  readonly about: NonNullable<NoticeFacts['about']>;
  readonly subject: string;
  /** Content-Type with its parameters. */
  readonly type: string;
  /** Content, one character an octet (Latin-1). */
  readonly content: string;
}

/** A delivery status notification (RFC 3464): a text for people, and fields for programs. */
export interface ReportContent extends LetterContent {
  readonly message: Pick<MessageRecord, 'id' | 'messageIdField' | 'receivedAt' | 'octets' | 'envelope'>;
  readonly recipients: readonly DsnRecipient[];
  readonly original?: Pick<Original, 'header'> & { readonly content?: StoredContent };
  /**
   * The message itself comes back where its sender asked for that. Only with a failure (RFC 3461
   * section 4.3).
   */
  readonly whole?: boolean;
}
