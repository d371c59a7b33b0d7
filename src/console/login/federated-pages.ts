/** The pages of a login at an OpenID provider: the way there, the way back, and refusals. */
import type { Language } from '../../domain/registry.ts';
import { type Html, html } from '../../http/html.ts';
import { awayCookies, noAwayCookie } from '../../web/core/cookies.ts';
import { sessionCookie } from './cookies.ts';
import { type Reply, localPath, visitorOf } from '../../web/core/page.ts';
import type { Asked, Page } from '../core/page.ts';
import type { ConsoleServices } from '../core/services.ts';
import { type FederatedLogIns, markOf } from './federated.ts';
import { FEDERATED } from './federated-words.ts';
import { fromOf, wrong } from '../../web/login/forms.ts';
import type { LogInRefusal } from '../../web/login/notes.ts';
import type { Turned } from '../../web/login/slowed.ts';
import { LOGIN } from './words.ts';

/**
 * The button that leads to the provider. It is a link, because our headers forbid a form that leads
 * to another host.
 */
export function providerCard({ name }: Pick<FederatedLogIns, 'name'>, language: Language, to: string): Html {
  const words = FEDERATED[language];
  return html`<div class="card"><p>${words.lead}</p><p><a class="button" href="/login/provider/begin?to=${to}">${words.button} ${name}</a></p></div>`;
}

/**
 * After a log-out: says that the provider may still have a session, with a link that ends it there
 * (`to`). Everybody sees it, because here nobody knows any longer how the visitor had logged in.
 */
export function providerOut({ name }: Pick<FederatedLogIns, 'name'>, language: Language, to: string): Html {
  const words = FEDERATED[language];
  return html`<div class="card"><p>${words.stillIn}</p><p><a class="button second" href="${to}">${words.outAt} ${name}</a></p></div>`;
}

type Refused = keyof (typeof FEDERATED)['nl']['refused'];
const isRefused = (why: LogInRefusal): why is Refused => Object.hasOwn(FEDERATED.nl.refused, why);

/** The page of a refused login. `mark`: the login that ends with it, whose cookie is removed. */
function turnedPage({ language }: Asked, turned: Turned, mark?: string): Reply {
  const words = FEDERATED[language];
  const why = turned.kind === 'refused' && isRefused(turned.why) ? turned.why : 'provider';
  return {
    kind: 'page',
    status: turned.kind === 'busy' ? 429 : why === 'down' ? 503 : 403,
    title: words.refusedTitle,
    body: html`${wrong(turned.kind === 'busy' ? LOGIN[language].busy : words.refused[why])}<p><a class="button" href="/login">${words.again}</a></p>`,
    cookies: mark === undefined ? [] : [noAwayCookie(mark)],
  };
}

const MISSING: Turned = { kind: 'refused', why: 'down' };

async function begin(asked: Asked, { federated }: ConsoleServices, proving: boolean): Promise<Reply> {
  const { language, query } = asked;
  const session = proving ? visitorOf(asked).session : undefined;
  const began = await (federated?.begin(localPath(query.get('to')), language, fromOf(asked), session) ?? MISSING);
  return began.kind === 'away'
    ? { kind: 'away', to: began.to, cookies: awayCookies(began.mark, began.cookie, asked.away) }
    : turnedPage(asked, began);
}

const there: Page = {
  method: 'GET',
  path: '/login/provider/begin',
  access: 'nobody',
  run: (asked, services) => begin(asked, services, false),
};

const thereAgain: Page = {
  method: 'GET',
  path: '/prove/provider',
  access: 'session',
  run: (asked, services) => begin(asked, services, true),
};

const back: Page = {
  method: 'GET',
  path: '/login/provider',
  access: 'nobody',
  run: async (asked, { federated }) => {
    const words = FEDERATED[asked.language];
    const mark = markOf(asked.query.get('state') ?? '');
    const done = await (federated?.finish(
      asked.query,
      { cookie: asked.away.get(mark) ?? '', certificate: asked.certificate },
      fromOf(asked),
    ) ?? MISSING);
    if (done.kind === 'in') {
      const to = localPath(done.to);
      return {
        kind: 'page',
        title: words.in,
        body: html`<div class="card"><p>${words.inLead}</p><p><a class="button" href="${to}">${words.on}</a></p></div>`,
        cookies: [sessionCookie(done.secret), noAwayCookie(mark)],
        refresh: to,
      };
    }
    if (done.kind === 'proven')
      return {
        kind: 'page',
        title: words.proven,
        body: html`<div class="card"><p role="status">${words.provenLead}</p></div>`,
        cookies: [noAwayCookie(mark)],
      };
    return turnedPage(asked, done, mark);
  },
};

export const federatedPages: readonly Page[] = [there, thereAgain, back];
