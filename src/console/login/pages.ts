/**
 * The pages of the login: with a passkey, making a passkey with a code, proving oneself again, and
 * the log-out.
 */
import { html } from '../../http/html.ts';
import { noSessionCookie, sessionCookie } from './cookies.ts';
import { changeLanguage } from '../../web/core/language.ts';
import { type Reply, localPath, visitorOf } from '../../web/core/page.ts';
import type { Asked, Page } from '../core/page.ts';
import type { ConsoleServices } from '../core/services.ts';
import { BREAK_GLASS_WORDS } from './break-glass-words.ts';
import { providerCard, providerOut } from './federated-pages.ts';
import { fromOf, wrong } from '../../web/login/forms.ts';
import { passkeyForm, said } from './forms.ts';
import { goodbye } from '../../web/login/goodbye.ts';
import type { CodeJudged, LoggedIn } from './log-ins.ts';
import { provePage, proveAgain } from './step-up.ts';
import { LOGIN } from './words.ts';

function logInPage(
  { language }: Asked,
  { logIns, federated }: Pick<ConsoleServices, 'logIns' | 'federated'>,
  to: string,
  problem?: readonly [number, string],
): Reply {
  const words = LOGIN[language];
  const options = logIns.logInOptions();
  const form = { kind: 'get', options, action: '/login', button: words.button, hidden: { to } } as const;
  return {
    kind: 'page',
    status: problem?.[0] ?? 200,
    title: words.title,
    body: html`${wrong(problem?.[1])}<div class="card"><p>${words.lead}</p>${passkeyForm(words, form)}</div>${federated && providerCard(federated, language, to)}
<p>${words.none} <a href="/register">${words.toRegister}</a></p><p><a href="/break-glass">${BREAK_GLASS_WORDS[language].link}</a></p>`,
  };
}

const logIn: Page = {
  method: 'GET',
  path: '/login',
  access: 'nobody',
  run: (asked, services) =>
    asked.visitor === undefined
      ? logInPage(asked, services, localPath(asked.query.get('to')))
      : { kind: 'see', to: localPath(asked.query.get('to')) },
};

const began = (judged: Extract<LoggedIn, { kind: 'in' }>, to: string): Reply => ({
  kind: 'see',
  to,
  cookies: [sessionCookie(judged.secret)],
});

const loggedIn: Page = {
  method: 'POST',
  path: '/login',
  access: 'nobody',
  run: async (asked, services) => {
    const to = localPath(asked.field('to'));
    const judged = await services.logIns.logIn(asked.field('credential'), fromOf(asked));
    if (judged.kind === 'in') return began(judged, to);
    const problem = said(asked.language, judged.kind, LOGIN[asked.language].refused);
    return logInPage(asked, services, to, problem);
  },
};

function codePage({ language }: Asked, problem?: readonly [number, string], typed = ''): Reply {
  const words = LOGIN[language];
  return {
    kind: 'page',
    status: problem?.[0] ?? 200,
    title: words.registerTitle,
    body: html`${wrong(problem?.[1])}<div class="card"><p>${words.registerLead}</p>
<form method="post" action="/register">
<label for="code">${words.code}</label><span class="hint" id="code-hint">${words.codeHint}</span>
<input type="text" id="code" name="code" required maxlength="64" autocomplete="off" autocapitalize="none" spellcheck="false" aria-describedby="code-hint" value="${typed}">
<button>${words.next}</button>
</form></div>`,
  };
}

const register: Page = { method: 'GET', path: '/register', access: 'nobody', run: (asked) => codePage(asked) };

const readCode: Page = {
  method: 'POST',
  path: '/register',
  access: 'nobody',
  run: async (asked, { logIns }) => makePage(asked, await logIns.readCode(asked.field('code'), fromOf(asked))),
};

function makePage(asked: Asked, judged: CodeJudged, problem?: string): Reply {
  const words = LOGIN[asked.language];
  const code = asked.field('code');
  if (judged.kind !== 'valid')
    return codePage(asked, said(asked.language, judged.kind, words.codeRefused), code.slice(0, 64));
  const { operator, options } = judged;
  const form = { kind: 'create', options, action: '/register/passkey', button: words.make, hidden: { code } } as const;
  return {
    kind: 'page',
    status: problem === undefined ? 200 : 403,
    title: words.registerTitle,
    body: html`${wrong(problem)}<div class="card"><p>${words.makeLead} <b>${operator}</b>.</p><p>${words.makeHint}</p>${passkeyForm(words, form)}</div>`,
  };
}

const registered: Page = {
  method: 'POST',
  path: '/register/passkey',
  access: 'nobody',
  run: async (asked, { logIns }) => {
    const from = fromOf(asked);
    const judged = await logIns.register(asked.field('code'), asked.field('credential'), from);
    if (judged.kind === 'in') return began(judged, '/');
    const words = LOGIN[asked.language];
    if (judged.kind === 'busy') return codePage(asked, [429, words.busy], asked.field('code').slice(0, 64));
    return makePage(asked, await logIns.readCode(asked.field('code'), from), words.registerRefused);
  },
};

const prove: Page = {
  method: 'GET',
  path: '/prove',
  access: 'session',
  run: (asked, services) => provePage(asked, services, '/prove', { to: localPath(asked.query.get('to')) }),
};

const proved: Page = {
  method: 'POST',
  path: '/prove',
  access: 'session',
  run: async (asked, services) => {
    const to = localPath(asked.field('to'));
    return (await proveAgain(asked, services, '/prove', { to })) ?? { kind: 'see', to };
  },
};

const logOut: Page = {
  method: 'POST',
  path: '/logout',
  access: 'session',
  run: async (asked, { store }) => {
    const { session } = visitorOf(asked);
    await store.console.endSession(session.id, { name: session.operator });
    return { kind: 'see', to: '/goodbye', cookies: [noSessionCookie()] };
  },
};

const out: Page = {
  method: 'GET',
  path: '/goodbye',
  access: 'nobody',
  run: async ({ language }, { federated }) => {
    const { out: title, outLead: lead, again } = LOGIN[language];
    const there = await federated?.logOut(language);
    return goodbye(
      { title, lead, again },
      federated === undefined || there === undefined ? undefined : providerOut(federated, language, there),
    );
  },
};

export const logInPages: readonly Page[] = [
  ...[logIn, loggedIn, register, readCode, registered, prove, proved, logOut, out, changeLanguage],
];
