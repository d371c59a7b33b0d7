/**
 * Login by USER and PASS, by AUTH, or by a certificate alone: finds out who it is, and whether the
 * maildrop is free.
 *
 * No password is asked for or judged outside TLS. A wrong password, an unknown name and a suspended
 * account get the same answer; overload is never called a wrong password (users would change a
 * password that is right). `openMaildrop` is the only writer of the session's account.
 *
 * RFC 1939 section 7, RFC 5034, RFC 4422 appendix A (EXTERNAL), RFC 2449 section 8.1.1 ([IN-USE]),
 * RFC 3206 ([AUTH], [SYS/TEMP]).
 */
import { type AuthOutcome, type Mechanism, passwordMechanisms } from '../auth/authenticator.ts';
import { passwordStands } from '../auth/candidates.ts';
import { beginSasl, mechanismNamed, offeredMechanisms, respond } from '../auth/sasl.ts';
import type { SaslNext, SaslStep } from '../auth/sasl-step.ts';
import { Maildrop } from '../pickup/maildrop.ts';
import type { Command } from './command.ts';
import { type Trouble, troubles } from './replies.ts';
import { errReply, mechanismList, okReply } from './response.ts';
import type { Answer, Reply, Session } from './session.ts';
import { ConnectionGone } from '../platform/connection-gone.ts';

/** An AUTH exchange that waits for the client's next line. */
export type Exchange = SaslNext;

const needsTls = (session: Session): string | undefined =>
  session.wire.secure ? undefined : session.bad(troubles.needTls);

export function onUser(session: Session, command: Extract<Command, { verb: 'USER' }>): Answer {
  const refused = needsTls(session);
  if (refused !== undefined) return refused;
  // RFC 1939 section 7 allows "no such mailbox" here, which would tell a stranger who is
  // registered.
  session.triedLogin = true;
  session.login = command.login;
  return okReply('password, please');
}

export function onPass(session: Session, command: Extract<Command, { verb: 'PASS' }>): Answer {
  const refused = needsTls(session);
  if (refused !== undefined) return refused;
  session.triedLogin = true;
  const { login } = session;
  if (login === undefined) return session.bad(troubles.userFirst);
  session.login = undefined;
  return logIn(session, login, command.password);
}

export function onAuth(session: Session, command: Extract<Command, { verb: 'AUTH' }>): Answer {
  const refused = needsTls(session);
  if (refused !== undefined) return refused;
  if (command.mechanism === undefined) return withMechanisms(session, mechanismList);
  const mechanism = mechanismNamed(command.mechanism, session.scram);
  if (mechanism === undefined) return session.bad(troubles.mechanism);
  session.triedLogin = true;
  if (mechanism === 'LOGIN' && (command.initial ?? '') !== '') session.quirks.meet('login-initial');
  return beginSasl(mechanism, command.initial, session.sasl).then((step) => take(session, step));
}

/** EXTERNAL is offered only where the client's certificate leads to an account. */
export function withMechanisms(session: Session, then: (mechanisms: readonly Mechanism[]) => string): Answer {
  const { peer, parts } = session;
  const all = (mechanisms: readonly Mechanism[]): string => then(offeredMechanisms(mechanisms, session.scram));
  if (peer.certificate === undefined || session.drop !== undefined) return all(passwordMechanisms);
  return parts.authenticator.mechanisms(peer).then(all);
}

/** Goes on with an exchange by the client's line after a challenge. */
export const continueExchange = (session: Session, exchange: Exchange, line: Buffer): Answer =>
  respond(exchange, line.toString('latin1')).then((step) => take(session, step));

function take(session: Session, step: SaslStep): Answer {
  if (session.wire.gone) throw new ConnectionGone('gone during the login');
  switch (step.kind) {
    case 'ask':
      session.exchange = step.next;
      return `+ ${Buffer.from(step.challenge, 'utf8').toString('base64')}\r\n`;
    case 'judged':
      return judged(session, step);
    case 'foreign':
      return refusedLogin(session, troubles.loginForeign);
    case 'malformed':
      return session.bad(troubles.loginMalformed({ why: step.why }));
    case 'cancelled':
      return errReply(troubles.loginCancelled);
  }
}

