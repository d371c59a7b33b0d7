/**
 * Operations on settings: the one road for every policy about an organisation, an account or an address. A new setting in
 * domain/settings.ts needs nothing here.
 */
import type { Result } from '../domain/result.ts';
import { fail, ok } from '../domain/result.ts';
import {
  type SettingScope,
  type SettingValue,
  type Settings,
  formatSetting,
  parseSetting,
  settingsTable,
} from '../domain/settings.ts';
import type { Registry, SettingChanges, SettingTarget } from '../store/registry.ts';
import { accountOf } from './accounts.ts';
import { recipientOf } from './addresses.ts';
import { type AdminContext, AdminError, type Call } from './context.ts';
import { type CsvRow, csvRows } from './csv.ts';
import { type Input, address, flag, login, oneOf, organisationName, texts } from './input.ts';
import { change, listing } from './operation.ts';
import { unknownOrganisation } from './organisations.ts';
import type { SettingView } from './views.ts';

const SCOPES = ['organisation', 'account', 'address'] as const;

const targetOf = (scope: SettingScope, input: Input): SettingTarget => {
  switch (scope) {
    case 'organisation':
      return { scope, name: organisationName(input, 'name') };
    case 'account':
      return { scope, login: login(input, 'name') };
    case 'address':
      return { scope, address: address(input, 'name') };
  }
};

export const nameOf = (target: SettingTarget): string =>
  target.scope === 'organisation' ? target.name : target.scope === 'account' ? target.login : target.address;

/** `KEY=default` takes a setting back. */
function parseChange(scope: SettingScope, name: string, value: string): Result<SettingValue | null, string> {
  const parsed = parseSetting(scope, name, value);
  if (parsed.ok || value !== 'default') return parsed;
  // Whether the name exists is asked with a value that none refuses for its own sake: its default.
  return Object.hasOwn(settingsTable, name) &&
    (settingsTable[name as keyof typeof settingsTable].scopes as readonly string[]).includes(scope)
    ? ok(null)
    : parsed;
}

type Holders = readonly (readonly [SettingView['from'], Settings])[];

/** The places where a setting of the target may be decided, nearest first. */
async function holdersOf(registry: Registry, target: SettingTarget): Promise<Holders> {
  if (target.scope === 'address') {
    const { address: registered, account, organisation } = await recipientOf(registry, target.address);
    return [
      ['address', registered.settings],
      ['account', account.settings],
      ['organisation', organisation.settings],
    ];
  }
  const account = target.scope === 'account' ? await accountOf(registry, target.login) : undefined;
  const name = target.scope === 'organisation' ? target.name : (account?.organisation ?? '');
  const organisation = await registry.findOrganisation(name);
  if (organisation === undefined) throw unknownOrganisation(name);
  const own = [['organisation', organisation.settings]] as const;
  return account === undefined ? own : [['account', account.account.settings], ...own];
}

const viewSettings = (scope: SettingScope, holders: Holders): SettingView[] =>
  Object.entries(settingsTable)
    .filter(([, setting]) => (setting.scopes as readonly SettingScope[]).includes(scope))
    .map(([name, setting]) => {
      const holder = holders.find(([, settings]) => settings[name] !== undefined);
      const value = holder?.[1][name] ?? setting.default;
      return {
        name,
        value: formatSetting(setting.type, value),
        from: holder?.[0] ?? 'default',
        about: setting.about,
      };
    });

const MAX_ERRORS = 100;

interface ManyOutcome {
  readonly targets: number;
  readonly changes: number;
  readonly applied: boolean;
}

