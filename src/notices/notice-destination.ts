/** A place that a notice can go to, and who reads there. */
import { type Address, type AddressKey, addressKey, parseAddress } from '../domain/address.ts';
import { defined } from '../domain/defined.ts';
import type { AccountId, PartnerId } from '../domain/ids.ts';
import type { Account, Language, Organisation } from '../domain/registry.ts';
import { settingOf } from '../domain/settings.ts';
import type { Settings } from '../domain/settings/setting.ts';
import type { AccountSummary, Recipient } from '../store/registry.ts';
import type { Registry } from '../store/port/registry.ts';

export type DestinationRegistry = Pick<
  Registry,
  'findRecipient' | 'findAccountById' | 'findOrganisation' | 'listAccounts' | 'hasAddressesIn'
>;

export type NoticeDestination = {
  readonly address: Address;
  /** Language of the organisation that reads it. */
  readonly language: Language;
  /** `operator`: nobody of the organisation could be reached. */
  readonly as: 'mailbox' | 'contact' | 'operator';
} & ({ readonly mailbox: AccountId } | { readonly partner: PartnerId });

/** True when what is about this account's messages may be filed in its own mailbox. */
export function ownMailbox(account: Pick<Account, 'kind' | 'settings'>, organisation: Settings): boolean {
  const chosen = settingOf('notices', account.settings, organisation);
  return chosen === 'mailbox' || (chosen === 'automatic' && account.kind === 'mail');
}

/** The key of the address that a text is; undefined: it is none. */
export const keyOf = (text: string | undefined): AddressKey | undefined => {
  const address = text === undefined ? undefined : parseAddress(text.trim());
  return address?.ok === true ? addressKey(address.value) : undefined;
};

export const isActive = ({ address, account }: Recipient): boolean =>
  address.state === 'active' && account.state === 'active';

/** The destination; undefined if the address leads to a partner that has ended. */
export function destinationOf(
  { address, account, organisation, partner }: Recipient,
  as: NoticeDestination['as'],
): NoticeDestination | undefined {
  const common = { address: address.address, language: organisation.language, as };
  if (partner === undefined) return { ...common, mailbox: account.id };
  return partner.state === 'ended' ? undefined : { ...common, partner: partner.id };
}

/** The mailbox; undefined if the account has no address that takes mail. */
export function mailboxOf(
  summary: AccountSummary,
): { readonly address: Address; readonly mailbox: AccountId } | undefined {
  if (summary.account.state !== 'active') return undefined;
  const address = summary.addresses.find((a) => a.state === 'active')?.address;
  return address === undefined ? undefined : { address, mailbox: summary.account.id };
}

/** Accounts of one organisation that are looked through for one that people read. */
const PAGE = 200;
const MAX_PAGES = 10;

/** The first account of an organisation that people read. `not`: the account that it is about. */
export async function firstReader(
  registry: DestinationRegistry,
  { name, language }: Organisation,
  not?: AccountId,
): Promise<NoticeDestination | undefined> {
  let after: string | undefined;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const accounts = await registry.listAccounts({
      organisation: name,
      limit: PAGE,
      ...defined({ after }),
    });
    for (const summary of accounts) {
      if (summary.account.kind !== 'mail' || summary.account.id === not) continue;
      const own = mailboxOf(summary);
      if (own !== undefined) return { ...own, language, as: 'contact' };
    }
    after = accounts.at(-1)?.account.login;
    if (accounts.length < PAGE) return undefined;
  }
  return undefined;
}
