/** Search: whatever a caller reads out, and the way to it. */
import { AdminError } from '../../admin/context.ts';
import { type Html, html } from '../../http/html.ts';
import type { Asked, Page, Reply } from '../core/page.ts';
import { accountLink, card, list, note, organisationLink } from '../look/parts.ts';

const SEARCH = {
  nl: {
    title: 'Zoeken',
    label: 'Adres, gebruikersnaam of organisatie',
    hint: 'Zoals het is geregistreerd. Hoofdletters maken niet uit.',
    button: 'Zoek',
    nothing: 'Niets gevonden. Kijk of het klopt wat u typte.',
    account: 'Account',
    address: 'Adres',
    organisation: 'Organisatie',
    leads: 'gaat naar account',
  },
  en: {
    title: 'Search',
    label: 'Address, login or organisation',
    hint: 'As it is registered. Capitals do not matter.',
    button: 'Search',
    nothing: 'Nothing was found. See whether what you typed is right.',
    account: 'Account',
    address: 'Address',
    organisation: 'Organisation',
    leads: 'leads to account',
  },
};

const MAX = 254;

export const search: Page = {
  method: 'GET',
  path: '/search',
  access: 'read',
  run: async (asked): Promise<Reply> => {
    const words = SEARCH[asked.language];
    const wanted = (asked.query.get('q') ?? '').trim().slice(0, MAX);
    const found = wanted === '' ? undefined : await findAll(asked, wanted);
    // One thing alone: that is where whoever searched wants to go.
    if (found?.length === 1 && found[0] !== undefined) return { kind: 'see', to: found[0].to };
    return {
      kind: 'page',
      title: words.title,
      body: html`<div class="card"><form action="/search" role="search">
<label for="q">${words.label}</label><span class="hint" id="q-hint">${words.hint}</span>
<div class="find"><input type="search" id="q" name="q" value="${wanted}" maxlength="${MAX}" autocapitalize="none" spellcheck="false" aria-describedby="q-hint"><button>${words.button}</button></div>
</form></div>
${found === undefined ? undefined : found.length === 0 ? note('warn', html`<p role="status">${words.nothing}</p>`) : card(words.title, list(found.map(({ shown }) => shown)))}`,
    };
  },
};

interface Found {
  readonly to: string;
  readonly shown: Html;
}

async function findAll({ operate, language }: Asked, wanted: string): Promise<readonly Found[]> {
  const words = SEARCH[language];
  const accountPath = (login: string): string => `/accounts/${encodeURIComponent(login)}`;
  const [account, address, organisation] = await Promise.all([
    there(operate('account.show', { login: wanted })),
    there(operate('address.show', { address: wanted })),
    there(operate('organisation.show', { name: wanted.toLowerCase() })),
  ]);
  return [
    ...(account === undefined
      ? []
      : [{ to: accountPath(account.login), shown: html`${words.account} ${accountLink(account.login)}` }]),
    ...(address === undefined || address.account === account?.login
      ? []
      : [
          {
            to: accountPath(address.account),
            shown: html`${words.address} ${address.address} ${words.leads} ${accountLink(address.account)}`,
          },
        ]),
    ...(organisation === undefined
      ? []
      : [
          {
            to: `/organisations/${encodeURIComponent(organisation.name)}`,
            shown: html`${words.organisation} ${organisationLink(organisation.name)}`,
          },
        ]),
  ];
}

/** Undefined: nothing is called that, could be, or is that of whoever is logged in. */
async function there<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof AdminError && ['unknown', 'invalid', 'forbidden'].includes(error.kind)) return undefined;
    throw error;
  }
}
