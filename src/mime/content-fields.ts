/**
 * What a header says of the entity below it: media type, transfer encoding, file name.
 *
 * RFC 2045 sections 5 and 6, RFC 2183. Lenient where `readHeader` is strict: nothing is refused
 * here, and a field that cannot be read has the default that RFC 2045 section 5.2 gives it.
 */
import type { TransferEncoding } from '../domain/message-part.ts';
import { type FieldValue, endingOf, readFieldValue } from './parameters.ts';
import { visible } from '../domain/visible.ts';

export interface ContentFields {
  /** `type/subtype` in lower case, tokens of RFC 2045 section 5.1 only. */
  readonly type: string;
  /** The boundary of a multipart, without the dashes of its delimiters; empty if there is none. */
  readonly boundary: string;
  readonly encoding: TransferEncoding;
  /** Charset as written, in lower case; empty if there is none. */
  readonly charset: string;
  /** File name for display: decoded, control characters made visible; empty if there is none. */
  readonly name: string;
  /**
   * Why another program may take the entity for something else (`FieldValue.doubt`); undefined for
   * nearly all.
   */
  readonly doubt?: string;
  /**
   * Value of a From field in this header; several are joined by commas. A part of a multipart needs
   * none: the author of the message stands in the message's own header.
   */
  readonly author?: string;
}

/** Most octets of one field that are looked at. */
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

const TYPE = /^[\w!#$%&'*+.^`|~-]{1,127}\/[\w!#$%&'*+.^`|~-]{1,127}$/;
const TITLES: Readonly<Record<string, string>> = {
  'content-type': 'Content-Type',
  'content-disposition': 'Content-Disposition',
  'content-transfer-encoding': 'Content-Transfer-Encoding',
};
const EMPTY: FieldValue = { word: '', parameters: new Map() };

/** `head`: octets of a header, CRLF line ends, with or without the empty line behind it. */
export function contentFields(head: Buffer, defaultType = 'text/plain'): ContentFields {
  let type = EMPTY;
  let disposition = EMPTY;
  let encoding: FieldValue | undefined;
  let author: string | undefined;
  const doubts: (string | undefined)[] = [];
  for (let at = 0; at >= 0 && at < head.length; at = nextLine(head, at)) {
    if (!startsContent(head, at) && !startsFrom(head, at)) continue;
    const field = /^(content-(?:type|transfer-encoding|disposition)|from)([ \t]*):/i.exec(
      head.toString('latin1', at, at + 60),
    );
    if (field === null) continue;
    const value = unfolded(head, at + field[0].length);
    const name = (field[1] ?? '').toLowerCase();
    if (name === 'from') {
      author = author === undefined ? value : `${author}, ${value}`;
      continue;
    }
    const read = readFieldValue(value);
    if (field[2] !== '') doubts.push(`a space stands before the colon of ${TITLES[name]}`);
    if (value.length >= MAX_FIELD) doubts.push(`${TITLES[name]} is too long`);
    if (read.doubt !== undefined) doubts.push(`${TITLES[name]}: ${read.doubt}`);
    const first = name === 'content-type' ? type : name === 'content-disposition' ? disposition : (encoding ?? EMPTY);
    // Of two fields with one name the first counts.
    if (first !== EMPTY) doubts.push(`${TITLES[name]} stands twice`);
    else if (name === 'content-type') type = read;
    else if (name === 'content-disposition') disposition = read;
    else encoding = read;
  }
  doubts.push(...doubtsOf(type, disposition, encoding));
  const [doubt] = doubts.filter((each) => each !== undefined);
  return {
    type: TYPE.test(type.word) ? type.word : defaultType,
    boundary: boundaryOf(type),
    encoding: encodings.get(encoding?.word ?? '') ?? 'unknown',
    charset: visible(type.parameters.get('charset') ?? '', 60).toLowerCase(),
    name: visible(disposition.parameters.get('filename') ?? type.parameters.get('name') ?? '', MAX_NAME),
    ...(doubt === undefined ? {} : { doubt }),
    ...(author === undefined ? {} : { author }),
  };
}

/** Combinations of fields that mail programs read differently. */
function doubtsOf(type: FieldValue, disposition: FieldValue, encoding: FieldValue | undefined): (string | undefined)[] {
  const known = encodings.get(encoding?.word ?? '') ?? 'unknown';
  const holds = /^(?:multipart|message)\//.test(type.word);
  const [filename, name] = [disposition.parameters.get('filename'), type.parameters.get('name')];
  return [
    type !== EMPTY && !TYPE.test(type.word) ? 'Content-Type cannot be read' : undefined,
    known === 'unknown' || (encoding?.parameters.size ?? 0) > 0
      ? 'Content-Transfer-Encoding cannot be read'
      : undefined,
    holds && (known === 'base64' || known === 'quoted-printable') ? 'parts are in a transfer encoding' : undefined,
    type.word.startsWith('multipart/') && boundaryOf(type) === '' ? 'a multipart has no boundary' : undefined,
    filename !== undefined && name !== undefined && endingOf(filename) !== endingOf(name)
      ? 'name and filename name two kinds of file'
      : undefined,
  ];
}

/**
 * RFC 2046 section 5.1.1: a boundary does not end in blanks. One that is too long counts as none.
 */
function boundaryOf(type: FieldValue): string {
  const boundary = (type.parameters.get('boundary') ?? '').trimEnd();
  return boundary.length <= MAX_BOUNDARY ? boundary : '';
}

const startsContent = (head: Buffer, at: number): boolean =>
  ((head[at] ?? 0) | 0x20) === 99 && ((head[at + 1] ?? 0) | 0x20) === 111 && head[at + 7] === 45;

const startsFrom = (head: Buffer, at: number): boolean =>
  ((head[at] ?? 0) | 0x20) === 102 && ((head[at + 1] ?? 0) | 0x20) === 114 && ((head[at + 3] ?? 0) | 0x20) === 109;

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
