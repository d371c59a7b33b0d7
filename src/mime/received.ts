/**
 * Writes our trace field Received, and recognises it in a message that comes in.
 *
 * RFC 5321 section 4.4; RFC 3848 and RFC 6531 section 4.3 for the protocol names. No `for` clause
 * with more than one recipient: it would betray one recipient to the others (RFC 5321 section 7.6).
 */
import type { MessageId } from '../domain/ids.ts';
import type { Instant } from '../domain/units.ts';
import { formatDate } from './date.ts';

export interface ReceivedLine {
  /** Name that the client gave. */
  readonly helo: string;
  readonly clientAddress: string;
  /** Our host name. */
  readonly by: string;
  /**
   * `HTTPS` is not a registered name; readers take any word, and this one says how the message
   * came.
   */
  readonly protocol: 'ESMTPSA' | 'UTF8SMTPSA' | 'SMTPSA' | 'HTTPS';
  /** For example `TLSv1.3`. */
  readonly tls: string;
  readonly id: MessageId;
  /** The one recipient; absent if there are more. */
  readonly recipient?: string;
  readonly at: Instant;
}

const literal = (address: string): string => (address.includes(':') ? `[IPv6:${address}]` : `[${address}]`);
/**
 * Only what a host name or literal can hold: whatever else a client calls itself must not end up in
 * a header.
 */
const safeHelo = (helo: string): string => (/^[A-Za-z0-9.:[\]-]{1,255}$/.test(helo) ? helo : 'unknown');

/** The whole field with its line ends, folded below 78 columns if the names are short enough. */
export function receivedField(line: ReceivedLine): string {
  const recipient = line.recipient === undefined ? '' : `\r\n\tfor <${line.recipient}>`;
  return (
    `Received: from ${safeHelo(line.helo)} (${literal(line.clientAddress)})\r\n` +
    `\tby ${line.by} (Sluis) with ${line.protocol} (${line.tls})\r\n` +
    `\tid ${line.id}${recipient};\r\n` +
    `\t${formatDate(line.at)}\r\n`
  );
}

/** True for a Received value that a gateway of this host name wrote. */
export const isOwnReceived = (value: string, by: string): boolean =>
  value.toLowerCase().includes(`by ${by.toLowerCase()} (sluis) with `);
