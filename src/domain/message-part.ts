/**
 * What a message was made of when it was submitted: taken once, before anything protects or changes
 * a copy of it.
 */

import type { Interchange } from './interchange.ts';

/** `unknown`: a name that nobody registered; the octets are taken as they stand. */
export type TransferEncoding = '7bit' | '8bit' | 'binary' | 'base64' | 'quoted-printable' | 'uuencode' | 'unknown';

/** One leaf of a message's tree of parts. */
export interface MessagePart {
  /**
   * Numbers as IMAP counts them (RFC 3501 section 6.4.5): `1`, `2.1`; below an attached message its
   * parts go on, `3.1`. A uuencoded file found in the text of part `1` is `1.u1`.
   */
  readonly path: string;
  /** `type/subtype` in lower case. */
  readonly type: string;
  /**
   * Empty if the sender gave none; control characters made visible. Personal: for the trace and
   * receipts, never for the log.
   */
  readonly name: string;
  readonly encoding: TransferEncoding;
  /** Octets of the decoded content. */
  readonly octets: number;
  /** SHA-256 of the decoded octets, 64 hexadecimal digits. */
  readonly sha256: string;
  /**
   * False if the encoding is damaged so that another program may decode other octets: then the hash
   * proves nothing to others.
   */
  readonly exact: boolean;
}

/**
 * A bound on the cost of one message: leaves beyond it were stored like everything else, but are
 * not reported.
 */
export type PartLimit = 'depth' | 'leaves' | 'header' | 'interchanges';

export interface MessageParts {
  /** In the order in which they begin. */
  readonly leaves: readonly MessagePart[];
  /** Limits that were reached; empty for nearly every message. */
  readonly limits: readonly PartLimit[];
  /**
   * Why two programs may show different content: a header that can be read in two ways. Not stored.
   * Holds no text of the message.
   */
  readonly doubt?: string;
  /** Values of fields From in parts that are no messages of their own, as written. Not stored. */
  readonly authors?: readonly string[];
  /** What EDI was found in them, by content; empty if there was none. */
  readonly interchanges: readonly Interchange[];
}
