/**
 * Messages made by a seed, with what a walk over them must find. All content is random or of fixed
 * words.
 */
import { createHash, hash } from 'node:crypto';
import type { MessagePart } from '../../src/domain/message-part.ts';
import { type Seeded, seeded } from '../support/seeded.ts';

export interface Composed {
  readonly octets: Buffer;
  readonly leaves: readonly MessagePart[];
}

export type Encoding = '7bit' | '8bit' | 'base64' | 'quoted-printable';
export type LineEnds = 'crlf' | 'lf' | 'cr' | 'mixed' | 'binary';

export const ENCODINGS: readonly Encoding[] = ['7bit', '8bit', 'base64', 'quoted-printable'];
export const LINE_ENDS: readonly LineEnds[] = ['crlf', 'lf', 'cr', 'mixed', 'binary'];

/**
 * What an attachment holds. Only content with CRLF line ends can travel unencoded: a mail's lines
 * end so.
 */
export function attachment(random: Seeded, ends: LineEnds, eightBit: boolean): Buffer {
  if (ends === 'binary') return Buffer.from(Array.from({ length: random.below(3000) }, () => random.below(256)));
  const atoms = [
    'UNB+UNOA:1',
    "UNT+2+1'",
    'PV1||I',
    ' ',
    '\t',
    '=',
    '--',
    '.',
    'From ',
    'begin 6',
    '+',
    '/',
    'x'.repeat(70),
  ];
  if (eightBit) atoms.push('\xe9', '\xa0', '\xff', '\x80');
  const end = { crlf: '\r\n', lf: '\n', cr: '\r' };
  let text = '';
  for (let n = random.below(60); n > 0; n--) {
    text += random.pick(atoms);
    if (random.below(3) === 0) text += ends === 'mixed' ? random.pick(['\r\n', '\n', '\r', '\n\r']) : end[ends];
  }
  return Buffer.from(text, 'latin1');
}

export function encode(random: Seeded, octets: Buffer, encoding: Encoding): string {
  if (encoding === 'base64') {
    const width = random.pick([76, 76, 60, 4, 75, 998]);
    const text = octets.toString('base64');
    let lines = '';
    for (let at = 0; at < text.length; at += width) lines += `${at === 0 ? '' : '\r\n'}${text.slice(at, at + width)}`;
    return lines + random.pick(['', '\r\n', '\r\n\r\n']);
  }
  return encoding === 'quoted-printable' ? quotedPrintable(random, octets) : octets.toString('latin1');
}

function quotedPrintable(random: Seeded, octets: Buffer): string {
  let text = '';
  let line = 0;
  for (let at = 0; at < octets.length; at++) {
    const octet = octets[at]!;
    if (octet === 13 && octets[at + 1] === 10 && random.below(2) === 0 && !/[ \t]$/.test(text)) {
      text += '\r\n';
      line = 0;
      at++;
      continue;
    }
    const safe =
      (octet >= 33 && octet <= 126 && octet !== 61) || ((octet === 32 || octet === 9) && at + 1 < octets.length);
    let piece = safe ? String.fromCharCode(octet) : `=${octet.toString(16).padStart(2, '0').toUpperCase()}`;
    if (/^[ \t]$/.test(piece) && octets[at + 1] === 13) piece = octet === 32 ? '=20' : '=09';
    if (line + piece.length > 75) {
      text += '=\r\n';
      line = 0;
    }
    text += piece;
    line += piece.length;
  }
  return text;
}

const types = ['text/plain', 'application/octet-stream', 'application/edifact', 'text/html', 'application/x-hl7'];

/** A message of up to `depth` multiparts and attached messages within each other. */
export function compose(seed: number, depth = 4, header = ''): Composed {
  const random = seeded(seed);
  const leaves: MessagePart[] = [];
  let boundaries = 0;

  const leaf = (path: string, header: string, last: boolean): string => {
    const encoding = random.pick(ENCODINGS);
    const type = random.pick(types);
    const ends = encoding === '7bit' || encoding === '8bit' ? 'crlf' : random.pick(LINE_ENDS);
    let octets = attachment(random, ends, encoding !== '7bit');
    const name = random.below(2) === 0 ? '' : `uitslag ${random.below(1000)}.edi`;
    let body = encode(random, octets, encoding);
    // The last line end of the message is content, unless a delimiter follows.
    if (last && !body.endsWith('\r\n')) {
      body += '\r\n';
      if (encoding !== 'base64') octets = Buffer.from(`${octets.toString('latin1')}\r\n`, 'latin1');
    }
    leaves.push({
      path,
      type,
      name,
      encoding,
      octets: octets.length,
      sha256: hash('sha256', octets, 'hex'),
      exact: true,
    });
    const disposition = name === '' ? '' : `Content-Disposition: attachment;\r\n filename="${name}"\r\n`;
    return `${header}Content-Type: ${type}\r\nContent-Transfer-Encoding: ${encoding}\r\n${disposition}\r\n${body}`;
  };

  const entity = (path: string, below: string, level: number, header: string, last: boolean): string => {
    const kind = level === 0 ? 0 : random.below(5);
    if (kind < 2) return leaf(path, header, last);
    if (kind === 2) {
      const inner = message(path, level - 1, last);
      return `${header}Content-Type: message/rfc822\r\n\r\n${inner}`;
    }
    const boundary = random.pick(['', '=_', '----', "a+b'c"]) + `b${boundaries++}`;
    let text = `${header}Content-Type: multipart/mixed; boundary="${boundary}"\r\n\r\n`;
    text += random.pick(['', 'This is a multi-part message.\r\n', '--not it\r\n', '\r\n\r\n', '-- \r\n']);
    for (let n = 1, parts = 1 + random.below(4); n <= parts; n++) {
      const at = below === '' ? String(n) : `${below}.${n}`;
      text += `--${boundary}${random.pick(['', '', ' \t'])}\r\n${entity(at, at, level - 1, '', false)}\r\n`;
    }
    return `${text}--${boundary}--${random.pick(['', '\r\nepilogue\r\n', '\r\n--other\r\n'])}`;
  };

  const message = (prefix: string, level: number, last: boolean): string => {
    const self = prefix === '' ? '1' : `${prefix}.1`;
    return entity(self, prefix, level, `${prefix === '' ? header : ''}Subject: =?utf-8?q?t=C3=A9st?=\r\n`, last);
  };

  const text = message('', depth, true);
  return { octets: Buffer.from(text.endsWith('\r\n') ? text : `${text}\r\n`, 'latin1'), leaves };
}

export const sha256 = (octets: Uint8Array | string): string => createHash('sha256').update(octets).digest('hex');
