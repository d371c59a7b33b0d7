/**
 * Settings of an organisation, an account or an address: the one road for every policy. A new one
 * in domain/settings.ts needs nothing here.
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

/**
 * `read` gives the name as the registry has it, and throws AdminError for what none can be called.
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

/** For a line of a file: what its first column stands for, else what is wrong with it. */
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

/**
 * What really happens, where settings that hold take each other's effect away or cannot be obeyed.
 */
async function conflictsOf(chain: readonly Settings[], keyProblem: KeyProblem): Promise<readonly SettingConflict[]> {
  const required = settingOf('encrypt', ...chain) === 'required' && !settingOf('open', ...chain);
  const problem = required ? await keyProblem() : undefined;
  const text = `encrypt=required cannot be kept for senders whose account does not sign: ${withoutGatewayKey(problem ?? '')}`;
  return [...settingConflicts(...chain), ...(problem === undefined ? [] : [{ kind: 'gateway-key' as const, text }])];
}

/**
 * Those that differ from the default, or all, and what really happens where they take each other's
 * effect away.
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
 * The conflicts that hold for a target after these changes; what they do not touch is not looked
 * at. The gateway's key is asked for once.
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

/** Reads changes of settings. Throws AdminError that lists everything that is wrong. */
export function settingChanges(
  scope: SettingScope,
  values: Assignments,
): Readonly<Record<string, SettingValue | null>> {
  const parsed = values.map(([name, value]) => [name, parseChange(scope, name, value)] as const);
  const errors = parsed.flatMap(([, one]) => (one.ok ? [] : [one.error]));
  if (errors.length > 0) throw new AdminError('invalid', `Cannot set: ${errors.join('\n')}`);
  return Object.fromEntries(parsed.flatMap(([name, one]) => (one.ok ? [[name, one.value]] : [])));
}

/** Sets settings; returns them as they hold now, and the conflicts among all that hold. */
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

/** Sets settings from a file: all its lines are checked before the first is set. */
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
