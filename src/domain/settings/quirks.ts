/** The deviations that an account may have or not (domain/quirks.ts). */
import { type Setting, accountAndAbove } from './setting.ts';

type Tolerance = 'tolerate' | 'refuse';

const quirk = (
  value: Tolerance,
  about: string,
): {
  readonly scopes: typeof accountAndAbove;
  readonly type: { readonly kind: 'choice'; readonly of: readonly Tolerance[] };
  readonly default: Tolerance;
  readonly about: string;
} => ({ scopes: accountAndAbove, type: { kind: 'choice', of: ['refuse', 'tolerate'] }, default: value, about });

export const quirkSettings = {
  'quirk-command-lf': quirk('refuse', 'Whether its commands may end in a bare LF.'),
  'quirk-helo': quirk('refuse', 'Whether it may log in and send after HELO, although EHLO is needed.'),
  'quirk-login-initial': quirk(
    'tolerate',
    'Whether AUTH LOGIN may carry the user name in the same line, as .NET and Python do.',
  ),
  'quirk-path-blanks': quirk('refuse', 'Whether spaces may be around the address: "MAIL FROM: <a@b>".'),
  'quirk-no-brackets': quirk('refuse', 'Whether the address may be without angle brackets: "MAIL FROM:a@b".'),
  'quirk-no-date': quirk('tolerate', 'Whether a message may come without Date; the gateway adds one.'),
  'quirk-no-message-id': quirk('tolerate', 'Whether a message may come without Message-ID; the gateway adds one.'),
  'quirk-eight-bit': quirk(
    'tolerate',
    'Whether a message may have octets outside ASCII without saying in MIME what they are; they stay as they are.',
  ),
  'quirk-long-lines': quirk(
    'tolerate',
    'Whether a message may have lines of more than 998 octets; they stay as they are, and some mail servers of partners refuse or cut them.',
  ),
  'quirk-last': quirk('refuse', 'Whether POP3 answers LAST, the way to find new messages before UIDL.'),
  'quirk-no-uidl': quirk(
    'tolerate',
    'Whether POP3 hands out messages to a program that has not asked for UIDL in the session.',
  ),
  'quirk-delete-on-disconnect': {
    scopes: accountAndAbove,
    type: { kind: 'choice', of: ['refuse', 'marked', 'retrieved'] },
    default: 'refuse',
    about:
      'What a POP3 session removes that was closed by the client without QUIT: nothing, the messages that it fetched and marked with DELE, or every message that it fetched. They can be handed out again.',
  },
  'observed-until': {
    scopes: ['account'],
    type: { kind: 'day' },
    default: 'none',
    about:
      'Last day on which the account is observed: it was imported with every tolerance on (`account import --observe`), and `account observed` lists what it deviates in. Nothing changes by itself when the day is over.',
  },
} as const satisfies Record<string, Setting>;
