/**
 * One SASL exchange, whatever protocol carries it: what to ask the client next, or what came of it.
 *
 * PLAIN (RFC 4616), LOGIN (draft-murchison-sasl-login, what old clients speak), EXTERNAL (RFC 4422
 * appendix A), SCRAM-SHA-256 and SCRAM-SHA-256-PLUS (RFC 5802, RFC 7677). Responses come decoded;
 * the protocols do the framing (RFC 4954 section 4, RFC 5034 section 4) and word the final replies.
 */
import { type Mechanism, passwordMechanisms } from './authenticator.ts';
import { decodeBase64, decodeText } from './client-text.ts';
import { scramFirst } from './sasl-scram.ts';
import {
  type SaslNext,
  type SaslSession,
  type SaslStep,
  type ScramOffer,
  ask,
  isForeign,
  malformed,
} from './sasl-step.ts';

/** Longest name or password of PLAIN, LOGIN and EXTERNAL, in octets. */
const MAX_FIELD = 1024;

const SCRAM: Readonly<Record<ScramOffer, readonly Mechanism[]>> = {
  none: [],
  unbound: ['SCRAM-SHA-256'],
  bound: ['SCRAM-SHA-256-PLUS', 'SCRAM-SHA-256'],
};

/** What a session lists: the strongest first, for clients that take the first they know. */
export const offeredMechanisms = (others: readonly Mechanism[], scram: ScramOffer): readonly Mechanism[] =>
  scram === 'none' ? others : [...SCRAM[scram], ...others];

/**
 * The mechanism of that name; undefined if a session with this offer does not take it. EXTERNAL is
 * taken even if it is not listed: the answer then says why it fails.
 */
export function mechanismNamed(name: string, scram: ScramOffer): Mechanism | undefined {
  const upper = name.toUpperCase();
  return [...SCRAM[scram], ...passwordMechanisms, 'EXTERNAL' as const].find((mechanism) => mechanism === upper);
}

/**
 * Reads one line of the client: "*" gives up, "=" is an empty initial response, anything else is
 * base64.
 */
export async function respond(next: SaslNext, line: string): Promise<SaslStep> {
  const text = line.trim();
  if (text === '*') return { kind: 'cancelled' };
  const octets = decodeBase64(text === '=' ? '' : text);
  return octets === undefined ? malformed('the response is not base64') : await next(octets);
}

/** `initial`: the initial response as sent, undefined if there was none. */
export async function beginSasl(
  mechanism: Mechanism,
  initial: string | undefined,
  session: SaslSession,
): Promise<SaslStep> {
  const [challenge, next] = starts[mechanism](session);
  return initial === undefined ? ask(challenge, next) : await respond(next, initial);
}

type Start = (session: SaslSession) => readonly [challenge: string, next: SaslNext];

const starts: Readonly<Record<Mechanism, Start>> = {
  PLAIN: (session) => ['', plain(session)],
  // The two prompts that clients of LOGIN expect, to the letter.
  LOGIN: (session) => ['Username:', loginName(session)],
  EXTERNAL: (session) => ['', external(session)],
  'SCRAM-SHA-256': (session) => ['', scramFirst(session, 'SCRAM-SHA-256')],
  'SCRAM-SHA-256-PLUS': (session) => ['', scramFirst(session, 'SCRAM-SHA-256-PLUS')],
};

/** Text without NUL and of bounded length; undefined for anything else. */
const text = (octets: Buffer): string | undefined =>
  octets.length > MAX_FIELD || octets.includes(0) ? undefined : decodeText(octets);

async function password({ authenticator, peer, signal }: SaslSession, login: string, word: string): Promise<SaslStep> {
  return { kind: 'judged', by: 'password', outcome: await authenticator.password(login, word, peer, signal) };
}

/** `[authzid] NUL authcid NUL passwd`, and no further NUL. */
const plain =
  (session: SaslSession): SaslNext =>
  (octets) => {
    const first = octets.indexOf(0);
    const second = first < 0 ? -1 : octets.indexOf(0, first + 1);
    if (second < 0 || octets.includes(0, second + 1)) return malformed('a PLAIN response has exactly two NULs');
    const identity = text(octets.subarray(0, first));
    const login = text(octets.subarray(first + 1, second));
    const word = text(octets.subarray(second + 1));
    if (identity === undefined || login === undefined || word === undefined)
      return malformed('the user name or the password is too long');
    if (login === '' || word === '') return malformed('the user name or the password is empty');
    return isForeign(identity, login) ? { kind: 'foreign' } : password(session, login, word);
  };

const LOGIN_FAULT = 'the user name or the password is empty, too long, or holds a NUL';

const loginName =
  (session: SaslSession): SaslNext =>
  (octets) => {
    const login = text(octets) ?? '';
    if (login === '') return malformed(LOGIN_FAULT);
    return ask('Password:', (answer) => {
      const word = text(answer) ?? '';
      return word === '' ? malformed(LOGIN_FAULT) : password(session, login, word);
    });
  };

/** Takes the authorization identity; empty if the certificate alone names the account. */
const external =
  ({ authenticator, peer }: SaslSession): SaslNext =>
  async (octets) => {
    const identity = text(octets);
    if (identity === undefined) return malformed('the authorization identity is too long or holds a NUL');
    return { kind: 'judged', by: 'certificate', outcome: await authenticator.external(identity, peer) };
  };
