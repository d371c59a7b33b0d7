/** What the directory shows, and how much of it an account may ask for. */
import { type Setting, accountAndAbove, everywhere } from './setting.ts';

export const directorySettings = {
  'directory-listing': {
    scopes: ['organisation'],
    type: { kind: 'boolean' },
    default: false,
    about:
      'Whether the organisation agreed that its active addresses are in the directory, which every account may search: with its title, role, AGB code, accepted kinds of messages, mail certificate, and the telephone number that it fills in for it.',
  },
  role: {
    scopes: everywhere,
    type: { kind: 'words', max: 100 },
    default: 'none',
    about: 'What the addressee is, as the directory shows it: "general practitioner".',
  },
  agb: {
    scopes: ['account', 'address'],
    type: { kind: 'digits', length: 8 },
    default: 'none',
    about: 'Its own AGB code, 8 digits, if it is not that of the organisation; the directory shows it.',
  },
  'directory-telephone': {
    scopes: everywhere,
    type: { kind: 'telephone' },
    default: 'none',
    about:
      'The telephone number that the directory shows, if the organisation agreed to be listed: a line that it gives to all members of the group. The number among its details, for the operator and the helpdesk, is never shown.',
  },
  'directory-entries-per-hour': {
    scopes: accountAndAbove,
    type: { kind: 'count', min: 1, max: 10_000_000 },
    default: 20_000,
    about:
      'Most entries of the directory that the account may ask for in an hour, each search as one at least; above it the answer is 429, over LDAP 11 (protects the directory against harvesting). What has not changed since the last time counts for nothing.',
  },
} as const satisfies Record<string, Setting>;
