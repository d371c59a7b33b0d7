/**
 * Commands on many accounts: named one by one, or in a file with the header `account`.
 *
 * All are looked up before the first is changed, so that a wrong name is not found half way.
 */
import { accountOf } from '../../admin/accounts.ts';
import type { AdminContext } from '../../admin/context.ts';
import { AdminError } from '../../admin/error.ts';
import type { Call } from '../../admin/call.ts';
import type { CsvProblem } from '../../domain/csv-problem.ts';
import type { AccountSummary } from '../../store/registry.ts';
import { recordsOf } from './csv.ts';
import { login } from './kinds.ts';
import { arg, flag, old, rest } from './params.ts';

/** Most accounts of one call. */
export const MAX_NAMED = 20_000;
/** Most lookups at the same time. */
const AT_ONCE = 50;
/** Most unknown names that are listed one by one. */
const TOLD = 20;

/** Parameters of a command that takes one account or many. */
export const manyAccounts = {
  in: {
    login: rest(login, 'the accounts', MAX_NAMED),
    dryRun: flag('show what would be done and change nothing'),
  },
  upload: { about: 'CSV with the header "account", one a line' },
  isLook: ({ dryRun }: { readonly dryRun: boolean }) => dryRun,
};

/** The column of a file that names an account. */
export const accountColumn = { account: old(arg(login, 'the account'), 'login') };

export interface Named<T> {
  readonly verb: string;
  readonly logins: readonly string[];
  /**
   * What to keep of each account until the change is made. Throws AdminError for an account that
   * cannot be changed.
   */
  readonly keep: (summary: AccountSummary) => T | Promise<T>;
}

/** The accounts that were named, each once, in the order in which they were named. */
export async function namedAccounts<T>(
  { store: { registry }, clock }: AdminContext,
  { verb, logins, keep }: Named<T>,
  { upload }: Call,
): Promise<readonly T[]> {
  const csv = { action: 'use the file', columns: accountColumn, most: MAX_NAMED, now: () => clock.now() };
  const listed = upload === undefined ? [] : await recordsOf(upload, csv);
  const names = [...new Set([...logins, ...listed.map(({ account }) => account)])];
  const lineOf = new Map(listed.toReversed().map(({ account, line }) => [account, line]));
  if (names.length === 0) throw new AdminError('invalid', `Cannot ${verb}: name an account, or a file with --from`);
  if (names.length > MAX_NAMED)
    throw new AdminError(
      'invalid',
      `Cannot ${verb} ${names.length} accounts in one call: at most ${MAX_NAMED}; split it`,
    );
  const kept: T[] = [];
  const wrong: AdminError[] = [];
  const problems: CsvProblem[] = [];
  const lookUp = async (name: string): Promise<{ kept: T } | { name: string; error: AdminError }> => {
    try {
      return { kept: await keep(await accountOf(registry, name)) };
    } catch (error) {
      if (error instanceof AdminError) return { name, error };
      throw error;
    }
  };
  for (const part of partsOf(names, AT_ONCE))
    for (const looked of await Promise.all(part.map(lookUp))) {
      if ('kept' in looked) {
        kept.push(looked.kept);
        continue;
      }
      wrong.push(looked.error);
      const line = lineOf.get(looked.name);
      if (line !== undefined) problems.push({ line, column: 'account', text: looked.error.message });
    }
  const [first] = wrong;
  if (first === undefined) return kept;
  const inFile = problems.length === 0 ? {} : { lines: problems };
  if (wrong.length === 1) throw new AdminError(first.kind, first.message, inFile);
  const more = wrong.length > TOLD ? `\n  and ${wrong.length - TOLD} more` : '';
  const lines = wrong.slice(0, TOLD).map(({ message }) => `\n  ${message}`);
  throw new AdminError(
    first.kind,
    `Cannot ${verb} ${wrong.length} of ${names.length} accounts, nothing was changed:${lines.join('')}${more}`,
    inFile,
  );
}

/** Divides a list into parts, each for one transaction. */
export function* partsOf<T>(all: readonly T[], size: number): Generator<readonly T[], void, undefined> {
  for (let at = 0; at < all.length; at += size) yield all.slice(at, at + size);
}
