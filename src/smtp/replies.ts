/**
 * Every reply that this layer gives besides the refusals of submission and policy: each named once,
 * with its enhanced status code.
 *
 * RFC 5321 section 4.2, RFC 2034 section 4, RFC 3463; RFC 5248 for the registered meanings. What
 * smtp-server words itself is looked up by its text and replaced, so that a peer hears one voice
 * and a code that was chosen.
 */
import { type Refusal, type RefusalRow, refusing, row } from '../domain/refusal.ts';

const START = 'Speak EHLO, STARTTLS, EHLO, AUTH, MAIL, RCPT, DATA in this order; a mail program does so by itself';

export const replyRows = {
  shuttingDown: row(
    421,
    '4.3.2',
    'The gateway is stopping; try again in a few minutes',
    'The operator stops or restarts the gateway.',
  ),
  killed: row(
    421,
    '4.3.2',
    'The helpdesk ended this session; ask the helpdesk why',
    'An operator ended the session (`session end`) or contained the account (`account contain`).',
  ),
  tooManyConnections: row(
    421,
    '4.7.0',
    'Too many connections; close some and try again',
    'More connections are open than `connections.total`, `connections.per-network` or `connections.per-range` allows.',
  ),
  displaced: row(
    421,
    '4.7.0',
    'Too many connections are waiting for a login and this one was the oldest; connect again and log in',
    'More clients than `connections.before-login` or `connections.total` allow were connected without a login, and this was the oldest of them.',
  ),
  notForNetwork: row(
    554,
    '5.7.1',
    'This port is not for your network; use the one that the helpdesk named',
    'The listener has `networks`, and the client comes from another one.',
  ),
  accountEnded: row(
    421,
    '4.7.0',
    'This account may no longer log in; ask the helpdesk',
    'The account or its organisation was suspended or has ended while the session was open.',
  ),
  passwordEnded: row(
    421,
    '4.7.0',
    'The password of this session was replaced or revoked; log in again',
    'The password was replaced or revoked while the session was open.',
  ),
  accountConnections: row(
    421,
    '4.7.0',
    'This account has too many connections; close some and try again',
    'More connections are logged in to the account than `connections.per-account` allows.',
  ),
  earlyTalker: row(
    421,
    '4.7.0',
    'Commands came before the greeting; connect again and wait for it',
    'The client sent something before the greeting, or began TLS on a port that begins without it.',
  ),
  http: row(421, '4.7.0', 'This is a mail server; use a mail program', 'A web browser, or a scanner.'),
  loginDeadline: row(
    421,
    '4.4.2',
    'No login in time; connect again',
    'The client did not log in within `smtp.login-time`, or sent nothing inside TLS within `connections.start-time`.',
  ),
  commandDeadline: row(421, '4.4.2', 'No command in time; connect again', 'The client was silent for too long.'),
  slowData: row(
    421,
    '4.4.2',
    'The message came too slowly and was not accepted; connect again and send it again',
    'The content came slower than the gateway allows, mostly because the connection broke.',
  ),
  tooManyBadCommands: row(
    421,
    '4.7.0',
    'Too many unknown commands; check the program and connect again',
    'The client keeps sending lines that are not SMTP commands.',
  ),
  tooManyRefused: row(
    421,
    '4.7.0',
    'Too many commands were refused since the last accepted message; read the replies to them, then connect again',
    'More than three times `smtp.max-recipients`: a program in a loop.',
  ),
  tooManyBeforeLogin: row(
    421,
    '4.7.0',
    'Too many commands without a login; connect again and log in',
    'The client sent many commands and did not log in.',
  ),
  tooManyLogins: row(
    421,
    '4.7.0',
    'Too many failed logins; check user name and password and connect again later',
    'Several logins of one session failed.',
  ),
  tooManyBusy: row(
    421,
    '4.7.0',
    'The gateway could not check several logins of this session; connect again in a few minutes',
    'Several logins of one session came during the waiting time after wrong passwords, or while the gateway was checking too many others.',
  ),
  unknownCommand: row(
    500,
    '5.5.1',
    'The command is unknown; use the commands of RFC 5321',
    'The line is not an SMTP command.',
    START,
  ),
  lineTooLong: row(
    500,
    '5.5.2',
    'The command line is too long; nothing was done',
    'The line is longer than RFC 5321 and the offered extensions allow, often because content came before DATA.',
    'Send the content only after the reply to DATA',
  ),
  controlCharacter: row(
    500,
    '5.5.2',
    'The command line holds a control character; nothing was done',
    'A command holds a NUL, a tab or another control character.',
    'Remove the control character, which mostly is in an address',
  ),
  argument: row(
    501,
    '5.5.4',
    'The argument is missing or malformed; see RFC 5321',
    'The command needs an argument, which is missing or wrong.',
    START,
  ),
  helloSyntax: row(
    501,
    '5.5.4',
    'Syntax: EHLO or HELO and one host name',
    'EHLO has no host name, or one with spaces in it.',
    'Set the host name of the computer that sends',
  ),
  noArgument: row(
    501,
    '5.5.4',
    'This command takes no argument',
    'The command was sent with an argument.',
    'Leave the argument out',
  ),
  notOffered: row(
    502,
    '5.5.1',
    'The command is not offered here',
    'EXPN, HELP or another command that the gateway does not have.',
    'Leave it out',
  ),
  needHello: row(503, '5.5.1', 'Send EHLO or HELO first', 'The client sent a command before EHLO.', START),
  tlsActive: row(
    503,
    '5.5.1',
    'TLS is active already',
    'The client sent STARTTLS a second time, or on the TLS port.',
    'Set the program to TLS, not STARTTLS',
  ),
  needTls: row(
    538,
    '5.7.11',
    'Start TLS before the login; use STARTTLS or the TLS port',
    'The client wants to log in without TLS, which would show the password to the network.',
  ),
  needTlsForMail: row(
    530,
    '5.7.0',
    'Start TLS and log in first; use STARTTLS or the TLS port',
    'The client sent MAIL without TLS and without a login.',
  ),
  needLogin: row(
    530,
    '5.7.0',
    'Log in first; every sender of this group is registered',
    'The client sent MAIL without a login, or with a client certificate whose account needs AUTH.',
    'Switch authentication on for outgoing mail; with a certificate ask the helpdesk for `implicit-login`',
  ),
  secondLogin: row(
    503,
    '5.5.1',
    'Already logged in; connect again for another account',
    'The client sent AUTH a second time.',
  ),
  mechanism: row(
    504,
    '5.5.4',
    'This login mechanism is not offered; EHLO lists those that are',
    'The client asked for CRAM-MD5, XOAUTH2 or another mechanism that is not offered.',
    'Set the program to "normal password" (PLAIN or LOGIN)',
  ),
  loginCancelled: row(501, '5.7.0', 'The login was cancelled', 'The client sent `*`.', 'Log in again'),
  loginMalformed: row(
    501,
    '5.5.2',
    'The login cannot be read; expected the response in base64 (RFC 4954)',
    'The response is not base64, or not in the form of the mechanism.',
    'The program has a fault: ask its vendor',
  ),
  loginForeign: row(
    535,
    '5.7.8',
    'An account acts only for itself; leave the authorization identity empty',
    'The login names one account to act as and another one to log in as.',
  ),
  loginRefused: row(
    535,
    '5.7.8',
    'The login failed: user name or password is wrong, or the account is suspended',
    'One text for all three causes, so that nobody can find out which accounts exist.',
    'Type the password again; the operator sees in the log which cause it was',
  ),
  noCertificate: row(
    535,
    '5.7.8',
    'The login failed: no client certificate was shown; set one in the program, or log in with a password',
    'The client sent AUTH EXTERNAL without a client certificate.',
  ),
  certificateRefused: row(
    535,
    '5.7.8',
    'The login failed: this client certificate does not log in here; the helpdesk can see why',
    'The certificate expired, was revoked, is not registered, or its authority is not trusted.',
    'The operator finds the cause in the log event `auth.certificate_refused`',
  ),
  certificateEnded: row(
    550,
    '5.7.1',
    'The client certificate of this session is no longer accepted; ask the helpdesk',
    'The certificate was revoked or taken out of the registry while the session was open.',
  ),
  loginBusy: row(
    454,
    '4.7.0',
    'The gateway cannot check the login at present; try again in a moment',
    'A waiting time runs after wrong passwords, or the gateway is checking too many other logins.',
  ),
  loginUnknown: row(
    454,
    '4.7.0',
    'The gateway cannot look up logins at present, nothing is wrong with yours; try again in a moment',
    'The store does not answer; or, on PostgreSQL, the gateway cannot tell whether accounts were changed.',
  ),
  nestedMail: row(
    503,
    '5.5.1',
    'MAIL was given already; finish the message or send RSET',
    'The client sent MAIL twice.',
  ),
  needMail: row(503, '5.5.1', 'Send MAIL first', 'The client sent RCPT or DATA before MAIL was accepted.', START),
  needRecipient: row(503, '5.5.1', 'Send RCPT first', 'The client sent DATA without a recipient.', START),
  noRecipient: row(
    554,
    '5.5.1',
    'None of the recipients was accepted, so there is nobody to send to',
    'Every RCPT was refused.',
    'Read the replies to RCPT: each says why',
  ),
  storeAway: row(
    451,
    '4.3.0',
    'The gateway cannot look this up at present, nothing is wrong with your message; try again in a moment',
    'The store does not answer; or, on PostgreSQL, the gateway cannot tell whether accounts were changed.',
    'Try again in a moment',
  ),
  internal: row(
    451,
    '4.3.0',
    'Something went wrong here, nothing was filed; try again later',
    'The gateway has a fault, which is in its log.',
  ),
} as const satisfies Record<string, RefusalRow>;

