/**
 * How the operator knows who called. Forms ask for it if the deed may have been asked for on the
 * telephone, and the trail keeps it.
 */
import { type Html, attributes, html } from '../../http/html.ts';
import type { Asked } from '../core/page.ts';
import { DEED } from './deed-words.ts';

export type Caller = keyof (typeof DEED)['en']['callers'];
const CALLERS = Object.keys(DEED.en.callers) as Caller[];

/** The words for the trail, which is in English. */
export const CALLER_FACT: Readonly<Record<Caller, string>> = {
  called: 'called back',
  known: 'checked by questions',
  present: 'seen in person',
  own: 'none',
};

/** The choice in the form; undefined if nothing was chosen. */
export const callerIn = (field: Asked['field']): Caller | undefined => CALLERS.find((one) => one === field('caller'));

/** The reason, followed by how the operator knows who called. */
export const reasonWith = (reason: string, caller: Caller): string =>
  `${reason} (${caller === 'own' ? 'no caller' : `caller: ${CALLER_FACT[caller]}`})`;

interface CallerWords {
  readonly caller: string;
  readonly callers: Readonly<Record<Caller, string>>;
}

export function callerHtml(
  { field, language }: Pick<Asked, 'field' | 'language'>,
  words: CallerWords = DEED[language],
): Html {
  const choice = (one: Caller): Html =>
    html`<label class="choice"><input type="radio" name="caller" value="${one}" required${attributes({ checked: one === field('caller') })}>${words.callers[one]}</label>`;
  return html`<fieldset><legend>${words.caller}</legend>${CALLERS.map(choice)}</fieldset>`;
}
