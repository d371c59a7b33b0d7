/**
 * How it is known who called: asked for where somebody may have asked on the telephone, and kept in
 * the trail.
 */
import { type Html, attributes, html } from '../../http/html.ts';
import type { Asked } from '../core/page.ts';
import { DEED } from './deed-words.ts';

export type Caller = keyof (typeof DEED)['en']['callers'];
const CALLERS = Object.keys(DEED.en.callers) as Caller[];

/** The trail is in one language. */
export const CALLER_FACT: Readonly<Record<Caller, string>> = {
  called: 'called back',
  known: 'checked by questions',
  present: 'seen in person',
  own: 'none',
};

/** Undefined: nothing was chosen. */
export const callerIn = (field: Asked['field']): Caller | undefined => CALLERS.find((one) => one === field('caller'));

/** The reason, with how it is known who called behind it. */
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
