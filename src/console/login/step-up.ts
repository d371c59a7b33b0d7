/**
 * Proving once more who one is, before something that cannot be undone: with the passkey, with a
 * code, or at the OpenID provider. If a form comes too late for the last proof, the answer is a
 * page that asks for one and carries along what was typed. So nothing is lost, and nothing of it
 * stands in an address or is kept here.
 */
import { type Means, STEP_UP_LIFE } from '../../domain/console.ts';
import { type Html, html } from '../../http/html.ts';
import { type Reply, visitorOf } from '../../web/core/page.ts';
import type { Asked } from '../core/page.ts';
import type { ConsoleServices } from '../core/services.ts';
import { codeForm } from './break-glass-pages.ts';
import { BREAK_GLASS_WORDS } from './break-glass-words.ts';
import { FEDERATED } from './federated-words.ts';
import { fromOf, hiddenFields, wrong } from '../../web/login/forms.ts';
import { passkeyForm, said } from './forms.ts';
import { LOGIN } from './words.ts';

type Services = Pick<ConsoleServices, 'logIns' | 'federated' | 'breakGlass'>;
type Typed = Readonly<Record<string, string>>;

/** `action`: path to which the proof goes, together with what was typed. */
export async function provePage(
  asked: Asked,
  services: Services,
  action: string,
  typed: Typed,
  problem?: readonly [number, string],
): Promise<Reply> {
  const { session, token } = visitorOf(asked);
  const [title, form] = await WAYS[session.means](asked, services, action, { ...typed, token });
  return {
    kind: 'page',
    status: problem?.[0] ?? 200,
    title,
    body: html`${wrong(problem?.[1])}<div class="card"><p>${LOGIN[asked.language].proveLead}</p>${form}</div>`,
  };
}

type Way = (asked: Asked, services: Services, action: string, hidden: Typed) => Promise<readonly [string, Html]>;

/** A session is proved by the means with which it began. */
const WAYS: Readonly<Record<Means, Way>> = {
  passkey: async (asked, { logIns }, action, hidden) => {
    const words = LOGIN[asked.language];
    const options = await logIns.proofOptions(visitorOf(asked).session);
    return [words.proveTitle, passkeyForm(words, { kind: 'get', options, action, button: words.prove, hidden })];
  },
  // The provider opens in a new tab, so that what was typed stays in this one.
  oidc: ({ language }, { federated }, action, hidden) => {
    const words = FEDERATED[language];
    const form = html`<ol><li>${words.proveFirst} <a class="button second" href="/prove/provider" target="_blank" rel="noopener">${words.proveAt} ${federated?.name}</a></li>
<li>${words.proveThen}<form method="post" action="${action}">${hiddenFields(hidden)}<button>${words.proveGo}</button></form></li></ol>`;
    return Promise.resolve([words.proveTitle, form]);
  },
  'break-glass': (asked, _services, action, hidden) =>
    Promise.resolve([BREAK_GLASS_WORDS[asked.language].proveTitle, codeForm(asked, action, hidden)]),
};

/** Checks the proof that came with a form. Undefined if it is right: then the page runs. */
export async function proveAgain(
  asked: Asked,
  services: Services,
  action: string,
  typed: Typed,
): Promise<Reply | undefined> {
  const { session } = visitorOf(asked);
  const shown = asked.field('credential');
  if (session.means === 'oidc') {
    if (session.provenAt + STEP_UP_LIFE > asked.now) return undefined;
    return await provePage(asked, services, action, typed);
  }
  if (shown === '') return await provePage(asked, services, action, typed);
  const [judged, refused] =
    session.means === 'break-glass'
      ? [await services.breakGlass.prove(session, shown, fromOf(asked)), BREAK_GLASS_WORDS[asked.language].proveRefused]
      : [await services.logIns.prove(session, shown, fromOf(asked)), LOGIN[asked.language].proveRefused];
  if (judged.kind === 'right') return undefined;
  return await provePage(asked, services, action, typed, said(asked.language, judged.kind, refused));
}
