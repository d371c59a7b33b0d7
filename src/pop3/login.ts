/**
 * USER, PASS and AUTH: who is it, and is the maildrop free.
 *
 * No password is asked for or judged outside TLS. A wrong password, an unknown name and a suspended account get the same answer; overload
 * is never called a wrong password (users would change a password that is right). `logIn` is the only writer of the session's account.
 *
 * RFC 1939 section 7, RFC 5034, RFC 2449 section 8.1.1 ([IN-USE]), RFC 3206 ([AUTH], [SYS/TEMP]).
 */
import type { Account } from '../domain/registry.ts';
import { Maildrop } from '../pickup/maildrop.ts';
import type { Command } from './command.ts';
import { errReply, mechanismList, okReply } from './response.ts';
import { type PasswordLogin, isMechanism, parseLoginText, parsePlain } from './sasl.ts';
import type { Answer, Session } from './session.ts';
import { ConnectionGone } from './wire.ts';

export type Exchange = { readonly kind: 'PLAIN' } | { readonly kind: 'LOGIN'; readonly login?: string };

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
  session.login = command.login;
  return okReply('password, please');
}

export function onPass(session: Session, command: Extract<Command, { verb: 'PASS' }>): Answer {
  const refused = needsTls(session);
  if (refused !== undefined) return refused;
  const { login } = session;
  if (login === undefined) return session.bad('USER comes before PASS');
  session.login = undefined;
  return logIn(session, { login, password: command.password });
}

export function onAuth(session: Session, command: Extract<Command, { verb: 'AUTH' }>): Answer {
  const refused = needsTls(session);
  if (refused !== undefined) return refused;
  const { mechanism, initial } = command;
  if (mechanism === undefined) return mechanismList();
  if (!isMechanism(mechanism)) return session.bad('this mechanism is not offered, CAPA lists those that are');
  const exchange: Exchange = { kind: mechanism };
  if (initial !== undefined) return respond(session, exchange, initial);
  session.exchange = exchange;
  return mechanism === 'PLAIN' ? CHALLENGE : ASK_LOGIN;
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
      return await openMaildrop(session, outcome.account);
  }
}

function refusedLogin(session: Session): string {
  session.failedLogins += 1;
  const reply = errReply('login name or password is wrong, or the account is not active', 'AUTH');
  return session.failedLogins < session.parts.limits.failedLogins ? reply : session.close(reply, 'failed-logins');
}

async function openMaildrop(session: Session, account: Account): Promise<string> {
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
  const { messages, octets } = drop.remaining;
  parts.log.info('pop3.login', {
    session: peer.session,
    address: peer.address,
    account: account.login,
    tls: wire.tlsVersion,
    messages,
  });
  return okReply(`maildrop locked, ${messages} messages (${octets} octets)`);
}