/** `set --from CSV`: the header names the scope and the settings, one line a target; an empty cell changes nothing. All or none. */
async function setMany(
  { store }: AdminContext,
  input: { readonly scope: SettingScope; readonly dryRun: boolean },
  { actor, progress, upload }: Call,
): Promise<ManyOutcome> {
  if (upload === undefined) throw new AdminError('invalid', 'Cannot set from a file: no file came with the request');
  const errors: string[] = [];
  const many: { target: SettingTarget; changes: SettingChanges }[] = [];
  const seen = new Map<string, number>();
  let header: readonly string[] | undefined;
  for await (const row of csvRows(upload, { rows: 100_000, row: 64 * 1024 })) {
    if (!row.ok) errors.push(row.error);
    else if (header === undefined) {
      const bad = headerError(input.scope, row.value);
      if (bad !== undefined) throw new AdminError('invalid', `Cannot set from the file: ${bad}`);
      header = row.value.cells;
    } else {
      const read = await readRow(store.registry, input.scope, header, row.value, seen);
      if (!read.ok) errors.push(...read.error);
      else if (Object.keys(read.value.changes).length > 0) many.push(read.value);
      if (many.length % 1000 === 0) progress(many.length, 0);
    }
    if (errors.length >= MAX_ERRORS) break;
  }
  if (header === undefined) errors.push(`line 1: expected a header such as "${input.scope},quota"`);
  if (errors.length > 0)
    throw new AdminError(
      'invalid',
      `Cannot set from the file, nothing was changed:\n${errors.map((e) => `  ${e}`).join('\n')}`,
    );
  if (!input.dryRun) await store.registry.changeManySettings(many, actor);
  const changes = many.reduce((n, m) => n + Object.keys(m.changes).length, 0);
  return { targets: many.length, changes, applied: !input.dryRun };
}

function headerError(scope: SettingScope, { cells }: CsvRow): string | undefined {
  if (cells[0] !== scope || cells.length < 2)
    return `line 1 is "${cells.join(',').slice(0, 100)}"; expected the header "${scope}" and names of settings, such as "${scope},quota"`;
  const twice = cells.find((c, i) => cells.indexOf(c) !== i);
  if (twice !== undefined) return `line 1 names "${twice}" twice; remove one column`;
  for (const name of cells.slice(1)) {
    const parsed = parseChange(scope, name, 'default');
    if (!parsed.ok) return `line 1: ${parsed.error}`;
  }
  return undefined;
}

async function readRow(
  registry: Registry,
  scope: SettingScope,
  header: readonly string[],
  { line, cells }: CsvRow,
  seen: Map<string, number>,
): Promise<Result<{ target: SettingTarget; changes: SettingChanges }, string[]>> {
  if (cells.length !== header.length) return fail([`line ${line}: ${cells.length} fields; expected ${header.length}`]);
  const errors: string[] = [];
  const changes: Record<string, SettingValue | null> = {};
  header.slice(1).forEach((name, i) => {
    const cell = cells[i + 1] ?? '';
    if (cell === '') return;
    const parsed = parseChange(scope, name, cell);
    if (parsed.ok) changes[name] = parsed.value;
    else errors.push(`line ${line}: ${parsed.error}`);
  });
  try {
    const target = targetOf(scope, { name: cells[0] });
    const key = nameOf(target).toLowerCase();
    const before = seen.get(key);
    if (before !== undefined)
      errors.push(`line ${line}: "${nameOf(target)}" stands on line ${before} already; join the lines`);
    seen.set(key, line);
    await holdersOf(registry, target);
    return errors.length > 0 ? fail(errors) : ok({ target, changes });
  } catch (error) {
    if (!(error instanceof AdminError)) throw error;
    return fail([...errors, `line ${line}: ${error.message}`]);
  }
}

const scoped = (input: Input): { scope: SettingScope; target: SettingTarget } => {
  const scope = oneOf(input, 'scope', SCOPES);
  return { scope, target: targetOf(scope, input) };
};

export const settingsOperations = {
  'settings.show': listing(scoped, async ({ store }, { scope, target }): Promise<SettingView[]> =>
    viewSettings(scope, await holdersOf(store.registry, target)),
  ),
  'settings.set': change(
    (input) => ({ ...scoped(input), values: texts(input, 'values') }),
    async ({ store }, { scope, target, values }, { actor }): Promise<SettingView[]> => {
      const changes: Record<string, SettingValue | null> = {};
      const errors: string[] = [];
      for (const [name, value] of Object.entries(values)) {
        const parsed = parseChange(scope, name, value);
        if (parsed.ok) changes[name] = parsed.value;
        else errors.push(parsed.error);
      }
      if (Object.keys(values).length === 0) errors.push('nothing was given; expected KEY=VALUE');
      if (errors.length > 0) throw new AdminError('invalid', `Cannot set: ${errors.join('\n')}`);
      await holdersOf(store.registry, target);
      await store.registry.changeSettings(target, changes, actor);
      return viewSettings(scope, await holdersOf(store.registry, target)).filter((s) => Object.hasOwn(changes, s.name));
    },
  ),
  'settings.set-many': change(
    (input) => ({ scope: oneOf(input, 'scope', SCOPES), dryRun: flag(input, 'dry-run') }),
    setMany,
  ),
};
