/**
 * SASLprep (RFC 4013): how a client of SCRAM spells a password before it derives keys from it. Ours must come out the same.
 *
 * Not done here: the checks for text in two directions and for what Unicode 3.2 had not assigned. They change no octet, they only make
 * some clients refuse; a password that a client refuses is not sent to us.
 */
import { type Result, fail, ok } from '../domain/result.ts';

/** RFC 3454 table C.1.2, mapped to a space. */
const SPACES = /[\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000]/gu;
/** Table B.1, mapped to nothing. */
const NOTHING = /\u00ad|\u034f|\u1806|[\u180b-\u180d]|\u200c|\u200d|\u2060|[\ufe00-\ufe0f]|\ufeff/gu;
/** Tables C.2.1 and C.2.2 (controls), C.3 (private use), C.4 and C.5 (no characters), C.6 to C.9 (replacement, marks, tags). */
const PROHIBITED =
  // eslint-disable-next-line no-control-regex -- looking for control characters is the purpose
  /[\0-\x1f\x7f-\x9f\u06dd\u070f\u180e\u2028\u2029\u2061-\u2063\u{1d173}-\u{1d17a}]|\p{Co}|\p{Cs}|\p{Noncharacter_Code_Point}|[\ufff9-\ufffd\u2ff0-\u2ffb\u200e\u200f\u202a-\u202e\u206a-\u206f\u{e0001}\u{e0020}-\u{e007f}]/u;

/** The error never repeats the text. */
export function saslprep(text: string): Result<string, string> {
  // The look is at the outcome: RFC 3454 section 3 maps and normalises first. (Two marks of table C.8 are gone by then.)
  const prepared = text.replace(SPACES, ' ').replace(NOTHING, '').normalize('NFKC');
  if (prepared === '') return fail('nothing is left of it when it is prepared (RFC 4013)');
  if (PROHIBITED.test(prepared)) return fail('it has a character that SASLprep (RFC 4013) prohibits');
  return ok(prepared);
}
