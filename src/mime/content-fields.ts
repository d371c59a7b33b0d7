/**
 * What a header says of the entity below it: media type, transfer encoding, file name.
 *
 * RFC 2045 sections 5 and 6, RFC 2183. Lenient where `readHeader` is strict: nothing is refused here, and a field that cannot be read has the
 * default that RFC 2045 section 5.2 gives it.
 */
import type { TransferEncoding } from '../domain/message-part.ts';
import { type FieldValue, readFieldValue } from './parameters.ts';
import { visible } from '../domain/visible.ts';

export interface ContentFields {
  /** `type/subtype` in lower case, tokens of RFC 2045 section 5.1 only. */
  readonly type: string;
  /** As it stands between the delimiters, without them; empty where there is none. */
  readonly boundary: string;
  readonly encoding: TransferEncoding;
  /** As written, in lower case; empty where there is none. */
  readonly charset: string;
  /** For display: decoded, control characters made visible; empty where there is none. */
  readonly name: string;
}

/** More of one field than this is not looked at. */
const MAX_FIELD = 16 * 1024;
const MAX_NAME = 255;
/** RFC 2046 section 5.1.1 allows 70; some programs write longer ones. */
export const MAX_BOUNDARY = 200;

const encodings = new Map<string, TransferEncoding>([
  ['', '7bit'],
  ['7bit', '7bit'],
  ['8bit', '8bit'],
  ['binary', 'binary'],
  ['base64', 'base64'],
  ['quoted-printable', 'quoted-printable'],
  ...(['uuencode', 'x-uuencode', 'x-uue', 'uue'] as const).map((name) => [name, 'uuencode'] as const),
]);

const EMPTY: FieldValue = { word: '', parameters: new Map() };

/** `head`: octets of a header, CRLF line ends, with or without the empty line behind it. */
export function contentFields(head: Buffer, defaultType = 'text/plain'): ContentFields {
  let type = EMPTY;
  let disposition = EMPTY;
  let encoding: string | undefined;
  for (let at = 0; at >= 0 && at < head.length; at = nextLine(head, at)) {
    if (!startsContent(head, at)) continue;
    const field = /^(content-(?:type|transfer-encoding|disposition))[ \t]*:/i.exec(
      head.toString('latin1', at, at + 60),
    );
    if (field === null) continue;
    const value = unfolded(head, at + field[0].length);
    // Of two fields with one name the first counts.
    switch ((field[1] ?? '').toLowerCase()) {
      case 'content-type':
        if (type === EMPTY) type = readFieldValue(value);
        break;
      case 'content-disposition':
        if (disposition === EMPTY) disposition = readFieldValue(value);
        break;
      default:
        encoding ??= readFieldValue(value).word;
    }
  }
  return {
    type: /^[\w!#$%&'*+.^`|~-]{1,127}\/[\w!#$%&'*+.^`|~-]{1,127}$/.test(type.word) ? type.word : defaultType,
    boundary: boundaryOf(type),
    encoding: encodings.get(encoding ?? '') ?? 'unknown',
    charset: visible(type.parameters.get('charset') ?? '', 60).toLowerCase(),
    name: visible(disposition.parameters.get('filename') ?? type.parameters.get('name') ?? '', MAX_NAME),
  };
}

/** RFC 2046 section 5.1.1: a boundary does not end in blanks. One that is too long is none. */
function boundaryOf(type: FieldValue): string {
  const boundary = (type.parameters.get('boundary') ?? '').trimEnd();
  return boundary.length <= MAX_BOUNDARY ? boundary : '';
}

const startsContent = (head: Buffer, at: number): boolean =>
  ((head[at] ?? 0) | 0x20) === 99 && ((head[at + 1] ?? 0) | 0x20) === 111 && head[at + 7] === 45;

function nextLine(head: Buffer, at: number): number {
  const end = head.indexOf(10, at);
  return end < 0 ? -1 : end + 1;
}

function unfolded(head: Buffer, from: number): string {
  let end = from;
  do {
    end = nextLine(head, end);
    if (end < 0) end = head.length;
  } while ((head[end] === 32 || head[end] === 9) && end - from < MAX_FIELD);
  return head
    .toString('latin1', from, Math.min(end, from + MAX_FIELD))
    .replace(/[\r\n]/g, '')
    .trim();
}
