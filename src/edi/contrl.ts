/**
 * Writes a CONTRL interchange: the answer to a sender that asked for an acknowledgement in its UNB (0031).
 *
 * ISO 9735 part 10 and UN/EDIFACT CONTRL: one UCI for the interchange it answers. Action 8: the interchange was received; 4: rejected, with error
 * 18 (0085, unspecified), since what kept it from its recipient was no fault in its syntax. We speak for the recipient of the interchange, who is
 * its sender's partner: the parties of the answer are those of the question, in the other direction.
 */
import type { EdiParty, Interchange } from '../domain/interchange.ts';
import type { Instant } from '../domain/units.ts';

export interface Acknowledgement {
  readonly interchange: Interchange;
  readonly answer: 'received' | 'rejected';
  /** Of the answer itself; at most 14 characters (0020). */
  readonly reference: string;
  readonly at: Instant;
}

/** In Latin-1, one segment a line, each with CRLF behind it. */
export function writeContrl({ interchange, answer, reference, at }: Acknowledgement): Buffer {
  const { sender, recipient, syntax, test } = interchange;
  const version = /:([1-4])/.exec(syntax)?.[1] ?? '3';
  const parties = [party(recipient), party(sender)];
  const original = escaped(interchange.reference);
  const uci = ['UCI', original, party(sender), party(recipient), ...(answer === 'received' ? ['8'] : ['4', '18'])];
  // 0035 is the eleventh; what stands between is empty.
  const unb = [`UNB`, ``, ...parties, prepared(at, version), reference, ...(test ? ['', '', '', '', '', '1'] : [])];
  const segments = [
    ['UNH', '1', version === '4' ? 'CONTRL:4:1:UN' : 'CONTRL:D:3:UN'],
    uci,
    ['UNT', '3', '1'],
    ['UNZ', '1', reference],
  ];
  unb[1] = `${levelOf([unb, ...segments])}:${version}`;
  const text = [unb, ...segments].map((elements) => `${elements.join('+')}'\r\n`).join('');
  return Buffer.from(text, 'latin1');
}

/** Signs with a meaning of their own keep it out of a value. */
const escaped = (text: string): string => text.replace(/[^\x20-\x7e\xa0-\xff]/g, ' ').replace(/[?+:']/g, '?$&');

const party = ({ id, qualifier }: EdiParty): string =>
  qualifier === '' ? escaped(id) : `${escaped(id)}:${escaped(qualifier)}`;

/** The least that has all signs: level A has no small letters, B no accents. */
function levelOf(segments: readonly (readonly string[])[]): 'UNOA' | 'UNOB' | 'UNOC' {
  const text = segments.flat().join('');
  if (/[^\x20-\x7e]/.test(text)) return 'UNOC';
  return /[^A-Z0-9 .,\-()/='+:?!"%&*;<>]/.test(text) ? 'UNOB' : 'UNOA';
}

/** `YYMMDD:HHMM`, and with the century from version 4 on. UTC, which no field of this version can say. */
function prepared(at: Instant, version: string): string {
  const iso = new Date(at).toISOString();
  const day = iso.slice(0, 10).replaceAll('-', '');
  return `${version === '4' ? day : day.slice(2)}:${iso.slice(11, 16).replace(':', '')}`;
}
