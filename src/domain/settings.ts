/**
 * Policy settings: the one road for every choice that an operator makes about an organisation, an
 * account or an address.
 *
 * Each setting stands once in the tables of settings/: name, where it may be set, how its text is
 * read, default and meaning. The command line (`sluis account set NAME KEY=VALUE`), the CSV form,
 * `show --all` and the reference in docs/configuration.md all come from these tables. A value set
 * on an address wins over one on its account, that over one on the organisation, that over the
 * default.
 */
import { type Result, fail } from './result.ts';
import { accountSettings } from './settings/account.ts';
import { directorySettings } from './settings/directory.ts';
import { ediSettings } from './settings/edi.ts';
import { pickupSettings } from './settings/pickup.ts';
import { privacySettings } from './settings/privacy.ts';
import { protectionSettings } from './settings/protection.ts';
import { quirkSettings } from './settings/quirks.ts';
import type { Setting, SettingScope, SettingValue, Settings } from './settings/setting.ts';
import { parseValue } from './settings/value.ts';

export const settingsTable = {
  ...accountSettings,
  ...quirkSettings,
  ...pickupSettings,
  ...protectionSettings,
  ...ediSettings,
  ...directorySettings,
  ...privacySettings,
} as const satisfies Record<string, Setting>;

export type SettingName = keyof typeof settingsTable;

const isName = (name: string): name is SettingName => Object.hasOwn(settingsTable, name);

/**
 * Reads one `name=value` for one scope. The error names the value, what was expected and which
 * settings exist.
 */
export function parseSetting(scope: SettingScope, name: string, text: string): Result<SettingValue, string> {
  const known = Object.entries(settingsTable).filter(([, s]) => (s.scopes as readonly SettingScope[]).includes(scope));
  if (!isName(name) || !known.some(([n]) => n === name))
    return fail(`"${name}" is not a setting of an ${scope}; expected one of: ${known.map(([n]) => n).join(', ')}`);
  return parseValue(name, settingsTable[name].type, text);
}

/**
 * The value that holds: the first of `chain` (address, account, organisation; nearest first) that
 * sets it, else the default.
 */
export function settingOf<N extends SettingName>(
  name: N,
  ...chain: readonly (Settings | undefined)[]
): SettingValueOf<N> {
  for (const settings of chain) {
    const value = settings?.[name];
    if (value !== undefined) return value as SettingValueOf<N>;
  }
  return settingsTable[name].default as SettingValueOf<N>;
}

type SettingValueOf<N extends SettingName> = (typeof settingsTable)[N]['type'] extends {
  kind: 'choice';
  of: readonly (infer C)[];
}
  ? C
  : (typeof settingsTable)[N]['type'] extends { kind: 'boolean' }
    ? boolean
    : (typeof settingsTable)[N]['type'] extends {
          kind: 'closed-days' | 'day' | 'digits' | 'edi-kinds' | 'mailbox' | 'telephone' | 'words';
        }
      ? string
      : number;
