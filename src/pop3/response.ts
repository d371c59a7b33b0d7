/**
 * Writes POP3 responses. Pure: facts in, octets out.
 *
 * RFC 1939 section 3, RFC 2449 (CAPA; response codes in section 8), RFC 3206 ([AUTH], [SYS/TEMP],
 * [SYS/PERM]). Every text says what, why and what to do, and names no host, file or account.
 */
import type { Mechanism } from '../auth/authenticator.ts';
import { spoken } from '../domain/spoken.ts';
import type { Trouble } from './replies.ts';

export const okReply = (text: string): string => `+OK ${text}\r\n`;
/** `more`: text that is added behind that of the trouble. */
export const errReply = (trouble: Trouble, more = ''): string => {
  const { code } = trouble;
  const text = more === '' ? spoken(trouble) : `${trouble.text}${more}`;
  return code === undefined ? `-ERR ${text}\r\n` : `-ERR [${code}] ${text}\r\n`;
};

/**
 * The greeting. It holds no `<...>`: a client would take that for the challenge of APOP, which
 * needs plain-text passwords on our side.
 */
export const greeting = (hostname: string): string => okReply(`${hostname} POP3 server ready`);

/**
 * RFC 2449 section 5. Before TLS nothing that carries a password is offered (RFC 2595 section 2.4).
 */
export function capabilities(state: {
  readonly secure: boolean;
  readonly loggedIn: boolean;
  readonly mechanisms: readonly Mechanism[];
}): string {
  const login = state.secure ? ['USER', `SASL ${state.mechanisms.join(' ')}`] : ['STLS'];
  return [
    '+OK capability list follows',
    'TOP',
    'UIDL',
    'RESP-CODES',
    'AUTH-RESP-CODE',
    'PIPELINING',
    // Nothing leaves a maildrop except by DELE and QUIT.
    'EXPIRE NEVER',
    'UTF8 USER',
    ...(state.loggedIn ? [] : login),
    'IMPLEMENTATION Sluis',
    '.\r\n',
  ].join('\r\n');
}

/** Answer to AUTH without a mechanism. QUIRK: Outlook and others ask so, before CAPA was common. */
export const mechanismList = (mechanisms: readonly Mechanism[]): string =>
  ['+OK mechanisms follow', ...mechanisms, '.\r\n'].join('\r\n');

/** The messages of a maildrop, as LIST and UIDL show them. */
export interface Listed {
  readonly count: number;
  isDeleted(index: number): boolean;
}

/** Lines of one piece of a listing: at most 300 KB, 2 to 3 ms to write. */
const LINES = 10_000;

/**
 * The lines of LIST or UIDL, without status line and final dot, in pieces of at most 10,000
 * messages so that none holds the loop.
 */
export function* listingPieces(
  listed: Listed,
  lineOf: (index: number) => string | number,
): Generator<string, undefined, undefined> {
  for (let from = 0; from < listed.count; from += LINES) {
    const until = Math.min(from + LINES, listed.count);
    let piece = '';
    for (let index = from; index < until; index += 1)
      if (!listed.isDeleted(index)) piece += `${index + 1} ${lineOf(index)}\r\n`;
    yield piece;
  }
  return undefined;
}
