/**
 * The files that an operator brings: 20,000 accounts as another system exports them, and changes to
 * all of them.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Instance, addressOf } from '../../test/support/instance.ts';
import { PASSWORD } from '../load.ts';

export interface Population {
  readonly organisations: readonly string[];
  /** Accounts that were imported with a hash; they log in with PASSWORD. */
  readonly hashed: readonly string[];
  /** Accounts that were imported with a password, each of which must be hashed. */
  readonly withPassword: readonly string[];
}

const number = (n: number): string => String(n).padStart(5, '0');

/** `passwords`: number of accounts, the last ones, that are imported with a password. */
export function populationOf(accounts: number, organisations: number, passwords: number): Population {
  const names = Array.from({ length: accounts }, (_, n) => `p${number(n)}`);
  return {
    organisations: Array.from({ length: organisations }, (_, n) => `org-${number(n)}`),
    hashed: names.slice(0, accounts - passwords),
    withPassword: names.slice(accounts - passwords),
  };
}

/**
 * A file of accounts with two addresses each. Ten accounts in a row belong to the same
 * organisation.
 */
export function accountsFile(
  instance: Instance,
  names: readonly string[],
  { organisations }: Population,
  secret: { readonly column: 'password' | 'password_hash'; readonly value: string },
): string {
  const rows = names.map((name) => {
    const organisation = organisations[Math.floor(Number(name.slice(1)) / 10) % organisations.length] ?? '';
    return `${name},${addressOf(name)} ${name}@second.test,${organisation},"${secret.value}"`;
  });
  return write(instance, `accounts-${secret.column}.csv`, [`login,address,organisation,${secret.column}`, ...rows]);
}

/** A file with a quota and a limit for every account. */
export const settingsFile = (instance: Instance, names: readonly string[], quota: string): string =>
  write(instance, `settings-${quota}.csv`, [
    'account,quota,messages-per-hour',
    ...names.map((name) => `${name},${quota},5000`),
  ]);

export const namesFile = (instance: Instance, names: readonly string[]): string =>
  write(instance, 'names.csv', ['account', ...names]);

export const withHash = (hash: string) => ({ column: 'password_hash', value: hash }) as const;
export const withText = { column: 'password', value: PASSWORD } as const;

function write(instance: Instance, name: string, lines: readonly string[]): string {
  const file = join(instance.folder, name);
  writeFileSync(file, `${lines.join('\n')}\n`, { mode: 0o600 });
  return file;
}
