/**
 * What the login pages of every site share: hidden fields, and the text that says what went wrong.
 */
import { type Html, html } from '../../http/html.ts';
import type { From } from './slowed.ts';

export const fromOf = ({ network, range, signal, address }: From): From => ({ network, range, signal, address });

export const hiddenFields = (fields: Readonly<Record<string, string>>): readonly Html[] =>
  Object.entries(fields).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`);

export const wrong = (text: string | undefined): Html | undefined =>
  text === undefined ? undefined : html`<div class="card note bad" role="alert"><p>${text}</p></div>`;
