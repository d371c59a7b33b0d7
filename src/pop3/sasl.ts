/** Reads SASL responses: PLAIN (RFC 4616), EXTERNAL (RFC 4422 appendix A), LOGIN (draft-murchison-sasl-login, what old clients speak). */
import type { Mechanism } from '../auth/authenticator.ts';
import { decodeBase64, decodeText } from '../auth/client-text.ts';
import { type Result, fail, ok } from '../domain/result.ts';

export interface PasswordLogin {
  readonly login: string;
  readonly password: string;
}

const mechanisms: readonly Mechanism[] = ['PLAIN', 'LOGIN', 'EXTERNAL'];

export const isMechanism = (name: string): name is Mechanism => (mechanisms as readonly string[]).includes(name);

/** `[authzid] NUL authcid NUL passwd`. Acting for another identity is refused, and so is any further NUL. */
export function parsePlain(base64: string): Result<PasswordLogin, string> {
  const octets = decodeBase64(base64);
  if (octets === undefined) return fail('the response is not base64');
  const first = octets.indexOf(0);
  const second = first < 0 ? -1 : octets.indexOf(0, first + 1);
  if (second < 0 || octets.includes(0, second + 1)) return fail('a PLAIN response has exactly two NULs');
  const authorize = decodeText(octets.subarray(0, first));
  const login = decodeText(octets.subarray(first + 1, second));
  const password = decodeText(octets.subarray(second + 1));
  if (login === '' || password === '') return fail('the login name or the password is empty');
  if (authorize !== '' && authorize !== login) return fail('an account cannot log in as another one');
  return ok({ login, password });
}

/** The authorization identity, or nothing. RFC 5034 section 4: "=" is an empty initial response. */
export function parseExternal(base64: string): Result<string, string> {
  const octets = decodeBase64(base64 === '=' ? '' : base64);
  if (octets === undefined) return fail('the response is not base64');
  return octets.includes(0) ? fail('the authorization identity holds a NUL') : ok(decodeText(octets));
}

/** One answer of the LOGIN dialog. */
export function parseLoginText(base64: string): Result<string, string> {
  const octets = decodeBase64(base64);
  if (octets === undefined) return fail('the response is not base64');
  if (octets.length === 0 || octets.includes(0)) return fail('the login name or the password is empty or holds a NUL');
  return ok(decodeText(octets));
}
