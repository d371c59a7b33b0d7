/**
 * Operations on settings: the one road for every policy about an organisation, an account or an address. A new setting in
 * domain/settings.ts needs nothing here.
 */
import type { Result } from '../domain/result.ts';
import { ok } from '../domain/result.ts';
import { parseSetting, settingOf, settingsTable } from '../domain/settings.ts';
import { CONFLICTING, type SettingConflict, settingConflicts } from '../domain/setting-conflicts.ts';
import type { SettingScope, SettingValue, Settings } from '../domain/settings/setting.ts';
import { formatSetting } from '../domain/settings/value.ts';
import type { SettingTarget } from '../store/registry.ts';
import type { Registry } from '../store/port/registry.ts';
import { accountOf } from './accounts.ts';
import { recipientOf } from './addresses.ts';
import { type AdminContext, AdminError } from './context.ts';
import { withoutGatewayKey } from './mail-findings.ts';
import { type Input, address, flag, login, oneOf, organisationName, texts } from './input.ts';
import { change, listing } from './operation.ts';
import { unknownOrganisation } from './organisations.ts';
import { nameOf } from './set-from-csv.ts';
import { type ManyOutcome, type Names, setMany } from './set-many.ts';
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

/** For a line of a file: what its first column stands for, else what is wrong with it. */
function targetNamed(
  scope: SettingScope,
  name: string,
): { readonly target: SettingTarget; readonly key: string } | string {
  try {
    const target = targetOf(scope, { name });
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

const scoped = (input: Input): { scope: SettingScope; target: SettingTarget } => {
  const scope = oneOf(input, 'scope', SCOPES);
  return { scope, target: targetOf(scope, input) };
};

type KeyProblem = () => Promise<string | undefined>;

/** What really happens, where settings that hold take each other's effect away or cannot be obeyed. */
async function conflictsOf(chain: readonly Settings[], keyProblem: KeyProblem): Promise<readonly SettingConflict[]> {
  const required = settingOf('encrypt', ...chain) === 'required' && !settingOf('open', ...chain);
  const problem = required ? await keyProblem() : undefined;
  const text = `encrypt=required cannot be kept for senders whose account does not sign: ${withoutGatewayKey(problem ?? '')}`;
  return [...settingConflicts(...chain), ...(problem === undefined ? [] : [{ kind: 'gateway-key' as const, text }])];
}

/** Those that differ from the default, or all, and what really happens where they take each other's effect away. */
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

/** The conflicts that hold for a target after these changes; what they do not touch is not looked at. The gateway's key is asked for once. */
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

export const settingsOperations = {
  'settings.warnings': listing(scoped, (context, { target }) => warningsOf(context, target)),
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
    (context, input, call): Promise<ManyOutcome> =>
      setMany(context, input, call, {
        read: (name) => targetNamed(input.scope, name),
        missing: (target) => whyMissing(context.store.registry, target),
        conflicts: judgeChanges(context),
      }),
  ),
};
