/** Passwords and codes of an account, as people read them. */
import type { CodeView, PasswordView } from '../admin/views.ts';
import { readableTime, table } from './output.ts';

/** Codes that nobody has used yet, without what is secret of them. */
export const codeTable = (codes: readonly CodeView[]): string =>
  table(
    ['OPEN CODE', 'FOR', 'PASSWORD', 'MADE', 'HOLDS UNTIL', 'TRIES LEFT'],
    codes.map((c) => [
      `${c.id.slice(0, 4)}-${c.id.slice(4)}-...`,
      c.for === 'password' ? 'a password' : `a certificate, ${c.for}`,
      c.password,
      readableTime(c.created),
      readableTime(c.expires),
      c.tries,
    ]),
  );

export const passwordTable = (passwords: readonly PasswordView[]): string =>
  passwords.length === 0
    ? 'Passwords: none'
    : table(
        ['PASSWORD', 'CREATED', 'ENDS', 'LAST USED', 'SCRAM'],
        passwords.map((p) => [
          p.name,
          readableTime(p.created),
          readableTime(p.ends),
          readableTime(p.lastUsed),
          p.scram ? 'yes' : 'no',
        ]),
      );
