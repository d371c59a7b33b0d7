/**
 * The accounts that a bulk change is about: named in the call, or in a file with the header `account`.
 *
 * All are looked up before the first is touched: a name that is wrong must not be found half way.
 */
import type { AccountSummary } from '../store/registry.ts';
import type { Registry } from '../store/port/registry.ts';
import { accountOf } from './accounts.ts';
import { type AdminContext, AdminError, type Call } from './context.ts';
import { problemLines, readTable } from './csv-table.ts';
import { type Input, login } from './input.ts';

/** Most accounts of one call. */
export const MAX_NAMED = 20_000;
/** Lookups under way at a time. */
const AT_ONCE = 50;
/** Wrong names that are told of one by one. */
const TOLD = 20;

export function loginsOf(input: Input): readonly string[] {
  const { logins = [] } = input;
  if (!Array.isArray(logins) || logins.length > MAX_NAMED)
    throw new AdminError('invalid', `Cannot take those: expected at most ${MAX_NAMED} log-in names`);
  return logins.map((name: unknown) => login({ login: name }, 'login'));
}

/** Every name of the file, or all that is wrong with it. */
async function loginsFrom(upload: AsyncIterable<string>): Promise<readonly string[]> {
  const names: string[] = [];
  const problems: { line: number; column?: string; text: string }[] = [];
  for await (const item of readTable(upload, { required: ['account'], optional: [], records: MAX_NAMED })) {
    if (item.kind === 'problem') problems.push(item.problem);
    else if (item.kind === 'record')
      try {
        names.push(login({ login: item.record.cell('account') }, 'login'));
      } catch (error) {
        const text = error instanceof Error ? error.message : String(error);
        problems.push({ line: item.record.line, column: 'account', text });
      }
  }
  if (problems.length > 0)
    throw new AdminError('invalid', `Cannot use the file, nothing was changed:\n${problemLines(problems)}`);
  return names;
}

export interface Named<T> {
  readonly verb: string;
  readonly logins: readonly string[];
  /** What is kept of each until the change is made; throws AdminError for one that cannot be changed. */
  readonly keep: (summary: AccountSummary) => T;
}

async function lookUp<T>(registry: Registry, name: string, keep: Named<T>['keep']): Promise<{ kept: T } | AdminError> {
  try {
    return { kept: keep(await accountOf(registry, name)) };
  } catch (error) {
    if (error instanceof AdminError) return error;
    throw error;
  }
}

/** Each once, in the order they were named. */
export async function namedAccounts<T>(
  { store: { registry } }: AdminContext,
  { verb, logins, keep }: Named<T>,
  { upload }: Call,
): Promise<readonly T[]> {
  const names = [...new Set(upload === undefined ? logins : [...logins, ...(await loginsFrom(upload))])];
  if (names.length === 0) throw new AdminError('invalid', `Cannot ${verb}: name an account, or a file with --from`);
  if (names.length > MAX_NAMED)
    throw new AdminError(
      'invalid',
      `Cannot ${verb} ${names.length} accounts in one call: at most ${MAX_NAMED}; split it`,
    );
  const kept: T[] = [];
  const wrong: AdminError[] = [];
  for (const part of partsOf(names, AT_ONCE))
    for (const looked of await Promise.all(part.map((name) => lookUp(registry, name, keep))))
      if (looked instanceof AdminError) wrong.push(looked);
      else kept.push(looked.kept);
  const [first] = wrong;
  if (first === undefined) return kept;
  if (wrong.length === 1) throw first;
  const more = wrong.length > TOLD ? `\n  and ${wrong.length - TOLD} more` : '';
  const lines = wrong.slice(0, TOLD).map(({ message }) => `\n  ${message}`);
  throw new AdminError(
    first.kind,
    `Cannot ${verb} ${wrong.length} of ${names.length} accounts, nothing was changed:${lines.join('')}${more}`,
  );
}

/** In parts of one transaction each. */
export function* partsOf<T>(all: readonly T[], size: number): Generator<readonly T[], void, undefined> {
  for (let at = 0; at < all.length; at += size) yield all.slice(at, at + size);
}
