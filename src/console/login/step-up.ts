/**
 * Showing once more who it is, for what cannot be undone: with a touch of the key, or at the OpenID provider. Whoever sent a form too late does it on the page that answers,
 * and what was typed goes along: nothing is lost, and nothing of it stands in an address or is kept here.
 */
import { STEP_UP_LIFE } from '../../domain/console.ts';
import { type Html, html } from '../../http/html.ts';
import { type Asked, type Reply, visitorOf } from '../core/page.ts';
import type { ConsoleServices } from '../core/services.ts';
import { FEDERATED } from './federated-words.ts';
import { fromOf, hiddenFields, passkeyForm, said, wrong } from './forms.ts';
import { LOGIN } from './words.ts';

type Services = Pick<ConsoleServices, 'logIns' | 'federated'>;
type Typed = Readonly<Record<string, string>>;

/** `action`: where the answer goes, with what was typed. */
export async function provePage(
  asked: Asked,
  services: Services,
  action: string,
  typed: Typed,
  problem?: readonly [number, string],
): Promise<Reply> {
  const { session, token } = visitorOf(asked);
  const hidden = { ...typed, token };
  const form =
    session.means === 'oidc'
      ? atProvider(asked, services.federated?.name ?? '', action, hidden)
      : await byPasskey(asked, services, action, hidden);
  const title = session.means === 'oidc' ? FEDERATED[asked.language].proveTitle : LOGIN[asked.language].proveTitle;
  return {
    kind: 'page',
    status: problem?.[0] ?? 200,
    title,
    body: html`${wrong(problem?.[1])}<div class="card"><p>${LOGIN[asked.language].proveLead}</p>${form}</div>`,
  };
}

async function byPasskey(asked: Asked, { logIns }: Services, action: string, hidden: Typed): Promise<Html> {
  const words = LOGIN[asked.language];
  const options = await logIns.proofOptions(visitorOf(asked).session);
  return passkeyForm(words, { kind: 'get', options, action, button: words.prove, hidden });
}

/** In a window of its own, so that what was typed stays in this one. */
function atProvider({ language }: Asked, name: string, action: string, hidden: Typed): Html {
  const words = FEDERATED[language];
  return html`<ol><li>${words.proveFirst} <a class="button second" href="/prove/provider" target="_blank" rel="noopener">${words.proveAt} ${name}</a></li>
<li>${words.proveThen}<form method="post" action="${action}">${hiddenFields(hidden)}<button>${words.proveGo}</button></form></li></ol>`;
}

/** Judges what came with a form. Undefined: it is right, and what was asked for goes on. */
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
  const judged = await services.logIns.prove(session, shown, fromOf(asked));
  if (judged.kind === 'right') return undefined;
  const problem = said(asked.language, judged.kind, LOGIN[asked.language].proveRefused);
  return await provePage(asked, services, action, typed, problem);
}
