/**
 * Who is away: for each address of the account its absences, now and ahead, a new one with a
 * substitute, the end of one, and standing in for a colleague.
 */
import { timeOf } from '../../web/core/times.ts';
import { visitorOf } from '../../web/core/page.ts';
import { card, list, note } from '../../web/look/parts.ts';
import { html } from '../../http/html.ts';
import type { Asked, Page } from '../core/page.ts';
import { ownDeedPages } from '../parts/deed.ts';
import { ABSENCE, ADD_ABSENCE, AGREE, END_ABSENCE } from './absence-words.ts';

/** Addresses of one page; an account has few. */
const MOST = 20;
const DONE = ['noted', 'back', 'agreed'] as const;

const overview: Page = {
  method: 'GET',
  path: '/absence',
  access: 'session',
  run: async (asked) => {
    const words = ABSENCE[asked.language];
    const { login } = visitorOf(asked).record.account;
    const { addresses } = await asked.operate('account.show', { login });
    const cards = [];
    for (const { address, state } of addresses.slice(0, MOST))
      if (state === 'active') cards.push(card(address, await ofAddress(asked, address)));
    const done = DONE.find((one) => one === asked.query.get('done'));
    return {
      kind: 'page',
      title: words.title,
      body: html`${done === undefined ? undefined : note('good', html`<p role="status">${words[done]}</p>`)}<p>${words.lead}</p>${cards}`,
    };
  },
};

async function ofAddress(asked: Asked, address: string) {
  const words = ABSENCE[asked.language];
  const absences = await asked.operate('address.absence.list', { address, limit: MOST });
  const lines = absences.map(
    (one) =>
      html`${one.state === 'now' ? words.now : timeOf(one.from, asked.language)} ${words.until} ${one.lastDay}: ${one.mode === 'substitute' ? words.goesTo : words.refused} ${one.substitute ?? ''}`,
  );
  return html`${lines.length === 0 ? html`<p>${words.none}</p>` : list(lines)}<ul class="deeds"><li><a class="button second" href="/absence/new?address=${address}">${words.add}</a></li>
${lines.length === 0 ? undefined : html`<li><a class="button second" href="/absence/end?address=${address}">${words.end}</a></li>`}<li><a class="button second" href="/absence/agree?substitute=${address}">${words.agree}</a></li></ul>`;
}

export const absencePages: readonly Page[] = [
  overview,
  ...ownDeedPages({
    path: '/absence/new',
    operation: 'address.absence.add',
    fields: ['since', 'until', 'substitute', 'refuse'],
    which: 'address',
    back: '/absence',
    words: ADD_ABSENCE,
    input: () => ({}),
    done: () => ({ kind: 'see', to: '/absence?done=noted' }),
  }),
  ...ownDeedPages({
    path: '/absence/end',
    operation: 'address.absence.end',
    fields: [],
    which: 'address',
    back: '/absence',
    words: END_ABSENCE,
    input: () => ({}),
    done: () => ({ kind: 'see', to: '/absence?done=back' }),
  }),
  ...ownDeedPages({
    path: '/absence/agree',
    operation: 'address.consent.add',
    fields: ['for'],
    which: 'substitute',
    back: '/absence',
    words: AGREE,
    input: () => ({}),
    done: () => ({ kind: 'see', to: '/absence?done=agreed' }),
  }),
];
