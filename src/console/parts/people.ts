/**
 * The people of a new organisation, typed one a line while somebody is on the telephone: a name,
 * from which an address is made, or a whole address. They become the lines of a file of accounts,
 * so that the import of accounts checks and registers them.
 */
import type { GivenFile } from '../../http/file-form.ts';
import { type Html, html } from '../../http/html.ts';
import type { Asked } from '../core/page.ts';
import { IMPORT } from './import-words.ts';

/** Most people in the form. A larger organisation gives a file. */
const MOST_PEOPLE = 100;
const MAX_TYPED = 8192;

export interface People {
  readonly file: GivenFile;
  /** The lines as they were typed. The first one becomes line 2 of the file. */
  readonly typed: readonly string[];
  readonly addresses: readonly string[];
}

/** Makes an address of a name: `Jan de Vries` at `west.nl` becomes `jan.de.vries@west.nl`. */
export function addressFor(person: string, domain: string): string {
  if (person.includes('@')) return person;
  const plain = person.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
  return `${plain.replace(/[\s.]+/g, '.').replace(/^\.|\.$/g, '')}@${domain}`;
}

const cell = (text: string): string => `"${text.replaceAll('"', '""')}"`;

/** The people in the form. Undefined if there are none, or more than one form may have. */
export function peopleIn(field: Asked['field'], organisation: string): People | undefined {
  const domain = field('domain').trim().replace(/^@/, '');
  const typed = field('people')
    .slice(0, MAX_TYPED)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  if (typed.length === 0 || typed.length > MOST_PEOPLE) return undefined;
  const addresses = typed.map((person) => addressFor(person, domain));
  const lines = addresses.map((address) => [address, address, organisation].map(cell).join(','));
  const octets = Buffer.from(`login,address,organisation\n${lines.join('\n')}\n`);
  return { file: { size: octets.length, pieces: [octets] }, typed, addresses };
}

export function peopleHtml({ language, field }: Pick<Asked, 'language' | 'field'>): Html {
  const words = IMPORT[language];
  return html`<label for="domain">${words.domain}</label><span class="hint" id="domain-hint">${words.domainHint}</span>
<input type="text" id="domain" name="domain" maxlength="253" autocomplete="off" autocapitalize="none" spellcheck="false" aria-describedby="domain-hint" value="${field('domain')}">
<label for="people">${words.people}</label><span class="hint" id="people-hint">${words.peopleHint} ${MOST_PEOPLE}.</span>
<textarea id="people" name="people" rows="6" required maxlength="${MAX_TYPED}" autocapitalize="none" spellcheck="false" aria-describedby="people-hint">
${field('people')}</textarea>`;
}
