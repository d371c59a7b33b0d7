/**
 * The settings that hold now: those of the configuration file, and those of the registry, with
 * links to the pages that change them.
 */
import { settingsTable } from '../../domain/settings.ts';
import type { Setting } from '../../domain/settings/setting.ts';
import { formatSetting } from '../../domain/settings/value.ts';
import { type Html, html } from '../../http/html.ts';
import type { Asked, Page } from '../core/page.ts';
import { note, state, table } from '../../web/look/parts.ts';
import type { Deed } from '../parts/deed.ts';
import { deedPagesOf } from '../parts/deed-pages.ts';
import { type Register, type RowOf, registerPages } from '../parts/register.ts';
import { FILE, OF_ADDRESS, OF_ORGANISATION, REGISTERED, SETTINGS } from './settings-words.ts';

export const ORGANISATION_SETTINGS: Deed = {
  path: '/organisations/{name}/settings',
  operation: 'organisation.set',
  input: ({ name = '' }) => ({ name }),
  fields: ['settings'],
  words: OF_ORGANISATION,
};
export const ADDRESS_SETTINGS: Deed = {
  path: '/addresses/{address}/settings',
  back: '/addresses',
  operation: 'address.set',
  input: ({ address = '' }) => ({ name: address }),
  fields: ['settings'],
  words: OF_ADDRESS,
};

export const settings: Register<'config.list'> = {
  path: '/settings',
  operation: 'config.list',
  filters: ['like', 'section', 'changed'],
  words: SETTINGS,
  beside: fileNote,
  groups: ({ section, subject }, { language }) => ({
    title: section === '' ? FILE[language].top : section,
    about: subject,
  }),
  columns: {
    name: ({ name, differs }, { language }) =>
      html`<code>${name}</code>${differs ? html` ${state('warn', FILE[language].differs)}` : undefined}`,
    value: ({ value }, { language }) => (value === undefined ? FILE[language].unset : html`<code>${value}</code>`),
    initial: ({ initial }) => (initial === undefined ? '' : html`<code>${initial}</code>`),
    about: ({ about, expected }, { language }) =>
      html`<span lang="en">${about}</span><br><span class="soft">${FILE[language].expected}: <span lang="en">${expected}</span></span>`,
    by: ({ by }, { language }) => FILE[language].by[by],
  },
};

function fileNote({ language }: Asked, [first]: readonly RowOf<'config.list'>[]): Html {
  const words = FILE[language];
  const file = first?.file;
  return html`${
    file === undefined
      ? undefined
      : note(
          'plain',
          html`<p>${words.file} <code>${file}</code></p><p>${words.check} <code>sluis check --config ${file}</code></p><p>${words.reload} <code>sluis reload --config ${file}</code> ${words.restart}</p>`,
        )
  }<p><a class="button second" href="/registered-settings">${words.registered}</a></p>`;
}

const registered: Page = {
  method: 'GET',
  path: '/registered-settings',
  access: 'read',
  run: ({ language }) => {
    const words = REGISTERED[language];
    const rows = Object.entries<Setting>(settingsTable).map(([name, { scopes, type, default: initial, about }]) => [
      html`<code>${name}</code>`,
      scopes.map((scope) => words.scopes[scope]).join(', '),
      html`<code>${formatSetting(type, initial)}</code>`,
      html`<span lang="en">${about}</span>`,
    ]);
    const links = ['organisations', 'accounts', 'addresses'] as const;
    return {
      kind: 'page',
      title: words.title,
      body: html`<p>${words.lead}</p><p>${words.where}</p>
<p>${links.map((name) => html`<a class="button second" href="/${name}">${words[name]}</a> `)}</p>
<div class="card">${table(words.title, words.columns, rows)}</div>`,
    };
  },
};

export const settingPages: readonly Page[] = [
  ...registerPages(settings),
  registered,
  ...deedPagesOf([ORGANISATION_SETTINGS, ADDRESS_SETTINGS]),
];
