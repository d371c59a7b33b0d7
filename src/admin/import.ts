/**
 * `account import`: thousands of accounts from one CSV file, all of them or none.
 *
 * Header: `login,address,organisation` and `password` or `password_hash` (both columns may stand; each line fills one of them), and where
 * wanted `kind` (`mail`, the default, or `edi`). With `withoutPassword` a line may leave both empty: its account gets a code for a first password. `address` may hold several addresses with a space between them.
 *
 * Everything is checked before anything is changed, and every bad line is reported: an operator corrects a file once, not once a line.
 * Passwords are hashed a few at a time; the accounts are then one transaction of the store.
 */
import { hashPassword } from '../crypto/passwords/password.ts';
import { schemeOf, storedForm } from '../crypto/passwords/password-scheme.ts';
import { checkNewPassword } from '../crypto/passwords/password-text.ts';
import { type Address, addressKey, parseAddress } from '../domain/address.ts';
import { defined } from '../domain/defined.ts';
import { type Organisation, foldLogin, isOrganisationName } from '../domain/registry.ts';
import type { Settings } from '../domain/settings/setting.ts';
import { type NewAccount, type NewOrganisation, RegistryError } from '../store/registry.ts';
import { type Actor } from '../store/actor.ts';
import type { Registry } from '../store/port/registry.ts';
import type { CsvProblem } from '../domain/csv-problem.ts';
import { type CsvRecord, quoted, readTable } from './csv-table.ts';

export interface ImportOptions {
  readonly registry: Pick<Registry, 'findLogin' | 'findRecipient' | 'findOrganisation' | 'importAccounts'>;
  readonly actor: Actor;
  /** Checks everything, changes nothing and hashes nothing. */
  readonly dryRun: boolean;
  /** Told now and then, at least once a phase. `total` is 0 while it is unknown. */
  readonly progress?: (phase: 'check' | 'hash' | 'store', done: number, total: number) => void;
  /** Passwords hashed at once; each takes 19 MiB and one thread of libuv's pool. Default 2. */
  readonly concurrency?: number;
  /** A line may have no password. */
  readonly withoutPassword?: boolean;
  /** Set on every account. */
  readonly settings?: Settings;
  /** Registered together with the accounts, which are its own: all of it or nothing. */
  readonly organisation?: NewOrganisation;
  /** Ends the import before its next step; before the store was asked, nothing has changed. */
  readonly signal?: AbortSignal;
  /** For tests that need no real hashing. */
  readonly hash?: (text: string) => Promise<string>;
}

export type ImportReport =
  /** `without`: logins of those without a password, where that may be. */
  | { readonly kind: 'imported'; readonly accounts: number; readonly without?: readonly string[] }
  /** A dry run found nothing wrong. */
  | { readonly kind: 'checked'; readonly accounts: number; readonly without?: readonly string[] }
  /** Every line stands in the registry as it is in the file; nothing was changed. Passwords were not compared. */
  | { readonly kind: 'already'; readonly accounts: number }
  /** Nothing was changed. In the order of the file. */
  | { readonly kind: 'refused'; readonly problems: readonly CsvProblem[] }
  /** `signal` was aborted; nothing was changed. */
  | { readonly kind: 'cancelled' };

/** Most lines of one file. Their accounts are held in memory until they are stored. */
export const MAX_IMPORT = 100_000;
/** The name that an imported password gets. */
export const IMPORTED_PASSWORD = 'imported';

const SHAPE = {
  required: ['login', 'address', 'organisation'],
  optional: ['password', 'password_hash', 'kind'],
  records: MAX_IMPORT,
} as const;
const AT_ONCE = 64;

/** What a line says, before the registry was asked and without its password hashed. */
interface Line {
  readonly line: number;
  readonly login: string;
  readonly addresses: readonly Address[];
  readonly organisation: string;
  readonly kind: 'edi' | 'mail';
  readonly secret: { readonly kind: 'text' | 'hash' | 'none'; readonly value: string };
}

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
    // Somebody has changed the registry since it was compared: the store names the first account, and each that cannot be is told.
    if (!(error instanceof RegistryError)) throw error;
    const { problems: since } = await compareWithRegistry(lines, options);
    const first = { line: lineNamedBy(error.message, lines), text: error.message };
    return { kind: 'refused', problems: since.length === 0 ? [first] : since.toSorted((a, b) => a.line - b.line) };
  }
  return { kind: 'imported', accounts: accounts.length, ...without };
}

