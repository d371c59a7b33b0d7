/**
 * One SASL exchange, whatever protocol carries it: what to ask the client next, or what came of it.
 *
 * PLAIN (RFC 4616), LOGIN (draft-murchison-sasl-login, what old clients speak), EXTERNAL (RFC 4422 appendix A), SCRAM-SHA-256 and
 * SCRAM-SHA-256-PLUS (RFC 5802, RFC 7677). Responses come decoded; the protocols do the framing (RFC 4954 section 4, RFC 5034 section 4)
 * and word the endings.
 */
import { foldLogin } from '../domain/registry.ts';
import {
  type AuthOutcome,
  type Authenticator,
  type Mechanism,
  type Peer,
  type ScramFault,
  passwordMechanisms,
} from './authenticator.ts';
import { decodeBase64, decodeText } from './client-text.ts';
import { type ClientFirst, readClientFinal, readClientFirst, serverFinal, serverFirst } from './scram-messages.ts';

export type SaslStep =
  /** `challenge` goes to the client in base64; its answer to `next`. */
  | { readonly kind: 'ask'; readonly challenge: string; readonly next: SaslNext }
  | { readonly kind: 'judged'; readonly by: 'password' | 'certificate'; readonly outcome: AuthOutcome }
  /** An authorization identity that is not the login itself: nobody may act for another account. */
  | { readonly kind: 'foreign' }
  /** `why`: for the peer or the log; it repeats nothing that was sent. */
  | { readonly kind: 'malformed'; readonly why: string }
  | { readonly kind: 'cancelled' };

export type SaslNext = (response: Buffer) => SaslStep | Promise<SaslStep>;

/** How far SCRAM is offered in a session: not, without channel binding, or with it as well. */
export type ScramOffer = 'none' | 'unbound' | 'bound';

export interface SaslSession {
  readonly authenticator: Authenticator;
  readonly peer: Peer;
  /** Aborted when the peer goes away. */
  readonly signal: AbortSignal;
  readonly scram: ScramOffer;
  /** Channel binding `tls-exporter`; asked where `scram` is "bound". */
  readonly binding: () => Uint8Array | undefined;
}

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

/** The mechanism of that name where a session of this offer takes it. EXTERNAL is taken where it is not listed: the answer tells why not. */
export function mechanismNamed(name: string, scram: ScramOffer): Mechanism | undefined {
  const upper = name.toUpperCase();
  return [...SCRAM[scram], ...passwordMechanisms, 'EXTERNAL' as const].find((mechanism) => mechanism === upper);
}

/** Reads one line of the client: "*" gives up, "=" is an empty initial response, anything else is base64. */
export async function respond(next: SaslNext, line: string): Promise<SaslStep> {
  const text = line.trim();
  if (text === '*') return { kind: 'cancelled' };
  const octets = decodeBase64(text === '=' ? '' : text);
  return octets === undefined ? malformed('the response is not base64') : await next(octets);
}

/** `initial`: the initial response as sent, undefined where there was none. */
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

const ask = (challenge: string, next: SaslNext): SaslStep => ({ kind: 'ask', challenge, next });
const malformed = (why: string): SaslStep => ({ kind: 'malformed', why });

/** Text without NUL and of bounded length; undefined for anything else. */
const text = (octets: Buffer): string | undefined =>
  octets.length > MAX_FIELD || octets.includes(0) ? undefined : decodeText(octets);

/** Log-in names are folded wherever they are compared; an identity is one. */
const isForeign = (identity: string, login: string): boolean =>
  identity !== '' && foldLogin(identity) !== foldLogin(login);

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
      return malformed('the login name or the password is too long');
    if (login === '' || word === '') return malformed('the login name or the password is empty');
    return isForeign(identity, login) ? { kind: 'foreign' } : password(session, login, word);
  };

const LOGIN_FAULT = 'the login name or the password is empty, too long, or holds a NUL';

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

