/**
 * What an operator asks of a merge of two organisations, and what that means for one account and
 * its addresses.
 */
import { type Address, addressKey } from '../../domain/address.ts';
import { defined } from '../../domain/defined.ts';
import type { Organisation } from '../../domain/registry.ts';
import { settingsTable } from '../../domain/settings.ts';
import type { Setting, SettingValue, Settings } from '../../domain/settings/setting.ts';
import type { Instant } from '../../domain/units.ts';
import type { AccountMerge, AddressMerge } from '../../store/organisation-merge.ts';
import type { TiedOrganisation } from '../../store/organisation-references.ts';
import type { AccountSummary, SettingChanges } from '../../store/registry.ts';
import type { Rule, Rules } from './merge-rules.ts';

export interface MergeWish {
  readonly from: Organisation;
  readonly into: Organisation;
  readonly until?: Instant | undefined;
  readonly rules: Rules;
  readonly keepSettings: boolean;
  readonly revoke: boolean;
}

/** Settings that differ between the organisations and that hold for their accounts. */
export const differencesOf = (from: Settings, into: Settings): readonly (readonly [string, Setting])[] =>
  (Object.entries(settingsTable) as [string, Setting][]).filter(
    ([name, { scopes, default: initial }]) =>
      scopes.includes('organisation') && (from[name] ?? initial) !== (into[name] ?? initial),
  );

/**
 * Settings that the account must get of its own, so that what held for it still holds after the
 * move.
 */
export function keptFor(wish: MergeWish, account: Settings): SettingChanges {
  const kept: Record<string, SettingValue> = {};
  if (wish.keepSettings)
    for (const [name, { scopes, default: initial }] of differencesOf(wish.from.settings, wish.into.settings))
      if (scopes.includes('account') && account[name] === undefined) kept[name] = wish.from.settings[name] ?? initial;
  return kept;
}

/** What happens to each address of the account that has not ended. */
export const addressMergesOf = (wish: MergeWish, { addresses }: AccountSummary): readonly AddressMerge[] =>
  addresses
    .filter(({ state }) => state !== 'ended')
    .map(({ address }) => {
      const { mailbox, successor } = ruleFor(wish.rules, address);
      const ends = wish.until !== undefined && isEnding(wish.rules, address);
      return { address, ...defined({ mailbox }), ...(ends ? { endsAt: wish.until, ...defined({ successor }) } : {}) };
    });

export const mergeOf = (wish: MergeWish, summary: AccountSummary): AccountMerge => ({
  login: summary.account.login,
  settings: keptFor(wish, summary.account.settings),
  addresses: addressMergesOf(wish, summary),
});

const ruleFor = ({ byAddress, others }: Rules, address: Address): Rule => byAddress.get(addressKey(address)) ?? others;

/** True if the address ends. A line of the file without a successor lets its address stay. */
function isEnding(rules: Rules, address: Address): boolean {
  const own = rules.byAddress.get(addressKey(address));
  const successor = (own ?? rules.others).successor;
  if (successor !== undefined && addressKey(successor) === addressKey(address)) return false;
  return own === undefined || own.successor !== undefined;
}

/** The facts by which the store finds what ties an account to the organisation. */
export const tied = ({ id, name, title }: Organisation): TiedOrganisation => ({ id, name, title });