async function readLines(
  source: AsyncIterable<Uint8Array | string>,
  options: ImportOptions,
): Promise<{ readonly lines: Line[]; readonly problems: CsvProblem[] }> {
  const lines: Line[] = [];
  const problems: CsvProblem[] = [];
  const logins = new Map<string, number>();
  const addresses = new Map<string, number>();
  let read = 0;
  for await (const item of readTable(source, SHAPE)) {
    if (options.signal?.aborted === true) break;
    if (item.kind === 'problem') problems.push(item.problem);
    else if (item.kind === 'columns') {
      const none = !item.columns.includes('password') && !item.columns.includes('password_hash');
      if (none && options.withoutPassword !== true)
        return {
          lines: [],
          problems: [
            { line: 1, text: 'the header has neither password nor password_hash; expected at least one of them' },
          ],
        };
    } else {
      const parsed = readLine(item.record, options);
      if ('problems' in parsed) problems.push(...parsed.problems);
      else lines.push(parsed.line);
      problems.push(...repeatedNames(item.record, logins, addresses));
      read += 1;
      if (read % 1000 === 0) options.progress?.('check', read, 0);
    }
  }
  if (lines.length === 0 && problems.length === 0)
    problems.push({ line: 1, text: 'the file has a header and no accounts; expected a line for each account' });
  return { lines, problems };
}

function readLine(
  record: CsvRecord,
  options: Pick<ImportOptions, 'withoutPassword'>,
): { readonly line: Line } | { readonly problems: readonly CsvProblem[] } {
  const problems: CsvProblem[] = [];
  const wrong = (column: string, text: string): undefined => void problems.push({ line: record.line, column, text });

  const login = foldLogin(record.cell('login'));
  if (login === undefined)
    wrong(
      'login',
      `${quoted(record.cell('login'))} is not a login name; expected 1 to 254 characters without spaces, : " < > or \\`,
    );
  const addresses: Address[] = [];
  const written = record.cell('address').split(/\s+/);
  for (const text of written) {
    const address = parseAddress(text);
    if (address.ok) addresses.push(address.value);
    else wrong('address', `${quoted(text)} cannot be registered: ${address.error}`);
  }
  const organisation = record.cell('organisation');
  if (!isOrganisationName(organisation))
    wrong(
      'organisation',
      `${quoted(organisation)} is not a name of an organisation; expected lower-case letters, digits and hyphens`,
    );
  const kind = record.cell('kind').toLowerCase() || 'mail';
  if (kind !== 'mail' && kind !== 'edi')
    wrong('kind', `${quoted(kind)} is not a kind of account; expected mail or edi`);
  const secret = readSecret(record, options, wrong);

  if (problems.length > 0 || login === undefined || secret === undefined || (kind !== 'mail' && kind !== 'edi'))
    return { problems };
  return { line: { line: record.line, login, addresses, organisation, kind, secret } };
}

/** What stands in these two columns is never repeated in a message. */
function readSecret(
  record: CsvRecord,
  { withoutPassword }: Pick<ImportOptions, 'withoutPassword'>,
  wrong: (column: string, text: string) => undefined,
): Line['secret'] | undefined {
  const text = record.raw('password');
  const hash = storedForm(record.cell('password_hash'));
  if (text !== '' && hash !== '')
    return wrong('password', 'the line has both a password and a password hash; expected one of them');
  if (text === '' && hash === '' && withoutPassword === true) return { kind: 'none', value: '' };
  if (text === '' && hash === '')
    return wrong('password', 'the line has neither a password nor a password hash; expected one of them');
  if (hash !== '') {
    const scheme = schemeOf(hash);
    return scheme.ok ? { kind: 'hash', value: hash } : wrong('password_hash', scheme.error);
  }
  // A hash in the wrong column would become the password itself: nobody could log in, and it would look imported.
  if (schemeOf(storedForm(text)).ok)
    return wrong('password', 'the password is a password hash; expected it in the column password_hash');
  const checked = checkNewPassword(text, [record.cell('login'), record.cell('organisation')]);
  return checked.ok ? { kind: 'text', value: text } : wrong('password', checked.error);
}

