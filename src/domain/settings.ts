/**
 * Policy settings: the one road for every choice that an operator makes about an organisation, an account or an address.
 *
 * Each setting stands once in the table below: name, where it may be set, how its text is read, default and meaning. The command line
 * (`sluis account set NAME KEY=VALUE`), the CSV form, `show --all` and the reference in docs/operations.md all come from this table.
 * A value set on an address wins over one on its account, that over one on the organisation, that over the default.
 */
import { MAX_KINDS, parseEdiKinds } from './edi-kinds.ts';
import { foldLogin } from './registry.ts';
import { type Result, fail, ok } from './result.ts';
import { GiB, MiB, KiB } from './units.ts';
import { parseClosedDays } from './working-days.ts';

export type SettingScope = 'organisation' | 'account' | 'address';
export type SettingValue = string | number | boolean;
/** What is set at one place, by name. Unknown names are kept: a newer node of the same store may know them. */
export type Settings = Readonly<Record<string, SettingValue>>;

export type SettingKind =
  | { readonly kind: 'octets'; readonly min: number; readonly max: number }
  | { readonly kind: 'count'; readonly min: number; readonly max: number }
  | { readonly kind: 'boolean' }
  | { readonly kind: 'choice'; readonly of: readonly string[] }
  /** As `parseClosedDays` reads them; kept as they were written. */
  | { readonly kind: 'closed-days' }
  /** As `parseEdiKinds` reads them; `any`: every kind. */
  | { readonly kind: 'edi-kinds' }
  /** A log-in name, or `own`. */
  | { readonly kind: 'mailbox' };

export interface Setting<V extends SettingValue = SettingValue> {
  readonly scopes: readonly SettingScope[];
  readonly type: SettingKind;
  readonly default: V;
  /** One sentence for the operator. */
  readonly about: string;
}

const everywhere = ['organisation', 'account', 'address'] as const;
const accountAndAbove = ['organisation', 'account'] as const;
/** What a guard over interchanges does with what it finds. */
const guard = { kind: 'choice', of: ['off', 'warn', 'hold', 'refuse'] } as const;

type Tolerance = 'tolerate' | 'refuse';

/** A deviation that an account may have or not (domain/quirks.ts). */
const quirk = (
  value: Tolerance,
  about: string,
): {
  readonly scopes: typeof accountAndAbove;
  readonly type: { readonly kind: 'choice'; readonly of: readonly Tolerance[] };
  readonly default: Tolerance;
  readonly about: string;
} => ({ scopes: accountAndAbove, type: { kind: 'choice', of: ['refuse', 'tolerate'] }, default: value, about });

