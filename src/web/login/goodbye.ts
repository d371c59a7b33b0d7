/** The page behind the way out, of operators and of accounts: nothing on it is anybody's. */
import { html } from '../../http/html.ts';
import type { Reply } from '../core/page.ts';

export const goodbye = (words: { readonly title: string; readonly lead: string; readonly again: string }): Reply => ({
  kind: 'page',
  title: words.title,
  body: html`<div class="card"><p>${words.lead}</p></div><p><a class="button" href="/login">${words.again}</a></p>`,
});
