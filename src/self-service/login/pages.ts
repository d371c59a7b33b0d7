/** The pages of the login: the password, the code, and the way out. */
import { noSecretCookie, secretCookie } from '../../web/core/cookies.ts';
import { changeLanguage } from '../../web/core/language.ts';
import { type Reply, localPath, visitorOf } from '../../web/core/page.ts';
import { fromOf, wrong } from '../../web/login/forms.ts';
import { goodbye } from '../../web/login/goodbye.ts';
import { attributes, html } from '../../http/html.ts';
import type { Asked, Page } from '../core/page.ts';
import { SESSION, WAITING } from './cookies.ts';
import { LOGIN } from './words.ts';

function passwordPage(asked: Asked, to: string, problem?: readonly [number, string]): Reply {
  const words = LOGIN[asked.language];
  const login = asked.field('login').slice(0, 254);
  return {
    kind: 'page',
    status: problem?.[0] ?? 200,
    title: words.title,
    body: html`${wrong(problem?.[1])}<div class="card"><p>${words.lead}</p><form method="post" action="/login">
<input type="hidden" name="to" value="${to}">
<label for="login">${words.login}</label>
<input type="text" id="login" name="login" required maxlength="254" autocomplete="username" autocapitalize="none" spellcheck="false"${attributes({ value: login })}>
<label for="password">${words.password}</label><span class="hint" id="password-hint">${words.passwordHint}</span>
<input type="password" id="password" name="password" required maxlength="1024" autocomplete="current-password" aria-describedby="password-hint">
<button>${words.button}</button></form></div><p>${words.letter} <a href="/code">${words.toCode}</a></p>`,
  };
}

const logIn: Page = {
  method: 'GET',
  path: '/login',
  access: 'nobody',
  run: (asked) => {
    const to = localPath(asked.query.get('to'));
    return asked.visitor === undefined ? passwordPage(asked, to) : { kind: 'see', to };
  },
};

const STATUS = { refused: 403, busy: 429, nowhere: 409, often: 429 } as const;

const entered: Page = {
  method: 'POST',
  path: '/login',
  access: 'nobody',
  run: async (asked, { logIn: judge }) => {
    const to = localPath(asked.field('to'));
    const shown = {
      login: asked.field('login').trim().slice(0, 254),
      password: asked.field('password').slice(0, 1024),
    };
    const { admin, peer, now } = asked;
    const judged = await judge.password(shown, peer, { admin, now, from: fromOf(asked) });
    if (judged.kind === 'in')
      return { kind: 'see', to, cookies: [secretCookie(SESSION, judged.secret), noSecretCookie(WAITING)] };
    if (judged.kind !== 'sent')
      return passwordPage(asked, to, [STATUS[judged.kind], LOGIN[asked.language][judged.kind]]);
    return codePage(asked, { to, sentTo: judged.to, cookies: [secretCookie(WAITING, judged.secret)] });
  },
};

interface CodeAsked {
  readonly to: string;
  readonly sentTo?: string;
  readonly cookies?: readonly string[];
  readonly problem?: readonly [number, string];
}

function codePage({ language }: Asked, { to, sentTo, cookies = [], problem }: CodeAsked): Reply {
  const words = LOGIN[language];
  const sent = sentTo === undefined ? undefined : html`<p>${words.sent} <b>${sentTo}</b>. ${words.sentHint}</p>`;
  return {
    kind: 'page',
    status: problem?.[0] ?? 200,
    title: words.codeTitle,
    cookies,
    body: html`${wrong(problem?.[1])}<div class="card">${sent}<form method="post" action="/login/code">
<input type="hidden" name="to" value="${to}">
<label for="code">${words.code}</label><span class="hint" id="code-hint">${words.codeHint}</span>
<input type="text" id="code" name="code" required maxlength="16" inputmode="numeric" autocomplete="one-time-code" aria-describedby="code-hint">
<button>${words.codeButton}</button></form><p><a href="/login">${words.again}</a></p></div>`,
  };
}

const coded: Page = {
  method: 'POST',
  path: '/login/code',
  access: 'nobody',
  run: async (asked, { logIn: judge }) => {
    const to = localPath(asked.field('to'));
    const words = LOGIN[asked.language];
    const judged = await judge.code(asked.cookie(WAITING), asked.field('code'), fromOf(asked));
    if (judged.kind === 'right')
      return { kind: 'see', to, cookies: [secretCookie(SESSION, judged.is), noSecretCookie(WAITING)] };
    return codePage(asked, { to, problem: judged.kind === 'busy' ? [429, words.busy] : [403, words.codeRefused] });
  },
};

const logOut: Page = {
  method: 'POST',
  path: '/logout',
  access: 'session',
  run: async (asked, { store }) => {
    const { session } = visitorOf(asked);
    await store.selfService.endSession(session.id, { name: session.login });
    return { kind: 'see', to: '/goodbye', cookies: [noSecretCookie(SESSION)] };
  },
};

const out: Page = {
  method: 'GET',
  path: '/goodbye',
  access: 'nobody',
  run: ({ language }) => {
    const { out: title, outLead: lead, in: again } = LOGIN[language];
    return goodbye({ title, lead, again });
  },
};

export const logInPages: readonly Page[] = [logIn, entered, coded, logOut, out, changeLanguage];
