/** The directory as accounts can look it up, together with entries that are no longer listed. */
import { timeOf } from '../../web/core/times.ts';
import type { Register } from '../parts/register.ts';
import { DIRECTORY } from './directory-words.ts';

export const directory: Register<'directory.list'> = {
  path: '/directory',
  operation: 'directory.list',
  filters: ['text', 'kind', 'removed'],
  words: DIRECTORY,
  columns: {
    address: ({ address }) => address,
    state: ({ state }, { language }) => DIRECTORY[language].states[state],
    title: ({ title }) => title,
    kind: ({ kind }) => kind,
    role: ({ role }) => role,
    agb: ({ agb }) => agb,
    telephone: ({ telephone }) => telephone,
    edi: ({ edi }) => edi?.join(' '),
    certificate: ({ certificate }, { language }) => (certificate === undefined ? undefined : DIRECTORY[language].yes),
    modified: ({ modified }, { language }) => (modified === undefined ? '' : timeOf(modified, language)),
  },
};
