/**
 * The address book: whom the account can write to, of the organisations that agreed. The same
 * search as in the API, and the same count of what is asked for in an hour.
 */
import { mayLookUp } from '../../admin/directory.ts';
import { visitorOf } from '../../web/core/page.ts';
import { card, note, table } from '../../web/look/parts.ts';
import { type DirectoryEntry, type DirectoryRecord, isRemoved } from '../../domain/directory.ts';
import { type Hole, type Html, html } from '../../http/html.ts';
import type { Asked, Page, Services } from '../core/page.ts';
import { DIRECTORY } from './directory-words.ts';

type Words = (typeof DIRECTORY)['nl'];

/** Entries of one page. */
const PAGE = 50;
/** Characters of what is looked for, as in the API. */
const MOST = 100;
const NOT_SHOWN = /[^ -~\u00a0-\uffff]/g;

export const directory: Page = {
  method: 'GET',
  path: '/directory',
  access: 'session',
  run: async (asked, services) => {
    const words = DIRECTORY[asked.language];
    const typed = (asked.query.get('q') ?? '').replace(NOT_SHOWN, '').trim().slice(0, MOST);
    const found = typed === '' ? undefined : await lookUp(asked, services, typed);
    return {
      kind: 'page',
      status: found === 'too many' ? 429 : 200,
      title: words.title,
      body: html`<div class="card"><form action="/directory" role="search"><label for="q">${words.label}</label><span class="hint" id="q-hint">${words.hint}</span>
<input type="search" id="q" name="q" maxlength="${MOST}" autocapitalize="none" spellcheck="false" aria-describedby="q-hint" value="${typed}"><button>${words.find}</button></form></div>
${found === undefined ? undefined : shown(words, typed, found)}`,
    };
  },
};

async function lookUp(
  asked: Asked,
  { directory: shared, log }: Services,
  text: string,
): Promise<readonly DirectoryRecord[] | 'too many'> {
  const { account, organisation } = visitorOf(asked).record;
  const give = mayLookUp({ ...shared, log }, { session: asked.peer.session, account, organisation });
  if (give === undefined) return 'too many';
  const after = /^\d{1,15}$/.test(asked.query.get('after') ?? '') ? Number(asked.query.get('after')) : 0;
  await shared.directory.current();
  const found = await shared.directory.page({ after, limit: PAGE, removed: false, text });
  give(Math.max(1, found.length));
  return found;
}

function shown(words: Words, typed: string, found: readonly DirectoryRecord[] | 'too many'): Html {
  if (found === 'too many') return note('warn', html`<p role="alert">${words.limited}</p>`);
  if (found.length === 0) return note('plain', html`<p role="status">${words.none}</p>`);
  const rows = found.filter((one): one is DirectoryEntry => !isRemoved(one)).map((one) => rowOf(words, one));
  const last = found.length === PAGE ? found.at(-1)?.version : undefined;
  const next =
    last === undefined
      ? undefined
      : html`<p><a class="button second" rel="next" href="/directory?q=${typed}&amp;after=${last}">${words.next}</a></p>`;
  const columns = [
    words.address,
    words.organisation,
    words.role,
    words.agb,
    words.telephone,
    words.takes,
    words.certificate,
  ];
  return card(words.found, html`${table(words.found, columns, rows)}${next}`);
}

const rowOf = (words: Words, one: DirectoryEntry): readonly Hole[] => [
  one.address,
  one.organisation.title,
  one.role,
  one.agb,
  one.telephone,
  one.edi.length === 0 ? words.everything : one.edi.join(' '),
  one.certificate === undefined ? words.no : words.yes,
];
