/** The page behind the way out, of operators and of accounts: nothing on it is anybody's. */
import { type Html, html } from '../../http/html.ts';
import type { Reply } from '../core/page.ts';

/** `more`: what is left to be done elsewhere. */
export const goodbye = (
  words: { readonly title: string; readonly lead: string; readonly again: string },
  more?: Html,
): Reply => ({
  kind: 'page',
  title: words.title,
  body: html`<div class="card"><p>${words.lead}</p></div>${more}<p><a class="button" href="/login">${words.again}</a></p>`,
});
