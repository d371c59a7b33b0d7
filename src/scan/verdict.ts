/**
 * What clamd's answer to a stream means.
 *
 * Whatever is not exactly one of its answers is no verdict: a scanner that is not understood has
 * not looked. Its limits and what it cannot read come as findings (`AlertExceedsMax`,
 * `AlertEncrypted` of its configuration), and are no malware.
 */

/** Why nothing is known of the content. `limits`: it says OK of what it did not look at. */
export type FailedBecause = 'away' | 'slow' | 'full' | 'error' | 'limits';

export type Verdict =
  | { readonly kind: 'clean' }
  /** `name`: of the signature, fit for a reply. */
  | { readonly kind: 'found'; readonly name: string }
  /** A limit of the scanner was met before it had looked at everything. */
  | { readonly kind: 'too-large'; readonly why: string }
  /** Something in it is encrypted, so nobody could look into it. */
  | { readonly kind: 'encrypted'; readonly why: string }
  | { readonly kind: 'failed'; readonly because: FailedBecause; readonly why: string };

/** Characters of a name that a reply and a log line carry. */
const LONGEST_NAME = 80;
/**
 * Names of signatures are words of ASCII; a scanner that was taken over must not write into
 * replies.
 */
const UNUSUAL = /[^A-Za-z0-9._/+-]/g;

const LIMITS = 'Heuristics.Limits.Exceeded';
const ENCRYPTED = 'Heuristics.Encrypted.';
const CUT = /^INSTREAM size limit exceeded\. ERROR$/;
const FOUND = /^stream: (.{1,1000}) FOUND$/s;
/** With a newline and without "ERROR", whatever the command began with. */
const UPLOAD_TIMED_OUT = 'COMMAND READ TIMED OUT';

export const failed = (because: FailedBecause, why: string): Verdict => ({ kind: 'failed', because, why });

const nameOf = (given: string): string => given.slice(0, LONGEST_NAME).replace(UNUSUAL, '?');

/** `text`: without what ends it. */
export function verdictOf(text: string): Verdict {
  if (text === 'stream: OK') return { kind: 'clean' };
  if (CUT.test(text)) return { kind: 'too-large', why: 'the stream is longer than it takes' };
  if (text === UPLOAD_TIMED_OUT) return failed('slow', 'it did not get the content in time');
  const found = FOUND.exec(text)?.[1];
  if (found === undefined) return failed('error', `it answered "${nameOf(text)}"`);
  const name = nameOf(found);
  if (found.startsWith(LIMITS)) return { kind: 'too-large', why: name };
  if (found.startsWith(ENCRYPTED)) return { kind: 'encrypted', why: name };
  return { kind: 'found', name };
}
