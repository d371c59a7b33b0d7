/**
 * Writes delivery status notifications: multipart/report with a text for people, the fields for
 * programs, and the message they are about.
 *
 * RFC 3461 section 6 (which fields, what is returned), RFC 3464 section 2 (the fields), RFC 6522
 * (the three parts), RFC 3463 (status codes), RFC 6533 sections 3 to 6 (addresses and headers
 * outside ASCII), RFC 3834 (Auto-Submitted), RFC 5322 section 3.6.4 (In-Reply-To, References).
 *
 * Pure. The returned message may be large, so a report is given as two texts: what stands before
 * the octets of that message, and what stands behind them.
 */
import { Buffer } from 'node:buffer';
import type { Address } from '../domain/address.ts';
import type { Instant } from '../domain/units.ts';
import { formatDate } from './date.ts';
import { quotedPrintable, textPart } from './text.ts';
import { headerText } from './words.ts';
import { originalRecipientValue, typedAddress } from './xtext.ts';

export type DsnAction = 'failed' | 'delayed' | 'delivered' | 'relayed' | 'expanded';

/** One recipient's group of fields (RFC 3464 section 2.3). */
export interface DsnRecipient {
  /** The recipient as the sender wrote it in RCPT. */
  readonly recipient: Address;
  /** Decoded ORCPT, `type;address`; absent if the sender gave none. */
  readonly originalRecipient?: string;
  readonly action: DsnAction;
  /** `class.subject.detail` (RFC 3463 section 2). */
  readonly status: string;
  /** Host name or address of the server that answered. */
  readonly remoteMta?: string;
  /** `smtp`: the peer's own reply line. */
  readonly diagnostic?: { readonly type: 'smtp' | 'x-sluis'; readonly text: string };
  readonly lastAttempt?: Instant;
  /** Only with `delayed`. */
  readonly retryUntil?: Instant;
  /**
   * Fields of our own (RFC 3464 section 2.4: names that begin with `X-`), at most `MAX_EXTENSIONS`.
   */
  readonly extensions?: readonly (readonly [name: `X-${string}`, value: string])[];
}

/** Most fields of our own in one recipient's group; further ones are left out. */
export const MAX_EXTENSIONS = 200;

/** Fields that every message of the gateway's own has in its header. */
export interface OwnHeader {
  readonly from: Address;
  readonly to: Address;
  readonly date: Instant;
  /** Without angle brackets. */
  readonly messageId: string;
  readonly subject: string;
  /** Message-ID of the message it is about, without angle brackets. */
  readonly about?: string;
  readonly language: readonly string[];
  /**
   * `auto-replied`: about one message of the addressee; `auto-generated`: about anything else (RFC
   * 3834 section 5).
   */
  readonly automatic: 'auto-replied' | 'auto-generated';
}

/** How much of the message is returned. Of its octets only the header is held in memory. */
export type Returned =
  | { readonly kind: 'headers'; readonly octets: Buffer }
  /** `eightBit`: its octets need 8BITMIME. */
  | { readonly kind: 'full'; readonly eightBit: boolean }
  | { readonly kind: 'nothing' };

export interface Dsn {
  readonly header: OwnHeader;
  /** Lines without their ends. */
  readonly text: readonly string[];
  readonly reportingMta: string;
  /** Decoded ENVID. */
  readonly envelopeId?: string;
  readonly arrival: Instant;
  readonly recipients: readonly DsnRecipient[];
  readonly returned: Returned;
  /** The addressee takes SMTPUTF8: the fields keep letters outside ASCII as they are. */
  readonly utf8: boolean;
  /** Unique, and unknown to the writer of the returned message, who could imitate it otherwise. */
  readonly boundary: string;
}

export interface WrittenReport {
  /** The part of the notice up to the returned message's octets. */
  readonly head: string;
  readonly tail: string;
  readonly body: '7BIT' | '8BITMIME';
  readonly smtpUtf8: boolean;
}

