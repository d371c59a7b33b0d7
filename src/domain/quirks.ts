/**
 * Quirks: deviations from the standards that old systems need, each known by one name to settings,
 * refusals, counters and commands.
 *
 * Where the right column of the table says `refuse`, a deviation is refused unless the operator
 * allows it to an account or its organisation; the reply names the quirk and the setting. What is
 * tolerated is counted for each account and day (store/quirks.ts).
 */
import { type Refusal, type RefusalRow, refusing } from './refusal.ts';
import type { Account, Organisation } from './registry.ts';
import { type SettingName, settingOf } from './settings.ts';

export interface QuirkFacts {
  /** What the program does, for people: "seen 412 times: ...". */
  readonly about: string;
  /** Where the standards say otherwise. */
  readonly rfc: string;
  /** Where it is decided. */
  readonly by:
    | { readonly kind: 'setting'; readonly name: SettingName; readonly on: string; readonly off: string }
    | { readonly kind: 'listener' }
    | { readonly kind: 'never' };
  /**
   * The answer where it is not tolerated, its code for SMTP. Absent: then it is not refused, but
   * not done either.
   */
  readonly refusal?: Partial<Pick<Refusal, 'reply' | 'status'>> & {
    /** What is wrong, and what the program should do instead. */
    readonly what: string;
    readonly instead: string;
  };
}

const setting = (name: SettingName, on = 'tolerate', off = 'refuse'): QuirkFacts['by'] => ({
  kind: 'setting',
  name,
  on,
  off,
});

export const quirkTable = {
  'command-lf': {
    about: 'commands end in a bare LF',
    rfc: 'RFC 5321 section 2.3.8',
    by: setting('quirk-command-lf'),
    refusal: {
      reply: 500,
      status: '5.5.2',
      what: 'This program ends its commands with a bare LF',
      instead: 'end each with CRLF',
    },
  },
  'lf-only': {
    about: 'every line of a message and its final dot end in a bare LF',
    rfc: 'RFC 5321 section 4.1.1.4',
    by: { kind: 'listener' },
    refusal: {
      reply: 421,
      status: '4.4.2',
      what: 'The end of the message did not come: the final dot stands between bare LFs instead of CRLFs',
      instead: 'end each line with CRLF',
    },
  },
  helo: {
    about: 'HELO instead of EHLO',
    rfc: 'RFC 4954 section 4, RFC 3207 section 4',
    by: setting('quirk-helo'),
    refusal: {
      reply: 503,
      status: '5.5.1',
      what: 'This program sends HELO, which allows neither TLS nor a login',
      instead: 'send EHLO',
    },
  },
  'login-initial': {
    about: 'AUTH LOGIN with the user name in the same line',
    rfc: 'RFC 4954 section 4',
    by: setting('quirk-login-initial'),
    refusal: {
      reply: 501,
      status: '5.5.4',
      what: 'This program sends its user name in the line AUTH LOGIN',
      instead: 'wait for the challenge, or use AUTH PLAIN',
    },
  },
  'path-blanks': {
    about: 'spaces around the address in MAIL FROM or RCPT TO',
    rfc: 'RFC 5321 section 3.3',
    by: setting('quirk-path-blanks'),
    refusal: {
      reply: 501,
      status: '5.5.2',
      what: 'There is a space around the colon or the address',
      instead: 'write MAIL FROM:<address> and RCPT TO:<address>',
    },
  },
  'no-brackets': {
    about: 'addresses in MAIL FROM or RCPT TO without angle brackets',
    rfc: 'RFC 5321 section 4.1.2',
    by: setting('quirk-no-brackets'),
    refusal: {
      reply: 501,
      status: '5.5.2',
      what: 'The address has no angle brackets',
      instead: 'write MAIL FROM:<address> and RCPT TO:<address>',
    },
  },
  'line-ends': {
    about: 'bare CR or LF in messages',
    rfc: 'RFC 5321 section 2.3.8',
    by: setting('line-ends', 'normalise'),
    refusal: {
      reply: 550,
      status: '5.6.11',
      what: 'The message has a CR or LF that is not part of CRLF',
      instead: 'end every line with CRLF',
    },
  },
  nul: {
    about: 'NUL octets in messages',
    rfc: 'RFC 5322 section 2.2, RFC 2045 section 2.8',
    by: { kind: 'never' },
    refusal: {
      reply: 550,
      status: '5.6.0',
      what: 'The message holds a NUL octet',
      instead: 'encode binary content as base64',
    },
  },
  'long-lines': {
    about: 'lines of more than 998 octets',
    rfc: 'RFC 5321 section 4.5.3.1.6, RFC 5322 section 2.1.1',
    by: setting('quirk-long-lines'),
    refusal: {
      reply: 550,
      status: '5.6.0',
      what: 'The message has a line of more than 998 octets',
      instead: 'encode such content as base64 or quoted-printable',
    },
  },
  'eight-bit': {
    about: 'characters outside ASCII in messages without MIME header fields',
    rfc: 'RFC 2045 section 4, RFC 6532 section 3',
    by: setting('quirk-eight-bit'),
    refusal: {
      reply: 550,
      status: '5.6.0',
      what: 'The message has octets outside ASCII and does not name their character set',
      instead: 'send MIME-Version, Content-Type with a charset, and Content-Transfer-Encoding',
    },
  },
  'no-date': {
    about: 'messages without Date',
    rfc: 'RFC 5322 section 3.6.1',
    by: setting('quirk-no-date'),
    refusal: { reply: 550, status: '5.6.0', what: 'The header has no Date field', instead: 'send one' },
  },
  'no-message-id': {
    about: 'messages without Message-ID',
    rfc: 'RFC 5322 section 3.6.4',
    by: setting('quirk-no-message-id'),
    refusal: {
      reply: 550,
      status: '5.6.0',
      what: 'The header has no Message-ID field',
      instead: 'send one that is different for each message',
    },
  },
  last: {
    about: 'LAST, which POP3 no longer has',
    rfc: 'RFC 1460 section 5, gone with RFC 1725',
    by: setting('quirk-last'),
    refusal: { what: 'LAST is no longer a command of POP3', instead: 'find new messages by UIDL' },
  },
  'no-uidl': {
    about: 'messages are fetched without UIDL, so a message that stays may be taken for a new one',
    rfc: 'RFC 1939 section 7',
    by: setting('quirk-no-uidl'),
    refusal: { what: 'This session has not asked which messages are new', instead: 'send UIDL before RETR' },
  },
  'delete-on-disconnect': {
    about: 'the line is dropped without QUIT, and messages are expected to be gone',
    rfc: 'RFC 1939 section 6',
    by: setting('quirk-delete-on-disconnect', 'marked'),
  },
} as const satisfies Record<string, QuirkFacts>;