export const replies = refusing(replyRows);

/** Replies other than refusals. `status` is empty if RFC 2034 section 3 wants none. */
export interface Success {
  readonly reply: 220 | 221 | 235 | 250 | 252 | 334 | 354;
  readonly status: '' | `2.${number}.${number}`;
  /** The text; `{name}` in it stands for a value that is filled in. */
  readonly text: string;
}

const success = (reply: Success['reply'], status: Success['status'], text: string): Success => ({
  reply,
  status,
  text,
});

export const successes = {
  startTls: success(220, '2.0.0', 'Go ahead with TLS'),
  bye: success(221, '2.0.0', 'Goodbye'),
  loggedIn: success(235, '2.7.0', 'Logged in'),
  fine: success(250, '2.0.0', 'OK'),
  senderTaken: success(250, '2.1.0', 'Sender OK'),
  recipientTaken: success(250, '2.1.5', 'Recipient OK'),
  accepted: success(250, '2.0.0', 'accepted as {id}'),
  acceptedAgain: success(250, '2.0.0', 'already accepted as {id}'),
  challenge: success(334, '', '{challenge}'),
  notVerified: success(252, '2.5.0', 'This gateway does not say which addresses exist; send the message, RCPT tells'),
  data: success(354, '', 'Send the message and end it with a line that holds only a dot'),
} as const satisfies Record<string, Success>;