/** The authorization identity, or nothing where the certificate alone tells. */
const external =
  ({ authenticator, peer }: SaslSession): SaslNext =>
  async (octets) => {
    const identity = text(octets);
    if (identity === undefined) return malformed('the authorization identity is too long or holds a NUL');
    return { kind: 'judged', by: 'certificate', outcome: await authenticator.external(identity, peer) };
  };

type ScramMechanism = Extract<Mechanism, `SCRAM-${string}`>;

const scramFirst =
  (session: SaslSession, mechanism: ScramMechanism): SaslNext =>
  async (octets) => {
    const first = readClientFirst(octets);
    // RFC 5802 section 6: the flag "p" comes with the -PLUS mechanism, and with it alone.
    if (first === undefined || (typeof first.binding === 'object') !== (mechanism === 'SCRAM-SHA-256-PLUS'))
      return malformed('this is no first message of SCRAM (RFC 5802)');
    if (isForeign(first.identity, first.login)) return { kind: 'foreign' };
    const { authenticator, peer } = session;
    const challenge = await authenticator.scramChallenge(first.login, peer);
    if (challenge === undefined) return { kind: 'judged', by: 'password', outcome: { kind: 'busy' } };
    const nonce = first.nonce + challenge.nonce;
    const asked = serverFirst(nonce, challenge.salt, challenge.iterations);
    return ask(asked, scramFinal(session, mechanism, first, { ...challenge, nonce, asked }));
  };

/** What we answered the first message; `nonce` is both sides'. */
interface Asked {
  readonly nonce: string;
  readonly salt: Uint8Array;
  readonly iterations: number;
  readonly asked: string;
}

const scramFinal =
  (session: SaslSession, mechanism: ScramMechanism, first: ClientFirst, asked: Asked): SaslNext =>
  async (octets) => {
    const final = readClientFinal(octets);
    if (final === undefined) return malformed('this is no final message of SCRAM (RFC 5802)');
    const bound = bindingOf(session, first);
    const fault: ScramFault | undefined =
      typeof bound === 'string' ? bound : faultOf(final.channel, final.nonce, first, asked, bound);
    const outcome = await session.authenticator.scram(
      first.login,
      {
        mechanism,
        salt: asked.salt,
        iterations: asked.iterations,
        message: `${first.bare},${asked.asked},${final.withoutProof}`,
        proof: final.proof,
        ...(fault === undefined ? {} : { fault }),
      },
      session.peer,
      session.signal,
    );
    if (outcome.kind !== 'granted') return { kind: 'judged', by: 'password', outcome };
    // Neither protocol carries data with its success (RFC 4954 section 4, RFC 5034 section 4): our proof is one more challenge.
    return ask(serverFinal(outcome.signature), (answer) =>
      answer.length === 0
        ? { kind: 'judged', by: 'password', outcome }
        : malformed('after our proof an empty response ends the exchange'),
    );
  };

/** The octets that the client must have bound to, none where it binds to nothing, or what is wrong with its choice. */
function bindingOf({ scram, binding }: SaslSession, first: ClientFirst): Uint8Array | ScramFault {
  const none = Buffer.alloc(0);
  if (first.binding === 'none') return none;
  // RFC 5802 section 6: somebody between us has taken the -PLUS mechanism out of our list.
  if (first.binding === 'unoffered') return scram === 'bound' ? 'binding-downgrade' : none;
  return first.binding.type === 'tls-exporter' ? (binding() ?? 'binding-type') : 'binding-type';
}

function faultOf(
  channel: Buffer,
  nonce: string,
  first: ClientFirst,
  asked: Asked,
  bound: Uint8Array,
): ScramFault | undefined {
  const header = Buffer.from(first.header, 'utf8');
  const sameHeader = header.equals(channel.subarray(0, header.length));
  if (!sameHeader || !channel.subarray(header.length).equals(bound)) return 'other-channel';
  return nonce === asked.nonce ? undefined : 'wrong-nonce';
}
