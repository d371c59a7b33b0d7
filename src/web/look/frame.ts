/** The frame of every page: who is logged in, where the reader is and can go, and the language. */
import { type Helpdesk, helpdeskLine } from '../../domain/helpdesk.ts';
import type { Language } from '../../domain/registry.ts';
import { type Html, attributes, html } from '../../http/html.ts';
import { ICON_PATH, SCRIPT_PATH, STYLE_PATH } from './files.ts';
import { FRAME } from './words.ts';

export interface Framed {
  readonly language: Language;
  readonly title: string;
  /** Name by which the readers know the gateway. */
  readonly gateway: string;
  readonly helpdesk: Helpdesk;
  /** Paths of ours that a logged-in visitor can go to, with their titles. */
  readonly links: readonly (readonly [path: string, text: string])[];
  /** What links to paths of ours begin with. */
  readonly root?: '' | '.';
  /** Who is logged in, and the token for the forms. */
  readonly who?: { readonly name: string; readonly token: string };
}

export function frame({ language, title, gateway, helpdesk, links, who, root = '' }: Framed, body: Html): string {
  const words = FRAME[language];
  const link = ([to, text]: Framed['links'][number]): Html =>
    html`<li><a href="${to}"${attributes({ 'aria-current': text === title ? 'page' : undefined })}>${text}</a></li>`;
  return html`<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} - ${gateway}</title>
<link rel="stylesheet" href="${root + STYLE_PATH}">
<link rel="icon" href="${root + ICON_PATH}">
<script src="${root + SCRIPT_PATH}" defer></script>
</head>
<body>
<a class="skip" href="#content">${words.skip}</a>
<header class="top"><div class="bar">
<span class="name">${gateway}</span>
${who === undefined ? undefined : html`<nav aria-label="${words.menu}"><ul>${links.map(link)}</ul></nav>`}
<form method="post" action="${`${root}/language`}"><input type="hidden" name="to" value="${language === 'nl' ? 'en' : 'nl'}"><button class="second" lang="${language === 'nl' ? 'en' : 'nl'}">${words.other}</button></form>
${who === undefined ? undefined : loggedIn(who, words)}
</div></header>
<main id="content"${attributes({ class: who === undefined ? 'narrow' : undefined, tabindex: -1 })}>
<h1>${title}</h1>
${body}
</main>
<footer><p>${words.help} ${helpdeskLine(helpdesk, language)}</p></footer>
</body>
</html>
`.text;
}

const loggedIn = ({ name, token }: NonNullable<Framed['who']>, words: (typeof FRAME)['nl']): Html =>
  html`<span class="soft">${words.loggedIn} <b>${name}</b></span>
<form method="post" action="/logout"><input type="hidden" name="token" value="${token}"><button class="second">${words.logOut}</button></form>`;
