/**
 * Who works with the gateway: operators, the tokens of their programs, their passkeys, and who is
 * logged in to the console.
 */
import type { CodeOut } from '../../commands/operator/passkeys.ts';
import { type Html, html } from '../../http/html.ts';
import type { Asked, Page } from '../core/page.ts';
import { timeOf } from '../../web/core/times.ts';
import { card, facts, organisationLink, state } from '../../web/look/parts.ts';
import { type Deed, deedButtons, deedLinks, doneNote } from '../parts/deed.ts';
import { deedPagesOf } from '../parts/deed-pages.ts';
import { type Register, registerPages, registerTable } from '../parts/register.ts';
import { OPERATOR, OPERATORS, PASSKEYS, SESSIONS, TOKENS } from './operators-words.ts';
import { DEED_WORDS } from './operators-deed-words.ts';

export const operatorLink = (name: string): Html => html`<a href="/operators/${name}">${name}</a>`;

const named = ({ name = '' }: Readonly<Record<string, string>>) => ({ name });
const showCode = ({ code, operator, ends, page }: CodeOut, { language }: Asked): Html => {
  const words = OPERATOR[language];
  return card(
    words.code,
    html`<p><output>${code}</output></p>${facts([
      [words.operator, operator],
      [words.until, timeOf(ends, language)],
      [words.usedAt, page],
    ])}<p>${words.once}</p>`,
  );
};

const add: Deed = {
  path: '/new/operator',
  back: '/operators',
  operation: 'operator.add',
  input: () => ({}),
  fields: ['name', 'role', 'organisation', 'ends', 'public-key', 'console'],
  shows: ({ console: code }: { readonly console?: CodeOut }, asked: Asked) =>
    code === undefined ? html`` : showCode(code, asked),
  words: DEED_WORDS.add,
};
const ofOne: readonly Deed[] = [
  {
    path: '/operators/{name}/rights',
    operation: 'operator.set',
    input: named,
    fields: ['role', 'ends', 'public-key'],
    words: DEED_WORDS.set,
  },
  {
    path: '/operators/{name}/code',
    operation: 'operator.passkey.add',
    input: named,
    shows: showCode,
    words: DEED_WORDS.code,
  },
  {
    path: '/operators/{name}/token',
    operation: 'operator.token.add',
    input: named,
    fields: ['scope', 'network', 'ends'],
    shows: ({ token, ends }: { readonly token: string; readonly ends: string }, { language }: Asked) => {
      const words = OPERATOR[language];
      return card(
        words.token,
        html`<p><output>${token}</output></p>${facts([[words.until, timeOf(ends, language)]])}<p>${words.once}</p>`,
      );
    },
    words: DEED_WORDS.token,
  },
  {
    path: '/operators/{name}/end',
    back: '/operators',
    operation: 'operator.end',
    input: named,
    words: DEED_WORDS.end,
  },
];
const endToken: Deed = {
  path: '/operator-tokens/{token}/end',
  back: '/operator-tokens',
  operation: 'operator.token.end',
  input: ({ token = '' }) => ({ token }),
  words: DEED_WORDS.endToken,
};
const endPasskey: Deed = {
  path: '/passkeys/{passkey}/end',
  back: '/passkeys',
  operation: 'operator.passkey.end',
  input: ({ passkey = '' }) => ({ passkey }),
  proven: true,
  words: DEED_WORDS.endPasskey,
};
const endSession: Deed = {
  path: '/sessions/{session}/end',
  back: '/sessions',
  operation: 'operator.session.end',
  input: ({ session = '' }) => ({ session }),
  words: DEED_WORDS.endSession,
};
export const OPERATOR_DEEDS: readonly Deed[] = [add, ...ofOne, endToken, endPasskey, endSession];

export const operators: Register<'operator.list'> = {
  path: '/operators',
  operation: 'operator.list',
  deeds: [add],
  rowDeeds: ofOne,
  words: OPERATORS,
  columns: {
    name: ({ name }) => operatorLink(name),
    role: ({ role }, { language }) => OPERATOR[language].roles[role],
    organisation: ({ organisation }, { language }) =>
      organisation === undefined ? OPERATOR[language].all : organisationLink(organisation),
    since: ({ addedAt }, { language }) => timeOf(addedAt, language),
    ends: ({ ends }, { language }) => (ends === undefined ? '' : timeOf(ends, language)),
    signs: ({ fingerprint }, { language }) => OPERATOR[language][fingerprint === undefined ? 'no' : 'yes'],
  },
};