export const settingsTable = {
  quota: {
    scopes: accountAndAbove,
    type: { kind: 'octets', min: 1 * MiB, max: 1024 * GiB },
    default: 2 * GiB,
    about:
      'Most that the mailbox may hold; a recipient whose mailbox is full is refused with 452 4.2.2, a warning is logged at 80 %.',
  },
  'max-message': {
    scopes: everywhere,
    type: { kind: 'octets', min: 64 * KiB, max: 1 * GiB },
    default: 1 * GiB,
    about:
      "Largest message this addressee takes; a larger declared SIZE is refused at RCPT with 552 5.2.3. Of a partner's account also the largest that it submits. The limit of the gateway holds as well.",
  },
  login: {
    scopes: accountAndAbove,
    type: { kind: 'choice', of: ['either', 'password', 'certificate', 'both'] },
    default: 'either',
    about:
      'What a log-in takes: a password or a registered client certificate, only one of the two, or the password inside a session with the certificate of the same account.',
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
      'Whether passwords log in by SCRAM-SHA-256 as well, on listeners that offer it. Each then gets a verifier beside its hash when it is set, or at its next log-in by PLAIN; "no" removes the verifiers.',
  },
  'line-ends': {
    scopes: accountAndAbove,
    type: { kind: 'choice', of: ['automatic', 'normalise', 'refuse'] },
    default: 'automatic',
    about:
      'What a bare CR or LF in submitted content gets: made CRLF and counted as a quirk of the account, or refused with 550 5.6.11. Automatic: refused for partners, made CRLF for all others.',
  },
  'quirk-command-lf': quirk('refuse', 'Whether its commands may end in a bare LF.'),
  'quirk-helo': quirk('refuse', 'Whether it may log in and send after HELO, where EHLO is needed.'),
  'quirk-login-initial': quirk(
    'tolerate',
    'Whether AUTH LOGIN may carry the user name in the same line, as .NET and Python do.',
  ),
  'quirk-path-blanks': quirk('refuse', 'Whether blanks may stand around the address: "MAIL FROM: <a@b>".'),
  'quirk-no-brackets': quirk('refuse', 'Whether the address may stand without angle brackets: "MAIL FROM:a@b".'),
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
  notices: {
    scopes: accountAndAbove,
    type: { kind: 'choice', of: ['automatic', 'mailbox', 'contact'] },
    default: 'automatic',
    about:
      "Where notices, receipts and warnings about the account's messages go: into its mailbox, or to the organisation's contact. Automatic: to the contact for kind edi, since a report can stop an old importer, and into the mailbox for people.",
  },
  'collected-receipts': {
    scopes: accountAndAbove,
    type: { kind: 'choice', of: ['asked', 'always', 'never'] },
    default: 'asked',
    about:
      'Whether the sender is told when its message was fetched: for messages with the header field "Sluis-Receipt: collected", for all, or for none.',
  },
  rhythm: {
    scopes: accountAndAbove,
    type: { kind: 'count', min: 0, max: 60 },
    default: 2,
    about:
      "Working days within which the mailbox is expected to be fetched; after that the organisation's contact is warned and the operator sees it in the daily digest. 0: nothing is expected.",
  },
  'closed-days': {
    scopes: accountAndAbove,
    type: { kind: 'closed-days' },
    default: 'none',
    about:
      'Days that count as no working days besides weekends and Dutch public holidays: "wed 2026-12-24..2027-01-03 2027-05-15", or none.',
  },
  'tell-sender-after': {
    scopes: accountAndAbove,
    type: { kind: 'count', min: 0, max: 60 },
    default: 3,
    about:
      'Working days after which the sender of a message that nobody fetched from this mailbox is told so; this is no failure, the message stays. 0: never.',
  },
  'keep-uncollected': {
    scopes: accountAndAbove,
    type: { kind: 'count', min: 7, max: 3650 },
    default: 90,
    about:
      'Days that a message waits for somebody to fetch it. Then it ends with a last notice to its sender, and can be handed out again for the time of deleted ones. Messages that were fetched and left there stay.',
  },
  sign: {
    scopes: accountAndAbove,
    type: { kind: 'choice', of: ['automatic', 'never', 'always'] },
    default: 'automatic',
    about:
      'Whether the gateway signs messages of the account (S/MIME or PGP) with the key of their From that it holds. Automatic: never for kinds edi and partner; for people whenever there is such a key that is valid. Always: a message that cannot be signed is refused.',
  },
  encrypt: {
    scopes: everywhere,
    type: { kind: 'choice', of: ['never', 'when-possible', 'required'] },
    default: 'never',
    about:
      'Whether the gateway encrypts messages to this addressee (S/MIME or PGP), who must then be able to read them. When-possible: to a valid mail certificate or OpenPGP key where there is one. Required: without one the recipient is refused with 550 5.7.5.',
  },
  'smime-profile': {
    scopes: everywhere,
    type: { kind: 'choice', of: ['automatic', 'interop', 'strong'] },
    default: 'automatic',
    about:
      'How messages to this addressee are encrypted: interop is read by every program (signed, AES-CBC), strong hides the subject as well (AES-GCM, RSA-OAEP). Automatic: strong where the address registered or showed that it reads AES-GCM. Of PGP: strong hides the subject, automatic is interop.',
  },
  'protection-by': {
    scopes: everywhere,
    type: { kind: 'choice', of: ['smime', 'pgp'] },
    default: 'smime',
    about:
      'Which of S/MIME and PGP protects messages to this addressee where both could do the same; the other one takes its place where this one cannot.',
  },
  open: {
    scopes: everywhere,
    type: { kind: 'boolean' },
    default: false,
    about:
      'Whether the gateway decrypts messages to this addressee with the keys that it holds for the address, for a system that knows no S/MIME or PGP. Nothing is encrypted to such an addressee.',
  },
  'encrypt-to-self': {
    scopes: accountAndAbove,
    type: { kind: 'boolean' },
    default: false,
    about:
      'Whether what is encrypted for the account is encrypted to the mail certificate or OpenPGP key of its From as well, so that the sender can read a copy of it.',
  },
  'keep-deleted': {
    scopes: ['organisation'],
    type: { kind: 'count', min: 0, max: 30 },
    default: 14,
    about:
      'Days for which messages that were deleted, expired or withdrawn in mailboxes of the organisation are kept and can be handed out again. Where it is not set, `store.keep-deleted` of the configuration holds.',
  },
  'edi-sender': {
    scopes: accountAndAbove,
    type: guard,
    default: 'warn',
    about:
      'What happens to a message of the account whose interchange names a sender (UNB S002, MSH-4) that is no EDI identity of the account or its organisation: nothing, a remark in trace and log, held for the operator, or refused with 554. Of these, what is not refused or held is delivered.',
  },
  'edi-controls': {
    scopes: accountAndAbove,
    type: guard,
    default: 'warn',
    about:
      'The same where counts or references of an interchange that the account sends are wrong, or its end is missing.',
  },
  'edi-reference': {
    scopes: accountAndAbove,
    type: guard,
    default: 'warn',
    about:
      'The same where an interchange that the account sends has a reference under which other messages were sent to the same party in the last 90 days. The same messages again, under the same reference or a new one, are no error.',
  },
  'edi-recipient': {
    scopes: everywhere,
    type: guard,
    default: 'warn',
    about:
      'The same where an interchange names a recipient (UNB S003, MSH-6) that is no EDI identity of this addressee or its organisation.',
  },
  'edi-type': {
    scopes: everywhere,
    type: guard,
    default: 'warn',
    about: 'The same where an interchange has messages of a kind that this addressee does not take (`edi-accepts`).',
  },
  'edi-test': {
    scopes: everywhere,
    type: guard,
    default: 'warn',
    about: 'The same where an interchange for this addressee says that it is a test (UNB 0035, MSH-11).',
  },
  'edi-accepts': {
    scopes: everywhere,
    type: { kind: 'edi-kinds' },
    default: 'any',
    about:
      'Kinds of messages that this addressee takes: any, or names with blanks between them, such as "MEDLAB MEDVRI:1 ORU^*". Behind a colon stands how the version must begin.',
  },
  'edi-contrl': {
    scopes: accountAndAbove,
    type: { kind: 'choice', of: ['never', 'asked'] },
    default: 'never',
    about:
      'Whether an EDIFACT interchange of the account that asks for an acknowledgement (UNB 0031) is answered with a CONTRL in its mailbox: positive when the message was fetched or taken by a partner, negative when it was given up, taken back or never fetched.',
  },
  'edi-mailbox': {
    scopes: everywhere,
    type: { kind: 'mailbox' },
    default: 'own',
    about:
      'Where messages with EDI in them go instead of the own mailbox: log-in name of another account of the same organisation, or own. EDI is told by content, not by type or file name.',
  },
  'edi-mixed': {
    scopes: everywhere,
    type: { kind: 'choice', of: ['both', 'edi', 'mail'] },
    default: 'both',
    about:
      'With `edi-mailbox`: where a message goes that has other attachments beside EDI, or is for people in other ways: into both mailboxes, only to the one for EDI, or only to the own one.',
  },
} as const satisfies Record<string, Setting>;

