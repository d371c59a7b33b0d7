/** Passwords and codes of an account, as text for people. */
import type { AppPasswordView, CodeView, PasswordView } from '../admin/views.ts';
import { readableTime, table } from './output.ts';

/** Codes that nobody has used yet, without the secret part. */
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

export const appPasswordTable = (passwords: readonly AppPasswordView[]): string =>
  passwords.length === 0
    ? 'App passwords: none'
    : table(
        ['APP PASSWORD', 'ID', 'MAY', 'CREATED', 'ENDS', 'LAST USED'],
        passwords.map((p) => [
          p.name,
          p.id,
          p.scope === 'both' ? 'send, fetch' : p.scope,
          readableTime(p.created),
          readableTime(p.ends),
          readableTime(p.lastUsed),
        ]),
      );
