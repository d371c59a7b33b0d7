/** The page after a log-out, for operators and for accounts. It shows nothing of any person. */
import { type Html, html } from '../../http/html.ts';
import type { Reply } from '../core/page.ts';

/** `more`: what the reader still has to do elsewhere. */
export const goodbye = (
  words: { readonly title: string; readonly lead: string; readonly again: string },
  more?: Html,
): Reply => ({
  kind: 'page',
  title: words.title,
  body: html`<div class="card"><p>${words.lead}</p></div>${more}<p><a class="button" href="/login">${words.again}</a></p>`,
});