export type SettingName = keyof typeof settingsTable;

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  B: 1,
  KiB,
  MiB,
  GiB,
  KB: 1000,
  MB: 1_000_000,
  GB: 1_000_000_000,
};

/** Reads "25MiB", "2GiB" or a plain number of octets; undefined when it is neither. */
export function parseOctets(text: string): number | undefined {
  const match = /^(\d{1,15})\s*([KMG]i?B|B)?$/.exec(text.trim());
  if (match === null) return undefined;
  const value = Number(match[1]) * (UNITS[match[2] ?? ''] ?? Number.NaN);
  return Number.isSafeInteger(value) ? value : undefined;
}

/** Writes octets so that `parseOctets` reads the same number back. */
export function formatOctets(n: number): string {
  for (const [name, size] of [
    ['GiB', GiB],
    ['MiB', MiB],
    ['KiB', KiB],
  ] as const)
    if (n >= size && n % size === 0) return `${n / size}${name}`;
  return `${n}B`;
}

const expectation = (type: SettingKind): string => {
  switch (type.kind) {
    case 'octets':
      return `a size from ${formatOctets(type.min)} to ${formatOctets(type.max)}, such as 25MiB`;
    case 'count':
      return `a whole number from ${type.min} to ${type.max}`;
    case 'boolean':
      return 'yes or no';
    case 'choice':
      return type.of.join(' or ');
    case 'closed-days':
      return 'none, or weekdays, days and ranges with blanks between them, such as "wed 2026-12-24..2027-01-03"';
    case 'edi-kinds':
      return `any, or up to ${MAX_KINDS} names of at most 70 characters with blanks between them, such as "MEDLAB MEDVRI:1 ORU^*"`;
    case 'mailbox':
      return 'own, or the log-in name of an account';
  }
};

