/**
 * Passwords of programs, and certificates: what there is, made, and ended. A secret is shown once,
 * in the answer that made it.
 */
import { requestText } from '../../crypto/certificates/certificate-request.ts';
import { timeOf } from '../../web/core/times.ts';
import { visitorOf } from '../../web/core/page.ts';
import { card, facts, note, table } from '../../web/look/parts.ts';
import { type Hole, html } from '../../http/html.ts';
import type { Asked, Page } from '../core/page.ts';
import { ownDeedPages } from '../parts/deed.ts';
import { ADD_APP, END_APP, NEW_CERTIFICATE, PASSWORDS, REVOKE } from './passwords-words.ts';

const DONE = ['ended', 'revoked'] as const;

const overview: Page = {
  method: 'GET',
  path: '/passwords',
  access: 'session',
  run: async (asked) => {
    const words = PASSWORDS[asked.language];
    const { login } = visitorOf(asked).record.account;
    const shown = await asked.operate('account.show', { login });
    const when = (at: string | undefined, none: string): Hole => (at === undefined ? none : timeOf(at, asked.language));
    const done = DONE.find((one) => one === asked.query.get('done'));
    const passwords = shown.passwords.map((one) => [one.name, when(one.lastUsed, words.never), when(one.ends, '')]);
    const apps = shown.appPasswords.map((one): readonly Hole[] => [
      one.name,
      words.scopes[one.scope],
      when(one.lastUsed, words.never),
      when(one.ends, ''),
      html`<a href="/passwords/end?name=${one.name}">${words.end}</a>`,
    ]);
    const held = shown.certificates.filter(({ revoked }) => revoked === undefined);
    const certificates = held.map((one): readonly Hole[] => [
      one.name,
      when(one.lastUsed, words.never),
      when(one.ends, ''),
      html`<a href="/passwords/revoke?name=${one.name}">${words.end}</a>`,
    ]);
    return {
      kind: 'page',
      title: words.title,
      body: html`${done === undefined ? undefined : note('good', html`<p role="status">${words[done]}</p>`)}
${card(words.own, html`${table(words.own, [words.name, words.used, words.ends], passwords)}<p class="soft">${words.ownHint}</p>`)}
${card(words.apps, html`${apps.length === 0 ? html`<p>${words.noApps}</p>` : table(words.apps, [words.name, words.may, words.used, words.ends, words.deed], apps)}<p><a class="button second" href="/passwords/new">${words.newApp}</a></p>`)}
${card(words.certificates, html`${certificates.length === 0 ? html`<p>${words.noCertificates}</p>` : table(words.certificates, [words.name, words.used, words.ends, words.deed], certificates)}<p><a class="button second" href="/passwords/certificate">${words.newCertificate}</a></p>`)}`,
    };
  },
};

const back = (asked: Asked): Hole =>
  html`<p><a class="button second" href="/passwords">${PASSWORDS[asked.language].back}</a></p>`;

export const passwordPages: readonly Page[] = [
  overview,
  ...ownDeedPages({
    path: '/passwords/new',
    operation: 'account.app-password.add',
    fields: ['name', 'scope', 'ends'],
    back: '/passwords',
    words: ADD_APP,
    input: (login) => ({ login }),
    done: (asked, made) => {
      const words = PASSWORDS[asked.language];
      const known = facts([
        [words.login, made.login],
        [words.password, html`<output>${made.password}</output>`],
        [words.name, made.name],
        [words.may, words.scopes[made.scope]],
      ]);
      return {
        kind: 'page',
        title: words.made,
        body: html`${note('good', html`<p role="status">${words.once}</p>`)}<div class="card">${known}</div>${back(asked)}`,
      };
    },
  }),
  ...ownDeedPages({
    path: '/passwords/end',
    operation: 'account.app-password.end',
    fields: [],
    which: 'name',
    back: '/passwords',
    words: END_APP,
    input: (login) => ({ login }),
    done: () => ({ kind: 'see', to: '/passwords?done=ended' }),
  }),
  ...ownDeedPages({
    path: '/passwords/revoke',
    operation: 'account.certificate.revoke',
    fields: [],
    which: 'name',
    back: '/passwords',
    words: REVOKE,
    input: (login) => ({ login }),
    done: () => ({ kind: 'see', to: '/passwords?done=revoked' }),
  }),
  ...ownDeedPages({
    path: '/passwords/certificate',
    operation: 'cert.issue',
    fields: ['request'],
    asFile: { input: 'request', read: requestText },
    back: '/passwords',
    words: NEW_CERTIFICATE,
    input: (account) => ({ account, use: 'login' }),
    done: (asked, { pem: certificate, chain }) => {
      const words = PASSWORDS[asked.language];
      const pem = [certificate, ...chain].join('');
      return {
        kind: 'page',
        title: words.issued,
        body: html`${note('good', html`<p role="status">${words.issuedHint}</p>`)}<div class="card">
<p><a download="certificate.pem" href="data:application/x-pem-file;base64,${Buffer.from(pem).toString('base64')}">${words.download}</a></p>
<pre>${pem}</pre></div>${back(asked)}`,
      };
    },
  }),
];
