/**
 * Changes to policy settings, of many targets in the statements of one.
 *
 * A setting that has the value already is not written and leaves no row in the trail, so a file
 * that was cut short half way can simply be given again.
 */
import {
  EXEMPTIONS,
  type ExemptParties,
  MAX_EDI_EXEMPTIONS,
  NO_END,
  SCAN_EXEMPT,
  SCAN_EXEMPT_EDI,
  ediExemptions,
  exemptionsIn,
  isSameParties,
  writeEdiExemptions,
} from '../../domain/scan-exemption.ts';
import type { Settings } from '../../domain/settings/setting.ts';
import { instant, iso } from '../../domain/units.ts';
import { MAX_SETTINGS, RegistryError, type SettingChanges, type SettingTarget } from '../registry.ts';
import { type Actor } from '../actor.ts';
import { int, text } from '../sql/columns.ts';
import { among, locked, rowsOf } from '../sql/parts.ts';
import { type Change, sql } from '../sql/sql.ts';
import type { ChangeContext, TrailRow } from './change-context.ts';
import { dropVerifiers, dropVerifiersOf } from './passwords.ts';
import {
  type FoundAccount,
  type FoundAddress,
  accountIn,
  accountsNamed,
  addressIn,
  addressesNamed,
  keyOf,
} from './registered.ts';

export interface TargetChange {
  readonly target: SettingTarget;
  readonly changes: SettingChanges;
}

export class SettingsChanges {
  /** A target that has the settings already is left as it is, and nothing is told of it. */
  *changeSettings(context: ChangeContext, target: SettingTarget, changes: SettingChanges, actor: Actor): Change<void> {
    yield* applySettings(context, [{ target, changes }], actor);
  }

  /**
   * `until`: milliseconds, or 0 for no end; null: it is scanned again. Two people must stand behind
   * it, which its caller has seen to (admin/second-person.ts).
   */
  *changeScanExemption(context: ChangeContext, login: string, until: number | null, actor: Actor): Change<void> {
    const rows = yield* setAll(context, [{ target: { scope: 'account', login }, changes: { [SCAN_EXEMPT]: until } }]);
    yield* context.recordAll(rows.map(exemptionRow(until)), actor);
  }

  /**
   * Does the same for the account's interchanges of these parties; that always has an end. Throws
   * RegistryError if it has too many.
   */
  *changeEdiExemption(
    context: ChangeContext,
    login: string,
    parties: ExemptParties,
    until: number | null,
    actor: Actor,
  ): Change<void> {
    const target = { scope: 'account', login } as const;
    const settingsOf = yield* keptRows(context, [{ target, changes: {} }]);
    const others = ediExemptions(JSON.parse(settingsOf(target).settings) as Settings).filter(
      // Exemptions whose end has come are removed by the next change.
      (one) => !isSameParties(one, parties) && one.until > context.at,
    );
    const all = until === null ? others : [...others, { ...parties, until: instant(until) }];
    if (all.length > MAX_EDI_EXEMPTIONS)
      throw new RegistryError(
        'invalid',
        `"${login}" has ${others.length} exemptions of interchanges, and may have ${MAX_EDI_EXEMPTIONS}; "sluis scan exempt end ${login} --edi-from ID" ends one`,
      );
    const rows = yield* setAll(context, [{ target, changes: { [SCAN_EXEMPT_EDI]: writeEdiExemptions(all) } }]);
    yield* context.recordAll(rows.map(exemptionRow(until, parties)), actor);
  }

  /**
   * Several targets in one transaction, at most MAX_SETTINGS: all or none. Resolves to how many had
   * other settings before.
   */
  *changeManySettings(context: ChangeContext, changes: readonly TargetChange[], actor: Actor): Change<number> {
    if (changes.length > MAX_SETTINGS)
      throw new RegistryError(
        'invalid',
        `Settings of ${changes.length} are to change at once; expected at most ${MAX_SETTINGS}`,
      );
    return yield* applySettings(context, changes, actor);
  }
}

const exemptionRow =
  (until: number | null, parties?: ExemptParties) =>
  (row: TrailRow): TrailRow => {
    const named = parties === undefined ? {} : { ediFrom: parties.from, ediTo: parties.to || 'anybody' };
    return until === null
      ? { ...row, event: 'scan.exemption-ended', facts: named }
      : {
          ...row,
          event: 'scan.exempted',
          facts: { until: until === NO_END ? 'no end' : iso(instant(until)), ...named },
        };
  };

