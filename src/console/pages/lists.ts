/** The registers of organisations, accounts and addresses. */
import type { Page } from '../core/page.ts';
import { sizeOf, timeOf } from '../../web/core/times.ts';
import { accountLink, organisationLink, state } from '../../web/look/parts.ts';
import { deedLinks } from '../parts/deed.ts';
import { type Register, registerPages } from '../parts/register.ts';
import { ADD_ORGANISATION } from './organisation-deeds.ts';
import { ACCOUNTS, ADDRESSES, ORGANISATIONS } from './lists-words.ts';
import { OF_ADDRESS, addressDeeds } from './address-deeds.ts';
import { ADDRESS_SETTINGS } from './settings.ts';
import { STATES, toneOf } from '../../web/parts/states.ts';

/** Most addresses that are shown of one account. */
const SHOWN = 3;

const some = (addresses: readonly { readonly address: string }[]): string =>
  addresses
    .slice(0, SHOWN)
    .map(({ address }) => address)
    .join(', ') + (addresses.length > SHOWN ? ' ...' : '');

export const organisations: Register<'organisation.list'> = {
  path: '/organisations',
  operation: 'organisation.list',
  filters: ['like', 'telephone'],
  deeds: [ADD_ORGANISATION],
  words: ORGANISATIONS,
  columns: {
    name: ({ name }) => organisationLink(name),
    title: ({ title }) => title,
    state: ({ state: is = 'active' }, { language }) => state(toneOf(is), STATES[language][is] ?? is),
    contact: ({ contact }) => contact,
    telephone: ({ telephone }) => telephone,
  },
};

export const accounts: Register<'account.list'> = {
  path: '/accounts',
  operation: 'account.list',
  filters: ['organisation', 'idle', 'waiting'],
  words: ACCOUNTS,
  columns: {
    login: ({ login }) => accountLink(login),
    organisation: ({ organisation }) => organisationLink(organisation),
    kind: ({ kind }) => kind,
    state: ({ state: is }, { language }) => state(toneOf(is), STATES[language][is] ?? is),
    messages: ({ messages }) => messages,
    size: (one, { language }) => ('used' in one ? sizeOf(one.used, language) : ''),
    more: (one) => ('since' in one ? one.since : some(one.addresses)),
  },
};

export const addresses: Register<'address.list'> = {
  path: '/addresses',
  operation: 'address.list',
  filters: ['account'],
  words: ADDRESSES,
  rowDeeds: [ADDRESS_SETTINGS, ...OF_ADDRESS],
  columns: {
    address: ({ address }) => address,
    account: ({ account }) => accountLink(account),
    state: ({ state: is }, { language }) => state(toneOf(is), STATES[language][is] ?? is),
    ends: ({ ends }, { language }) => (ends === undefined ? '' : timeOf(ends, language)),
    change: ({ address, state: is }, asked) => deedLinks(asked, addressDeeds(is), { address }, address),
  },
};

export const listPages: readonly Page[] = [
  ...registerPages(organisations),
  ...registerPages(accounts),
  ...registerPages(addresses),
];
