/**
 * Settings of an organisation, an account or an address. Every policy goes through here; a new
 * setting in domain/settings.ts needs no change in this file.
 */
import type { Result } from '../domain/result.ts';
import { ok } from '../domain/result.ts';
import type { Address } from '../domain/address.ts';
import { parseSetting, settingOf, settingsTable } from '../domain/settings.ts';
import { CONFLICTING, type SettingConflict, settingConflicts } from '../domain/setting-conflicts.ts';
import type { SettingScope, SettingValue, Settings } from '../domain/settings/setting.ts';
import { formatSetting } from '../domain/settings/value.ts';
import type { SettingTarget } from '../store/registry.ts';
import type { Registry } from '../store/port/registry.ts';
import { accountOf } from './accounts.ts';
import { recipientOf } from './addresses.ts';
import type { AdminContext } from './context.ts';
import { AdminError } from './error.ts';
import type { Call } from './call.ts';
import { withoutGatewayKey } from './mail-findings.ts';
import { unknownOrganisation } from './organisation-of.ts';
import { nameOf } from './set-from-csv.ts';
import { type ManyOutcome, type Names, setMany } from './set-many.ts';
import type { SettingView } from './views.ts';

/** Reads one change. `KEY=default` removes the setting: null. */
function parseChange(scope: SettingScope, name: string, value: string): Result<SettingValue | null, string> {
  const parsed = parseSetting(scope, name, value);
  if (parsed.ok || value !== 'default') return parsed;
  // The text `default` is no value of this setting, but it is allowed if the scope has a setting of
  // this name.
  return Object.hasOwn(settingsTable, name) &&
    (settingsTable[name as keyof typeof settingsTable].scopes as readonly string[]).includes(scope)
    ? ok(null)
    : parsed;
}

type Holders = readonly (readonly [SettingView['from'], Settings])[];

/** The places that may decide a setting of the target, nearest first. */
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

/**
 * A scope, and how it reads names: `read` returns the name as the registry has it. Throws
 * AdminError if nothing can have such a name.
 */
export interface Scope {
  readonly scope: SettingScope;
  readonly read: (name: string) => string;
}

export const targetOf = (scope: SettingScope, name: string): SettingTarget =>
  scope === 'organisation'
    ? { scope, name }
    : scope === 'account'
      ? { scope, login: name }
      : { scope, address: name as Address };

/** The target in the first column of a line, or else what is wrong with it. */
function targetNamed(
  { scope, read }: Scope,
  name: string,
): { readonly target: SettingTarget; readonly key: string } | string {
  try {
    const target = targetOf(scope, read(name));
    return { target, key: nameOf(target).normalize('NFC').toLowerCase() };
  } catch (error) {
    if (!(error instanceof AdminError)) throw error;
    return error.message;
  }
}

async function whyMissing(registry: Registry, target: SettingTarget): Promise<string> {
  try {
    await holdersOf(registry, target);
    return `${nameOf(target)} has no settings of its own: its domain leads to a partner; set them for that partner's account`;
  } catch (error) {
    if (!(error instanceof AdminError)) throw error;
    return error.message;
  }
}

type KeyProblem = () => Promise<string | undefined>;

/** What really happens if settings cancel each other's effect, or cannot be obeyed. */
async function conflictsOf(chain: readonly Settings[], keyProblem: KeyProblem): Promise<readonly SettingConflict[]> {
  const required = settingOf('encrypt', ...chain) === 'required' && !settingOf('open', ...chain);
  const problem = required ? await keyProblem() : undefined;
  const text = `encrypt=required cannot be kept for senders whose account does not sign: ${withoutGatewayKey(problem ?? '')}`;
  return [...settingConflicts(...chain), ...(problem === undefined ? [] : [{ kind: 'gateway-key' as const, text }])];
}

/**
 * The settings that differ from the default, or all of them; and what really happens if some cancel
 * each other's effect.
 */
export async function shownSettings(
  context: AdminContext,
  target: SettingTarget,
  all: boolean,
): Promise<{ settings: SettingView[]; warnings: string[] }> {
  const settings = viewSettings(target.scope, await holdersOf(context.store.registry, target));
  return {
    settings: settings.filter(({ from }) => all || from !== 'default'),
    warnings: [...(await warningsOf(context, target))],
  };
}

async function warningsOf({ store, mail }: AdminContext, target: SettingTarget): Promise<readonly string[]> {
  const chain = (await holdersOf(store.registry, target)).map(([, settings]) => settings);
  return (await conflictsOf(chain, () => mail.keys.gatewayKeyProblem())).map(({ text }) => text);
}

/**
 * Finds the conflicts of a target after these changes. Conflicts that the changes do not touch are
 * left out. The gateway's key is checked only once.
 */
function judgeChanges({ store, mail }: AdminContext): Names['conflicts'] {
  let problem: ReturnType<KeyProblem> | undefined;
  return async (target, changes) => {
    if (!CONFLICTING.some((name) => Object.hasOwn(changes, name))) return [];
    const [own, ...wider] = (await holdersOf(store.registry, target)).map(([, settings]) => settings);
    const after = Object.entries({ ...own, ...changes }).filter(([, value]) => value !== null);
    const chain = [Object.fromEntries(after) as Settings, ...wider];
    return await conflictsOf(chain, () => (problem ??= mail.keys.gatewayKeyProblem()));
  };
}

export type Assignments = readonly (readonly [name: string, value: string])[];

/** Reads changes of settings. Throws AdminError that lists all mistakes. */
export function settingChanges(
  scope: SettingScope,
  values: Assignments,
): Readonly<Record<string, SettingValue | null>> {
  const parsed = values.map(([name, value]) => [name, parseChange(scope, name, value)] as const);
  const errors = parsed.flatMap(([, one]) => (one.ok ? [] : [one.error]));
  if (errors.length > 0) throw new AdminError('invalid', `Cannot set: ${errors.join('\n')}`);
  return Object.fromEntries(parsed.flatMap(([name, one]) => (one.ok ? [[name, one.value]] : [])));
}

/**
 * Changes settings. Resolves to the settings as they hold now, and to the conflicts among all that
 * hold.
 */
export async function setSettings(
  context: AdminContext,
  target: SettingTarget,
  changes: ReturnType<typeof settingChanges>,
  { actor }: Call,
): Promise<{ settings: SettingView[]; warnings: string[] }> {
  const { registry } = context.store;
  await holdersOf(registry, target);
  await registry.changeSettings(target, changes, actor);
  const { settings, warnings } = await shownSettings(context, target, true);
  return { settings: settings.filter(({ name }) => Object.hasOwn(changes, name)), warnings };
}

/** Changes settings from a file. All its lines are checked before the first change. */
export const setFromFile = (
  context: AdminContext,
  scope: Scope,
  { dryRun }: { readonly dryRun: boolean },
  call: Call,
): Promise<ManyOutcome> =>
  setMany(context, { scope: scope.scope, dryRun }, call, {
    read: (name) => targetNamed(scope, name),
    missing: (target) => whyMissing(context.store.registry, target),
    conflicts: judgeChanges(context),
  });
