/**
 * Every component of the console on one page. The tests photograph it, and docs/style.md describes
 * it.
 */
import { html } from '../../http/html.ts';
import type { Page } from '../core/page.ts';
import { timeOf } from '../../web/core/times.ts';
import { card, facts, list, note, state, table, timeLine } from '../../web/look/parts.ts';

const STYLE = {
  nl: {
    title: 'Vormgeving',
    note: 'Een mededeling',
    card: 'Een kaart',
    fact: 'Feit',
    field: 'Een veld',
    hint: 'Een uitleg',
    button: 'Doen',
    second: 'Terug',
  },
  en: {
    title: 'Style',
    note: 'A note',
    card: 'A card',
    fact: 'Fact',
    field: 'A field',
    hint: 'A hint',
    button: 'Do',
    second: 'Back',
  },
};
const SOME_TIME = '2026-11-27T12:05:00Z';

export const style: Page = {
  method: 'GET',
  path: '/style',
  access: 'session',
  run: ({ language }) => {
    const words = STYLE[language];
    const tones = ['good', 'warn', 'bad', 'plain'] as const;
    return {
      kind: 'page',
      title: words.title,
      body: html`${tones.map((tone) => note(tone, html`<p>${words.note}: ${state(tone, tone)}</p>`))}
<div class="cards">${card(
        words.card,
        facts([
          [words.fact, 1],
          [words.fact, timeOf(SOME_TIME, language)],
        ]),
      )}${card(words.card, list([words.fact, html`<a href="/style">${words.fact}</a>`]))}${card(words.card, timeLine([[timeOf(SOME_TIME, language), words.fact]]))}</div>
${card(
  words.card,
  table(
    words.card,
    [words.fact, words.fact],
    [
      [1, 2],
      [3, 4],
    ],
  ),
)}
${card(words.card, html`<form action="/style"><label for="one">${words.field}</label><span class="hint" id="one-hint">${words.hint}</span><input type="text" id="one" name="one" aria-describedby="one-hint"><button>${words.button}</button> <a class="button second" href="/style">${words.second}</a></form>`)}`,
    };
  },
};
