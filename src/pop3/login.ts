/**
 * USER, PASS, AUTH, or a certificate alone: who is it, and is the maildrop free.
 *
 * No password is asked for or judged outside TLS. A wrong password, an unknown name and a suspended account get the same answer; overload
 * is never called a wrong password (users would change a password that is right). `openMaildrop` is the only writer of the session's account.
 *
 * RFC 1939 section 7, RFC 5034, RFC 4422 appendix A (EXTERNAL), RFC 2449 section 8.1.1 ([IN-USE]), RFC 3206 ([AUTH], [SYS/TEMP]).
 */
import { type AuthOutcome, type Mechanism, passwordMechanisms } from '../auth/authenticator.ts';
import { Maildrop } from '../pickup/maildrop.ts';
import type { Command } from './command.ts';
import { errReply, mechanismList, okReply } from './response.ts';
import { type PasswordLogin, isMechanism, parseExternal, parseLoginText, parsePlain } from './sasl.ts';
import type { Answer, Session } from './session.ts';
import { ConnectionGone } from './wire.ts';

export type Exchange =
  { readonly kind: 'PLAIN' } | { readonly kind: 'EXTERNAL' } | { readonly kind: 'LOGIN'; readonly login?: string };

/** An empty challenge, and the two that every client of LOGIN expects: "Username:", "Password:". */
const CHALLENGE = '+ \r\n';
const ASK_LOGIN = `+ ${Buffer.from('Username:').toString('base64')}\r\n`;
const ASK_PASSWORD = `+ ${Buffer.from('Password:').toString('base64')}\r\n`;

const needsTls = (session: Session): string | undefined =>
  session.wire.secure ? undefined : session.bad('no login without TLS: use STLS first, or the TLS port');

export function onUser(session: Session, command: Extract<Command, { verb: 'USER' }>): Answer {
  const refused = needsTls(session);
  if (refused !== undefined) return refused;
  // RFC 1939 section 7 allows "no such mailbox" here; it would tell a stranger who is registered.
  session.triedLogin = true;
  session.login = command.login;
  return okReply('password, please');
}

export function onPass(session: Session, command: Extract<Command, { verb: 'PASS' }>): Answer {
  const refused = needsTls(session);
  if (refused !== undefined) return refused;
  session.triedLogin = true;
  const { login } = session;
  if (login === undefined) return session.bad('USER comes before PASS');
  session.login = undefined;
  return logIn(session, { login, password: command.password });
}

export function onAuth(session: Session, command: Extract<Command, { verb: 'AUTH' }>): Answer {
  const refused = needsTls(session);
  if (refused !== undefined) return refused;
  const { mechanism, initial } = command;
  if (mechanism === undefined) return withMechanisms(session, mechanismList);
  if (!isMechanism(mechanism)) return session.bad('this mechanism is not offered, CAPA lists those that are');
  session.triedLogin = true;
  const exchange: Exchange = { kind: mechanism };
  if (initial !== undefined) return respond(session, exchange, initial);
  session.exchange = exchange;
  return mechanism === 'LOGIN' ? ASK_LOGIN : CHALLENGE;
}

/** EXTERNAL is offered only where the client's certificate leads to an account. */
export function withMechanisms(session: Session, then: (mechanisms: readonly Mechanism[]) => string): Answer {
  const { peer, parts } = session;
  if (peer.certificate === undefined || session.drop !== undefined) return then(passwordMechanisms);
  return parts.authenticator.mechanisms(peer).then(then);
}

/** The client's line after a challenge. RFC 5034 section 4: "*" gives up. */
export function continueExchange(session: Session, exchange: Exchange, line: Buffer): Answer {
  const text = line.toString('latin1');
  return text === '*' ? errReply('AUTH given up') : respond(session, exchange, text);
}

