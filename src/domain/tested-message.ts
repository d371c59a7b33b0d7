/** What is known of a message to the test address, for its report. */
import type { Address } from './address.ts';
import type { MessageParts } from './message-part.ts';
import type { Quirk } from './quirks.ts';
import type { Account, Organisation } from './registry.ts';
import type { Instant, Octets } from './units.ts';

export interface MetQuirk {
  readonly quirk: Quirk;
  /** How often it occurs in this message; 1 if that is not counted. */
  readonly count: number;
  /** True: any other addressee would accept the message all the same. */
  readonly allowed: boolean;
}

export interface TestedSession {
  /** For example `TLSv1.3`, and the suite by its IANA name. */
  readonly tls: string;
  readonly cipher: string;
  /** SASL mechanism; empty if the client certificate alone logged in. */
  readonly mechanism: string;
  readonly helo: string;
}

export interface TestedMessage {
  readonly at: Instant;
  readonly account: Account;
  readonly organisation: Organisation;
  readonly sender: Address;
  /** As the sender wrote it. */
  readonly addressee: Address;
  readonly session: TestedSession;
  /** BODY of MAIL. */
  readonly body: '7BIT' | '8BITMIME';
  readonly quirks: readonly MetQuirk[];
  /** Without angle brackets. */
  readonly messageId: string;
  /** Names of header fields that the gateway leaves out, in lower case. */
  readonly removed: readonly string[];
  readonly encrypted: boolean;
  readonly parts: MessageParts;
  /**
   * As another addressee would receive it: its size, its SHA-256 in hexadecimal, and its first
   * octets, up to `SAMPLE` of them.
   */
  readonly octets: Octets;
  readonly sha256: string;
  readonly sample: Uint8Array;
}

export const SAMPLE = 256 * 1024;
