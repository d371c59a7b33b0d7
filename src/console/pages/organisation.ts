/** An organisation: whom to call, and its accounts, page by page. */
import { html } from '../../http/html.ts';
import type { Page } from '../core/page.ts';
import { accountLink, card, facts, note, table } from '../../web/look/parts.ts';
import { deedButtons, doneNote } from '../parts/deed.ts';
import { ORGANISATION_SETTINGS } from './settings.ts';
import { OF_ORGANISATION, organisationDeeds } from './organisation-deeds.ts';
import { STATES } from '../../web/parts/states.ts';

const ORGANISATION = {
  nl: {
    title: 'Organisatie',
    about: 'Gegevens',
    contact: 'Contact',
    telephone: 'Telefoon',
    language: 'Taal',
    post: 'Postadres',
    state: 'Toestand',
    accounts: 'Accounts',
    account: 'Account',
    kind: 'Soort',
    messages: 'Berichten',
    addresses: 'Adressen',
    more: 'Volgende',
    problem: 'Het contact is niet bruikbaar',
    none: 'Deze organisatie heeft geen accounts.',
  },
  en: {
    title: 'Organisation',
    about: 'About',
    contact: 'Contact',
    telephone: 'Telephone',
    language: 'Language',
    post: 'Postal address',
    state: 'State',
    accounts: 'Accounts',
    account: 'Account',
    kind: 'Kind',
    messages: 'Messages',
    addresses: 'Addresses',
    more: 'Next',
    problem: 'The contact cannot be used',
    none: 'This organisation has no accounts.',
  },
};
const PAGE = 50;
/** Most addresses that are shown of one account. */
const SHOWN = 3;

export const organisation: Page = {
  method: 'GET',
  path: '/organisations/{name}',
  access: 'read',
  run: async (asked) => {
    const {
      params: { name = '' },
      query,
      language,
      operate,
    } = asked;
    const words = ORGANISATION[language];
    const states = STATES[language];
    const after = query.get('after');
    const [of, accounts] = await Promise.all([
      operate('organisation.show', { name }),
      operate('account.list', { organisation: name, limit: PAGE + 1, ...(after === null ? {} : { after }) }),
    ]);
    const shown = accounts.slice(0, PAGE);
    const last = shown.at(-1)?.login;
    const next =
      accounts.length > PAGE && last !== undefined
        ? html`<p><a class="button second" href="/organisations/${of.name}?after=${last}">${words.more}</a></p>`
        : undefined;
    return {
      kind: 'page',
      title: `${words.title} ${of.name}`,
      body: html`${doneNote(asked, [ORGANISATION_SETTINGS, ...OF_ORGANISATION])}${deedButtons(asked, organisationDeeds(of.state, of.ends), { name: of.name })}${of.contactProblem === undefined ? undefined : note('warn', html`<p>${words.problem}: <span lang="en">${of.contactProblem}</span></p>`)}
${card(
  words.about,
  facts([
    [words.title, of.title],
    [words.state, of.state === undefined ? undefined : (states[of.state] ?? of.state)],
    [words.contact, of.contact],
    [
      words.telephone,
      of.telephone === undefined
        ? undefined
        : html`<a href="tel:${of.telephone.replace(/[^\d+]/g, '')}">${of.telephone}</a>`,
    ],
    [words.post, of.post?.join(', ')],
    [words.language, of.language],
  ]),
)}${deedButtons(asked, [ORGANISATION_SETTINGS], { name: of.name })}
${card(
  words.accounts,
  shown.length === 0
    ? html`<p>${words.none}</p>`
    : html`${table(
        words.accounts,
        [words.account, words.kind, words.state, words.messages, words.addresses],
        shown.map((one) => [
          accountLink(one.login),
          one.kind,
          states[one.state] ?? one.state,
          one.messages,
          'addresses' in one
            ? `${one.addresses
                .slice(0, SHOWN)
                .map(({ address }) => address)
                .join(', ')}${one.addresses.length > SHOWN ? ' ...' : ''}`
            : '',
        ]),
      )}${next}`,
)}`,
    };
  },
};
