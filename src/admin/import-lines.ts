/** The lines of a file of accounts. Each is checked by itself and against the lines before it. */
import { schemeOf, storedForm } from '../crypto/passwords/password-scheme.ts';
import { checkNewPassword } from '../crypto/passwords/password-text.ts';
import { type Address, addressKey, parseAddress } from '../domain/address.ts';
import type { CsvProblem } from '../domain/csv-problem.ts';
import { foldLogin, isOrganisationName } from '../domain/registry.ts';
import { type CsvRecord, quoted, readTable } from './csv-table.ts';

/** Most lines of one file. Their accounts are held in memory until they are stored. */
export const MAX_IMPORT = 100_000;

const SHAPE = {
  required: ['login', 'address', 'organisation'],
  optional: ['password', 'password_hash', 'kind'],
  records: MAX_IMPORT,
} as const;

/** The content of a line, before the registry was asked, and with the password not yet hashed. */
export interface ImportLine {
  readonly line: number;
  readonly login: string;
  readonly addresses: readonly Address[];
  readonly organisation: string;
  readonly kind: 'edi' | 'mail';
  readonly secret: { readonly kind: 'text' | 'hash' | 'none'; readonly value: string };
}

export interface ReadOptions {
  /** A line may have no password. */
  readonly withoutPassword?: boolean;
  /** Called every thousand lines. `total` is 0, because it is not known. */
  readonly progress?: (phase: 'check', done: number, total: number) => void;
  /** Aborted to end the reading before its next line. */
  readonly signal?: AbortSignal;
}

/** Reads the lines. It never throws: each bad line becomes a problem. */
export async function readLines(
  source: AsyncIterable<Uint8Array | string>,
  options: ReadOptions,
): Promise<{ readonly lines: ImportLine[]; readonly problems: CsvProblem[] }> {
  const lines: ImportLine[] = [];
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
  options: Pick<ReadOptions, 'withoutPassword'>,
): { readonly line: ImportLine } | { readonly problems: readonly CsvProblem[] } {
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

/** Reads the password or its hash. No message ever repeats the values of these two columns. */
function readSecret(
  record: CsvRecord,
  { withoutPassword }: Pick<ReadOptions, 'withoutPassword'>,
  wrong: (column: string, text: string) => undefined,
): ImportLine['secret'] | undefined {
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
  // A hash in the wrong column would be taken as the password itself. The import would seem right,
  // and nobody could log in.
  if (schemeOf(storedForm(text)).ok)
    return wrong('password', 'the password is a password hash; expected it in the column password_hash');
  const checked = checkNewPassword(text, [record.cell('login'), record.cell('organisation')]);
  return checked.ok ? { kind: 'text', value: text } : wrong('password', checked.error);
}

/**
 * Names that stood in an earlier line. Lines with other problems are checked too, so that all
 * problems are reported at once.
 */
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
