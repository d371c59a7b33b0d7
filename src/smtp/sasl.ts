/**
 * SASL PLAIN, LOGIN and EXTERNAL over SMTP: pure reading of what the client sends.
 *
 * RFC 4616 (PLAIN), RFC 4422 appendix A (EXTERNAL), RFC 4954 section 4 (base64, cancel). LOGIN has no RFC; the prompts are those that clients expect.
 */
import { foldLogin } from '../domain/registry.ts';

export interface Credentials {
  readonly login: string;
  readonly password: string;
}

export type SaslReading =
  | { readonly kind: 'credentials'; readonly credentials: Credentials }
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'malformed' }
  /** An authorization identity that is not the login itself: nobody may act for another account. */
  | { readonly kind: 'foreign' };

const MAX_FIELD = 1024;

/** Strict base64 (RFC 4648 section 4): Node's reader skips what it does not know, which would make two spellings of one password. */
export function fromBase64(text: string): Buffer | undefined {
  const trimmed = text.trim();
  if (trimmed === '=') return Buffer.alloc(0); // RFC 4954 section 4: an empty initial response
  return trimmed.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(trimmed)
    ? Buffer.from(trimmed, 'base64')
    : undefined;
}

/** UTF-8 text without NUL; undefined for anything else. */
function text(octets: Buffer): string | undefined {
  if (octets.length > MAX_FIELD || octets.includes(0)) return undefined;
  const decoded = octets.toString('utf8');
  // Passwords that old systems send in Latin-1 are not UTF-8; they are read as what they are.
  return decoded.includes('\ufffd') ? octets.toString('latin1') : decoded;
}

/** The response of PLAIN: `[authzid] NUL authcid NUL password`, base64. */
export function readPlain(response: string): SaslReading {
  if (response.trim() === '*') return { kind: 'cancelled' };
  const octets = fromBase64(response);
  if (octets === undefined) return { kind: 'malformed' };
  const first = octets.indexOf(0);
  const second = octets.indexOf(0, first + 1);
  if (first < 0 || second < 0 || octets.includes(0, second + 1)) return { kind: 'malformed' };
  const identity = text(octets.subarray(0, first));
  const login = text(octets.subarray(first + 1, second));
  const password = text(octets.subarray(second + 1));
  if (identity === undefined || login === undefined || password === undefined || login === '' || password === '')
    return { kind: 'malformed' };
  if (identity !== '' && foldLogin(identity) !== foldLogin(login)) return { kind: 'foreign' };
  return { kind: 'credentials', credentials: { login, password } };
}

/** The response of EXTERNAL: the authorization identity or nothing, base64; undefined when malformed, null when cancelled. */
export function readExternal(response: string): string | null | undefined {
  if (response.trim() === '*') return null;
  const octets = fromBase64(response);
  return octets === undefined ? undefined : text(octets);
}

/** One answer of LOGIN: the name or the password; undefined when malformed, null when cancelled. */
export function readLogin(response: string): string | null | undefined {
  if (response.trim() === '*') return null;
  const octets = fromBase64(response);
  const answer = octets === undefined ? undefined : text(octets);
  return answer === '' ? undefined : answer;
}
