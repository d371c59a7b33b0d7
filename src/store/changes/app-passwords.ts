/** Changes to app passwords, by which programs of an account log in. They throw RegistryError. */
import { grouped } from '../../crypto/keys/base32.ts';
import { MAX_APP_PASSWORDS } from '../../domain/registry.ts';
import { iso } from '../../domain/units.ts';
import { type Actor } from '../actor.ts';
import { type NewAppPassword, RegistryError } from '../registry.ts';
import { int, text } from '../sql/columns.ts';
import { among, locked } from '../sql/parts.ts';
import { type Change, sql } from '../sql/sql.ts';
import type { ChangeContext } from './change-context.ts';
import { accountNamed, mustBeOpen } from './registered.ts';

export class AppPasswordChanges {
  *addAppPassword(context: ChangeContext, login: string, given: NewAppPassword, actor: Actor): Change<void> {
    const { id, name, hash, scope, endsAt = null } = given;
    const account = yield* accountNamed(context.at, login);
    mustBeOpen(account, login);
    if (name === '' || name.length > 64)
      throw new RegistryError('invalid', `"${name}" is not a name for an app password; expected 1 to 64 characters`);
    if (endsAt !== null && endsAt <= context.at)
      throw new RegistryError('invalid', `An app password cannot end at ${iso(endsAt)}: that has passed`);
    const there = yield* sql.first({ id: text })`
      SELECT id FROM app_password WHERE account = ${account.id} AND name = ${name} ${locked}`;
    if (there !== undefined)
      throw new RegistryError(
        'exists',
        `The account "${login}" has an app password "${name}" already (${grouped(there.id)}); end it first or choose another name`,
      );
    const { n } = yield* sql.one({ n: int })`SELECT count(*) AS n FROM app_password WHERE account = ${account.id}`;
    if (n >= MAX_APP_PASSWORDS)
      throw new RegistryError(
        'exists',
        `The account "${login}" has ${n} app passwords, the most that one may have; end one first`,
      );
    yield* sql.run`
      INSERT INTO app_password (id, account, name, hash, scope, created_at, ends_at)
      VALUES (${id}, ${account.id}, ${name}, ${hash}, ${scope}, ${context.at}, ${endsAt})`;
    yield* context.touch(account.id, 'password');
    const facts = { id: grouped(id), scope, ...(endsAt === null ? {} : { ends: iso(endsAt) }) };
    yield* context.record('registry.app-password-added', account.id, actor, { login, password: name }, facts);
  }

  /** Ends an app password at once: open sessions that used it end as well. */
  *endAppPassword(context: ChangeContext, login: string, name: string, actor: Actor): Change<void> {
    const { id: account } = yield* accountNamed(context.at, login);
    const row = yield* sql.first({ id: text })`
      DELETE FROM app_password WHERE account = ${account} AND name = ${name} RETURNING id`;
    if (row === undefined)
      throw new RegistryError(
        'unknown',
        `The account "${login}" has no app password "${name}"; "sluis account app-password list ${login}" shows those it has`,
      );
    yield* context.touch(account, 'password');
    const facts = { id: grouped(row.id) };
    yield* context.record('registry.app-password-ended', account, actor, { login, password: name }, facts);
  }
}

/** Drops all app passwords of these accounts. Returns the account of each. */
export function* dropAppPasswords(accounts: readonly number[]): Change<readonly number[]> {
  const rows = yield* sql.all({ account: int })`
    DELETE FROM app_password WHERE account ${among(int, accounts)} RETURNING account`;
  return rows.map(({ account }) => account);
}
