/** What an account is and may: its mailbox, how it logs in, how much it may send. */
import { GiB, KiB, MiB } from '../units.ts';
import { type Setting, accountAndAbove, everywhere } from './setting.ts';

export const accountSettings = {
  quota: {
    scopes: accountAndAbove,
    type: { kind: 'octets', min: 1 * MiB, max: 1024 * GiB },
    default: 2 * GiB,
    about:
      'Most that the mailbox may hold; a recipient whose mailbox is full is refused with 452 4.2.2, a message larger than all of it with 552 5.2.3, a warning is logged at 80 %. What was deleted and can be handed out again may hold as much once more; beyond it the oldest goes for good.',
  },
  'max-message': {
    scopes: everywhere,
    type: { kind: 'octets', min: 64 * KiB, max: 1 * GiB },
    default: 1 * GiB,
    about:
      "Largest message this addressee accepts; a larger declared SIZE is refused at RCPT with 552 5.2.3. Of a partner's account also the largest that it submits. The limit of the gateway holds as well.",
  },
  login: {
    scopes: accountAndAbove,
    type: { kind: 'choice', of: ['either', 'password', 'certificate', 'both'] },
    default: 'either',
    about:
      'What a login needs: a password or a registered client certificate, only one of the two, or the password inside a session with the certificate of the same account.',
  },
  'implicit-login': {
    scopes: accountAndAbove,
    type: { kind: 'boolean' },
    default: false,
    about:
      'Whether a client that shows a registered certificate and sends no AUTH, USER or PASS is logged in at its first MAIL or STAT, as Thunderbird needs for SMTP.',
  },
  scram: {
    scopes: accountAndAbove,
    type: { kind: 'boolean' },
    default: false,
    about:
      'Whether passwords log in by SCRAM-SHA-256 as well, on listeners that offer it. Each then gets a verifier beside its hash when it is set, or at its next login by PLAIN; "no" removes the verifiers.',
  },
  'line-ends': {
    scopes: accountAndAbove,
    type: { kind: 'choice', of: ['automatic', 'normalise', 'refuse'] },
    default: 'automatic',
    about:
      'What a bare CR or LF in submitted content gets: made CRLF and counted as a quirk of the account, or refused with 550 5.6.11. Automatic: refused for partners, made CRLF for all others.',
  },
  'resubmission-minutes': {
    scopes: accountAndAbove,
    type: { kind: 'count', min: 0, max: 60 },
    default: 15,
    about:
      'How long the same message of the account (envelope, Message-ID, every octet) counts as sent again by mistake: while nobody has collected the first copy, no second one is filed, and the reply is "already accepted as". 0: never.',
  },
  'messages-per-hour': {
    scopes: accountAndAbove,
    type: { kind: 'count', min: 1, max: 10_000_000 },
    default: 20_000,
    about: 'Most messages that the account may submit in an hour; above it MAIL is answered 450 4.7.1.',
  },
  'octets-per-hour': {
    scopes: accountAndAbove,
    type: { kind: 'octets', min: 1 * MiB, max: 16_384 * GiB },
    default: 8 * GiB,
    about:
      'Most data that the account may submit in an hour, refused and unfinished messages included; above it MAIL, and the content of a message that comes in beside others, is answered 450 4.7.1.',
  },
  'recipients-per-hour': {
    scopes: accountAndAbove,
    type: { kind: 'count', min: 1, max: 10_000_000 },
    default: 100_000,
    about: 'Most recipients that the account may address in an hour; above it RCPT is answered 450 4.7.1.',
  },
  'unknown-recipients-per-hour': {
    scopes: accountAndAbove,
    type: { kind: 'count', min: 1, max: 1_000_000 },
    default: 100,
    about:
      'Most unregistered recipients that the account may try in an hour; above it every RCPT is answered 450 4.7.1 (protects the registry against harvesting).',
  },
  'test-reports-per-hour': {
    scopes: accountAndAbove,
    type: { kind: 'count', min: 0, max: 1000 },
    default: 20,
    about:
      'Most messages to the test address that are answered with a report in an hour; above it RCPT is answered 450 4.7.1. 0: the test address is not for the account.',
  },
} as const satisfies Record<string, Setting>;