/**
 * Ends exemptions from scanning, since an account that goes to another organisation is scanned
 * there until two people decide again. Returns the audit rows to be written, one for each account
 * that had some.
 */
export function* dropExemptions(context: ChangeContext, accounts: readonly number[]): Change<readonly TrailRow[]> {
  const rows = yield* sql.all({ id: int, login: text, settings: text })`
    SELECT id, login, settings FROM account WHERE id ${among(int, accounts)} ORDER BY id`;
  const exempt = rows.filter(({ settings }) => exemptionsIn(JSON.parse(settings) as Settings) > 0);
  if (exempt.length === 0) return [];
  const none = Object.fromEntries(EXEMPTIONS.map((name) => [name, null]));
  const changed = exempt.map(({ id, settings }) => ({ id, settings: merge(settings, none) }));
  yield* sql.run`
    UPDATE account SET settings = given.settings FROM ${rowsOf(ROW, changed)} WHERE account.id = given.id`;
  context.tell(
    exempt.map(({ id }) => id),
    'settings',
  );
  return exempt.map(({ id, login }) => ({
    event: 'scan.exemption-ended',
    account: id,
    personal: { login },
    facts: { why: 'moved to another organisation' },
  }));
}

/**
 * Only this setting decides something that is stored with a password, its verifier; all others are
 * read at every login.
 */
const NEEDS_NEW_LOGIN = 'scram';

/** A row with settings, as it will be. */
interface Kept {
  readonly scope: SettingTarget['scope'];
  /** Number of the organisation or account, or key of the address. */
  readonly id: number | string;
  /** Account of the settings; undefined: an organisation's, which count for all of its accounts. */
  readonly account: number | undefined;
  /** Personal fields of the audit row. */
  readonly personal: Readonly<Record<string, string>>;
  settings: string;
  changed: boolean;
  newLogin: boolean;
}

/** Applies settings; answers how many rows had other values before. */
function* applySettings(context: ChangeContext, changes: readonly TargetChange[], actor: Actor): Change<number> {
  for (const name of EXEMPTIONS)
    if (changes.some(({ changes: values }) => Object.hasOwn(values, name)))
      throw new RegistryError(
        'invalid',
        `"${name}" is not a setting, since one person may change those; "sluis scan exempt" is for two`,
      );
  const rows = yield* setAll(context, changes);
  yield* context.recordAll(rows, actor);
  return rows.length;
}

/**
 * Applies settings; returns the audit rows to be written, of those that had other settings before.
 */
export function* setAll(context: ChangeContext, changes: readonly TargetChange[]): Change<readonly TrailRow[]> {
  if (changes.length === 0) return [];
  const keptOf = yield* keptRows(context, changes);
  const changed: { readonly kept: Kept; readonly values: SettingChanges }[] = [];
  for (const { target, changes: values } of changes) {
    const kept = keptOf(target);
    const settings = merge(kept.settings, values);
    if (settings === kept.settings) continue;
    Object.assign(kept, { settings, changed: true, newLogin: kept.newLogin || NEEDS_NEW_LOGIN in values });
    changed.push({ kept, values });
  }
  yield* write(context, [...new Set(changed.map(({ kept }) => kept))]);
  return changed.map(({ kept: { account = null, personal }, values }) => ({
    event: 'registry.settings',
    account,
    personal,
    facts: values,
  }));
}

const ROW = { id: int, settings: text };

