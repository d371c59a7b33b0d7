/**
 * Bind: the client says who it is (RFC 4511 section 4.2, RFC 4513).
 *
 * Name and password are those of an account, or the password is an app password; SASL EXTERNAL
 * takes the client's certificate. Nobody is anonymous: a client without a login may read only what
 * the server can do. No credentials are judged outside TLS. A password that was not judged is
 * "busy", never "wrong": at code 49 mail programs forget a saved password.
 *
 * A bind that fails leaves nobody logged in. `take` is the only writer of the session's account,
 * and a connection belongs to one account.
 */
import type { AuthOutcome, Authenticator, Peer, UsedPassword } from '../auth/authenticator.ts';
import { passwordStands } from '../auth/candidates.ts';
import type { Log } from '../domain/effects.ts';
import type { AccountId } from '../domain/ids.ts';
import type { Account } from '../domain/registry.ts';
import type { AdmittedConnection } from '../platform/connections.ts';
import type { Registry } from '../store/port/registry.ts';
import { namedBelow } from './attributes.ts';
import type { Operation } from './requests.ts';
import { type LdapResult, results } from './results.ts';
import type { LdapWire } from './wire.ts';

export interface LoggedIn {
  readonly account: Account;
  readonly byCertificate: boolean;
  readonly password: UsedPassword | undefined;
}

/** What a bind needs of its session. */
export interface BindingSession {
  readonly parts: {
    readonly registry: Pick<Registry, 'findLogin'>;
    readonly authenticator: Authenticator;
    readonly log: Log;
  };
  readonly wire: LdapWire;
  readonly place: AdmittedConnection;
  readonly peer: Peer;
  /** Set by a bind that was granted, and by nothing else. */
  login: LoggedIn | undefined;
  /**
   * The account of the first granted bind. The connection belongs to it, even if a later bind
   * fails.
   */
  owner: AccountId | undefined;
  failedLogins: number;
  forget(): void;
}

type Bind = Extract<Operation, { kind: 'bind' }>;

/** Longest name or password, in characters. */
const LONGEST = 1024;

export async function bind(session: BindingSession, { version, name, proof }: Bind): Promise<LdapResult> {
  session.forget();
  if (version !== 3) return results.protocol;
  if (proof.kind === 'unknown' || (proof.kind === 'sasl' && proof.mechanism.toUpperCase() !== 'EXTERNAL'))
    return results.mechanism;
  if (!session.wire.secure) return results.needTls;
  const { authenticator } = session.parts;
  if (proof.kind === 'sasl') {
    const identity = identityOf(proof.credentials.toString('utf8'));
    if (identity === undefined) return refused(session, results.refused);
    return await take(session, await authenticator.external(identity, session.peer));
  }
  const { password } = proof;
  if (name === '' && password === '') return results.anonymous;
  // RFC 4513 section 5.1.2: a client that sends no password would believe that it has logged in.
  if (password === '') return results.emptyPassword;
  const login = loginOf(name);
  if (login === undefined || password.length > LONGEST) return refused(session, results.refused);
  return await take(session, await authenticator.password(login, password, session.peer, session.wire.signal));
}

/**
 * The login that a bind names. It is given as it is, which people know, though it is not an LDAP
 * name; or as `uid` or `mail` of a name below the directory.
 */
function loginOf(name: string): string | undefined {
  if (name.length > LONGEST) return undefined;
  const below = namedBelow(name.normalize('NFC').toLowerCase());
  return below?.type === 'uid' || below?.type === 'mail' ? below.value : name.trim();
}

/**
 * Authorization identities are `u:LOGIN` or `dn:NAME` (RFC 4513 section 5.2.1.8); empty means the
 * certificate's own account. Undefined for anything else.
 */
function identityOf(given: string): string | undefined {
  if (given === '') return '';
  const [kind, rest] = [given.slice(0, given.indexOf(':') + 1), given.slice(given.indexOf(':') + 1)];
  return kind === 'u:' ? rest : kind === 'dn:' ? loginOf(rest) : undefined;
}

/** Counts a bind that failed, also one that was not judged: a session that never succeeds ends. */
function refused(session: BindingSession, result: LdapResult): LdapResult {
  session.failedLogins += 1;
  return result;
}

async function take(session: BindingSession, outcome: AuthOutcome): Promise<LdapResult> {
  const { parts, peer, wire, place } = session;
  if (outcome.kind === 'refused') return refused(session, results.refused);
  if (outcome.kind === 'busy') return refused(session, outcome.why === 'store' ? results.unavailable : results.busy);
  const { account, by, password } = outcome;
  if (wire.gone) return results.unavailable;
  if (session.owner !== undefined && session.owner !== account.id) return refused(session, results.otherAccount);
  if (!place.login(account.id)) return refused(session, results.tooManyOfAccount);
  session.owner = account.id;
  session.login = { account, byCertificate: by !== undefined, password };
  // What an operator changed while the password was hashed counts: nobody logs in after a
  // suspension, or after the login went to another account.
  const record = await parts.registry.findLogin(account.login);
  const same = record?.account.id === account.id;
  if (!same || record.account.state !== 'active' || !passwordStands(record, password)) {
    session.forget();
    return refused(session, results.refused);
  }
  parts.log.info('ldap.login', {
    session: peer.session,
    address: peer.address,
    account: account.login,
    tls: wire.tlsVersion,
    by: by ?? 'password',
  });
  return results.success;
}
