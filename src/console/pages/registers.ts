/**
 * The list of all registers. A register that is added here gets its page, its CSV file and its
 * place in this list.
 */
import { html } from '../../http/html.ts';
import type { Page } from '../core/page.ts';
import { card } from '../../web/look/parts.ts';
import { IMPORT } from '../parts/import-words.ts';
import { type Register, isOffered } from '../parts/register.ts';
import { approvals } from './approvals.ts';
import { certificates } from './certificates.ts';
import { directory } from './directory.ts';
import { identities } from './identities.ts';
import { importsFor } from './imports.ts';
import { accounts, addresses, organisations } from './lists.ts';
import { operators, passkeys, sessions, tokens } from './operators.ts';
import { partners } from './partners.ts';
import { queue } from './queue.ts';
import { settings } from './settings.ts';
import { trail } from './trail.ts';
import { webhooks } from './webhooks.ts';

const WORDS = {
  nl: { title: 'Overzichten', lead: 'Alles wat geregistreerd is.', none: 'U mag geen overzichten zien.' },
  en: { title: 'Registers', lead: 'All that is registered.', none: 'You may see no registers.' },
};

export const REGISTERS: readonly Register[] = [
  organisations,
  accounts,
  addresses,
  directory,
  partners,
  queue,
  certificates,
  webhooks,
  trail,
  approvals,
  operators,
  tokens,
  passkeys,
  sessions,
  identities,
  settings,
];

export const registers: Page = {
  method: 'GET',
  path: '/registers',
  access: 'read',
  run: (asked) => {
    const words = WORDS[asked.language];
    const offered = REGISTERS.filter(({ operation }) => isOffered(asked, operation));
    return {
      kind: 'page',
      title: words.title,
      body: html`<p>${offered.length === 0 ? words.none : words.lead}</p><div class="cards">${offered.map(
        ({ path, words: both }) => {
          const { title, about } = both[asked.language];
          return card(title, html`<p>${about}</p><p><a class="button second" href="${path}">${title}</a></p>`);
        },
      )}</div>${importsFor(asked).length === 0 ? undefined : html`<p><a class="button second" href="/imports">${IMPORT[asked.language].title}</a></p>`}`,
    };
  },
};