const isAscii = (text: string): boolean => /^[\x20-\x7e]*$/.test(text);
const MAX_FIELD = 900;
/** One field of the part for programs. It stays one line, whatever text a peer sent. */
function field(name: string, value: string, utf8 = false): string {
  const plain = value
    .replace(/[\p{C}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .trim()
    .slice(0, MAX_FIELD);
  return `${name}: ${utf8 ? plain : plain.replace(/[^\x20-\x7e]/g, '?')}\r\n`;
}

const reference = (id: string): string => (/^[!-;=?-~]{1,900}$/.test(id) ? `<${id}>` : '');

/** The header fields with which every message of the gateway's own begins. */
export function ownHeader(header: OwnHeader): string {
  const about = header.about === undefined ? '' : reference(header.about);
  return [
    `From: Sluis <${header.from}>`,
    `To: <${header.to}>`,
    `Subject: ${headerText(header.subject)}`,
    `Date: ${formatDate(header.date)}`,
    `Message-ID: <${header.messageId}>`,
    ...(about === '' ? [] : [`In-Reply-To: ${about}`, `References: ${about}`]),
    `Auto-Submitted: ${header.automatic}`,
    `Content-Language: ${header.language.join(', ')}`,
    'MIME-Version: 1.0',
    '',
  ].join('\r\n');
}

function messageFields(dsn: Dsn): string {
  return (
    (dsn.envelopeId === undefined ? '' : field('Original-Envelope-Id', dsn.envelopeId)) +
    field('Reporting-MTA', `dns; ${dsn.reportingMta}`) +
    field('Arrival-Date', formatDate(dsn.arrival))
  );
}

function recipientFields(r: DsnRecipient, utf8: boolean): string {
  return (
    '\r\n' +
    (r.originalRecipient === undefined
      ? ''
      : field('Original-Recipient', originalRecipientValue(r.originalRecipient, utf8), utf8)) +
    field('Final-Recipient', typedAddress(r.recipient, utf8), utf8) +
    field('Action', r.action) +
    field('Status', r.status) +
    (r.remoteMta === undefined ? '' : field('Remote-MTA', `dns; ${r.remoteMta}`)) +
    (r.diagnostic === undefined ? '' : field('Diagnostic-Code', `${r.diagnostic.type}; ${r.diagnostic.text}`, utf8)) +
    (r.lastAttempt === undefined ? '' : field('Last-Attempt-Date', formatDate(r.lastAttempt))) +
    (r.retryUntil === undefined || r.action !== 'delayed' ? '' : field('Will-Retry-Until', formatDate(r.retryUntil))) +
    (r.extensions ?? [])
      .slice(0, MAX_EXTENSIONS)
      .map(([name, value]) => field(name, value, utf8))
      .join('')
  );
}

function returnedHeaders(octets: Buffer, utf8: boolean): { readonly head: string; readonly eightBit: boolean } {
  // RFC 6522 section 4: a header that is not ASCII is made 7bit, or stands in
  // message/global-headers as it is.
  const ascii = octets.every((octet) => octet < 128);
  if (ascii) return { head: `Content-Type: text/rfc822-headers\r\n\r\n${octets.toString('latin1')}`, eightBit: false };
  const text = octets.toString('utf8');
  if (utf8 && !text.includes('\ufffd'))
    return {
      head: `Content-Type: message/global-headers\r\nContent-Transfer-Encoding: 8bit\r\n\r\n${text}`,
      eightBit: true,
    };
  return {
    head: `Content-Type: text/rfc822-headers\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n${quotedPrintable(octets)}`,
    eightBit: false,
  };
}

function returnedPart({ returned, utf8, boundary }: Dsn): { readonly head: string; readonly eightBit: boolean } {
  const start = `--${boundary}\r\n`;
  switch (returned.kind) {
    case 'nothing':
      return { head: '', eightBit: false };
    case 'headers': {
      const { head, eightBit } = returnedHeaders(returned.octets, utf8);
      return { head: start + head, eightBit };
    }
    case 'full': {
      const eightBit = returned.eightBit || utf8;
      const type = utf8 ? 'message/global' : 'message/rfc822';
      return {
        head: `${start}Content-Type: ${type}\r\nContent-Transfer-Encoding: ${eightBit ? '8bit' : '7bit'}\r\n\r\n`,
        eightBit,
      };
    }
  }
}

/**
 * Writes the report. Its octets are `head`, then those of the message if it is returned in full,
 * then `tail`. All line ends are CRLF.
 */
export function writeDsn(dsn: Dsn): WrittenReport {
  const { boundary, utf8 } = dsn;
  const text = textPart(dsn.text);
  const fields = messageFields(dsn) + dsn.recipients.map((r) => recipientFields(r, utf8)).join('');
  const global = utf8 && !isAscii(fields.replace(/\r\n/g, ''));
  const back = returnedPart(dsn);
  const eightBit = global || back.eightBit;
  const head =
    ownHeader(dsn.header) +
    `Content-Type: multipart/report; report-type=delivery-status;\r\n\tboundary="${boundary}"\r\n` +
    (eightBit ? 'Content-Transfer-Encoding: 8bit\r\n' : '') +
    `\r\n--${boundary}\r\n` +
    `Content-Type: text/plain; charset=${text.charset}\r\nContent-Transfer-Encoding: ${text.encoding}\r\n` +
    `Content-Language: ${dsn.header.language.join(', ')}\r\n\r\n${text.body}` +
    `\r\n--${boundary}\r\n` +
    (global
      ? 'Content-Type: message/global-delivery-status\r\nContent-Transfer-Encoding: 8bit\r\n'
      : 'Content-Type: message/delivery-status\r\n') +
    `\r\n${fields}\r\n${back.head}`;
  return {
    head,
    tail: `\r\n--${boundary}--\r\n`,
    body: eightBit ? '8BITMIME' : '7BIT',
    smtpUtf8: global || !isAscii(dsn.header.to),
  };
}
