/**
 * Every reply that this layer gives besides the refusals of submission and policy: each named once, with its enhanced status code.
 *
 * RFC 5321 section 4.2, RFC 2034 section 4, RFC 3463; RFC 5248 for the registered meanings. What smtp-server words itself is looked up by
 * its text and replaced, so that a peer hears one voice and a code that was chosen.
 */
import type { Refusal } from '../domain/refusal.ts';

const refusal = (reply: Refusal['reply'], status: Refusal['status'], text: string): Refusal => ({
  reply,
  status,
  text,
});

export const replies = {
  shuttingDown: refusal(421, '4.3.2', 'The gateway is stopping; try again in a few minutes'),
  tooManyConnections: refusal(421, '4.7.0', 'Too many connections; close some and try again'),
  notForNetwork: refusal(
    554,
    '5.7.1',
    'This port is not for your network; use the one that the operator of the gateway named',
  ),
  accountConnections: refusal(421, '4.7.0', 'This account has too many connections; close some and try again'),
  earlyTalker: refusal(421, '4.7.0', 'Commands came before the greeting; connect again and wait for it'),
  http: refusal(421, '4.7.0', 'This is a mail server; use a mail program'),
  loginDeadline: refusal(421, '4.4.2', 'No login in time; connect again'),
  commandDeadline: refusal(421, '4.4.2', 'No command in time; connect again'),
  slowData: refusal(421, '4.4.2', 'The message came too slowly and was not taken; connect again and send it anew'),
  tooManyBadCommands: refusal(
    421,
    '4.7.0',
    'Too many commands that are not understood; check the program and connect again',
  ),
  tooManyBeforeLogin: refusal(421, '4.7.0', 'Too many commands without a login; connect again and log in'),
  tooManyLogins: refusal(421, '4.7.0', 'Too many failed logins; check user name and password and connect again later'),
  unknownCommand: refusal(500, '5.5.1', 'The command is not known; SMTP of RFC 5321 is spoken here'),
  lineTooLong: refusal(500, '5.5.2', 'The command line is too long; nothing of it was carried out'),
  controlCharacter: refusal(500, '5.5.2', 'The command line has a control character; nothing of it was carried out'),
  argument: refusal(501, '5.5.4', 'The argument is missing or malformed; see RFC 5321'),
  helloSyntax: refusal(501, '5.5.4', 'Syntax: EHLO or HELO and one host name'),
  noArgument: refusal(501, '5.5.4', 'This command takes no argument'),
  notOffered: refusal(502, '5.5.1', 'The command is not offered here'),
  needHello: refusal(503, '5.5.1', 'Send EHLO or HELO first'),
  tlsActive: refusal(503, '5.5.1', 'TLS is active already'),
  needTls: refusal(538, '5.7.11', 'Start TLS before the login; use STARTTLS or the TLS port'),
  needTlsForMail: refusal(530, '5.7.0', 'Start TLS and log in first; use STARTTLS or the TLS port'),
  needLogin: refusal(530, '5.7.0', 'Log in first; every sender of this group is registered'),
  secondLogin: refusal(503, '5.5.1', 'Already logged in; connect again for another account'),
  mechanism: refusal(504, '5.5.4', 'This login mechanism is not offered; EHLO lists those that are'),
  loginCancelled: refusal(501, '5.7.0', 'The login was cancelled'),
  loginMalformed: refusal(501, '5.5.2', 'The login cannot be read; expected the response in base64 (RFC 4954)'),
  loginForeign: refusal(535, '5.7.8', 'An account acts only for itself; leave the authorization identity empty'),
  loginRefused: refusal(
    535,
    '5.7.8',
    'The login failed: user name or password is not right, or the account is blocked',
  ),
  noCertificate: refusal(
    535,
    '5.7.8',
    'The login failed: no client certificate was shown; set one in the program, or log in with a password',
  ),
  certificateRefused: refusal(
    535,
    '5.7.8',
    'The login failed: this client certificate does not log in here; the operator can see why',
  ),
  certificateEnded: refusal(
    550,
    '5.7.1',
    'The client certificate of this session is not accepted any more; ask the operator',
  ),
  loginBusy: refusal(454, '4.7.0', 'The login could not be judged now; try again in a moment'),
  nestedMail: refusal(503, '5.5.1', 'MAIL was given already; finish the message or send RSET'),
  needMail: refusal(503, '5.5.1', 'Send MAIL first'),
  needRecipient: refusal(503, '5.5.1', 'Send RCPT first'),
  noRecipient: refusal(554, '5.5.1', 'None of the recipients was taken, so there is nobody to send to'),
  internal: refusal(451, '4.3.0', 'Something went wrong here, nothing was filed; try again later'),
} as const satisfies Record<string, Refusal>;

/** Replies other than refusals. `status` is empty where RFC 2034 section 3 wants none. */
export interface Success {
  readonly reply: 220 | 221 | 235 | 250 | 252 | 354;
  readonly status: '' | `2.${number}.${number}`;
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
  fine: success(250, '2.0.0', 'Fine'),
  senderTaken: success(250, '2.1.0', 'The sender is taken'),
  recipientTaken: success(250, '2.1.5', 'The recipient is taken'),
  notVerified: success(252, '2.5.0', 'Addresses are not told here; send to it and see'),
  data: success(354, '', 'Send the message, end it with a line that has only a dot'),
} as const satisfies Record<string, Success>;

/** What smtp-server 3.21.6 says in the handlers that we keep -> what we say. A contract test reads its source for texts that lack. */
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
