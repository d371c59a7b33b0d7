/** The passwords of an account that may log in now, and the result of a right login. */
import { defined } from '../domain/defined.ts';
import { type Password, MAX_PASSWORDS } from '../domain/registry.ts';
import type { Instant } from '../domain/units.ts';
import type { LoginRecord } from '../store/registry.ts';
import { type AuthOutcome, type Peer, type UsedPassword, mayEnter } from './authenticator.ts';
import { loginPolicy } from './certificate-login.ts';
import type { FailureReason } from './login-notes.ts';

/** The account that was asked for, and which of its passwords was right. */
export interface Judged {
  readonly record: LoginRecord | undefined;
  readonly password: Password | undefined;
}

/**
 * The passwords that may open the account now: not ended, the one used last first, at most
 * `MAX_PASSWORDS`.
 */
export function validPasswords(record: LoginRecord | undefined, now: Instant): readonly Password[] {
  const used = (p: Password): number => Math.max(p.lastUsedAt ?? 0, p.createdAt);
  return (record?.passwords ?? [])
    .filter((p) => p.endsAt === undefined || now < p.endsAt)
    .sort((a, b) => used(b) - used(a))
    .slice(0, MAX_PASSWORDS);
}

/**
 * The passwords to try. An account that may not log in at this listener has none, like a name that
 * nobody has: a right password must look like a wrong one.
 */
export const candidatesFor = (
  record: LoginRecord | undefined,
  folded: string,
  peer: Peer,
  now: Instant,
): readonly Password[] => (mayEnter(peer, folded) ? validPasswords(record, now) : []);

export const granted = (
  record: LoginRecord,
  password: UsedPassword | undefined,
): Extract<AuthOutcome, { kind: 'granted' }> => ({
  kind: 'granted',
  account: record.account,
  organisation: record.organisation,
  ...(loginPolicy(record) === 'both' ? { by: 'both' } : {}),
  ...defined({ password: password && usedOf(password) }),
});

const usedOf = ({ name, createdAt, app }: UsedPassword): UsedPassword => ({ name, createdAt, ...defined({ app }) });

/** True while the password that a session was opened with is still one of its account. */
export const passwordStands = (record: LoginRecord | undefined, used: UsedPassword | undefined): boolean =>
  used === undefined ||
  (used.app === undefined
    ? (record?.passwords ?? []).some(({ name, createdAt }) => name === used.name && createdAt === used.createdAt)
    : (record?.appPasswords ?? []).some(({ id }) => id === used.app));

export const reasonOf = (record: LoginRecord | undefined, match: object | undefined): FailureReason => {
  if (record === undefined) return 'unknown';
  if (match === undefined || record.account.state === 'active') return 'wrong';
  return record.account.state;
};