/** Writes a value so that `parseSetting` reads the same one back. */
export const formatSetting = (type: SettingKind, value: SettingValue): string =>
  typeof value === 'boolean'
    ? value
      ? 'yes'
      : 'no'
    : type.kind === 'octets' && typeof value === 'number'
      ? formatOctets(value)
      : String(value);

const isName = (name: string): name is SettingName => Object.hasOwn(settingsTable, name);

/** Reads one `name=value` for one scope. The error names the value, what was expected and which settings exist. */
export function parseSetting(scope: SettingScope, name: string, text: string): Result<SettingValue, string> {
  const known = Object.entries(settingsTable).filter(([, s]) => (s.scopes as readonly SettingScope[]).includes(scope));
  if (!isName(name) || !known.some(([n]) => n === name))
    return fail(`"${name}" is not a setting of an ${scope}; expected one of: ${known.map(([n]) => n).join(', ')}`);
  const { type } = settingsTable[name];
  const wrong = fail(`"${text}" is no value for ${name}; expected ${expectation(type)}`);
  switch (type.kind) {
    case 'octets':
    case 'count': {
      const n = type.kind === 'octets' ? parseOctets(text) : /^\d{1,15}$/.test(text) ? Number(text) : undefined;
      return n === undefined || n < type.min || n > type.max ? wrong : ok(n);
    }
    case 'boolean':
      return text === 'yes' || text === 'no' ? ok(text === 'yes') : wrong;
    case 'choice':
      return (type.of as readonly string[]).includes(text) ? ok(text) : wrong;
    case 'edi-kinds': {
      const kinds = parseEdiKinds(text);
      return kinds === undefined ? wrong : ok(kinds.length === 0 ? 'any' : kinds.join(' '));
    }
    case 'mailbox': {
      const login = foldLogin(text.trim());
      return login === undefined ? wrong : ok(login);
    }
    case 'closed-days': {
      const read = parseClosedDays(text);
      return read.ok ? ok(text.trim()) : fail(`"${text}" is no value for ${name}: ${read.error}`);
    }
  }
}

/** The value that holds: the first of `chain` (address, account, organisation; nearest first) that sets it, else the default. */
export function settingOf<N extends SettingName>(
  name: N,
  ...chain: readonly (Settings | undefined)[]
): SettingValueOf<N> {
  for (const settings of chain) {
    const value = settings?.[name];
    if (value !== undefined) return value as SettingValueOf<N>;
  }
  return settingsTable[name].default as SettingValueOf<N>;
}

type SettingValueOf<N extends SettingName> = (typeof settingsTable)[N]['type'] extends {
  kind: 'choice';
  of: readonly (infer C)[];
}
  ? C
  : (typeof settingsTable)[N]['type'] extends { kind: 'boolean' }
    ? boolean
    : (typeof settingsTable)[N]['type'] extends { kind: 'closed-days' | 'edi-kinds' | 'mailbox' }
      ? string
      : number;