function judged(session: Session, { outcome, by }: Extract<SaslStep, { kind: 'judged' }>): Answer {
  switch (outcome.kind) {
    case 'granted':
      return openMaildrop(session, outcome);
    case 'busy':
      return refusedLogin(session, notJudged(outcome, by));
    case 'refused':
      if (by === 'password') return refusedLogin(session);
      return refusedLogin(
        session,
        session.peer.certificate === undefined ? troubles.noCertificate : troubles.certificateRefused,
      );
  }
}

const notJudged = ({ why }: Extract<AuthOutcome, { kind: 'busy' }>, by: 'password' | 'certificate'): Trouble =>
  why === 'store' ? troubles.loginUnknown : by === 'password' ? troubles.loginBusy : troubles.certificateBusy;

async function logIn(session: Session, login: string, password: string): Promise<Reply> {
  const { parts, peer, wire } = session;
  const outcome = await parts.authenticator.password(login, password, peer, wire.signal);
  return take(session, { kind: 'judged', by: 'password', outcome });
}

/**
 * The first command of a transaction from a client that shows a certificate and has tried no other
 * way in: where its account allows, it is logged in. Undefined: the login succeeded; else the
 * answer to the command.
 */
export async function enterByCertificate(session: Session): Promise<string | undefined> {
  const { parts, peer, wire } = session;
  const outcome = await parts.authenticator.implicit(peer);
  if (wire.gone) throw new ConnectionGone('gone during the login');
  if (outcome.kind === 'refused') return session.bad(troubles.needLogin);
  if (outcome.kind === 'busy') return refusedLogin(session, notJudged(outcome, 'certificate'));
  const answer = await openMaildrop(session, outcome);
  return session.drop === undefined ? answer : undefined;
}

/**
 * Counts attempts that were not judged, or found the maildrop in use, too: a session that never
 * gets anywhere ends.
 */
function refusedLogin(session: Session, trouble: Trouble = troubles.loginRefused): string {
  session.failedLogins += 1;
  const reply = errReply(trouble);
  return session.failedLogins < session.parts.limits.failedLogins ? reply : session.close(reply, 'failed-logins');
}

type Granted = Extract<AuthOutcome, { kind: 'granted' }>;

async function openMaildrop(session: Session, granted: Granted): Promise<string> {
  const { parts, peer } = session;
  const { account, organisation } = granted;
  const strict = session.quirks.logIn(account, organisation);
  if (strict !== undefined) return errReply({ ...strict, code: 'SYS/PERM' });
  const holder = { session: peer.session, network: peer.network };
  const drop = await Maildrop.open(parts.store, account.id, holder, parts.receipts);
  if (drop === 'in-use') {
    parts.log.info('pop3.in-use', { session: peer.session, address: peer.address, account: account.login });
    return refusedLogin(session, troubles.inUse);
  }
  try {
    return await enter(session, drop, granted);
  } catch (error) {
    // After an error the lock is given back: a lease that no session holds would be renewed for as
    // long as the gateway runs. After a switch of the primary such a mailbox stayed [IN-USE] for
    // good.
    await drop.release(session.collector);
    throw error;
  }
}

async function enter(
  session: Session,
  drop: Maildrop,
  { account, organisation, by, password }: Granted,
): Promise<string> {
  const { parts, peer, wire } = session;
  // What an operator changed while the password was hashed or the maildrop opened counts: nobody
  // slips in after a suspension.
  const record = await parts.store.registry.findLogin(account.login);
  // The same after a move of the account: this mailbox belongs to another organisation then.
  const same = record?.account.id === account.id;
  const stands = same && record.account.state === 'active' && passwordStands(record, password);
  if (!wire.gone && record !== undefined && !stands) {
    await drop.release(session.collector);
    return refusedLogin(session);
  }
  if (wire.gone || !session.place.login(account.id)) {
    await drop.release(session.collector);
    if (wire.gone) throw new ConnectionGone('gone during the login');
    return refusedLogin(session, troubles.tooManyOfAccount);
  }
  session.drop = drop;
  session.account = account;
  session.organisation = organisation;
  session.tls = wire.tlsVersion;
  session.byCertificate = by !== undefined;
  session.password = password;
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
