/**
 * Webhooks, which send events to other programs: whether each gets through, and what can be done
 * with it.
 */
import { type Html, html } from '../../http/html.ts';
import { type Reply, visitorOf } from '../../web/core/page.ts';
import type { Asked, Page } from '../core/page.ts';
import { timeOf } from '../../web/core/times.ts';
import { accountLink, card, facts, list, note, organisationLink, state } from '../../web/look/parts.ts';
import { type Deed, deedButtons, doneNote } from '../parts/deed.ts';
import { deedPagesOf } from '../parts/deed-pages.ts';
import { type Register, type RowOf, registerPages } from '../parts/register.ts';
import { WEBHOOK, WEBHOOKS, WEBHOOK_DEED_WORDS } from './webhooks-words.ts';

type Webhook = RowOf<'webhook.list'>;

const of = ({ id = '' }: Readonly<Record<string, string>>) => ({ webhook: id });
const showSecret = ({ secret }: { readonly secret: string }, { language }: Asked): Html =>
  card(WEBHOOK[language].secret, html`<p><output>${secret}</output></p><p>${WEBHOOK[language].once}</p>`);

const add: Deed = {
  path: '/new/webhook',
  back: '/webhooks',
  operation: 'webhook.add',
  input: () => ({}),
  fields: ['name', 'url', 'account', 'organisation', 'event'],
  shows: showSecret,
  words: WEBHOOK_DEED_WORDS.add,
};
const [set, pause, resume, rotate, end]: readonly [Deed, Deed, Deed, Deed, Deed] = [
  {
    path: '/webhooks/{id}/change',
    operation: 'webhook.set',
    input: of,
    fields: ['name', 'url', 'event'],
    words: WEBHOOK_DEED_WORDS.set,
  },
  { path: '/webhooks/{id}/pause', operation: 'webhook.pause', input: of, words: WEBHOOK_DEED_WORDS.pause },
  { path: '/webhooks/{id}/resume', operation: 'webhook.resume', input: of, words: WEBHOOK_DEED_WORDS.resume },
  {
    path: '/webhooks/{id}/secret',
    operation: 'webhook.rotate',
    input: of,
    proven: true,
    shows: showSecret,
    words: WEBHOOK_DEED_WORDS.rotate,
  },
  {
    path: '/webhooks/{id}/end',
    back: '/webhooks',
    operation: 'webhook.end',
    input: of,
    proven: true,
    words: WEBHOOK_DEED_WORDS.end,
  },
];
const ofOne = [set, pause, resume, rotate, end];

const whose = ({ account, organisation }: Webhook, { language }: Asked): Html | string =>
  account !== undefined
    ? accountLink(account)
    : organisation !== undefined
      ? organisationLink(organisation)
      : WEBHOOK[language].all;
const stateOf = ({ state: is, failures }: Webhook, { language }: Asked): Html =>
  state(is === 'paused' ? 'warn' : failures > 0 ? 'bad' : 'good', WEBHOOK[language].states[is]);
const last = ({ lastSuccess }: Webhook, { language }: Asked): Html | string =>
  lastSuccess === undefined ? WEBHOOK[language].never : timeOf(lastSuccess, language);

export const webhooks: Register<'webhook.list'> = {
  path: '/webhooks',
  operation: 'webhook.list',
  filters: ['organisation'],
  deeds: [add],
  rowDeeds: [end],
  words: WEBHOOKS,
  columns: {
    id: ({ id }) => html`<a href="/webhooks/${id}">${id}</a>`,
    name: ({ name }) => name,
    whose,
    host: ({ host }) => host,
    state: stateOf,
    last,
    failures: ({ failures }) => failures,
  },
};

const webhook: Page = {
  method: 'GET',
  path: '/webhooks/{id}',
  access: 'read',
  run: async (asked) => {
    const { language, operate, params, may } = asked;
    const words = WEBHOOK[language];
    const one = await operate('webhook.show', of(params));
    const time = (at: string | undefined): Html | undefined => (at === undefined ? undefined : timeOf(at, language));
    const fitting = ofOne.filter((deed) => deed !== (one.state === 'paused' ? pause : resume));
    return {
      kind: 'page',
      title: `${words.title} ${one.name}`,
      body: html`${doneNote(asked, ofOne)}${deedButtons(asked, fitting, { id: one.id })}
${card(
  words.about,
  facts([
    [words.id, one.id],
    [words.whose, whose(one, asked)],
    [words.state, stateOf(one, asked)],
    [words.why, one.why],
    [words.url, one.url ?? one.host],
    [words.events, list(one.events)],
    [words.last, last(one, asked)],
    [words.failures, one.failures],
    [words.nextTry, time(one.nextTry)],
    [words.missed, time(one.missedUntil)],
    [words.oldSecret, time(one.oldSecretUntil)],
  ]),
)}
${may('registry') ? html`<form method="post" action="/webhooks/${one.id}/test"><input type="hidden" name="token" value="${visitorOf(asked).token}"><button class="second">${words.test}</button></form>` : undefined}`,
    };
  },
};

/**
 * The button that tests a webhook. It changes nothing but is a POST, since it sends something to
 * another party.
 */
const test: Page = {
  method: 'POST',
  path: '/webhooks/{id}/test',
  access: 'registry',
  run: async ({ language, operate, params }): Promise<Reply> => {
    const words = WEBHOOK[language];
    const said = await operate('webhook.test', of(params));
    const answer = said.why === undefined ? String(said.status ?? '') : html`<span lang="en">${said.why}</span>`;
    return {
      kind: 'page',
      title: `${words.test}: ${said.id}`,
      body: html`${note(said.taken ? 'good' : 'bad', html`<p role="status">${said.taken ? words.taken : words.notTaken} ${answer}</p>`)}<p><a class="button second" href="/webhooks/${said.id}">${words.back}</a></p>`,
    };
  },
};

export const webhookPages: readonly Page[] = [
  ...registerPages(webhooks),
  webhook,
  test,
  ...deedPagesOf([add, ...ofOne]),
];