export type Quirk = keyof typeof quirkTable;

export const isQuirk = (name: string): name is Quirk => Object.hasOwn(quirkTable, name);
export const quirkFacts = (quirk: Quirk): QuirkFacts => quirkTable[quirk];

/** Whether an account may have it. What the listener decides is not asked here. */
export function tolerates(account: Account, organisation: Organisation, quirk: Quirk): boolean {
  const { by } = quirkFacts(quirk);
  if (by.kind !== 'setting') return false;
  const value = String(settingOf(by.name, account.settings, organisation.settings));
  // DESIGN section 7: a mail server that relays what others wrote must not hand on what two
  // programs read in two ways.
  if (value === 'automatic') return account.kind !== 'partner';
  return value !== by.off;
}

/**
 * Every setting that lets a deviation pass instead of refusing it, with that value; what is not
 * refused but done otherwise is not among them.
 */
export const tolerances: ReadonlyMap<Quirk, { readonly name: SettingName; readonly value: string }> = new Map(
  (Object.keys(quirkTable) as Quirk[]).flatMap((quirk) => {
    const { by, refusal } = quirkFacts(quirk);
    return by.kind === 'setting' && refusal !== undefined ? [[quirk, { name: by.name, value: by.on }] as const] : [];
  }),
);

/** How to have a deviation tolerated, in a text for the operator. */
export function remedyOf(quirk: Quirk): string {
  const { by } = quirkFacts(quirk);
  switch (by.kind) {
    case 'setting':
      return `or ask the helpdesk to allow it (quirk ${quirk}: ${by.name}=${by.on})`;
    case 'listener':
      return `or ask the helpdesk for a port that allows it (quirk ${quirk})`;
    case 'never':
      return `no account may send NUL (quirk ${quirk})`;
  }
}

/** What is wrong, what to do instead, and how it is allowed: one line for the peer. */
export function quirkText(quirk: Quirk): string {
  const { refusal } = quirkFacts(quirk);
  if (refusal === undefined) throw new Error(`quirk ${quirk} is never refused`);
  return `${refusal.what}; ${refusal.instead}, ${remedyOf(quirk)}`;
}

/** A row for each quirk that has a reply of SMTP; its name is the quirk's. */
export const quirkRows: Readonly<Record<string, RefusalRow>> = Object.fromEntries(
  (Object.keys(quirkTable) as Quirk[]).flatMap((quirk) => {
    const { about, rfc, by, refusal: { reply, status } = {} } = quirkFacts(quirk);
    if (reply === undefined || status === undefined) return [];
    const cause = `Quirk \`${quirk}\`: ${about} (${rfc})${by.kind === 'setting' ? `, which \`${by.name}=${by.off}\` refuses` : ''}.`;
    const remedy = `Change the program${by.kind === 'setting' ? `, or ask the helpdesk for \`${by.name}=${by.on}\`` : ''}`;
    return [[quirk, { reply, status, text: quirkText(quirk), cause, remedy }]];
  }),
);

const refusals = refusing(quirkRows);

/** The refusal of an SMTP quirk. */
export function quirkRefusal(quirk: Quirk): Refusal {
  const refusal = refusals[quirk];
  if (typeof refusal !== 'object') throw new Error(`quirk ${quirk} has no reply of SMTP`);
  return { ...refusal, quirk };
}
