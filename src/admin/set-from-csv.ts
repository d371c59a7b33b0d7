/**
 * The file of `set --from CSV`: settings for many organisations, accounts or addresses.
 *
 * Header: the scope (`organisation`, `account` or `address`), then one column for each setting to change: `account,quota,max-message`. The
 * first column holds what the scope is called by: name, log-in name, address. An empty field changes nothing, `default` takes the setting
 * back, so that the next wider scope decides again.
 */
import { parseSetting, settingsTable } from '../domain/settings.ts';
import type { SettingScope } from '../domain/settings/setting.ts';
import type { SettingChanges, SettingTarget } from '../store/registry.ts';
import { type CsvProblem, type CsvRecord, quoted, readTable } from './csv-table.ts';

export interface SettingsFile {
  /** In the order of the file, lines that change nothing left out. What `changeManySettings` takes. */
  readonly changes: readonly { readonly target: SettingTarget; readonly changes: SettingChanges }[];
  /** Every bad line. Where there is one, nothing may be changed. */
  readonly problems: readonly CsvProblem[];
}

export interface SettingsFileOptions {
  readonly scope: SettingScope;
  /** Finds what a name of the first column stands for, and a key that is the same however it is written; else says what is wrong. */
  readonly resolve: (name: string) => Promise<{ readonly target: SettingTarget; readonly key: string } | string>;
  readonly progress?: (lines: number) => void;
}

/** Most lines of one file. */
export const MAX_SET = 100_000;

/** The settings that a scope has, in the order of the table. */
export const settingsOf = (scope: SettingScope): readonly string[] =>
  Object.entries(settingsTable)
    .filter(([, setting]) => (setting.scopes as readonly SettingScope[]).includes(scope))
    .map(([name]) => name);

export async function readSettingsFile(
  source: AsyncIterable<Uint8Array | string>,
  { scope, resolve, progress }: SettingsFileOptions,
): Promise<SettingsFile> {
  const changes: { readonly target: SettingTarget; readonly changes: SettingChanges }[] = [];
  const problems: CsvProblem[] = [];
  const seen = new Map<string, number>();
  let columns: readonly string[] = [];
  let lines = 0;
  for await (const item of readTable(source, { required: [scope], optional: settingsOf(scope), records: MAX_SET })) {
    if (item.kind === 'problem') problems.push(item.problem);
    else if (item.kind === 'columns') columns = item.columns.filter((column) => column !== scope);
    else {
      const { record } = item;
      const read = readChanges(columns, scope, record);
      problems.push(...read.problems);
      const name = record.cell(scope);
      const found = await resolve(name);
      const wrong = typeof found === 'string' ? found : repeated(name, found.key, record.line, seen);
      if (wrong !== undefined) problems.push({ line: record.line, column: scope, text: wrong });
      else if (typeof found !== 'string' && Object.keys(read.changes).length > 0)
        changes.push({ target: found.target, changes: read.changes });
      lines += 1;
      if (lines % 100 === 0) {
        progress?.(lines);
        // A store may answer from its cache, and then only this lets others have a turn.
        await new Promise<void>((turn) => setImmediate(turn));
      }
    }
  }
  if (problems.length === 0 && columns.length === 0)
    problems.push({
      line: 1,
      text: `the header names no setting; expected ${scope} and one or more of ${settingsOf(scope).join(', ')}`,
    });
  return { changes, problems };
}

function repeated(name: string, key: string, line: number, seen: Map<string, number>): string | undefined {
  const before = seen.get(key);
  if (before !== undefined) return `${quoted(name)} stands in line ${before} already; join the lines`;
  seen.set(key, line);
  return undefined;
}

function readChanges(
  columns: readonly string[],
  scope: SettingScope,
  record: CsvRecord,
): { readonly changes: SettingChanges; readonly problems: readonly CsvProblem[] } {
  const changes: Record<string, string | number | boolean | null> = {};
  const problems: CsvProblem[] = [];
  for (const column of columns) {
    const text = record.cell(column);
    if (text === '') continue;
    if (text === 'default') {
      changes[column] = null;
      continue;
    }
    const value = parseSetting(scope, column, text);
    if (value.ok) changes[column] = value.value;
    else problems.push({ line: record.line, column, text: value.error });
  }
  return { changes, problems };
}
