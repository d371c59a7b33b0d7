/**
 * Every answer of POP3 that is no listing and no content: each named once, with its response code
 * and what it means.
 *
 * RFC 1939 section 3, RFC 2449 section 8, RFC 3206. A text says what, why and what to do, and names
 * no host, file or account. Every text behind `-ERR` is made here, so that the page of replies
 * lists each.
 */
import { type Quirk, isQuirk, quirkFacts, quirkTable, quirkText } from '../domain/quirks.ts';
import { type Values, type Wanted, filled } from '../domain/refusal.ts';

export type ResponseCode = 'AUTH' | 'IN-USE' | 'SYS/TEMP' | 'SYS/PERM' | 'UTF8';

declare const fromTable: unique symbol;

/** A text behind `-ERR`, with its response code. */
export interface Trouble {
  readonly [fromTable]: true;
  readonly code?: ResponseCode | undefined;
  readonly text: string;
  /** Name and values, as a `Refusal` has them. */
  readonly name?: string;
  readonly values?: Readonly<Record<string, string | number>>;
}

/** A trouble as a row of its table. */
export interface TroubleRow<Text extends string = string> {
  readonly code?: ResponseCode | undefined;
  /** The text; `{name}` in it stands for a value that is filled in. */
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

const VENDOR = 'The program has a fault: ask its vendor';
const LATER = 'Try again later';

export const troubleRows = {
  tooManyConnections: trouble(
    'SYS/TEMP',
    'too many connections are open; try again later',
    'The limit `connections.total` is reached.',
    LATER,
  ),
  displaced: trouble(
    'SYS/TEMP',
    'too many connections are waiting for a login and this one was the oldest; connect again and log in',
    'More clients than `connections.before-login` or `connections.total` allow were connected without a login, and this was the oldest of them.',
    'Connect again',
  ),
  stopping: trouble(
    'SYS/TEMP',
    'the gateway is stopping; try again in a few minutes',
    'The operator stops or restarts the gateway.',
    LATER,
  ),
  tooManyOfNetwork: trouble(
    'SYS/TEMP',
    'too many connections are open from your network; try again later',
    'The limit `connections.per-network` is reached, mostly by a program that leaves connections open; or `connections.per-range`, by neighbouring networks that do not log in.',
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
  lineFlood: trouble(
    '',
    'the line does not end; the connection is closed',
    'The client sent a line without an end.',
    VENDOR,
  ),
  lineTooLong: trouble(
    '',
    'the line is too long and was not read',
    'The line is longer than any POP3 command.',
    VENDOR,
  ),
  controlCharacter: trouble(
    '',
    'the command holds a NUL or another control character',
    'The client sent control characters, or began TLS on a port that begins without it.',
    'Set the program to STLS or to the TLS port',
  ),
  unknownCommand: trouble(
    '',
    'unknown command; CAPA lists what this server offers',
    'The line is not a POP3 command.',
    VENDOR,
  ),
  noArgument: trouble('', '{verb} takes no argument', 'The command was sent with an argument.', VENDOR),
  oneNumber: trouble(
    '',
    '{verb} takes one message number: {why}',
    'LIST or UIDL has an argument that is not a message number.',
    VENDOR,
  ),
  needsNumber: trouble('', '{verb} needs one message number: {why}', 'RETR or DELE has no message number.', VENDOR),
  topSyntax: trouble(
    '',
    'TOP needs a message number and a number of lines: {why}',
    'TOP lacks one of them, or one is not a number.',
    VENDOR,
  ),
  noLogin: trouble('', 'USER needs a user name', 'The client sent USER without a name.', 'Type the user name again'),
  noPassword: trouble(
    '',
    'PASS needs a password',
    'The client sent PASS without a password.',
    'Type the password again',
  ),
  authArguments: trouble(
    '',
    'AUTH takes a mechanism and one initial response',
    'The client sent AUTH with more arguments.',
    VENDOR,
  ),
  authName: trouble(
    '',
    'AUTH needs the name of a mechanism',
    'The word after AUTH cannot be the name of a mechanism.',
    VENDOR,
  ),
  mechanism: trouble(
    '',
    'this mechanism is not offered; CAPA lists those that are',
    'The client asked for CRAM-MD5, XOAUTH2, APOP or another mechanism that is not offered.',
    'Set the program to "normal password"',
  ),
  loginMalformed: trouble('', '{why}', 'The response is not base64, or not in the form of the mechanism.', VENDOR),
  loginCancelled: trouble('', 'the login was cancelled', 'The client sent `*`.', 'Log in again'),
  needTls: trouble(
    '',
    'no login without TLS: use STLS first, or the TLS port',
    'The client wants to log in without TLS, which would show the password to the network.',
    'Set the program to STLS (STARTTLS) or to the TLS port',
  ),
  needTlsFirst: trouble(
    '',
    'use STLS, then log in',
    'The client asked for messages without TLS and without a login.',
    'Set the program to STLS (STARTTLS) or to the TLS port',
  ),
  tlsActive: trouble(
    '',
    'TLS is active already',
    'The client sent STLS a second time, or on the TLS port.',
    'Set the program to TLS, not STARTTLS',
  ),
  userFirst: trouble('', 'USER comes before PASS', 'The client sent PASS without USER.', VENDOR),
  needLogin: trouble('', 'log in first', 'The client asked for messages before the login.', 'Switch authentication on'),
  loggedIn: trouble('', 'already logged in', 'The client sent a login, STLS or UTF8 after the login.', VENDOR),
  loginRefused: trouble(
    'AUTH',
    'the login failed: user name or password is wrong, or the account is suspended',
    'One text for all three causes, so that nobody can find out which accounts exist.',
    'Type the password again; the operator sees in the log which cause it was',
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
    'The client sent AUTH EXTERNAL without a client certificate.',
    'Choose the certificate in the program',
  ),
  certificateRefused: trouble(
    'AUTH',
    'this client certificate does not log in here; the helpdesk can see why',
    'The certificate expired, was revoked, is not registered, or its authority is not trusted.',
    'The operator finds the cause in the log event `auth.certificate_refused`',
  ),
  loginBusy: trouble(
    'SYS/TEMP',
    'the gateway cannot check the login at present; try again in a minute',
    'A waiting time runs after wrong passwords, or the gateway is checking too many other logins.',
    'Try again in a minute; if passwords were wrong before, correct the stored one first',
  ),
  loginUnknown: trouble(
    'SYS/TEMP',
    'the gateway cannot look up logins at present, nothing is wrong with yours; try again in a minute',
    'The store does not answer; or, on PostgreSQL, the gateway cannot tell whether accounts were changed.',
    'Try again in a minute, with the same password',
  ),
  certificateBusy: trouble(
    'SYS/TEMP',
    'the gateway cannot check the certificate at present; try again in a minute',
    'The gateway is checking too many other logins.',
    'Try again in a minute',
  ),
  inUse: trouble(
    'IN-USE',
    'another session has the maildrop open; try again when it has ended',
    'Two programs or computers fetch from one mailbox, or a connection broke less than 30 s ago.',
    'Try again after a minute, and do not ask the user for the password',
  ),
  takenOver: trouble(
    'SYS/TEMP',
    'this session no longer has the maildrop, another session may have it; nothing was deleted, log in again',
    'The session made no progress for 30 s and another one of the same network came; or the gateway did not reach its database for 15 s.',
    'Connect again: messages marked as deleted are still there',
  ),
  loginEnded: trouble(
    'SYS/TEMP',
    'the login of this session is no longer valid, nothing was deleted; log in again',
    'Before QUIT, the account was suspended or has ended, or its password or certificate was replaced or revoked.',
    'Log in again: messages marked as deleted are still there. If the login is refused, type the new password',
  ),
  deleted: trouble(
    '',
    'this message is marked as deleted; RSET takes that back',
    'RETR, TOP, DELE, LIST or UIDL names a message that this session has deleted.',
    'Fetch before DELE',
  ),
  emptyMaildrop: trouble(
    '',
    'no such message; the maildrop is empty',
    'The mailbox holds no messages.',
    'Ask STAT first',
  ),
  noSuchMessage: trouble(
    '',
    'no such message; the maildrop has messages 1 to {count}',
    'The number is above that of the last message.',
    'Numbers are valid for one session: send UIDL again in each',
  ),
  damaged: trouble(
    'SYS/PERM',
    'this message is damaged in the store and is not handed out; the helpdesk has been told',
    'The disk gave back other data than was written to it. Other messages can be fetched.',
    'Fetch the next message; call the helpdesk',
  ),
  failed: trouble(
    'SYS/TEMP',
    'the server has a problem, nothing was deleted; try again later',
    'The gateway or its disk has a fault. At QUIT: no message that was marked as deleted is gone.',
    LATER,
  ),
  unknown: trouble(
    'SYS/TEMP',
    'the gateway does not know whether the messages were deleted; log in again and look',
    'The database did not confirm the deletions of QUIT. What is still listed at the next login was not deleted.',
    'Log in again: each message is still there, or was deleted by this session',
  ),
} as const satisfies Record<string, TroubleRow>;

type TroubleOf<Text extends string> = [Wanted<Text>] extends [never] ? Trouble : (values: Values<Text>) => Trouble;
type Troubles = { readonly [Name in keyof typeof troubleRows]: TroubleOf<(typeof troubleRows)[Name]['text']> };

/** Every trouble by its name; those of quirks come from `quirkTrouble`. */
export const troubles = Object.fromEntries(
  Object.entries<TroubleRow>(troubleRows).map(([name, { code, text }]) => {
    const make = (values: Readonly<Record<string, string | number>>): Trouble =>
      ({ code, text: filled(text, values), name, values }) as Trouble;
    return [name, text.includes('{') ? make : make({})];
  }),
) as unknown as Troubles;

/** The refusal of a deviation that the account is not allowed. */
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
