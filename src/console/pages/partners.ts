/**
 * Partners, which are organisations with a mail server of their own: what is known of each, whether
 * it can be reached, and how to stop it for a time.
 */
import { type Html, html } from '../../http/html.ts';
import { type Reply, visitorOf } from '../../web/core/page.ts';
import type { Asked, Page } from '../core/page.ts';
import { sizeOf, timeOf } from '../../web/core/times.ts';
import { accountLink, card, facts, list, note, organisationLink, state, table } from '../../web/look/parts.ts';
import { type Deed, deedButtons, doneNote } from '../parts/deed.ts';
import { deedPagesOf } from '../parts/deed-pages.ts';
import { type Register, type RowOf, registerPages } from '../parts/register.ts';
import { PARTNER, PARTNERS, PARTNER_DEED_WORDS } from './partners-words.ts';

export const partnerLink = (name: string): Html => html`<a href="/partners/${name}">${name}</a>`;

type Partner = RowOf<'partner.list'>;
type Words = (typeof PARTNER)['nl'];

const named = ({ name = '' }: Readonly<Record<string, string>>) => ({ name });
const SERVER = ['port', 'tls', 'server-name', 'pin', 'connections', 'max-message'];

const add: Deed = {
  path: '/new/partner',
  back: '/partners',
  operation: 'partner.add',
  input: () => ({}),
  fields: ['name', 'organisation', 'host', 'account', ...SERVER],
  words: PARTNER_DEED_WORDS.add,
};
const ofOne: readonly Deed[] = [
  {
    path: '/partners/{name}/suspend',
    operation: 'partner.suspend',
    input: named,
    fields: ['refuse'],
    words: PARTNER_DEED_WORDS.suspend,
  },
  { path: '/partners/{name}/resume', operation: 'partner.resume', input: named, words: PARTNER_DEED_WORDS.resume },
  {
    path: '/partners/{name}/server',
    operation: 'partner.set',
    input: named,
    fields: ['host', ...SERVER, 'clear'],
    words: PARTNER_DEED_WORDS.set,
  },
  {
    path: '/partners/{name}/add-domain',
    operation: 'partner.domain.add',
    input: named,
    fields: ['domain'],
    words: PARTNER_DEED_WORDS.addDomain,
  },
  {
    path: '/partners/{name}/remove-domain',
    operation: 'partner.domain.remove',
    input: named,
    fields: ['domain'],
    words: PARTNER_DEED_WORDS.removeDomain,
  },
  {
    path: '/partners/{name}/end',
    operation: 'partner.end',
    input: named,
    fields: ['grace', 'successor'],
    looksFirst: true,
    words: PARTNER_DEED_WORDS.end,
  },
];

const stateOf = (words: Words, one: Partner): Html =>
  state(one.state === 'active' ? 'good' : one.state === 'ended' ? 'bad' : 'warn', words.states[one.state] ?? one.state);

export const partners: Register<'partner.list'> = {
  path: '/partners',
  operation: 'partner.list',
  deeds: [add],
  words: PARTNERS,
  columns: {
    name: ({ name }) => partnerLink(name),
    organisation: ({ organisation }) => organisationLink(organisation),
    state: (one, { language }) => stateOf(PARTNER[language], one),
    server: ({ host, port }) => `${host}:${port}`,
    addresses: ({ addresses }) => addresses,
    domains: ({ domains }) => domains.join(', '),
  },
};

const about = ({ language }: Asked, one: Partner): Html => {
  const words = PARTNER[language];
  const ofCertificate = ({ subject, ends }: { readonly subject: string; readonly ends: string }): Html =>
    html`${subject} (${timeOf(ends, language)})`;
  return facts([
    [words.organisation, organisationLink(one.organisation)],
    [words.state, stateOf(words, one)],
    [words.ends, one.ends === undefined ? undefined : timeOf(one.ends, language)],
    [words.server, `${one.host}:${one.port}, TLS ${one.tls}`],
    [words.serverName, one.serverName],
    [words.authorities, one.authorities === 'public' ? words.public : list(one.authorities.map(ofCertificate))],
    [words.pins, one.pins.join(' ')],
    [words.shown, one.clientCertificate && ofCertificate(one.clientCertificate)],
    [words.login, one.login],
    [words.ehlo, one.ehlo],
    [words.connections, one.connections],
    [words.maxMessage, one.maxMessage === undefined ? undefined : sizeOf(one.maxMessage, language)],
    [words.account, accountLink(one.account)],
    [words.addresses, one.addresses],
    [words.domains, one.domains.length === 0 ? undefined : list(one.domains)],
  ]);
};

const partner: Page = {
  method: 'GET',
  path: '/partners/{name}',
  access: 'read',
  run: async (asked) => {
    const { language, params, operate, may } = asked;
    const words = PARTNER[language];
    const one = await operate('partner.show', named(params));
    const fitting = ofOne.filter(({ operation }) =>
      operation === 'partner.suspend'
        ? one.state === 'active'
        : operation !== 'partner.resume' || !['active', 'ended'].includes(one.state),
    );
    return {
      kind: 'page',
      title: `${words.title} ${one.name}`,
      body: html`${doneNote(asked, [add, ...ofOne])}${deedButtons(asked, fitting, { name: one.name })}
${card(words.about, about(asked, one))}
${may('support') ? card(words.test, html`<p>${words.testLead}</p><form method="post" action="/partners/${one.name}/test"><input type="hidden" name="token" value="${visitorOf(asked).token}"><button class="second">${words.testButton}</button></form>`) : undefined}`,
    };
  },
};

/**
 * The button that tests a partner. It changes nothing but is a POST, since it opens a connection to
 * another party's server.
 */
const test: Page = {
  method: 'POST',
  path: '/partners/{name}/test',
  access: 'support',
  run: async ({ language, params, operate }): Promise<Reply> => {
    const words = PARTNER[language];
    const found = await operate('partner.test', named(params));
    const tone = { ok: 'good', warning: 'warn', failed: 'bad', skipped: 'plain' } as const;
    const { certificate } = found;
    return {
      kind: 'page',
      title: `${words.test}: ${found.name}`,
      body: html`${note(found.usable ? 'good' : 'bad', html`<p role="status">${found.usable ? words.usable : words.unusable}</p>`)}
${card(
  words.steps,
  table(
    words.steps,
    [words.step, words.result, words.found, words.remedy],
    found.checks.map(({ step, result, what, remedy }) => [
      words.stepNames[step],
      state(tone[result], words.results[result]),
      html`<span lang="en">${what}</span>`,
      remedy === undefined ? '' : html`<span lang="en">${remedy}</span>`,
    ]),
  ),
)}
${
  certificate === undefined
    ? undefined
    : card(
        words.certificate,
        facts([
          [words.subject, certificate.subject],
          [words.issuer, certificate.issuer],
          [words.names, certificate.names.join(', ')],
          [words.ends, timeOf(certificate.ends, language)],
          [words.pins, list(certificate.pins)],
        ]),
      )
}<p><a class="button second" href="/partners/${found.name}">${words.back}</a></p>`,
    };
  },
};

export const partnerPages: readonly Page[] = [
  ...registerPages(partners),
  partner,
  test,
  ...deedPagesOf([add, ...ofOne]),
];
