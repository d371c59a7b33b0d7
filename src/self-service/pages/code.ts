/**
 * Where one-time codes of letters are used, by the very window that the listener of codes has: a password, and on a page of its own a certificate, for whoever looks after the
 * system. What was typed stays after an error, except a password.
 */
import type { Reply } from '../../console/core/page.ts';
import { facts, list, note } from '../../console/look/parts.ts';
import { serverLines } from '../../enrol/letters.ts';
import type { WindowAnswer, Wish } from '../../enrol/window.ts';
import { type Hole, type Html, attributes, html } from '../../http/html.ts';
import { WORDS } from '../../http/page-words.ts';
import { timeText } from '../../letters/letter.ts';
import type { Asked, Page, Services } from '../core/page.ts';
import { CODE } from './code-words.ts';

type Use = Wish['for'];
const PATHS: Readonly<Record<Use, string>> = { password: '/code', certificate: '/code/certificate' };
const MAX_LOGIN = 254;
const MAX_CODE = 64;

/** A field with its hint, tied to it. */
function field(
  name: string,
  label: string,
  { hint, ...more }: { readonly hint?: string } & Readonly<Record<string, string | number | boolean | undefined>>,
): Html {
  const all = { type: 'text', id: name, autocapitalize: 'none', spellcheck: 'false', ...more };
  return html`<label for="${name}">${label}</label>${hint === undefined ? undefined : html`<span class="hint" id="${`${name}-hint`}">${hint}</span>`}
<input name="${name}"${attributes({ ...all, 'aria-describedby': hint === undefined ? undefined : `${name}-hint` })}>`;
}

function formPage(asked: Asked, use: Use, problem?: { readonly status: number; readonly said: Hole }): Reply {
  const { language } = asked;
  const [words, own] = [WORDS[language], CODE[language]];
  const who = html`${field('login', words.login, { required: true, maxlength: MAX_LOGIN, autocomplete: 'username', value: asked.field('login').slice(0, MAX_LOGIN) })}
${field('code', words.code, { required: true, maxlength: MAX_CODE, autocomplete: 'off', value: asked.field('code').slice(0, MAX_CODE), hint: words.codeHint })}`;
  const forms: Readonly<Record<Use, Html>> = {
    password: html`<p>${words.lead}</p><form method="post" action="/code">${who}
${field('password', words.own, { type: 'password', maxlength: 512, autocomplete: 'new-password', hint: words.ownHint })}<button>${words.passwordButton}</button></form>`,
    certificate: html`<p>${words.certificateLead}</p><form method="post" action="/code/certificate">${who}
<label for="request">${words.request}</label><span class="hint" id="request-hint">${own.requestHint}</span>
<textarea id="request" name="request" rows="8" required spellcheck="false" aria-describedby="request-hint">
${asked.field('request')}</textarea><button>${words.certificateButton}</button></form>`,
  };
  const other =
    use === 'password'
      ? html`<p>${own.forCertificate} <a href="/code/certificate">${own.toCertificate}</a></p>`
      : html`<p><a href="/code">${own.toPassword}</a></p>`;
  return {
    kind: 'page',
    status: problem?.status ?? 200,
    title: use === 'password' ? words.passwordTitle : words.certificateTitle,
    body: html`${problem === undefined ? undefined : note('bad', html`<div role="alert">${problem.said}</div>`)}<div class="card">${forms[use]}</div>${other}<p><a href="/login">${own.toLogIn}</a></p>`,
  };
}

function wishOf({ field: typed }: Asked, use: Use): Wish | undefined {
  const [login, code] = [typed('login').trim(), typed('code').trim()];
  if (login === '' || code === '' || login.length > MAX_LOGIN || code.length > MAX_CODE) return undefined;
  if (use === 'certificate') return { for: use, login, code, request: typed('request').trim() };
  const password = typed('password');
  return { for: use, login, code, ...(password === '' ? {} : { password }) };
}

const REFUSED = { refused: 403, busy: 429, failed: 503 } as const;

function answered(asked: Asked, use: Use, answer: WindowAnswer, { servers }: Services): Reply {
  const { language } = asked;
  const words = WORDS[language];
  switch (answer.kind) {
    case 'password': {
      const { login, password, ends } = answer;
      const known = facts([
        [words.login, login],
        [CODE[language].password, password === undefined ? undefined : html`<output>${password}</output>`],
        [words.ends, ends === undefined ? undefined : timeText(ends, language)],
        [words.servers, list(serverLines(servers, login, language))],
      ]);
      return {
        kind: 'page',
        title: password === undefined ? words.doneOwn : words.done,
        body: html`${note('good', html`<p role="status">${password === undefined ? words.onceOwn : words.once}</p>`)}<div class="card">${known}</div>`,
      };
    }
    case 'certificate':
      return {
        kind: 'page',
        title: words.certificateDone,
        body: html`<div class="card"><p>${words.login}: <b>${answer.login}</b></p>
<p><a download="certificate.pem" href="data:application/x-pem-file;base64,${Buffer.from(answer.pem).toString('base64')}">${words.download}</a></p><pre>${answer.pem}</pre></div>`,
      };
    case 'unusable': {
      const said = html`<p>${answer.what === 'password' ? words.password : words.csr}</p><p lang="en">${answer.why}</p>`;
      return formPage(asked, use, { status: 422, said });
    }
    case 'refused':
    case 'busy':
    case 'failed':
      return formPage(asked, use, { status: REFUSED[answer.kind], said: html`<p>${words[answer.kind]}</p>` });
  }
}

const pagesOf = (use: Use): readonly Page[] => [
  { method: 'GET', path: PATHS[use], access: 'nobody', run: (asked) => formPage(asked, use) },
  {
    method: 'POST',
    path: PATHS[use],
    access: 'nobody',
    run: async (asked, services) => {
      const wish = wishOf(asked, use);
      if (wish === undefined)
        return formPage(asked, use, { status: 422, said: html`<p>${WORDS[asked.language].malformed}</p>` });
      const { session } = asked.peer;
      const visitor = { session, address: asked.address, network: asked.network, listener: services.listener };
      return answered(asked, use, await services.window.use(wish, visitor, services.access, asked.signal), services);
    },
  },
];

export const codePages: readonly Page[] = [...pagesOf('password'), ...pagesOf('certificate')];
