/**
 * Every answer of POP3 that is no listing and no content: each named once, with its response code and what it means.
 *
 * RFC 1939 section 3, RFC 2449 section 8, RFC 3206. A text says what, why and what to do, and names no host, file or account. Only what is
 * made here goes out behind `-ERR`, so that the page of replies knows each.
 */
import { type Quirk, isQuirk, quirkFacts, quirkTable, quirkText } from '../domain/quirks.ts';
import { type Values, type Wanted, filled } from '../domain/refusal.ts';

export type ResponseCode = 'AUTH' | 'IN-USE' | 'SYS/TEMP' | 'SYS/PERM' | 'UTF8';

declare const fromTable: unique symbol;

/** What stands behind `-ERR`. */
export interface Trouble {
  readonly [fromTable]: true;
  readonly code?: ResponseCode | undefined;
  readonly text: string;
  /** As a refusal has them. */
  readonly name?: string;
  readonly values?: Readonly<Record<string, string | number>>;
}

/** A trouble as its table has it. */
export interface TroubleRow<Text extends string = string> {
  readonly code?: ResponseCode | undefined;
  /** `{name}` stands for a value of the moment. */
  readonly text: Text;
  readonly cause: string;
  readonly remedy: string;
}

const trouble = <const Text extends string>(
  code: ResponseCode | '',
  text: Text,
  cause: string,
  remedy: string,
): TroubleRow<Text> => ({ code: code === '' ? undefined : code, text, cause, remedy });

const VENDOR = 'A fault of the program: ask its vendor';
const LATER = 'Try again later, the same';

export const troubleRows = {
  tooManyConnections: trouble(
    'SYS/TEMP',
    'too many connections are open; try again later',
    'The limit `connections.total` is reached.',
    LATER,
  ),
  displaced: trouble(
    'SYS/TEMP',
    'too many connections wait for a login; connect again',
    'More clients than `connections.before-login` or `connections.total` allow were connected without a login, and this was the oldest of them.',
    'Connect again',
  ),
  stopping: trouble(
    'SYS/TEMP',
    'the gateway is stopping; try again in a few minutes',
    'The operator stops or restarts it.',
    LATER,
  ),
  tooManyOfNetwork: trouble(
    'SYS/TEMP',
    'too many connections are open from your network; try again later',
    'The limit `connections.per-network` is reached, mostly by a program that leaves connections open; or `connections.per-range`, by others nearby who do not log in.',
    LATER,
  ),
  notForNetwork: trouble(
    'SYS/PERM',
    'this port is not for your network; use the one that the helpdesk named',
    'The listener has `networks`, and the client comes from another one.',
    'Change the port in the program',
  ),
  tooManyOfAccount: trouble(
    'SYS/TEMP',
    'this account has too many sessions open; try again when one has ended',
    'The limit `connections.per-account` is reached.',
    LATER,
  ),
  lineFlood: trouble('', 'the line does not end, closing', 'A line without an end.', VENDOR),
  lineTooLong: trouble('', 'the line is too long and was not read', 'A command longer than POP3 has any.', VENDOR),
  controlCharacter: trouble(
    '',
    'the command holds a NUL or another control character',
    'Octets that belong to no command, or TLS on a port that begins without.',
    'Set the program to STLS or to the TLS port',
  ),
  unknownCommand: trouble('', 'unknown command, CAPA lists what this server offers', 'No command of POP3.', VENDOR),
  noArgument: trouble('', '{verb} takes no argument', 'Something stands behind the command.', VENDOR),
  oneNumber: trouble('', '{verb} takes one message number: {why}', 'LIST or UIDL of what is no number.', VENDOR),
  needsNumber: trouble('', '{verb} needs one message number: {why}', 'RETR or DELE of what is no number.', VENDOR),
  topSyntax: trouble('', 'TOP needs a message number and a number of lines: {why}', 'TOP without one of them.', VENDOR),
  noLogin: trouble('', 'USER needs a login name', 'USER with nothing behind it.', 'Type the login name anew'),
  noPassword: trouble('', 'PASS needs a password', 'PASS with nothing behind it.', 'Type the password anew'),
  authArguments: trouble('', 'AUTH takes a mechanism and one initial response', 'AUTH with more than that.', VENDOR),
  authName: trouble('', 'AUTH needs the name of a mechanism', 'AUTH of what can be no name.', VENDOR),
  mechanism: trouble(
    '',
    'this mechanism is not offered, CAPA lists those that are',
    'CRAM-MD5, XOAUTH2, APOP or another one that is not there.',
    'Set the program to "normal password"',
  ),
  loginMalformed: trouble(
    '',
    '{why}',
    'The response of the login is no base64, or not in the form of the mechanism.',
    VENDOR,
  ),
  loginCancelled: trouble('', 'AUTH given up', 'The client sent `*`.', 'Log in again'),
  needTls: trouble(
    '',
    'no login without TLS: use STLS first, or the TLS port',
    'A login that would show the password to the network.',
    'Set the program to STLS (STARTTLS) or to the TLS port',
  ),
  needTlsFirst: trouble('', 'use STLS, then log in', 'A command of the maildrop, without TLS and login.', 'As above'),
  tlsActive: trouble(
    '',
    'the line is inside TLS already',
    'STLS a second time, or on the TLS port.',
    'Set the program to TLS, not STARTTLS',
  ),
  userFirst: trouble('', 'USER comes before PASS', 'PASS alone.', VENDOR),
  needLogin: trouble('', 'log in first', 'A command of the maildrop before the login.', 'Switch authentication on'),
  loggedIn: trouble('', 'already logged in', 'A login, STLS or UTF8 after the login.', VENDOR),
  loginRefused: trouble(
    'AUTH',
    'login name or password is wrong, or the account is not active',
    'One text for all, so that nobody can guess which accounts exist.',
    'Type the password anew; the operator sees in the log which it was',
  ),
  loginForeign: trouble(
    'AUTH',
    'an account acts only for itself; leave the authorization identity empty',
    'The login names one account to act as and another one to log in as.',
    VENDOR,
  ),
  noCertificate: trouble(
    'AUTH',
    'no client certificate was shown; set one in the program, or log in with a password',
    'AUTH EXTERNAL without a client certificate.',
    'Choose the certificate in the program',
  ),
  certificateRefused: trouble(
    'AUTH',
    'this client certificate does not log in here; the helpdesk can see why',
    'It ended, was revoked, is not registered, or its authority is not trusted.',
    'The operator finds the reason under `auth.certificate_refused`',
  ),
  loginBusy: trouble(
    'SYS/TEMP',
    'too many logins at the moment, nothing is wrong with yours; try again in a minute',
    'Back-off after wrong passwords, or more logins than the gateway checks at a time.',
    'Try again in a minute; the password is not wrong',
  ),
  loginUnknown: trouble(
    'SYS/TEMP',
    'the gateway cannot look up logins at present, nothing is wrong with yours; try again in a minute',
    'The store does not answer, or on PostgreSQL nothing says whether accounts were changed meanwhile.',
    'Try again in a minute; the password is not wrong',
  ),
  certificateBusy: trouble(
    'SYS/TEMP',
    'the certificate could not be judged now; try again in a minute',
    'More logins than the gateway checks at a time.',
    'Try again in a minute',
  ),
  inUse: trouble(
    'IN-USE',
    'another session has the maildrop open; try again when it has ended',
    'Two programs or workplaces fetch one mailbox, or a line was dropped less than 30 s ago.',
    'Try again after a minute; never ask for the password',
  ),
  takenOver: trouble(
    'SYS/TEMP',
    'this session has lost the maildrop, another one may have it by now; nothing was deleted, log in again',
    'It made no progress for 30 s, and another session of the same network came; or its gateway stood still, or did not reach the database, for 15 s.',
    'Connect again: what was marked is still there',
  ),
  loginEnded: trouble(
    'SYS/TEMP',
    'the log-in of this session is no longer valid, nothing was deleted; log in again',
    'The account was suspended or has ended, or its password or certificate was replaced or revoked, here or at another gateway, before QUIT.',
    'Log in again: what was marked is still there; where the log-in is refused, type the new password',
  ),
  deleted: trouble(
    '',
    'this message is marked deleted, RSET takes that back',
    'RETR, TOP, DELE, LIST or UIDL of it.',
    'Fetch before DELE',
  ),
  emptyMaildrop: trouble('', 'no such message, the maildrop is empty', 'There is no mail.', 'Ask STAT first'),
  noSuchMessage: trouble(
    '',
    'no such message, the maildrop has 1 to {count}',
    'A number above the last message.',
    'Numbers hold for one session: ask UIDL anew in each',
  ),
  damaged: trouble(
    'SYS/PERM',
    'this message is damaged in the store and is held back; the helpdesk has been alarmed',
    'What the disk gave back is not what was written to it. Other messages can be fetched.',
    'Go on with the next message; call the helpdesk',
  ),
  failed: trouble(
    'SYS/TEMP',
    'the server has a problem, nothing was deleted; try again later',
    'A fault of the gateway or its disk. At QUIT: nothing of what was marked is gone.',
    LATER,
  ),
  unknown: trouble(
    'SYS/TEMP',
    'whether this was done is not known; log in again and look',
    'The database of the gateway did not say whether the deletions of a QUIT stand. What is still listed at the next log-in was not deleted.',
    'Log in again: each message is still there, or was deleted by this session',
  ),
} as const satisfies Record<string, TroubleRow>;

