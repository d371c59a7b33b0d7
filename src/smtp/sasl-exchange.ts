/**
 * The steps of a SASL exchange, as values: what to ask next, or what the client has shown in the end.
 *
 * RFC 4954 section 4; PLAIN (RFC 4616), EXTERNAL (RFC 4422 appendix A), and LOGIN as clients expect it.
 */
import type { Refusal } from '../domain/refusal.ts';
import { type Success, replies, successes } from './replies.ts';
import { type Credentials, readExternal, readLogin, readPlain } from './sasl.ts';

export type SaslMechanism = 'PLAIN' | 'LOGIN' | 'EXTERNAL';

export type SaslStep =
  | { readonly kind: 'ask'; readonly prompt: Success; readonly next: (response: string) => SaslStep }
  | { readonly kind: 'password'; readonly credentials: Credentials }
  /** The authorization identity, empty where the certificate alone tells. */
  | { readonly kind: 'certificate'; readonly identity: string }
  | { readonly kind: 'failed'; readonly refusal: Refusal };

export const isSaslMechanism = (name: string): name is SaslMechanism =>
  name === 'PLAIN' || name === 'LOGIN' || name === 'EXTERNAL';

const failed = (refusal: Refusal): SaslStep => ({ kind: 'failed', refusal });
const ask = (prompt: Success, next: (response: string) => SaslStep): SaslStep => ({ kind: 'ask', prompt, next });

/** `initial`: the initial response, undefined where the client sent none. */
export function beginSasl(mechanism: SaslMechanism, initial: string | undefined): SaslStep {
  const [prompt, next] = {
    PLAIN: [successes.continueLogin, plain] as const,
    EXTERNAL: [successes.continueLogin, external] as const,
    LOGIN: [successes.loginName, loginName] as const,
  }[mechanism];
  return initial === undefined ? ask(prompt, next) : next(initial);
}

function plain(response: string): SaslStep {
  const read = readPlain(response);
  switch (read.kind) {
    case 'credentials':
      return { kind: 'password', credentials: read.credentials };
    case 'cancelled':
      return failed(replies.loginCancelled);
    case 'malformed':
      return failed(replies.loginMalformed);
    case 'foreign':
      return failed(replies.loginForeign);
  }
}

function external(response: string): SaslStep {
  const identity = readExternal(response);
  return unread(identity) ?? { kind: 'certificate', identity: identity ?? '' };
}

function loginName(response: string): SaslStep {
  const login = readLogin(response);
  return unread(login) ?? ask(successes.loginPassword, (answer) => loginPassword(login ?? '', answer));
}

function loginPassword(login: string, response: string): SaslStep {
  const password = readLogin(response);
  return unread(password) ?? { kind: 'password', credentials: { login, password: password ?? '' } };
}

/** null: the client gave up (`*`). undefined: what it sent cannot be read. */
const unread = (read: string | null | undefined): SaslStep | undefined =>
  read === null ? failed(replies.loginCancelled) : read === undefined ? failed(replies.loginMalformed) : undefined;