export const tokens: Register<'operator.token.list'> = {
  path: '/operator-tokens',
  operation: 'operator.token.list',
  filters: ['operator'],
  rowDeeds: [endToken],
  words: TOKENS,
  columns: {
    id: ({ id }) => id,
    operator: ({ operator }) => operatorLink(operator),
    role: ({ role }, { language }) => OPERATOR[language].roles[role],
    networks: ({ networks }) => networks.join(' '),
    ends: ({ ends, ended }, { language }) =>
      ended === undefined
        ? timeOf(ends, language)
        : html`${state('bad', OPERATOR[language].ended)} ${timeOf(ended, language)}`,
    used: ({ lastUsed }, { language }) =>
      lastUsed === undefined ? OPERATOR[language].never : timeOf(lastUsed, language),
    deed: ({ id, ended }, asked) => (ended === undefined ? deedLinks(asked, [endToken], { token: id }, id) : ''),
  },
};

export const passkeys: Register<'operator.passkey.list'> = {
  path: '/passkeys',
  operation: 'operator.passkey.list',
  filters: ['operator'],
  rowDeeds: [endPasskey],
  words: PASSKEYS,
  columns: {
    id: ({ id }) => id,
    operator: ({ operator }) => operatorLink(operator),
    since: ({ addedAt }, { language }) => timeOf(addedAt, language),
    copied: ({ synced }, { language }) => OPERATOR[language][synced ? 'yes' : 'no'],
    used: ({ lastUsed }, { language }) =>
      lastUsed === undefined ? OPERATOR[language].never : timeOf(lastUsed, language),
    state: ({ ended }, { language }) =>
      ended === undefined
        ? state('good', OPERATOR[language].active)
        : html`${state('bad', OPERATOR[language].ended)} ${timeOf(ended, language)}`,
    deed: ({ id, ended }, asked) => (ended === undefined ? deedLinks(asked, [endPasskey], { passkey: id }, id) : ''),
  },
};

export const sessions: Register<'operator.session.list'> = {
  path: '/sessions',
  operation: 'operator.session.list',
  filters: ['operator'],
  rowDeeds: [endSession],
  words: SESSIONS,
  columns: {
    id: ({ id }) => id,
    operator: ({ operator }) => operatorLink(operator),
    network: ({ network }) => network,
    means: ({ passkey, means }, { language }) => passkey ?? OPERATOR[language].means[means] ?? means,
    since: ({ since }, { language }) => timeOf(since, language),
    seen: ({ seen }, { language }) => timeOf(seen, language),
    deed: ({ id }, asked) => deedLinks(asked, [endSession], { session: id }, id),
  },
};

const operator: Page = {
  method: 'GET',
  path: '/operators/{name}',
  access: 'read',
  run: async (asked) => {
    const { params, operate, language, may } = asked;
    const words = OPERATOR[language];
    const { name = '' } = params;
    const one = await operate('operator.show', { name });
    const of = { operator: one.name };
    const more = may('security')
      ? [
          card(PASSKEYS[language].title, await registerTable(asked, passkeys, of)),
          card(SESSIONS[language].title, await registerTable(asked, sessions, of)),
          card(TOKENS[language].title, await registerTable(asked, tokens, of)),
        ]
      : [];
    return {
      kind: 'page',
      title: `${words.operator} ${one.name}`,
      body: html`${doneNote(asked, ofOne)}${deedButtons(asked, ofOne, { name: one.name })}
${card(
  words.about,
  facts([
    [words.role, `${words.roles[one.role]} (${one.role})`],
    [words.organisation, one.organisation === undefined ? words.all : organisationLink(one.organisation)],
    [words.since, timeOf(one.addedAt, language)],
    [words.until, one.ends === undefined ? undefined : timeOf(one.ends, language)],
    [words.signs, one.fingerprint],
    [words.certificate, one.certificate],
  ]),
)}
${more}`,
    };
  },
};

export const operatorPages: readonly Page[] = [
  ...registerPages(operators),
  operator,
  ...registerPages(tokens),
  ...registerPages(passkeys),
  ...registerPages(sessions),
  ...deedPagesOf(OPERATOR_DEEDS),
];
