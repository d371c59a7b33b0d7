/**
 * The text of a password: which octets are hashed, and what a password may be.
 *
 * RFC 8265 section 4.2 (OpaqueString): spaces outside ASCII become U+0020, then Unicode
 * normalisation form C; case and width stay. That is how we hash. A hash that was imported was made
 * by a system that did something else, or nothing: for those the text as it was sent is tried as
 * well, and the same in Latin-1, so that whatever opened the old system opens this one. The first
 * success replaces the hash.
 */
import { type Result, fail, ok } from '../../domain/result.ts';
import { weakness } from './password-strength.ts';

/**
 * Above this no password is looked at: sha512-crypt takes time that grows with the square of the
 * length.
 */
export const MAX_PASSWORD_OCTETS = 512;
/**
 * Fewest characters of a password that somebody chooses. NIST SP 800-63B section 5.1.1.1 has 8 as
 * the least; this one opens medical mail.
 */
export const MIN_PASSWORD_CHARACTERS = 12;

/** RFC 8265 section 4.2.2, OpaqueString without its refusals. */
export const preparePassword = (text: string): string => text.replace(/\p{Zs}/gu, ' ').normalize('NFC');

/**
 * True for text that can be a password at all: not empty, not too long, no control character
 * (bcrypt takes "a\0a" for "a").
 */
export const isPossiblePassword = (text: string): boolean =>
  text !== '' &&
  text.length <= MAX_PASSWORD_OCTETS &&
  Buffer.byteLength(text) <= MAX_PASSWORD_OCTETS &&
  !/\p{Cc}/u.test(text);

/**
 * Checks a new password that somebody chose; one that exists, and one that was imported as a hash,
 * is never asked. The error never repeats it. `own`: names of its owner, of which it must not be
 * made.
 */
export function checkNewPassword(text: string, own: readonly string[] = []): Result<string, string> {
  if (Array.from(text).length < MIN_PASSWORD_CHARACTERS)
    return fail(
      `the password is too short; expected at least ${MIN_PASSWORD_CHARACTERS} characters, such as three or four words`,
    );
  if (!isPossiblePassword(text))
    return fail(
      `the password is too long or has a control character; expected at most ${MAX_PASSWORD_OCTETS} octets of text`,
    );
  const weak = weakness(text, own);
  return weak === undefined ? ok(text) : fail(weak);
}

/**
 * The octet strings that may have been hashed, most likely first, each once: 1 for ASCII, at most
 * 3.
 */
export function passwordCandidates(text: string, imported: boolean): readonly Uint8Array[] {
  const prepared = Buffer.from(preparePassword(text), 'utf8');
  if (!imported || /^\p{ASCII}*$/u.test(text)) return [prepared];
  const sent = Buffer.from(text, 'utf8');
  const candidates: Uint8Array[] = sent.equals(prepared) ? [prepared] : [prepared, sent];
  const latin1 = Buffer.from(text, 'latin1');
  if (latin1.toString('latin1') === text) candidates.push(latin1);
  return candidates;
}
