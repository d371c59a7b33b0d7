/**
 * `account import`: registers thousands of accounts from one CSV file, all of them or none.
 *
 * The header has `login,address,organisation` and `password` or `password_hash`. With both columns,
 * each line fills one of them. A column `kind` is optional (`mail`, the default, or `edi`). With
 * `withoutPassword`, a line may leave both passwords empty: its account then gets a code for a
 * first password. `address` may hold several addresses with a space between them.
 *
 * Everything is checked before anything changes, and every bad line is reported, so that an
 * operator corrects the file once and not once a line. Passwords are hashed a few at a time. Then
 * all accounts are stored in one transaction.
 */
import { hashPassword } from '../crypto/passwords/password.ts';
import { defined } from '../domain/defined.ts';
import type { Settings } from '../domain/settings/setting.ts';
import { type NewAccount, RegistryError } from '../store/registry.ts';
import { type Actor } from '../store/actor.ts';
import type { Registry } from '../store/port/registry.ts';
import type { CsvProblem } from '../domain/csv-problem.ts';
import { type CompareOptions, compareWithRegistry } from './import-compare.ts';
import { type ImportLine, type ReadOptions, readLines } from './import-lines.ts';

export interface ImportOptions extends ReadOptions, CompareOptions {
  readonly registry: Pick<Registry, 'findLogin' | 'findRecipient' | 'findOrganisation' | 'importAccounts'>;
  readonly actor: Actor;
  /** Checks everything; hashes and changes nothing. */
  readonly dryRun: boolean;
  /** Called now and then, at least once in each phase. `total` is 0 while it is not known. */
  readonly progress?: (phase: 'check' | 'hash' | 'store', done: number, total: number) => void;
  /**
   * Passwords that are hashed at the same time. Each takes 19 MiB and one thread of libuv's pool.
   * Default 2.
   */
  readonly concurrency?: number;
  /** Settings that every account gets. */
  readonly settings?: Settings;
  /**
   * Aborted to end the import before its next step. Until the store is asked, nothing has changed.
   */
  readonly signal?: AbortSignal;
  /** For tests that need no real hashing. */
  readonly hash?: (text: string) => Promise<string>;
}

export type ImportReport =
  /** `without`: login names of the accounts without a password, if the file may have such. */
  | { readonly kind: 'imported'; readonly accounts: number; readonly without?: readonly string[] }
  /** A dry run found nothing wrong. */
  | { readonly kind: 'checked'; readonly accounts: number; readonly without?: readonly string[] }
  /**
   * Every account exists exactly as in the file, and nothing was changed. Passwords were not
   * compared.
   */
  | { readonly kind: 'already'; readonly accounts: number }
  /** Nothing was changed. The problems are in the order of the file. */
  | { readonly kind: 'refused'; readonly problems: readonly CsvProblem[] }
  /** `signal` was aborted; nothing was changed. */
  | { readonly kind: 'cancelled' };

/** The name of an imported password. */
export const IMPORTED_PASSWORD = 'imported';

export async function importAccounts(
  source: AsyncIterable<Uint8Array | string>,
  options: ImportOptions,
): Promise<ImportReport> {
  const { registry, actor, dryRun, progress } = options;
  const cancelled = (): boolean => options.signal?.aborted === true;
  const { lines, problems } = await readLines(source, options);
  if (cancelled()) return { kind: 'cancelled' };
  const compared = await compareWithRegistry(lines, options);
  if (problems.length === 0 && compared.already === lines.length) return { kind: 'already', accounts: lines.length };
  problems.push(...compared.problems);
  if (problems.length > 0) return { kind: 'refused', problems: problems.sort((a, b) => a.line - b.line) };
  const named = lines.filter(({ secret }) => secret.kind === 'none').map(({ login }) => login);
  const without = options.withoutPassword === true ? { without: named } : {};
  if (dryRun) return { kind: 'checked', accounts: lines.length, ...without };
  const accounts = await hashAll(lines, options);
  if (cancelled()) return { kind: 'cancelled' };
  progress?.('store', 0, accounts.length);
  try {
    const stored = (done: number): void => progress?.('store', done, accounts.length);
    await registry.importAccounts(accounts, actor, stored, options.organisation);
  } catch (error) {
    // Somebody has changed the registry since the comparison. The store names only the first
    // account that it could not add, so the lines are compared again to report all of them.
    if (!(error instanceof RegistryError)) throw error;
    const { problems: since } = await compareWithRegistry(lines, options);
    const first = { line: lineNamedBy(error.message, lines), text: error.message };
    return { kind: 'refused', problems: since.length === 0 ? [first] : since.toSorted((a, b) => a.line - b.line) };
  }
  return { kind: 'imported', accounts: accounts.length, ...without };
}

async function hashAll(lines: readonly ImportLine[], options: ImportOptions): Promise<readonly NewAccount[]> {
  const { hash = hashPassword, progress, signal, concurrency = 2 } = options;
  const accounts: NewAccount[] = [];
  let next = 0;
  let done = 0;
  progress?.('hash', 0, lines.length);
  const work = async (): Promise<void> => {
    while (signal?.aborted !== true) {
      const at = next;
      const line = lines[at];
      if (line === undefined) return;
      next += 1;
      const { kind, value: given } = line.secret;
      const value = kind === 'text' ? await hash(given) : given;
      accounts[at] = {
        login: line.login,
        organisation: line.organisation,
        kind: line.kind,
        addresses: line.addresses,
        ...defined({ settings: options.settings }),
        ...(kind === 'none' ? {} : { password: { name: IMPORTED_PASSWORD, hash: value } }),
      };
      done += 1;
      if (done % 50 === 0 || done === lines.length) progress?.('hash', done, lines.length);
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, concurrency) }, work));
  return accounts;
}

/** The line of the account that the store names in its error. */
const lineNamedBy = (message: string, lines: readonly ImportLine[]): number =>
  lines.find(({ login }) => message.includes(`ccount "${login}"`))?.line ?? 1;
