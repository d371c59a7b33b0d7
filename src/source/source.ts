/** Where mail is taken over from: a maildir of another server, or that server over POP3. */
import type { Instant } from '../domain/units.ts';

/** The source cannot be used. The text names it, what is wrong with it and what to do. */
export class SourceError extends Error {
  override readonly name = 'SourceError';
}

export interface SourceMessage {
  /** As the other server gave it. */
  readonly uidl: string;
  /** When it was received there; undefined where the source does not tell. */
  readonly at?: Instant;
  /** It was fetched from there; undefined where the source does not tell. */
  readonly fetched?: boolean;
  /** As it was served, where that is known. */
  readonly octets?: number;
  /** As the other server keeps it; can be read again. */
  readonly read: () => AsyncIterable<Buffer>;
}

export interface Source {
  /** In one sentence, by which rule the UIDLs were found. */
  readonly rule: string;
  /** In the order in which the other server lists them. */
  readonly messages: readonly SourceMessage[];
  /** Deletes these there; only a server can. */
  delete?(uidls: ReadonlySet<string>): Promise<number>;
  close(): Promise<void>;
}

/** Most messages of one mailbox. */
export const MAX_SOURCE_MESSAGES = 200_000;
