/** Changes to passwords and their SCRAM verifiers. */
import { defined } from '../../domain/defined.ts';
import { MAX_PASSWORDS } from '../../domain/registry.ts';
import type { AccountId } from '../../domain/ids.ts';
import { type NewPassword, RegistryError } from '../registry.ts';
import { type Actor } from '../actor.ts';
import { int, orNull, text, time } from '../sql/columns.ts';
import { among, locked, rowsOf, words } from '../sql/parts.ts';
import { type Change, sql } from '../sql/sql.ts';
import { dropAppPasswords } from './app-passwords.ts';
import { useCode } from './enrolments.ts';
import type { ChangeContext } from './change-context.ts';
import { accountNamed, mustBeOpen } from './registered.ts';

type Verifiable = Pick<NewPassword, 'hash' | 'scram'>;

export class PasswordChanges {
  *addPassword(context: ChangeContext, login: string, password: NewPassword, actor: Actor): Change<void> {
    const account = yield* accountNamed(context.at, login);
    mustBeOpen(account, login);
    yield* insertPassword(context, account.id, login, password);
    yield* context.touch(account.id, 'password');
    yield* context.record('registry.password-added', account.id, actor, { login, password: password.name });
  }

  /**
   * Uses a one-time code up: the password that it names is replaced, in the same transaction, so
   * that there is no moment without one and no code that is used for nothing. Throws RegistryError
   * `ended` when the code is no longer valid; then nothing has changed.
   */
  *enrolPassword(
    context: ChangeContext,
    id: string,
    hash: Uint8Array,
    password: Verifiable,
    actor: Actor,
  ): Change<void> {
    const code = yield* useCode(context, id, { hash, for: 'password' }, 'password');
    const { account, login, password: name, others, notAfter } = code;
    if (name === null) throw new Error(`The code ${id} names no password`);
    const replaced = yield* sql.run`DELETE FROM password WHERE account = ${account} AND name = ${name}`;
    const removed = others ? (yield* dropPasswords([account])).length + (yield* dropAppPasswords([account])).length : 0;
    yield* insertPassword(context, account, login, { name, ...password, ...defined({ endsAt: notAfter }) });
    yield* context.touch(account, 'password');
    const facts = { enrolment: id, replaced: replaced > 0, removed };
    yield* context.record('password.enrolled', account, actor, { login, password: name }, facts);
  }

  *revokePassword(context: ChangeContext, login: string, name: string, actor: Actor): Change<void> {
    const { id } = yield* accountNamed(context.at, login);
    if ((yield* sql.run`DELETE FROM password WHERE account = ${id} AND name = ${name}`) === 0)
      throw new RegistryError(
        'unknown',
        `The account "${login}" has no password "${name}"; "sluis account show ${login}" lists those it has`,
      );
    yield* context.touch(id, 'password');
    yield* context.record('registry.password-revoked', id, actor, { login, password: name });
  }

  /**
   * Replaces an imported hash by our own, or adds a verifier, after a successful login; nothing
   * changes if `from` is no longer there. No row in the trail: the password stays the same, only
   * the form it is kept in changes.
   */
  *rehashPassword(
    context: ChangeContext,
    account: AccountId,
    name: string,
    from: string,
    to: Verifiable,
  ): Change<void> {
    const scram = yield* verifierOf(account, to);
    const changed = yield* sql.run`
      UPDATE password SET hash = ${to.hash}, scram = coalesce(${scram}, scram)
       WHERE account = ${account} AND name = ${name} AND hash = ${from}`;
    if (changed > 0) yield* context.touch(account, 'password');
  }
}

/**
 * The setting `scram` as it holds for account `a` of organisation `o`: off where neither says a
 * word.
 */
const MAY_SCRAM = words(
  `coalesce(json_extract(a.settings, '$.scram'), json_extract(o.settings, '$.scram'), 0)`,
  `coalesce((a.settings::jsonb ->> 'scram')::boolean, (o.settings::jsonb ->> 'scram')::boolean, false)`,
);

/**
 * The setting was read when the verifier was made, a moment ago; the present setting decides here.
 */
