/**
 * SASL PLAIN, LOGIN and EXTERNAL over SMTP: pure reading of what the client sends.
 *
 * RFC 4616 (PLAIN), RFC 4422 appendix A (EXTERNAL), RFC 4954 section 4 (base64, cancel). LOGIN has no RFC; the prompts are those that clients expect.
 */
import { decodeBase64, decodeText } from '../auth/client-text.ts';
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

/** RFC 4954 section 4: "=" is an empty initial response. */
function octetsOf(response: string): Buffer | undefined {
  const trimmed = response.trim();
  return decodeBase64(trimmed === '=' ? '' : trimmed);
}

/** Text without NUL and of bounded length; undefined for anything else. */
const text = (octets: Buffer): string | undefined =>
  octets.length > MAX_FIELD || octets.includes(0) ? undefined : decodeText(octets);

/** The response of PLAIN: `[authzid] NUL authcid NUL password`, base64. */
export function readPlain(response: string): SaslReading {
  if (response.trim() === '*') return { kind: 'cancelled' };
  const octets = octetsOf(response);
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
  const octets = octetsOf(response);
  return octets === undefined ? undefined : text(octets);
}

/** One answer of LOGIN: the name or the password; undefined when malformed, null when cancelled. */
export function readLogin(response: string): string | null | undefined {
  if (response.trim() === '*') return null;
  const octets = octetsOf(response);
  const answer = octets === undefined ? undefined : text(octets);
  return answer === '' ? undefined : answer;
}
