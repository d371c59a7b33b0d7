/**
 * Which person at the OpenID provider is which operator. Operators who have ended are listed too.
 */
import { html } from '../../http/html.ts';
import type { Page } from '../core/page.ts';
import { timeOf } from '../../web/core/times.ts';
import { state } from '../../web/look/parts.ts';
import { type Deed, deedLinks } from '../parts/deed.ts';
import { deedPagesOf } from '../parts/deed-pages.ts';
import { type Register, registerPages } from '../parts/register.ts';
import { operatorLink } from './operators.ts';
import { OPERATOR } from './operators-words.ts';

const release: Deed = {
  path: '/identities/{identity}/release',
  back: '/identities',
  operation: 'operator.identity.release',
  input: ({ identity = '' }) => ({ identity }),
  words: {
    nl: {
      button: 'Vrijgeven',
      what: 'De operator is beëindigd. Na het vrijgeven kan deze persoon weer inloggen, met de rol van zijn groepen.',
      done: 'De persoon mag weer inloggen.',
    },
    en: {
      button: 'Release',
      what: 'This operator has ended. After the release this person can log in again, with the role of their groups.',
      done: 'The person may log in again.',
    },
  },
};

export const identities: Register<'operator.identity.list'> = {
  path: '/identities',
  operation: 'operator.identity.list',
  rowDeeds: [release],
  words: {
    nl: {
      title: 'Inloggen bij een provider',
      about: 'Welke persoon bij de OpenID-provider welke operator is.',
      none: 'Niemand logde in bij een OpenID-provider.',
      columns: {
        operator: 'Operator',
        issuer: 'Provider',
        subject: 'Persoon',
        since: 'Sinds',
        used: 'Laatst gebruikt',
        state: 'Toestand',
        deed: 'Doen',
      },
    },
    en: {
      title: 'Logins at a provider',
      about: 'Which person at the OpenID provider is which operator.',
      none: 'Nobody logged in at an OpenID provider.',
      columns: {
        operator: 'Operator',
        issuer: 'Provider',
        subject: 'Person',
        since: 'Since',
        used: 'Last used',
        state: 'State',
        deed: 'Do',
      },
    },
  },
  columns: {
    operator: ({ operator }) => operatorLink(operator),
    issuer: ({ issuer }) => issuer,
    subject: ({ subject }) => subject,
    since: ({ addedAt }, { language }) => timeOf(addedAt, language),
    used: ({ lastUsed }, { language }) => timeOf(lastUsed, language),
    state: ({ ended }, { language }) =>
      ended === undefined
        ? state('good', OPERATOR[language].active)
        : html`${state('bad', OPERATOR[language].ended)} ${timeOf(ended, language)}`,
    deed: ({ id, ended, operator }, asked) =>
      ended === undefined ? '' : deedLinks(asked, [release], { identity: id }, operator),
  },
};

export const identityPages: readonly Page[] = [...registerPages(identities), ...deedPagesOf([release])];