function* verifierOf(account: number, { scram }: Pick<NewPassword, 'scram'>): Change<string | null> {
  if (scram === undefined) return null;
  const may = yield* sql.first({ id: int })`
    SELECT a.id FROM account a JOIN organisation o ON o.id = a.organisation
     WHERE a.id = ${account} AND a.state <> 'ended' AND ${MAY_SCRAM} ${locked}`;
  return may === undefined ? null : scram;
}

export function checkPassword({ name }: NewPassword): void {
  if (name === '' || name.length > 64)
    throw new RegistryError('invalid', `"${name}" is not a name for a password; expected 1 to 64 characters`);
}

const FIRST = { account: int, name: text, hash: text, scram: orNull(text), endsAt: orNull(time) };

/** Inserts the passwords of new accounts, one each; the caller has checked them. */
export function* insertFirstPasswords(
  { at }: ChangeContext,
  given: readonly (NewPassword & { readonly account: number })[],
): Change<void> {
  if (given.length === 0) return;
  const rows = given.map(({ scram = null, endsAt = null, ...row }) => ({ ...row, scram, endsAt }));
  yield* sql.run`
    INSERT INTO password (account, name, hash, scram, created_at, ends_at)
    SELECT given.account, given.name, given.hash, given.scram, CAST(${at} AS bigint), given.ends_at FROM ${rowsOf(FIRST, rows)}`;
  const verified = rows.filter(({ scram }) => scram !== null);
  if (verified.length > 0) yield* dropVerifiers(verified.map(({ account }) => account));
}

export function* insertPassword(
  context: ChangeContext,
  account: number,
  login: string,
  password: NewPassword,
): Change<void> {
  const { name, hash, endsAt = null } = password;
  checkPassword(password);
  const there = yield* sql.first({ account: int })`
    SELECT account FROM password WHERE account = ${account} AND name = ${name} ${locked}`;
  if (there !== undefined)
    throw new RegistryError(
      'exists',
      `The account "${login}" has a password "${name}" already; revoke it first or choose another name`,
    );
  // A wrong guess costs one hash for each password; a login tries no more than these.
  const { n } = yield* sql.one({ n: int })`
    SELECT count(*) AS n FROM password WHERE account = ${account} AND (ends_at IS NULL OR ends_at > ${context.at})`;
  if (n >= MAX_PASSWORDS)
    throw new RegistryError(
      'invalid',
      `The account "${login}" has ${n} passwords, the most that one may have; revoke one first`,
    );
  const scram = yield* verifierOf(account, password);
  yield* sql.run`
    INSERT INTO password (account, name, hash, scram, created_at, ends_at)
    VALUES (${account}, ${name}, ${hash}, ${scram}, ${context.at}, ${endsAt})`;
}

/** Drops all passwords of these accounts. Returns the account of each. */
export function* dropPasswords(accounts: readonly number[]): Change<readonly number[]> {
  const rows = yield* sql.all({ account: int })`
    DELETE FROM password WHERE account ${among(int, accounts)} RETURNING account`;
  return rows.map(({ account }) => account);
}

/** Drops SCRAM verifiers of those of these accounts that may have none. */
export function* dropVerifiers(accounts: readonly number[]): Change<void> {
  yield* sql.run`
    UPDATE password SET scram = NULL WHERE scram IS NOT NULL AND account IN (
      SELECT a.id FROM account a JOIN organisation o ON o.id = a.organisation WHERE a.id ${among(int, accounts)} AND NOT ${MAY_SCRAM})`;
}

/** Drops them for the accounts of these organisations. */
export function* dropVerifiersOf(organisations: readonly number[]): Change<void> {
  yield* sql.run`
    UPDATE password SET scram = NULL WHERE scram IS NOT NULL AND account IN (
      SELECT a.id FROM account a JOIN organisation o ON o.id = a.organisation WHERE o.id ${among(int, organisations)} AND NOT ${MAY_SCRAM})`;
}

export function* dropAllVerifiers(accounts: readonly number[]): Change<void> {
  yield* sql.run`UPDATE password SET scram = NULL WHERE account ${among(int, accounts)}`;
}
