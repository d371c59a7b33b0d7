/**
 * Turns what nodemailer reports into answers of the courier port: codes of the partner, words of
 * ours.
 */
import type { Answer, LostAt, LostWhy, Step } from '../push/courier.ts';
import { defined } from '../domain/defined.ts';
import { tlsTrouble } from './partner-tls.ts';
import { NoSmtp, type Phase } from './strict-connection.ts';

type Lost = Extract<Answer, { kind: 'lost' }>;

/**
 * RFC 5321 section 4.5.3.1.5 has 512 octets a line; a reply of many lines is cut for log, queue and
 * notice.
 */
const MAX_REPLY = 500;

// Control characters would reach log and notice.
// eslint-disable-next-line no-control-regex
const CONTROLS = /[\u0000-\u001f\u007f-\u009f]+/g;

/** A reply of one or many lines as one line: the code once, then the texts. */
export function oneLine(reply: string): string {
  const [first = '', ...more] = reply.split(/\r?\n/);
  const code = first.slice(0, 3);
  const status = /^\d{3}[ -](\d\.\d{1,3}\.\d{1,3}) /.exec(first)?.[1] ?? '';
  // Every line of a reply repeats code and status (RFC 2034 section 3).
  const texts = more.map((line) =>
    line
      .replace(/^\d{3}[ -]?/, '')
      .replace(status, '')
      .trim(),
  );
  const line = [`${code} ${first.slice(4).trim()}`, ...texts].join(' ').replace(CONTROLS, ' ').trim();
  return line.length > MAX_REPLY ? `${line.slice(0, MAX_REPLY)}...` : line;
}

export const lostAt = (phase: Phase): LostAt =>
  phase === 'session' ? 'session' : phase === 'dot' ? 'in-doubt' : 'message';

/** The error members that nodemailer sets. */
interface Reported extends Error {
  readonly code?: string;
  readonly originalCode?: string;
  readonly command?: string;
  readonly response?: string;
  readonly responseCode?: number;
}

/**
 * What an error of connection, login or transaction means. `verb`: the last command; `where`: host
 * and port, which our own texts name.
 */
export function answerOf(error: Error, phase: Phase, verb: string, where: string): Answer {
  const { response, responseCode = 0 } = error as Reported;
  if (response !== undefined && responseCode >= 400 && responseCode < 600) {
    const reply = oneLine(response);
    const status = /^\d{3} ([245]\.\d{1,3}\.\d{1,3})(?: |$)/.exec(reply)?.[1];
    return { kind: 'refused', step: stepOf(error, phase, verb), code: responseCode, reply, ...defined({ status }) };
  }
  return { kind: 'lost', ...reasonOf(error, where), at: lostAt(phase) };
}

/**
 * The step that was refused. With PIPELINING the last command is DATA while MAIL is refused;
 * nodemailer's error says which it was.
 */
function stepOf(error: Reported, phase: Phase, verb: string): Step {
  if (phase === 'content' || phase === 'dot') return 'message';
  const command = error.command ?? 'CONN';
  if (command.startsWith('AUTH')) return 'login';
  if (command === 'MAIL FROM') return 'mail';
  if (command === 'RCPT TO') return 'rcpt';
  if (command === 'DATA') return 'data';
  if (phase === 'envelope') return 'mail';
  if (verb === '') return 'greeting';
  return verb === 'STARTTLS' ? 'starttls' : verb === 'AUTH' ? 'login' : 'ehlo';
}

const words: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the connection was refused',
  ECONNRESET: 'the connection was reset',
  EPIPE: 'the connection was closed',
  ENOTFOUND: 'the host name does not exist',
  EAI_AGAIN: 'the host name could not be looked up',
  EHOSTUNREACH: 'there is no way to the host',
  ENETUNREACH: 'there is no way to the network',
  ETIMEDOUT: 'there was no answer',
};

function reasonOf(error: Error, where: string): Pick<Lost, 'why' | 'text'> {
  const said = (why: LostWhy, text: string): Pick<Lost, 'why' | 'text'> => ({
    why,
    text: `${where}: ${text}`.replace(CONTROLS, ' ').slice(0, MAX_REPLY),
  });
  if (error instanceof NoSmtp) return said('garbage', error.message);
  const { code = '', originalCode = '', response } = error as Reported;
  const system = originalCode === '' ? code : originalCode;
  const tls = tlsTrouble(system);
  if (tls === 'certificate') return said('certificate', `its certificate cannot be trusted: ${error.message}`);
  if (tls === 'tls') return said('tls', `TLS failed: ${error.message}`);
  if (response !== undefined) return said('garbage', `its answer is no SMTP: "${oneLine(response)}"`);
  switch (code) {
    case 'EPROTOCOL':
      return said('garbage', `its answer is no SMTP: ${error.message}`);
    case 'ETLS':
      return said('tls', 'it closed the connection during the TLS handshake');
    case 'ETIMEDOUT':
      return said('timeout', 'it did not answer in time');
    case 'EENVELOPE':
      return said('garbage', error.message);
    default:
      return said('closed', words[system] ?? 'the connection was closed');
  }
}

/** The answer for a connection that was never opened. */
export function unreachable(error: Error, where: string): Answer {
  const { code = '' } = error as Reported;
  return { kind: 'lost', why: 'unreachable', text: `${where}: ${words[code] ?? error.message}`, at: 'session' };
}