type TroubleOf<Text extends string> = [Wanted<Text>] extends [never] ? Trouble : (values: Values<Text>) => Trouble;
type Troubles = { readonly [Name in keyof typeof troubleRows]: TroubleOf<(typeof troubleRows)[Name]['text']> };

/** The one way to a trouble, besides a quirk's. */
export const troubles = Object.fromEntries(
  Object.entries<TroubleRow>(troubleRows).map(([name, { code, text }]) => {
    const make = (values: Readonly<Record<string, string | number>>): Trouble =>
      ({ code, text: filled(text, values), name, values }) as Trouble;
    return [name, text.includes('{') ? make : make({})];
  }),
) as unknown as Troubles;

/** What an account may not have. */
export const quirkTrouble = (quirk: Quirk): Trouble => ({ text: quirkText(quirk) }) as Trouble;

/** The quirks that a POP3 session can show. */
const ofPop3: ReadonlySet<Quirk> = new Set<Quirk>(['command-lf', 'login-initial', 'last', 'no-uidl']);

/** A row for each of these; its name is the quirk's. */
export const quirkTroubleRows: Readonly<Record<string, TroubleRow>> = Object.fromEntries(
  Object.keys(quirkTable).flatMap((quirk) => {
    if (!isQuirk(quirk) || !ofPop3.has(quirk)) return [];
    const { about, rfc, by } = quirkFacts(quirk);
    const how =
      by.kind === 'setting'
        ? [`, which \`${by.name}=${by.off}\` refuses`, `, or ask the helpdesk for \`${by.name}=${by.on}\``]
        : ['', ''];
    return [
      [
        quirk,
        {
          code: 'SYS/PERM',
          text: quirkText(quirk),
          cause: `Quirk \`${quirk}\`: ${about} (${rfc})${how[0] ?? ''}.`,
          remedy: `Change the program${how[1] ?? ''}`,
        } satisfies TroubleRow,
      ],
    ];
  }),
);
