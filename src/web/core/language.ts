/**
 * The button for the other language. It leads back to the page where the reader was, which the
 * browser names in its `Referer`.
 */
import { languageCookie } from './cookies.ts';
import { type AskedBy, type PageFor, localPath } from './page.ts';
import type { SiteParts } from './serve.ts';

export const changeLanguage: PageFor<Pick<AskedBy<unknown>, 'field' | 'headers'>, SiteParts, 'nobody'> = {
  method: 'POST',
  path: '/language',
  access: 'nobody',
  run: ({ field, headers }, { origin }) => {
    const { referer = '' } = headers;
    const from = referer.startsWith(`${origin}/`) ? localPath(referer.slice(origin.length)) : '/';
    return { kind: 'see', to: from, cookies: [languageCookie(field('to') === 'en' ? 'en' : 'nl')] };
  },
};
