/**
 * The enhanced status code of each reply that smtp-server words itself, and the refusals that this layer adds. Every other reply carries
 * the status of its Refusal.
 *
 * RFC 2034 section 4 and RFC 3463; RFC 5248 for the registered meanings.
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
  accountConnections: refusal(421, '4.7.0', 'This account has too many connections; close some and try again'),
  loginDeadline: refusal(421, '4.7.0', 'No login in time; connect again'),
  commandDeadline: refusal(421, '4.4.2', 'No command in time; connect again'),
  slowData: refusal(421, '4.4.2', 'The message came too slowly; connect again and send it anew'),
  lineTooLong: refusal(500, '5.5.2', 'The command line is too long; nothing of it was carried out'),
  needTls: refusal(538, '5.7.11', 'Start TLS before the login; use STARTTLS or the TLS port'),
  needLogin: refusal(530, '5.7.0', 'Log in first; every sender of this group is registered'),
  secondLogin: refusal(503, '5.5.1', 'Already logged in; connect again for another account'),
  loginInTransaction: refusal(503, '5.5.1', 'No login within a mail transaction'),
  mechanism: refusal(504, '5.5.4', 'This login mechanism is not offered; use PLAIN or LOGIN'),
  loginCancelled: refusal(501, '5.7.0', 'The login was cancelled'),
  loginMalformed: refusal(501, '5.5.2', 'The login cannot be read; expected base64 of the mechanism'),
  loginForeign: refusal(535, '5.7.8', 'An account acts only for itself; leave the authorization identity empty'),
  loginRefused: refusal(535, '5.7.8', 'Login failed: user name or password is not right, or the account is blocked'),
  loginBusy: refusal(454, '4.7.0', 'The login could not be judged now; try again in a moment'),
  tooManyLogins: refusal(421, '4.7.0', 'Too many failed logins; connect again later'),
  nestedMail: refusal(503, '5.5.1', 'MAIL was given already; finish the transaction or send RSET'),
  needMail: refusal(503, '5.5.1', 'Send MAIL first'),
  needRecipient: refusal(503, '5.5.1', 'Send RCPT first; no recipient was taken'),
  internal: refusal(451, '4.3.0', 'Something went wrong here; try again later'),
} as const;

/** By reply code, for replies that the library words. */
const LIBRARY: Readonly<Record<number, string>> = {
  214: '2.0.0',
  220: '2.0.0',
  221: '2.0.0',
  235: '2.7.0',
  250: '2.0.0',
  252: '2.5.0',
  421: '4.3.2',
  451: '4.3.0',
  500: '5.5.1',
  501: '5.5.4',
  502: '5.5.1',
  503: '5.5.1',
  504: '5.5.4',
  530: '5.7.0',
  554: '5.5.1',
};

/** The status that a reply carries: given by the caller as context, or looked up; empty where RFC 2034 forbids one. */
export function statusOf(code: number, context: string | false | undefined): string {
  if (context === false || (code >= 300 && code < 400)) return '';
  if (context !== undefined && /^[245]\.\d{1,3}\.\d{1,3}$/.test(context)) return context;
  if (context === 'EHLO' || context === 'HELO') return '';
  return LIBRARY[code] ?? (code >= 500 ? '5.5.0' : code >= 400 ? '4.3.0' : '2.0.0');
}