function* keptRows(context: ChangeContext, changes: readonly TargetChange[]): Change<(target: SettingTarget) => Kept> {
  const targets = changes.map(({ target }) => target);
  const names = targets.flatMap((target) => (target.scope === 'organisation' ? [target.name] : []));
  const logins = targets.flatMap((target) => (target.scope === 'account' ? [target.login] : []));
  const keys = targets.flatMap((target) => (target.scope === 'address' ? [keyOf(target.address)] : []));
  const organisations =
    names.length === 0
      ? []
      : yield* sql.all({ ...ROW, name: text })`
    SELECT id, settings, name FROM organisation WHERE name ${among(text, names)} ORDER BY id ${locked}`;
  const accounts: ReadonlyMap<string, FoundAccount> =
    logins.length === 0 ? new Map() : yield* accountsNamed(context.at, logins);
  const ofAccounts =
    logins.length === 0
      ? []
      : yield* sql.all(ROW)`
    SELECT id, settings FROM account WHERE id ${among(
      int,
      [...accounts.values()].map(({ id }) => id),
    )} ORDER BY id`;
  const addresses: ReadonlyMap<string, FoundAddress> =
    keys.length === 0 ? new Map() : yield* addressesNamed(context.at, keys);
  const ofAddresses =
    keys.length === 0
      ? []
      : yield* sql.all({ key: text, settings: text })`
    SELECT key, settings FROM address WHERE key ${among(text, keys)} ORDER BY key`;
  const settings = new Map<string, string>([
    ...organisations.map((row) => [`organisation ${row.id}`, row.settings] as const),
    ...ofAccounts.map((row) => [`account ${row.id}`, row.settings] as const),
    ...ofAddresses.map((row) => [`address ${row.key}`, row.settings] as const),
  ]);
  const ids = new Map(organisations.map(({ name, id }) => [name, id]));
  const kept = new Map<string, Kept>();
  return (target) => {
    const place = placeOf(target, ids, accounts, addresses);
    const name = `${target.scope} ${place.id}`;
    const known = kept.get(name);
    if (known !== undefined) return known;
    const made = {
      scope: target.scope,
      ...place,
      settings: settings.get(name) ?? '{}',
      changed: false,
      newLogin: false,
    };
    kept.set(name, made);
    return made;
  };
}

function placeOf(
  target: SettingTarget,
  organisations: ReadonlyMap<string, number>,
  accounts: ReadonlyMap<string, FoundAccount>,
  addresses: ReadonlyMap<string, FoundAddress>,
): Pick<Kept, 'id' | 'account' | 'personal'> {
  if (target.scope === 'account') {
    const { id } = accountIn(accounts, target.login);
    return { id, account: id, personal: { login: target.login } };
  }
  if (target.scope === 'address') {
    const { key, account, address } = addressIn(addresses, target.address);
    return { id: key, account, personal: { address } };
  }
  const id = organisations.get(target.name);
  if (id === undefined)
    throw new RegistryError('unknown', `There is no organisation "${target.name}"; nothing was changed`);
  return { id, account: undefined, personal: { organisation: target.name } };
}

function* write(context: ChangeContext, kept: readonly Kept[]): Change<void> {
  if (kept.length === 0) return;
  const of = (scope: SettingTarget['scope']): readonly Kept[] => kept.filter((one) => one.scope === scope);
  const numbered = (rows: readonly Kept[]) => rows.map(({ id, settings }) => ({ id: Number(id), settings }));
  const idsOf = (rows: readonly Kept[]) => rows.filter(({ newLogin }) => newLogin).map(({ id }) => Number(id));
  const [organisations, accounts, addresses] = [of('organisation'), of('account'), of('address')];
  if (organisations.length > 0)
    yield* sql.run`
      UPDATE organisation SET settings = given.settings FROM ${rowsOf(ROW, numbered(organisations))} WHERE organisation.id = given.id`;
  if (accounts.length > 0)
    yield* sql.run`
      UPDATE account SET settings = given.settings FROM ${rowsOf(ROW, numbered(accounts))} WHERE account.id = given.id`;
  if (addresses.length > 0) {
    const rows = addresses.map(({ id, settings }) => ({ key: String(id), settings }));
    yield* sql.run`
      UPDATE address SET settings = given.settings FROM ${rowsOf({ key: text, settings: text }, rows)} WHERE address.key = given.key`;
  }
  const newLogins = { organisations: idsOf(organisations), accounts: idsOf(accounts) };
  if (newLogins.organisations.length > 0) {
    yield* sql.run`UPDATE account SET version = version + 1 WHERE organisation ${among(int, newLogins.organisations)}`;
    yield* dropVerifiersOf(newLogins.organisations);
  }
  if (newLogins.accounts.length > 0) {
    yield* context.touchAll(newLogins.accounts, 'settings');
    yield* dropVerifiers(newLogins.accounts);
  }
  if (organisations.length > 0) context.tellMany('settings');
  context.tell(
    kept.flatMap(({ account }) => account ?? []),
    'settings',
  );
}

/**
 * Null takes a value back; names are plain words of the settings table, so none can reach a
 * prototype.
 */
function merge(settings: string, changes: SettingChanges): string {
  const merged = new Map(Object.entries(JSON.parse(settings) as Record<string, unknown>));
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) merged.delete(name);
    else merged.set(name, value);
  }
  return JSON.stringify(Object.fromEntries(merged));
}
