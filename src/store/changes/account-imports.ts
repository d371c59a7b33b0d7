/**
 * Accounts of an import, of which all are added or none. They come in parts, since one call with
 * all of them would hold the thread that sends it. The parts wait in a table of their own, since a
 * change remembers nothing (decision 1609).
 */
import { type NewAccount, type NewOrganisation, RegistryError } from '../registry.ts';
import { type Actor } from '../actor.ts';
import { int, json } from '../sql/columns.ts';
import { type Change, sql } from '../sql/sql.ts';
import type { ChangeContext } from './change-context.ts';
import { insertAccounts } from './new-accounts.ts';
import { insertOrganisation } from './organisations.ts';

/** Most accounts of one import. */
const MAX_IMPORT = 200_000;

const PART = { first: int, accounts: json<readonly NewAccount[]>() };

export class AccountImports {
  /**
   * `batch`: a name that nobody guesses or gives twice. `first`: the place of the first of these
   * accounts in the import.
   */
  *keep(context: ChangeContext, batch: string, first: number, accounts: readonly NewAccount[]): Change<void> {
    if (first + accounts.length > MAX_IMPORT)
      throw new RegistryError('invalid', `An import has more than ${MAX_IMPORT} accounts; split it`);
    yield* sql.run`
      INSERT INTO account_import (batch, first, kept_at, accounts)
      VALUES (${batch}, ${first}, ${context.at}, ${JSON.stringify(accounts)})`;
  }

  /**
   * Adds all `count` accounts that were kept, after their organisation if that is new. On a failure
   * the error names the first account that could not be added.
   */
  *apply(
    context: ChangeContext,
    batch: string,
    count: number,
    actor: Actor,
    organisation?: NewOrganisation,
  ): Change<void> {
    if (organisation !== undefined) yield* insertOrganisation(context, organisation, actor);
    let added = 0;
    for (;;) {
      const part = yield* sql.first(PART)`
        SELECT first, accounts FROM account_import WHERE batch = ${batch} AND first >= ${added} ORDER BY first LIMIT 1`;
      if (part === undefined) break;
      yield* insertAccounts(context, part.accounts, actor, refused);
      added = part.first + part.accounts.length;
    }
    if (added !== count)
      throw new RegistryError('unknown', `Nothing was imported: of ${count} accounts ${added} are here; import again`);
    yield* dropParts(batch);
    context.tellMany();
  }

  *drop(_context: ChangeContext, batch: string): Change<void> {
    yield* dropParts(batch);
  }
}

const refused = ({ login }: NewAccount, { kind, message }: RegistryError): RegistryError =>
  new RegistryError(kind, `Nothing was imported. Account "${login}": ${message}`);

function* dropParts(batch: string): Change<void> {
  yield* sql.run`DELETE FROM account_import WHERE batch = ${batch}`;
}

/** Drops parts that were kept earlier and never added. */
export function* dropImportsBefore(before: number): Change<void> {
  yield* sql.run`DELETE FROM account_import WHERE kept_at < ${before}`;
}
