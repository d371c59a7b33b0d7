/**
 * Where one-time codes of letters are used: a password, and on a page of its own a certificate, for
 * whoever looks after the system. What was typed stays after an error, except a password. The pages
 * of accounts have them, and a listener of their own.
 */
import type { AskedBy, PageFor, Reply } from '../../web/core/page.ts';
import type { SiteParts } from '../../web/core/serve.ts';
import { facts, list, note } from '../../web/look/parts.ts';
import type { Helpdesk } from '../../domain/helpdesk.ts';
import { type LetterParts, serverLines } from '../../ca/enrol/letters.ts';
import type { EnrolmentWindow, WindowAnswer, Wish } from '../../ca/enrol/window.ts';
import { type Hole, type Html, attributes, html } from '../../http/html.ts';
import { timeText } from '../../letters/letter.ts';
import type { ListenerAccess } from '../../platform/listener.ts';
import { MAX_CODE, MAX_LOGIN, wishOf } from './wish.ts';
import { CODE, PROBLEM } from './words.ts';

export interface CodeServices extends SiteParts {
  readonly window: EnrolmentWindow;
  /** Accounts and networks that the listener is for. */
  readonly access: ListenerAccess | undefined;
  /** Name of the listener. */
  readonly listener: string;
  /** Where mail programs connect to. */
  readonly servers: LetterParts['servers'];
}

/** What the pages need on a listener that has only them. */
export interface CodesServices extends CodeServices {
  /** What the readers know the gateway by. */
  readonly gateway: string;
  readonly helpdesk: Helpdesk;
  /** The address of the form, as letters have it. */
  readonly page: string | undefined;
  /** Where accounts log in; undefined: nowhere. */
  readonly logIn: string | undefined;
}

type Use = Wish['for'];
type Asked = AskedBy<unknown>;
type CodePage = PageFor<Asked, CodeServices, 'nobody'>;

/** Where the pages of a site lie, and how they name one another. */
export interface CodePaths {
  readonly password: string;
  readonly certificate: string;
  /** Prefix of links to these paths. */
  readonly root: '' | '.';
  /** Where accounts log in; undefined: nowhere. */
  readonly logIn: string | undefined;
}

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

function formPage(
  asked: Asked,
  use: Use,
  { password, certificate, root, logIn }: CodePaths,
  problem?: { readonly status: number; readonly said: Hole },
): Reply {
  const words = CODE[asked.language];
  const who = html`${field('login', words.login, { required: true, maxlength: MAX_LOGIN, autocomplete: 'username', value: asked.field('login').slice(0, MAX_LOGIN) })}
${field('code', words.code, { required: true, maxlength: MAX_CODE, autocomplete: 'off', value: asked.field('code').slice(0, MAX_CODE), hint: words.codeHint })}`;
  const forms: Readonly<Record<Use, () => Html>> = {
    password: () => html`<p>${words.lead}</p><form method="post" action="${root + password}">${who}
${field('password', words.own, { type: 'password', maxlength: 512, autocomplete: 'new-password', hint: words.ownHint })}<button>${words.passwordButton}</button></form>`,
    certificate:
      () => html`<p>${words.certificateLead}</p><form method="post" action="${root + certificate}" enctype="multipart/form-data">${who}
<label for="request">${words.request}</label><span class="hint" id="request-hint">${words.requestHint}</span>
<textarea id="request" name="request" rows="8" spellcheck="false" aria-describedby="request-hint">
${asked.field('request')}</textarea>${field('file', words.file, { type: 'file', hint: words.fileHint })}<button>${words.certificateButton}</button></form>`,
  };
  const other =
    use === 'password'
      ? html`<p>${words.forCertificate} <a href="${root + certificate}">${words.toCertificate}</a></p>`
      : html`<p><a href="${root + password}">${words.toPassword}</a></p>`;
  const toLogIn = logIn === undefined ? undefined : html`<p><a href="${logIn}">${words.toLogIn}</a></p>`;
  return {
    kind: 'page',
    status: problem?.status ?? 200,
    title: use === 'password' ? words.passwordTitle : words.certificateTitle,
    body: html`${problem === undefined ? undefined : note('bad', html`<div role="alert">${problem.said}</div>`)}<div class="card">${forms[use]()}</div>${other}${toLogIn}`,
  };
}

const REFUSED = { refused: 403, busy: 429, failed: 503 } as const;

function answered(
  asked: Asked,
  use: Use,
  answer: WindowAnswer,
  servers: CodeServices['servers'],
  at: CodePaths,
): Reply {
  const { language } = asked;
  const words = CODE[language];
  const problems = PROBLEM[language];
  switch (answer.kind) {
    case 'password': {
      const { login, password, ends } = answer;
      const known = facts([
        [words.login, login],
        [words.password, password === undefined ? undefined : html`<output>${password}</output>`],
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
      const said = html`<p>${answer.what === 'password' ? problems.password : problems.csr}</p><p lang="en">${answer.why}</p>`;
      return formPage(asked, use, at, { status: 422, said });
    }
    case 'refused':
    case 'busy':
    case 'failed': {
      const said = html`<p>${answer.kind === 'refused' ? words.refused : problems[answer.kind]}</p>`;
      return formPage(asked, use, at, { status: REFUSED[answer.kind], said });
    }
  }
}

const pagesOf = (use: Use, at: CodePaths): readonly CodePage[] => [
  { method: 'GET', path: at[use], access: 'nobody', run: (asked) => formPage(asked, use, at) },
  {
    method: 'POST',
    path: at[use],
    access: 'nobody',
    run: async (asked, { window, access, listener, servers }) => {
      const wish = wishOf(use, asked.octets);
      if (wish === undefined) {
        const said = html`<p>${PROBLEM[asked.language].malformed}</p>`;
        return formPage(asked, use, at, { status: 422, said });
      }
      const { session, address, network, signal } = asked;
      const given = await window.use(wish, { session, address, network, listener }, access, signal);
      return answered(asked, use, given, servers, at);
    },
  },
];

export const codePages = (at: CodePaths): readonly CodePage[] => [
  ...pagesOf('password', at),
  ...pagesOf('certificate', at),
];

/** The form itself, at the address that letters have. */
export const codesHome = (at: CodePaths): CodePage => ({
  method: 'GET',
  path: '/',
  access: 'nobody',
  run: (asked) => formPage(asked, 'password', at),
});
