/**
 * How a mail program reads the beginning of a message: what the thread that looks at it answers.
 * Plain values, bounded.
 */

export interface LookedAtPart {
  /** As in `MessagePart`. */
  readonly path: string;
  readonly type: string;
  /** As declared, in lower case; empty if nothing is. */
  readonly charset: string;
  /** Octets outside ASCII in the decoded content. */
  readonly eightBit: boolean;
  /** The decoded content is UTF-8. */
  readonly utf8: boolean;
}

export interface View {
  /** Subject as read by a library that knows many programs' habits (mailparser). */
  readonly subject: string;
  readonly from: string;
  readonly to: string;
  /** ISO 8601; empty if it cannot be read. */
  readonly date: string;
  /** The first lines of the text. */
  readonly text: readonly string[];
  readonly files: readonly { readonly name: string; readonly type: string; readonly octets: number }[];
  readonly parts: readonly LookedAtPart[];
  readonly mimeVersion: boolean;
  /** Octets outside ASCII in the header. */
  readonly headerEightBit: boolean;
}

export const MAX_LINES = 12;
export const MAX_LINE = 100;
export const MAX_FILES = 20;
