/** What the pages of the login share: a form that asks for a passkey, and the texts of refusals. */
import type { Language } from '../../domain/registry.ts';
import { type Html, attributes, html } from '../../http/html.ts';
import { hiddenFields } from '../../web/login/forms.ts';
import { LOGIN } from './words.ts';

type Words = (typeof LOGIN)['nl'];

/** A form whose button asks the browser for a passkey. */
interface PasskeyForm {
  readonly kind: 'create' | 'get';
  readonly options: string;
  readonly action: string;
  readonly button: string;
  readonly hidden: Readonly<Record<string, string>>;
}

export const passkeyForm = (words: Words, { kind, options, action, button, hidden }: PasskeyForm): Html =>
  html`<form method="post" action="${action}"${attributes({ 'data-passkey': kind, 'data-options': options })}>
<p data-without-script>${words.script}</p>
<p data-failed role="alert" tabindex="-1" class="state bad" hidden>${words.failed}</p>
${hiddenFields(hidden)}<input type="hidden" name="credential" value="">
<button>${button}</button>
</form>`;

export const said = (language: Language, kind: 'refused' | 'busy', refused: string): readonly [number, string] =>
  kind === 'busy' ? [429, LOGIN[language].busy] : [403, refused];
