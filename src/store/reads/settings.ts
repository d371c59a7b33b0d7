/** Reads of policy settings where they are set. */
import { addressKey } from '../../domain/address.ts';
import { foldLogin } from '../../domain/registry.ts';
import type { Settings } from '../../domain/settings/setting.ts';
import { MAX_SETTINGS, RegistryError, type SettingTarget } from '../registry.ts';
import { flag, json, text } from '../sql/columns.ts';
import { among, words } from '../sql/parts.ts';
import { type Change, type Now, sql } from '../sql/sql.ts';

const POSITION = words('instr', 'strpos');
const OWN = { name: text, settings: json<Settings>() };

export class SettingsReads {
  /** Whether some organisation, account or address that has not ended has this setting so. */
  *isSetAnywhere(_now: Now, name: string, value: string | number | boolean): Change<boolean> {
    // As `JSON.stringify` writes it into the row.
    const set = JSON.stringify({ [name]: value }).slice(1, -1);
    const { found } = yield* sql.one({ found: flag })`
      SELECT EXISTS (SELECT 1 FROM organisation WHERE state <> 'ended' AND ${POSITION}(settings, ${set}) > 0)
          OR EXISTS (SELECT 1 FROM account WHERE state <> 'ended' AND ${POSITION}(settings, ${set}) > 0)
          OR EXISTS (SELECT 1 FROM address WHERE state <> 'ended' AND ${POSITION}(settings, ${set}) > 0) AS found`;
    return found;
  }

  /**
   * Settings of each target itself, at most MAX_SETTINGS of one scope; undefined if there is no
   * such target.
   */
  *ownSettings(_now: Now, targets: readonly SettingTarget[]): Change<readonly (Settings | undefined)[]> {
    if (targets.length > MAX_SETTINGS)
      throw new RegistryError(
        'invalid',
        `Settings of ${targets.length} are asked for at once; expected at most ${MAX_SETTINGS}`,
      );
    const names = targets.map(nameOf);
    const rows = yield* rowsNamed(targets[0]?.scope, names);
    const found = new Map(rows.map(({ name, settings }) => [name, settings]));
    return names.map((name) => found.get(name));
  }
}

function nameOf(target: SettingTarget): string {
  if (target.scope === 'organisation') return target.name;
  return target.scope === 'account' ? (foldLogin(target.login) ?? '') : addressKey(target.address);
}

type OwnRows = readonly { readonly name: string; readonly settings: Settings }[];

function* rowsNamed(scope: SettingTarget['scope'] | undefined, names: readonly string[]): Change<OwnRows> {
  switch (scope) {
    case undefined:
      return [];
    case 'organisation':
      return yield* sql.all(OWN)`SELECT name, settings FROM organisation WHERE name ${among(text, names)}`;
    case 'account':
      return yield* sql.all(OWN)`SELECT login AS name, settings FROM account WHERE login ${among(text, names)}`;
    case 'address':
      return yield* sql.all(OWN)`SELECT key AS name, settings FROM address WHERE key ${among(text, names)}`;
  }
}
