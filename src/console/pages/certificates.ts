/**
 * Certificates of accounts, listeners and partners, the first to expire first: what each says, and
 * how to revoke it.
 */
import { type Html, html } from '../../http/html.ts';
import type { Page } from '../core/page.ts';
import { timeOf } from '../../web/core/times.ts';
import { type Tone, accountLink, card, facts, list, note, state } from '../../web/look/parts.ts';
import { type Deed, deedButtons, doneNote } from '../parts/deed.ts';
import { deedPagesOf } from '../parts/deed-pages.ts';
import { type Register, type RowOf, registerPages } from '../parts/register.ts';
import { CERTIFICATE, CERTIFICATES, REVOKE } from './certificates-words.ts';

type Certificate = RowOf<'cert.list'>;
type Words = (typeof CERTIFICATE)['nl'];

export const certificateLink = (serial: string, text = serial): Html =>
  html`<a href="/certificates/${serial}">${text}</a>`;

const revoke: Deed = {
  path: '/certificates/{serial}/revoke',
  operation: 'cert.revoke',
  input: ({ serial = '' }) => ({ serial }),
  fields: ['why'],
  proven: true,
  caller: true,
  words: REVOKE,
};

const TONES: Readonly<Record<Certificate['state'], Tone>> = {
  valid: 'good',
  'not-yet-valid': 'warn',
  expired: 'bad',
  revoked: 'bad',
  replaced: 'plain',
};
const whose = ({ account, name }: Pick<Certificate, 'account' | 'name'>): Html | string =>
  account === '' ? (name ?? '') : accountLink(account);
const useOf = (words: Words, use: string): string => words.uses[use] ?? use;

export const certificates: Register<'cert.list'> = {
  path: '/certificates',
  operation: 'cert.list',
  filters: ['account', 'address', 'expiring'],
  words: CERTIFICATES,
  columns: {
    whose,
    use: ({ use }, { language }) => useOf(CERTIFICATE[language], use),
    ends: ({ ends }, { language }) => timeOf(ends, language),
    state: ({ state: is }, { language }) => state(TONES[is], CERTIFICATE[language].states[is]),
    serial: ({ fingerprint, serial }) => certificateLink(fingerprint, serial),
  },
};

const certificate: Page = {
  method: 'GET',
  path: '/certificates/{serial}',
  access: 'read',
  run: async (asked) => {
    const { language, operate, params } = asked;
    const words = CERTIFICATE[language];
    const one = await operate('cert.show', { serial: params.serial ?? '' });
    const canRevoke = one.account !== '' && one.state !== 'revoked' && one.state !== 'expired';
    const pem = [one.pem, ...one.chain].join('');
    return {
      kind: 'page',
      title: `${words.title} ${one.serial}`,
      body: html`${doneNote(asked, [revoke])}${canRevoke ? deedButtons(asked, [revoke], { serial: one.fingerprint }) : undefined}
${'problems' in one && one.problems !== undefined && one.problems.length > 0 ? note('warn', list(one.problems.map((text) => html`<span lang="en">${text}</span>`))) : undefined}
${card(
  words.about,
  facts([
    [words.whose, whose(one)],
    [words.use, useOf(words, one.use)],
    [words.state, state(TONES[one.state], words.states[one.state])],
    [words.begins, timeOf(one.begins, language)],
    [words.ends, timeOf(one.ends, language)],
    [
      words.revoked,
      one.revoked === undefined ? undefined : html`${timeOf(one.revoked, language)}, ${one.reason ?? ''}`,
    ],
    [words.subject, one.subject],
    [words.issuer, one.issuer],
    [words.addresses, one.addresses.length === 0 ? undefined : list(one.addresses)],
    [words.serial, one.serial],
    [words.fingerprint, one.fingerprint],
    [words.origin, words.origins[one.origin]],
    [words.key, one.keyHeld ? words.held : undefined],
    [words.replaces, one.replaces === undefined ? undefined : certificateLink(one.replaces)],
  ]),
)}
${pem === '' ? undefined : html`<p><a class="button second" download="certificate.pem" href="data:application/x-pem-file;base64,${Buffer.from(pem).toString('base64')}">${words.pem}</a></p>`}`,
    };
  },
};

export const certificatePages: readonly Page[] = [
  ...registerPages(certificates),
  certificate,
  ...deedPagesOf([revoke]),
];
