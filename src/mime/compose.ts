/**
 * Writes a message from a text and files: header, text, and each file as base64, octet for octet.
 *
 * RFC 5322, RFC 2045, RFC 2046 section 5.1 (multipart/mixed), RFC 2047 (names and subject outside
 * ASCII), RFC 2183 and RFC 2231 (file names).
 */
import type { Instant } from '../domain/units.ts';
import { base64Lines, base64LinesLength } from './base64-encoder.ts';
import { formatDate } from './date.ts';
import { textPart } from './text.ts';
import { headerText } from './words.ts';

export interface Mailbox {
  readonly address: string;
  readonly name?: string;
}

export interface NewFile {
  /** Name without control characters, quotes and slashes. */
  readonly name: string;
  /** `type/subtype`, perhaps with a charset; never `multipart/...` or `message/...`. */
  readonly type: string;
  readonly octets: number;
  slices(): AsyncIterable<Uint8Array>;
}

export interface NewMessage {
  readonly from: Mailbox;
  readonly to: readonly Mailbox[];
  readonly cc: readonly Mailbox[];
  readonly subject: string;
  readonly text: string;
  readonly files: readonly NewFile[];
  /** Further header fields: whole, each without its line end. */
  readonly fields: readonly string[];
  readonly date: Instant;
  /** Without angle brackets. */
  readonly messageId: string;
  /** Random letters and digits, at most 60. */
  readonly boundary: string;
}

export interface ComposedMessage {
  /** Number of all octets. */
  readonly length: number;
  /** CRLF line ends. */
  octets(): AsyncGenerator<Buffer, void, void>;
}

const ATOMS = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/;
const ASCII = /^[\x20-\x7e]*$/;

function mailboxText({ address, name }: Mailbox): string {
  if (name === undefined || name === '') return address.startsWith('<') ? address : `<${address}>`;
  const plain = ASCII.test(name) && !name.includes('=?');
  const shown = !plain ? headerText(name) : ATOMS.test(name) ? name : `"${name.replace(/(["\\])/g, '\\$1')}"`;
  return `${shown} <${address}>`;
}

const addressField = (field: string, mailboxes: readonly Mailbox[]): readonly string[] =>
  mailboxes.length === 0 ? [] : [`${field}: ${mailboxes.map(mailboxText).join(',\r\n\t')}`];

/** One parameter a line, so that no header line of ours is too long. */
function fileHead({ name, type }: NewFile): string {
  const ascii = ASCII.test(name);
  const encoded = encodeURIComponent(name).replace(/['()*!]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
  return [
    `Content-Type: ${type};\r\n\tname="${ascii ? name : headerText(name)}"`,
    `Content-Disposition: attachment;\r\n\tfilename${ascii ? `="${name}"` : `*=utf-8''${encoded}`}`,
    'Content-Transfer-Encoding: base64',
    '',
    '',
  ].join('\r\n');
}

export function composed(message: NewMessage): ComposedMessage {
  const { from, to, cc, subject, files, fields, date, messageId, boundary } = message;
  const text = textPart(message.text === '' ? [] : message.text.split(/\r\n|\r|\n/));
  const textHead = `Content-Type: text/plain; charset=${text.charset}\r\nContent-Transfer-Encoding: ${text.encoding}\r\n\r\n`;
  const header = [
    ...addressField('From', [from]),
    ...addressField('To', to),
    ...addressField('Cc', cc),
    `Subject: ${headerText(subject)}`,
    `Date: ${formatDate(date)}`,
    `Message-ID: <${messageId}>`,
    ...fields,
    'MIME-Version: 1.0',
    '',
  ].join('\r\n');
  const delimiter = `--${boundary}\r\n`;
  const mixed = files.length > 0;
  const start = mixed
    ? `${header}Content-Type: multipart/mixed; boundary="${boundary}"\r\n\r\n` +
      (message.text === '' ? '' : `${delimiter}${textHead}${text.body}\r\n`)
    : `${header}${textHead}${text.body}`;
  const end = mixed ? `--${boundary}--\r\n` : '';
  const heads = files.map((file) => Buffer.from(delimiter + fileHead(file)));
  const first = Buffer.from(start);
  const length = files.reduce(
    (sum, { octets }, i) => sum + (heads[i]?.length ?? 0) + base64LinesLength(octets),
    first.length + end.length,
  );
  return {
    length,
    async *octets() {
      yield first;
      for (const [i, file] of files.entries()) {
        yield heads[i] ?? first;
        yield* base64Lines(file.slices());
      }
      if (mixed) yield Buffer.from(end);
    },
  };
}
