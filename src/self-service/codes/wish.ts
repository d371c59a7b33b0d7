/**
 * What is asked for with a code, by a page or by a program: the same fields, within the same
 * lengths.
 */
import { requestText } from '../../crypto/certificates/certificate-request.ts';
import type { Wish } from '../../ca/enrol/window.ts';

export const MAX_LOGIN = 254;
export const MAX_CODE = 64;

/** The octets of a field; none for one that was not sent. */
export type Typed = (name: string) => Buffer;

/** The wish of a form; undefined: user name or code is missing, or longer than any. */
export function wishOf(use: Wish['for'], typed: Typed): Wish | undefined {
  const text = (name: string): string => typed(name).toString('utf8');
  const [login, code] = [text('login').trim(), text('code').trim()];
  if (login === '' || code === '' || login.length > MAX_LOGIN || code.length > MAX_CODE) return undefined;
  if (use === 'certificate') return { for: use, login, code, request: requestOf(typed) };
  const password = text('password');
  return { for: use, login, code, ...(password === '' ? {} : { password }) };
}

/** Pasted, or a file: PEM, or the DER that some programs write. */
function requestOf(typed: Typed): string {
  const pasted = typed('request').toString('utf8').trim();
  const file = typed('file');
  if (pasted !== '' || file.length === 0) return pasted;
  return requestText(file);
}
