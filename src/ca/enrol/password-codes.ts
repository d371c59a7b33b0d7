/**
 * One-time codes that set a password: for a password that was lost, and for the first one.
 *
 * A code changes nothing until it is used: whoever calls the helpdesk in somebody's name cannot
 * lock them out. It names one password of the account, which is replaced at that moment, in the
 * transaction that uses the code up.
 */
import { TRIES } from '../enrol.ts';
import { type EnrolmentCode, newEnrolmentCode, readEnrolmentCode } from '../../crypto/passwords/enrolment-code.ts';
import { defined } from '../../domain/defined.ts';
import type { RandomBytes } from '../../domain/effects.ts';
import type { Account } from '../../domain/registry.ts';
import { type Result, fail, ok } from '../../domain/result.ts';
import { type Instant, type Milliseconds, instant } from '../../domain/units.ts';
import type { Enrolment, PasswordEnrolment } from '../../store/certificates.ts';
import type { AccountSummary } from '../../store/registry.ts';
import type { Actor } from '../../store/actor.ts';
import type { Store } from '../../store/port/store.ts';
import { type SecretParts, namesOf, passwordSecrets } from './password-secrets.ts';

/** Name of a first password. */
const FIRST = 'first';

export interface CodeWish {
  /** Name of the password; absent: the only one that exists, or else the first. */
  readonly name?: string;
  readonly ends?: Instant;
  /** All other passwords go when the code is used. */
  readonly others: boolean;
  readonly by: PasswordEnrolment['by'];
  readonly validFor: Milliseconds;
}

/** Which password of the account a code would be for; the failure says why there can be none. */
export function wishedPassword(
  { account, passwords }: Pick<AccountSummary, 'passwords'> & { readonly account: Pick<Account, 'login' | 'state'> },
  { name, others }: Pick<CodeWish, 'name' | 'others'>,
): Result<string, string> {
  const { login, state } = account;
  if (state === 'ended') return fail('it has ended');
  if (state === 'suspended')
    return fail(`it is suspended, and a code would not be valid; "sluis account resume ${login}" takes that back`);
  if (name !== undefined) return ok(name);
  const [only] = passwords;
  if (passwords.length > 1 && !others)
    return fail(
      `it has the passwords ${passwords.map((p) => p.name).join(', ')}; say which with --name, or --remove-others to replace them by one`,
    );
  return ok(passwords.length === 1 ? (only?.name ?? FIRST) : FIRST);
}

export interface MadeCode {
  readonly enrolment: PasswordEnrolment;
  /** The secret: to be shown once, to the one that it is for. */
  readonly code: string;
}

export function makeCode(
  random: RandomBytes,
  now: Instant,
  login: string,
  password: string,
  { ends, others, by, validFor }: CodeWish,
): MadeCode {
  const { code, id, hash } = newEnrolmentCode(random);
  return {
    code,
    enrolment: {
      id,
      hash,
      login,
      use: 'password',
      password,
      others,
      by,
      tries: TRIES,
      expiresAt: instant(now + validFor),
      ...defined({ notAfter: ends }),
    },
  };
}

export type EnrolledPassword =
  | { readonly kind: 'set'; readonly login: string; readonly name: string; readonly ends?: Instant }
  | { readonly kind: 'refused' }
  /** The code holds and was not used up: the text can be no password of this account. */
  | { readonly kind: 'unusable'; readonly why: string };

export interface EnrolParts extends Pick<SecretParts, 'hash'> {
  readonly store: Pick<Store, 'registry' | 'certificates'>;
}

/** Uses a code up. */
export async function enrolPassword(
  parts: EnrolParts,
  { code, password }: { readonly code: string; readonly password: string },
  actor: Actor,
): Promise<EnrolledPassword> {
  const read = readEnrolmentCode(code);
  if (read === undefined) return { kind: 'refused' };
  const tried = await parts.store.certificates.tryEnrolment(read.id, read.hash, { for: 'password', actor });
  if (tried.kind === 'refused') return { kind: 'refused' };
  return await enrolTried(parts, { read, enrolment: tried.enrolment, password }, actor);
}

/**
 * The same for a code that was tried a moment ago. The hash is worked out only now: wrong codes
 * cost nobody anything.
 */
export async function enrolTried(
  { store: { registry }, hash }: EnrolParts,
  {
    read,
    enrolment,
    password,
  }: { readonly read: EnrolmentCode; readonly enrolment: Enrolment; readonly password: string },
  actor: Actor,
): Promise<EnrolledPassword> {
  if (enrolment.use !== 'password') return { kind: 'refused' };
  const { login, password: name, notAfter: ends } = enrolment;
  const record = await registry.findLogin(login);
  const settings = [record?.account.settings, record?.organisation.settings];
  const secrets = await passwordSecrets({ registry, hash }, password, { login, names: namesOf(record), settings });
  if (!secrets.ok) return { kind: 'unusable', why: secrets.error };
  await registry.enrolPassword(read.id, read.hash, secrets.value, actor);
  return { kind: 'set', login, name, ...defined({ ends }) };
}
