/**
 * For the contact of an organisation: who is in it, and whether their mailboxes are emptied. Deeds
 * are each account's own: an app password for a colleague would be his mail.
 */
import { visitorOf } from '../../web/core/page.ts';
import { note, table } from '../../web/look/parts.ts';
import { STATES } from '../../web/parts/states.ts';
import { type Hole, html } from '../../http/html.ts';
import type { Page } from '../core/page.ts';
import { ORGANISATION } from './organisation-words.ts';

/** Accounts of one page. */
const PAGE = 50;

export const organisation: Page = {
  method: 'GET',
  path: '/organisation',
  access: 'contact',
  run: async (asked) => {
    const words = ORGANISATION[asked.language];
    const { name, title } = visitorOf(asked).record.organisation;
    const after = asked.query.get('after');
    const all = await asked.operate('account.list', {
      organisation: name,
      limit: PAGE + 1,
      ...(after === null ? {} : { after }),
    });
    const shown = all.slice(0, PAGE);
    const states = STATES[asked.language];
    const rows = shown.map((one): readonly Hole[] => [
      one.login,
      'addresses' in one ? one.addresses.map(({ address }) => address).join(', ') : '',
      states[one.state] ?? one.state,
      one.messages,
      one.lastLogin ?? words.never,
    ]);
    const last = shown.at(-1)?.login;
    const next = all.length > PAGE && last !== undefined ? last : undefined;
    return {
      kind: 'page',
      title: words.title,
      body: html`${note('plain', html`<p>${words.about} <b>${title}</b>. ${words.deeds}</p>`)}
<div class="card">${table(words.title, [words.login, words.addresses, words.state, words.waiting, words.lastLogin], rows)}
${next === undefined ? undefined : html`<p><a class="button second" rel="next" href="/organisation?after=${next}">${words.next}</a></p>`}</div>`,
    };
  },
};
