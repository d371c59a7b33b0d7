/** Where mail is taken over from: a maildir of another server, or that server over POP3. */
import type { Instant } from '../../domain/units.ts';

/** The source cannot be used. The text names it, what is wrong with it and what to do. */
export class SourceError extends Error {
  override readonly name = 'SourceError';
}

export interface SourceMessage {
  /** UIDL of the other server. */
  readonly uidl: string;
  /** When the other server received it; undefined if the source does not tell. */
  readonly at?: Instant;
  /** True: a program had fetched it from there. Undefined if the source does not tell. */
  readonly fetched?: boolean;
  /** Octets as served, if known. */
  readonly octets?: number;
  /** Content as the other server keeps it; can be read again. */
  readonly read: () => AsyncIterable<Buffer>;
}

export interface Source {
  /** The rule by which the UIDLs were found, in one sentence. */
  readonly rule: string;
  /** Messages in the order in which the other server lists them. */
  readonly messages: readonly SourceMessage[];
  /** Of all messages together; as near as it is told without reading them. */
  octets(): Promise<number>;
  /** Deletes these there. */
  delete?(uidls: ReadonlySet<string>): Promise<number>;
  /**
   * Puts a message there that this name stands for, once however often it is called; only a maildir
   * can.
   */
  put?(name: string, octets: AsyncIterable<Uint8Array>): Promise<void>;
  close(): Promise<void>;
}

/** Most messages of one mailbox. */
export const MAX_SOURCE_MESSAGES = 200_000;
