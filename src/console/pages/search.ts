/** The search page: it takes whatever a caller reads out, and leads to it. */
import type { Language } from '../../domain/registry.ts';
import { type Html, html } from '../../http/html.ts';
import type { Reply } from '../../web/core/page.ts';
import type { Page } from '../core/page.ts';
import { card, list, note } from '../../web/look/parts.ts';
import { type Hits, findAll } from './find.ts';
import { SEARCH } from './search-words.ts';

type Words = (typeof SEARCH)['nl'];

/** Most characters of a search. A Message-ID may be longer, but nobody reads such a one out. */
const MAX = 254;

export function searchForm(language: Language, wanted = ''): Html {
  const words = SEARCH[language];
  return html`<div class="card"><form action="/search" role="search">
<label for="q">${words.label}</label><span class="hint" id="q-hint">${words.hint}</span>
<div class="find"><input type="search" id="q" name="q" value="${wanted}" maxlength="${MAX}" autocapitalize="none" spellcheck="false" aria-describedby="q-hint"><button>${words.button}</button></div>
</form></div>`;
}

export const search: Page = {
  method: 'GET',
  path: '/search',
  access: 'read',
  run: async (asked): Promise<Reply> => {
    const words = SEARCH[asked.language];
    const wanted = (asked.query.get('q') ?? '').trim().slice(0, MAX);
    const found = wanted === '' ? undefined : await findAll(asked, wanted, asked.query.get('before') ?? undefined);
    // A single hit is where the visitor wants to go.
    const [first, ...more] = found?.hits ?? [];
    if (first !== undefined && more.length === 0 && found?.before === undefined) return { kind: 'see', to: first.to };
    return {
      kind: 'page',
      title: words.title,
      body: html`${searchForm(asked.language, wanted)}
${found === undefined ? undefined : foundPart(words, wanted, found)}`,
    };
  },
};

function foundPart(words: Words, wanted: string, { hits, more, before }: Hits): Html {
  const further =
    before === undefined
      ? undefined
      : note(
          'plain',
          html`<p>${words.further}</p><p><a class="button second" href="/search?q=${wanted}&amp;before=${before}">${words.back}</a></p>`,
        );
  if (hits.length === 0) return html`${note('warn', html`<p role="status">${words.nothing}</p>`)}${further}`;
  const items = list(hits.map(({ shown }) => shown));
  return html`${card(words.title, html`${items}${more === true ? html`<p class="soft">${words.most}</p>` : undefined}`)}${further}`;
}
