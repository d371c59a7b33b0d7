/**
 * The trail: what happened and who did it, with filters; and a check that nobody has changed it.
 * Each look at these pages is itself a row in the trail, as it is for the command.
 */
import { factText } from '../../admin/delivery-views.ts';
import { type Html, html } from '../../http/html.ts';
import { visitorOf } from '../../web/core/page.ts';
import type { Page } from '../core/page.ts';
import { timeOf } from '../../web/core/times.ts';
import { accountLink, card, facts, list, messageLink, note, state } from '../../web/look/parts.ts';
import { type Register, registerPages } from '../parts/register.ts';
import { TRAIL, VERIFY } from './trail-words.ts';

const isMessage = (text: string): boolean => /^[0-9A-Za-z-]{1,64}$/.test(text);

export const trail: Register<'audit.list'> = {
  path: '/trail',
  operation: 'audit.list',
  filters: ['account', 'event', 'since', 'until'],
  words: TRAIL,
  beside: ({ language }) => html`<p><a class="button second" href="/trail-check">${VERIFY[language].title}</a></p>`,
  columns: {
    row: ({ seq }) => seq,
    time: ({ at }, { language }) => timeOf(at, language),
    event: ({ event }) => html`<code>${event}</code>`,
    outcome: ({ outcome }, { language }) =>
      state(outcome === 'success' ? 'good' : 'warn', VERIFY[language].outcomes[outcome] ?? outcome),
    account: ({ account }) => (account === undefined ? '' : accountLink(account)),
    message: ({ message }) => (message === undefined ? '' : isMessage(message) ? messageLink(message) : message),
    facts: ({ facts: of, erased }, { language }) =>
      list([...Object.entries(of).map(factText), ...(erased ? [VERIFY[language].erased] : [])]),
  },
};

const ask: Page = {
  method: 'GET',
  path: '/trail-check',
  access: 'security',
  run: (asked) => {
    const words = VERIFY[asked.language];
    return {
      kind: 'page',
      title: words.title,
      body: html`<div class="card"><p>${words.lead}</p><form method="post" action="/trail-check"><input type="hidden" name="token" value="${visitorOf(asked).token}"><button>${words.button}</button></form></div>`,
    };
  },
};

/** The check is a POST, since it reads the whole trail. */
const check: Page = {
  method: 'POST',
  path: '/trail-check',
  access: 'security',
  run: async ({ language, operate }) => {
    const words = VERIFY[language];
    const {
      report,
      restored = [],
      anchors,
      missing,
      behind,
    } = await operate('audit.verify', { anchors: [], own: true });
    const why =
      report.kind === 'broken'
        ? `${report.seq}: ${report.why}`
        : (missing?.why ?? (report.vanished === undefined ? undefined : `${report.vanished} ${words.vanished}`));
    const said: Html =
      why !== undefined
        ? note('bad', html`<p role="alert"><b>${words.broken}</b></p><p lang="en">${why}</p><p>${words.keep}</p>`)
        : anchors > 0
          ? note('good', html`<p role="status">${words.proven}</p>`)
          : note('warn', html`<p role="status">${words.unproven}</p>`);
    return {
      kind: 'page',
      title: words.title,
      body: html`${said}${card(
        words.found,
        facts([
          [words.rows, report.kind === 'intact' ? report.rows : undefined],
          [words.head, report.kind === 'intact' ? report.head : undefined],
          [words.anchors, anchors],
          [words.behind, behind],
          ...restored.flatMap(({ at, lost }) =>
            lost === undefined
              ? []
              : [[words.restored, html`${timeOf(at, language)}: ${lost.anchors} ${words.lost}`] as const],
          ),
        ]),
      )}<p><a class="button second" href="/trail">${words.back}</a></p>`,
    };
  },
};

export const trailPages: readonly Page[] = [...registerPages(trail), ask, check];