function respond(session: Session, exchange: Exchange, base64: string): Answer {
  if (exchange.kind === 'PLAIN') {
    const plain = parsePlain(base64);
    return plain.ok ? logIn(session, plain.value) : session.bad(plain.error);
  }
  if (exchange.kind === 'EXTERNAL') {
    const identity = parseExternal(base64);
    return identity.ok ? logInByCertificate(session, identity.value) : session.bad(identity.error);
  }
  const text = parseLoginText(base64);
  if (!text.ok) return session.bad(text.error);
  if (exchange.login !== undefined) return logIn(session, { login: exchange.login, password: text.value });
  session.exchange = { kind: 'LOGIN', login: text.value };
  return ASK_PASSWORD;
}

async function logIn(session: Session, { login, password }: PasswordLogin): Promise<string> {
  const { parts, peer, wire } = session;
  const outcome = await parts.authenticator.password(login, password, peer, wire.signal);
  if (wire.gone) throw new ConnectionGone('gone during the login');
  switch (outcome.kind) {
    case 'refused':
      return refusedLogin(session);
    case 'busy':
      return errReply('too many logins at the moment, nothing is wrong with yours; try again in a minute', 'SYS/TEMP');
    case 'granted':
      return await openMaildrop(session, outcome);
  }
}

async function logInByCertificate(session: Session, identity: string): Promise<string> {
  const { parts, peer, wire } = session;
  const outcome = await parts.authenticator.external(identity, peer);
  if (wire.gone) throw new ConnectionGone('gone during the login');
  if (outcome.kind === 'granted') return await openMaildrop(session, outcome);
  if (outcome.kind === 'busy')
    return errReply('the certificate could not be judged now; try again in a minute', 'SYS/TEMP');
  return refusedLogin(
    session,
    peer.certificate === undefined
      ? 'no client certificate was shown; set one in the program, or log in with a password'
      : 'this client certificate does not log in here; the operator can see why',
  );
}

/**
 * The first command of a transaction from a client that shows a certificate and has tried no other way in: where its account allows, it is
 * logged in. Undefined: it is; else the answer to the command.
 */
export async function enterByCertificate(session: Session): Promise<string | undefined> {
  const { parts, peer, wire } = session;
  const outcome = await parts.authenticator.implicit(peer);
  if (wire.gone) throw new ConnectionGone('gone during the login');
  if (outcome.kind === 'refused') return session.bad('log in first');
  if (outcome.kind === 'busy')
    return errReply('the certificate could not be judged now; try again in a minute', 'SYS/TEMP');
  const answer = await openMaildrop(session, outcome);
  return session.drop === undefined ? answer : undefined;
}

function refusedLogin(
  session: Session,
  text = 'login name or password is wrong, or the account is not active',
): string {
  session.failedLogins += 1;
  const reply = errReply(text, 'AUTH');
  return session.failedLogins < session.parts.limits.failedLogins ? reply : session.close(reply, 'failed-logins');
}

async function openMaildrop(
  session: Session,
  { account, by }: Extract<AuthOutcome, { kind: 'granted' }>,
): Promise<string> {
  const { parts, peer, wire } = session;
  const holder = { session: peer.session, network: peer.network };
  const drop = await Maildrop.open(parts.store, account.id, holder);
  if (drop === 'in-use') {
    parts.log.info('pop3.in-use', { session: peer.session, address: peer.address, account: account.login });
    return errReply('another session has the maildrop open; try again when it has ended', 'IN-USE');
  }
  if (wire.gone || !session.place.login(account.id)) {
    await drop.release(session.collector);
    if (wire.gone) throw new ConnectionGone('gone during the login');
    return errReply('this account has too many sessions open; try again when one has ended', 'SYS/TEMP');
  }
  session.drop = drop;
  session.account = account;
  session.byCertificate = by !== undefined;
  const { messages, octets } = drop.remaining;
  parts.log.info('pop3.login', {
    session: peer.session,
    address: peer.address,
    account: account.login,
    tls: wire.tlsVersion,
    by: by ?? 'password',
    messages,
  });
  return okReply(`maildrop locked, ${messages} messages (${octets} octets)`);
}
