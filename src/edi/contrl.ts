/**
 * Writes a CONTRL interchange: the answer to a sender that asked for an acknowledgement in its UNB
 * (0031).
 *
 * ISO 9735-4 and UN/EDIFACT CONTRL D.3: one UCI for the interchange it answers. Action 8 says that
 * the interchange was received. Action 4 says that it was rejected, with error 18 (0085,
 * unspecified), since no fault in its syntax kept it from its recipient. The answer speaks for the
 * recipient of the interchange: its parties are those of the interchange, exchanged.
 *
 * If each message is to be named, a received interchange has action 7 (acknowledged), and below it
 * a UCM for each message, within groups below the UCF of the group (contrl-inside.ts). Nothing may
 * stand below 8 and 4: 8 leaves the messages to a later answer, and 4 holds for all of them.
 */
import type { EdiParty, Interchange } from '../domain/interchange.ts';
import type { Instant } from '../domain/units.ts';
import { insideSegments, interchangeError, rejection } from './contrl-inside.ts';
import { escaped, partyElement } from './contrl-elements.ts';

export interface Acknowledgement {
  readonly interchange: Interchange;
  readonly answer: 'received' | 'rejected';
  /** Reference of the answer itself; at most 14 characters (0020). */
  readonly reference: string;
  readonly at: Instant;
}

/** The CONTRL interchange in Latin-1, one segment a line, each followed by CRLF. */
export function writeContrl({ interchange, answer, reference, at }: Acknowledgement): Buffer {
  const { sender, recipient, syntax, test, inside } = interchange;
  const version = /:([1-4])/.exec(syntax)?.[1] ?? '3';
  const parties = [partyElement(recipient), partyElement(sender)];
  // 0035 (test) is the eleventh element; those between are empty.
  const unb = [`UNB`, ``, ...parties, prepared(at, version), reference, ...(test ? ['', '', '', '', '', '1'] : [])];
  const message = [
    ['UNH', '1', version === '4' ? 'CONTRL:4:1:UN' : 'CONTRL:D:3:UN'],
    ['UCI', escaped(interchange.reference), ...reported(sender, recipient), ...actionOf(interchange, answer)],
    ...(answer === 'received' && inside !== undefined ? insideSegments(inside) : []),
  ];
  const segments = [...message, ['UNT', String(message.length + 1), '1'], ['UNZ', '1', reference]];
  unb[1] = `${levelOf([unb, ...segments])}:${version}`;
  const text = [unb, ...segments].map((elements) => `${elements.join('+')}'\r\n`).join('');
  return Buffer.from(text, 'latin1');
}

const reported = (...parties: readonly EdiParty[]): string[] => parties.map(partyElement);

/**
 * The action (0083) and, if something is wrong, the error (0085) with the segment that it is about
 * (0013, 0135).
 */
function actionOf(interchange: Interchange, answer: Acknowledgement['answer']): readonly string[] {
  if (answer === 'rejected') return ['4', ...rejection(interchange)];
  return interchange.inside === undefined ? ['8'] : ['7', ...interchangeError(interchange)];
}

/**
 * The smallest character set that has all characters: level A has no small letters, B no accents.
 */
function levelOf(segments: readonly (readonly string[])[]): 'UNOA' | 'UNOB' | 'UNOC' {
  const text = segments.flat().join('');
  if (/[^\x20-\x7e]/.test(text)) return 'UNOC';
  return /[^A-Z0-9 .,\-()/='+:?!"%&*;<>]/.test(text) ? 'UNOB' : 'UNOA';
}

/**
 * The time as `YYMMDD:HHMM`, with the century from version 4 on. It is UTC; no field can say so.
 */
function prepared(at: Instant, version: string): string {
  const iso = new Date(at).toISOString();
  const day = iso.slice(0, 10).replaceAll('-', '');
  return `${version === '4' ? day : day.slice(2)}:${iso.slice(11, 16).replace(':', '')}`;
}