/**
 * The texts of smtp-server 3.21.6 in the handlers that we keep, and what we say instead. A contract
 * test reads its source for texts that are missing here.
 */
export const ofLibrary: ReadonlyMap<string, Refusal | Success> = new Map<string, Refusal | Success>([
  ['Server shutting down', replies.shuttingDown],
  ['You talk too soon', replies.earlyTalker],
  ['HTTP requests not allowed', replies.http],
  ['Timeout - closing connection', replies.commandDeadline],
  ['Error: too many unrecognized commands', replies.tooManyBadCommands],
  ['Error: command not recognized', replies.unknownCommand],
  ['Error: too many unauthenticated commands', replies.tooManyBeforeLogin],
  ['Error: send HELO/EHLO first', replies.needHello],
  ['Error: authentication Required', replies.needLogin],
  ['Error: internal server error', replies.internal],
  ['Error: Syntax: HELO hostname', replies.helloSyntax],
  ['Error: Bad hostname syntax', replies.helloSyntax],
  ['Error: Syntax: VRFY address', replies.argument],
  ['Error: syntax: STARTTLS', replies.noArgument],
  ['Error: TLS already active', replies.tlsActive],
  ['Ready to start TLS', successes.startTls],
  ['Bye', successes.bye],
  ['OK', successes.fine],
  ['Flushed', successes.fine],
  ['Try to send something. No promises though', successes.notVerified],
]);

/** Every reply with a fixed text, for the table test. */
export const allReplies = (): readonly (Refusal | Success)[] => [
  ...Object.values(replies),
  ...Object.values(successes),
];
