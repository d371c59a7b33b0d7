/**
 * Reads the file of `set --from CSV`: settings for many organisations, accounts or addresses.
 *
 * The header has the scope (`organisation`, `account` or `address`), then one column for each
 * setting to change, such as `account,quota,max-message`. The first column holds the names: name of
 * the organisation, login name, or address. An empty field changes nothing. `default` removes the
 * setting, so that the next wider scope decides again.
 */
import { parseSetting, settingsTable } from '../domain/settings.ts';
import type { SettingScope, Settings } from '../domain/settings/setting.ts';
import type { SettingChanges, SettingTarget } from '../store/registry.ts';
import type { CsvProblem } from '../domain/csv-problem.ts';
import { type CsvRecord, quoted, readTable } from './csv-table.ts';

export interface ToSet {
  readonly target: SettingTarget;
  readonly changes: SettingChanges;
}

export const nameOf = (target: SettingTarget): string =>
  target.scope === 'organisation' ? target.name : target.scope === 'account' ? target.login : target.address;

export interface SettingsFile {
  /**
   * The changes in the order of the file, without lines that change nothing. They go to
   * `changeManySettings` in parts.
   */
  readonly changes: readonly ToSet[];
  /**
   * Number of lines whose target has all these settings already, for example from an earlier run
   * that was cut short.
   */
  readonly already: number;
  /** All bad lines. If there is one, nothing may be changed. */
  readonly problems: readonly CsvProblem[];
}

/**
 * What a name in the first column stands for; a key that is the same however the name is written;
 * and its present settings.
 */
export interface Found {
  readonly target: SettingTarget;
  readonly key: string;
  readonly settings: Settings;
}

export interface SettingsFileOptions {
  readonly scope: SettingScope;
  /**
   * Finds the targets of at most LINES_AT_ONCE names, in the same order. For a name without a
   * target, it says what is wrong.
   */
  readonly resolve: (names: readonly string[]) => Promise<readonly (Found | string)[]>;
  readonly progress?: (lines: number) => void;
}

/** Most lines of one file. */
export const MAX_SET = 100_000;
/**
 * Lines whose targets are looked up together. One by one, 20,000 lines took 6 s, nine tenths of
 * which were round trips.
 */
export const LINES_AT_ONCE = 250;

/** The settings that a scope can have, in the order of the table. */
export const settingsOf = (scope: SettingScope): readonly string[] =>
  Object.entries(settingsTable)
    .filter(([, setting]) => (setting.scopes as readonly SettingScope[]).includes(scope))
    .map(([name]) => name);

export async function readSettingsFile(
  source: AsyncIterable<Uint8Array | string>,
  { scope, resolve, progress }: SettingsFileOptions,
): Promise<SettingsFile> {
  const problems: CsvProblem[] = [];
  const lines = new Lines(scope, problems);
  let columns: readonly string[] = [];
  let waiting: CsvRecord[] = [];
  let read = 0;
  const take = async (): Promise<void> => {
    lines.take(columns, waiting, await resolve(waiting.map((record) => record.cell(scope))));
    progress?.((read += waiting.length));
    waiting = [];
  };
  for await (const item of readTable(source, { required: [scope], optional: settingsOf(scope), records: MAX_SET })) {
    if (item.kind === 'problem') problems.push(item.problem);
    else if (item.kind === 'columns') columns = item.columns.filter((column) => column !== scope);
    else if (waiting.push(item.record) === LINES_AT_ONCE) await take();
  }
  if (waiting.length > 0) await take();
  if (problems.length === 0 && columns.length === 0)
    problems.push({
      line: 1,
      text: `the header names no setting; expected ${scope} and one or more of ${settingsOf(scope).join(', ')}`,
    });
  const { changes, already } = lines;
  return { changes, already, problems: problems.sort((a, b) => a.line - b.line) };
}

class Lines {
  readonly changes: ToSet[] = [];
  already = 0;
  readonly #scope: SettingScope;
  readonly #problems: CsvProblem[];
  readonly #seen = new Map<string, number>();

  constructor(scope: SettingScope, problems: CsvProblem[]) {
    this.#scope = scope;
    this.#problems = problems;
  }

  take(columns: readonly string[], records: readonly CsvRecord[], targets: readonly (Found | string)[]): void {
    for (const [i, record] of records.entries()) {
      const found = targets[i] ?? 'it was not looked up';
      const read = readChanges(columns, this.#scope, record);
      this.#problems.push(...read.problems);
      const wrong = typeof found === 'string' ? found : this.#repeated(found.key, record);
      if (wrong !== undefined) this.#problems.push({ line: record.line, column: this.#scope, text: wrong });
      if (typeof found === 'string' || Object.keys(read.changes).length === 0) continue;
      if (isSet(found.settings, read.changes)) this.already += 1;
      else this.changes.push({ target: found.target, changes: read.changes });
    }
  }

  #repeated(key: string, record: CsvRecord): string | undefined {
    const before = this.#seen.get(key);
    if (before !== undefined) return `${quoted(record.cell(this.#scope))} is in line ${before} already; join the lines`;
    this.#seen.set(key, record.line);
    return undefined;
  }
}

const isSet = (settings: Settings, changes: SettingChanges): boolean =>
  Object.entries(changes).every(([name, value]) => (settings[name] ?? null) === value);

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