/** Also for lines that have other problems: all of them are reported at once. */
function repeatedNames(record: CsvRecord, logins: Map<string, number>, addresses: Map<string, number>): CsvProblem[] {
  const problems: CsvProblem[] = [];
  const look = (column: string, key: string | undefined, shown: string, seen: Map<string, number>): void => {
    if (key === undefined) return;
    const before = seen.get(key);
    if (before === undefined) seen.set(key, record.line);
    else
      problems.push({
        line: record.line,
        column,
        text: `${quoted(shown)} is in line ${before} already; expected each ${column === 'login' ? 'login name' : 'address'} once`,
      });
  };
  look('login', foldLogin(record.cell('login')), record.cell('login'), logins);
  for (const text of record.cell('address').split(/\s+/)) {
    const address = parseAddress(text);
    look('address', address.ok ? addressKey(address.value) : undefined, text, addresses);
  }
  return problems;
}

async function compareWithRegistry(
  lines: readonly Line[],
  options: ImportOptions,
): Promise<{ readonly problems: readonly CsvProblem[]; readonly already: number }> {
  const { registry, progress, signal } = options;
  const added = options.organisation?.name;
  /** By name, why there can be no account of it. */
  const organisations = new Map<string, string | undefined>();
  for (const { organisation } of lines)
    if (!organisations.has(organisation))
      organisations.set(
        organisation,
        organisation === added
          ? undefined
          : organisationProblem(organisation, await registry.findOrganisation(organisation)),
      );
  const problems: CsvProblem[] = [];
  if (added !== undefined && (await registry.findOrganisation(added)) !== undefined)
    problems.push({
      line: 1,
      text: `there is an organisation ${quoted(added)} already; expected a new name, or its accounts without a new organisation`,
    });
  let already = 0;
  for (let at = 0; at < lines.length && signal?.aborted !== true; at += AT_ONCE) {
    const found = await Promise.all(
      lines.slice(at, at + AT_ONCE).map((line) => compareLine(line, organisations, registry)),
    );
    problems.push(...found.flatMap((line) => line.problems));
    already += found.filter((line) => line.already).length;
    progress?.('check', Math.min(lines.length, at + AT_ONCE), lines.length);
    // A store may answer from its cache, and then only this lets others have a turn.
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
  return { problems, already };
}

/** One that has ended, or is ending, takes no account any more. */
function organisationProblem(name: string, found: Organisation | undefined): string | undefined {
  if (found === undefined)
    return `there is no organisation ${quoted(name)}; expected a registered one, add it with "sluis organisation add"`;
  if (found.mergedInto !== undefined)
    return `the organisation ${quoted(name)} becomes part of ${quoted(found.mergedInto.name)}; expected that one`;
  if (found.state === 'ended') return `the organisation ${quoted(name)} has ended; expected another one`;
  if (found.endsAt !== undefined)
    return `the organisation ${quoted(name)} is ending; expected another one, or take that back with "sluis organisation resume"`;
  return undefined;
}

async function compareLine(
  { line, login, addresses, organisation }: Line,
  organisations: ReadonlyMap<string, string | undefined>,
  registry: ImportOptions['registry'],
): Promise<{ readonly problems: readonly CsvProblem[]; readonly already: boolean }> {
  const problems: CsvProblem[] = [];
  let owned = 0;
  const barred = organisations.get(organisation);
  if (barred !== undefined) problems.push({ line, column: 'organisation', text: barred });
  const known = await registry.findLogin(login);
  if (known !== undefined)
    problems.push({
      line,
      column: 'login',
      text: `an account ${quoted(login)} exists already; expected a new login name`,
    });
  for (const address of addresses) {
    const owner = await registry.findRecipient(addressKey(address));
    if (owner === undefined) continue;
    if (owner.account.login === login && owner.address.state !== 'ended') owned += 1;
    const text =
      owner.address.state === 'ended'
        ? `the address ${quoted(address)} has ended and is never given out again; expected another address`
        : `the address ${quoted(address)} belongs to account ${quoted(owner.account.login)}; expected an address that is free`;
    problems.push({ line, column: 'address', text });
  }
  const already = known?.organisation.name === organisation && owned === addresses.length;
  return { problems, already };
}

async function hashAll(lines: readonly Line[], options: ImportOptions): Promise<readonly NewAccount[]> {
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

/** The store names the account that it could not add. */
const lineNamedBy = (message: string, lines: readonly Line[]): number =>
  lines.find(({ login }) => message.includes(`ccount "${login}"`))?.line ?? 1;
