/**
 * What logins leave behind: log lines and audit rows.
 *
 * A login that took a hash is one row. A remembered one (a mail program that polls each minute) is
 * a row at its first use in an hour and one count for the rest. Failures are one row for each
 * account, network and minute. Beyond a thousand such rows the rest is one row for each protocol
 * and reason, so that an attack cannot fill the trail, however many networks it comes from.
 *
 * Now and then a person types the password into the field for the login name. So a name that nobody
 * has is written only if it has the form of an address.
 */
import { grouped } from '../crypto/keys/base32.ts';
import { Counts } from '../domain/counts.ts';
import { defined } from '../domain/defined.ts';
import type { Clock, Log } from '../domain/effects.ts';
import type { Account } from '../domain/registry.ts';
import { hours, minutes } from '../domain/units.ts';
import type { AuditTrail } from '../store/port/audit.ts';
import type { Mechanism, Peer, ScramFault } from './authenticator.ts';
import type { CertificateFacts, CertificateReason } from './client-certificates.ts';
import { OTHERS, type Others, Tally, type Whose } from '../platform/tally.ts';

/**
 * `throttled`, `overload`, `store`: not judged. All others: judged, and the peer sees no difference
 * between them. `password-off` and the two behind it: the password is right, but the account takes
 * no password, needs its certificate as well, or the certificate belongs to another account.
 * `app-scope`: the app password is right, but its program may do only something else.
 * `not-on-listener`: the listener is for other accounts, whatever the password.
 */
export type FailureReason =
  | 'unknown'
  | 'wrong'
  | 'suspended'
  | 'ended'
  | 'throttled'
  | 'overload'
  | 'store'
  | 'password-off'
  | 'certificate-missing'
  | 'other-certificate'
  | 'not-on-listener'
  | 'app-scope'
  | ScramFault;

/** Why a certificate did not log in. */
export type CertificateFailure =
  CertificateReason | 'foreign-identity' | 'certificate-off' | 'password-missing' | 'implicit-off' | 'not-on-listener';

export interface CertificateAttempt {
  readonly reason: CertificateFailure;
  /** For the log: what is wrong, in one line. */
  readonly text: string;
  readonly login?: string;
  readonly account?: Account;
  readonly facts?: CertificateFacts;
}

interface Subject {
  readonly login: string;
  readonly account: Account | undefined;
  readonly peer: Peer;
  readonly reason: FailureReason | CertificateFailure | 'remembered' | 'certificate' | 'scram' | 'app';
  readonly fingerprint?: string;
}

/** `remembered`: a password that was right a while ago from the same network. */
export type LoginWay = 'password' | 'app' | 'remembered' | 'scram' | 'external' | 'implicit';
/** `reason` is empty for what was granted. */
export type LoginCounts = Counts<'protocol' | 'way' | 'outcome' | 'reason'>;

/**
 * Most granted logins of different keys that one window of time counts; above it the window is
 * reported early.
 */
const KEYS = 10_000;
/** Most rows of failures per minute; above it the rest is counted together. */
export const FAILURE_ROWS = 1000;

const othersOf = ({ peer: { protocol }, reason }: Subject): Others<Subject> => ({
  kind: `${protocol}\0${reason}`,
  subject: { login: OTHERS, account: undefined, reason, peer: { session: '', protocol, address: '', network: OTHERS } },
});

export class LoginNotes {
  readonly counts: LoginCounts = new Counts(['protocol', 'way', 'outcome', 'reason']);
  readonly #log: Log;
  readonly #audit: Pick<AuditTrail, 'note'>;
  readonly #failures: Tally<Subject>;
  readonly #remembered: Tally<Subject>;
  readonly #certificates: Tally<Subject>;

  constructor(clock: Clock, log: Log, audit: Pick<AuditTrail, 'note'>) {
    this.#log = log;
    this.#audit = audit;
    this.#failures = new Tally(
      ...([clock, minutes(1), FAILURE_ROWS] as const),
      (subject: Subject, count) => this.#writeFailures(subject, count),
      othersOf,
    );
    this.#remembered = new Tally(clock, hours(1), KEYS, (subject, count, last, first) => {
      if (count === 1) return;
      const { reason } = subject;
      const way = reason === 'certificate' || reason === 'scram' || reason === 'app' ? reason : 'remembered';
      const [since, latest] = [new Date(first).toISOString(), new Date(last).toISOString()];
      const facts = { [way]: true, logins: count - 1, since, last: latest };
      this.#writeGranted(subject, facts, 'several');
    });
    this.#certificates = new Tally(
      ...([clock, minutes(1), FAILURE_ROWS] as const),
      (subject: Subject, count) => this.#writeCertificates(subject, count),
      othersOf,
    );
  }

  /** A certificate logged in. `certificate` is the name of its registration. */
  byCertificate(account: Account, peer: Peer, certificate: string, how: 'external' | 'implicit'): void {
    this.count(peer, how, 'granted');
    this.#log.info('auth.granted', { ...sessionOf(peer), login: account.login, certificate, how });
    const key = `${account.id}\0${peer.network}\0${peer.protocol}\0certificate`;
    const subject: Subject = { login: account.login, account, peer, reason: 'certificate' };
    if (this.#remembered.add(key, subject)) this.#writeGranted(subject, { certificate, how, logins: 1 });
  }

  /**
   * A certificate did not log in. The first attempt of its kind in a minute has a log line of its
   * own, with the reason; at the end of the minute one count stands for all of them.
   */
  certificateRefused(attempt: CertificateAttempt, peer: Peer): void {
    const { reason, text, login, account, facts } = attempt;
    const whose = login ?? account?.login ?? '';
    const subject: Subject = { login: whose, account, peer, reason, ...defined({ fingerprint: facts?.fingerprint }) };
    const key = `${facts?.fingerprint ?? ''}\0${peer.network}\0${peer.protocol}\0${reason}`;
    if (this.#certificates.add(key, subject))
      this.#log.warn('auth.certificate_refused', { ...sessionOf(peer), reason, why: text, login: whose, ...facts });
  }

  count(
    { protocol }: Peer,
    way: LoginWay,
    outcome: 'granted' | 'refused' | 'busy',
    reason: FailureReason | CertificateFailure | '' = '',
  ): void {
    this.counts.add([protocol, way, outcome, reason]);
  }

  /** A password was verified. `password` is its name. */
  verified(account: Account, peer: Peer, password: string): void {
    this.count(peer, 'password', 'granted');
    this.#log.info('auth.granted', { ...sessionOf(peer), login: account.login, password });
    this.#writeGranted(
      { login: account.login, account, peer, reason: 'remembered' },
      { remembered: false, logins: 1, password },
    );
  }

  /** A SCRAM proof was right. `password` is the name of the password that it proves. */
  byScram(account: Account, peer: Peer, password: string, how: Mechanism): void {
    this.count(peer, 'scram', 'granted');
    const facts = { password, how: how.toLowerCase() };
    this.#log.info('auth.granted', { ...sessionOf(peer), login: account.login, ...facts });
    const subject: Subject = { login: account.login, account, peer, reason: 'scram' };
    // A mail program that polls by SCRAM proves its password each time; a row for each would fill
    // the trail.
    if (this.#remembered.add(`${account.id}\0${peer.network}\0${peer.protocol}\0scram`, subject))
      this.#writeGranted(subject, { ...facts, logins: 1 });
  }

  /**
   * An app password was right. Programs come many times a minute: a row at the first use of each in
   * an hour, and one count for the rest.
   */
  byApp(account: Account, peer: Peer, { id, name }: { readonly id: string; readonly name: string }): void {
    this.count(peer, 'app', 'granted');
    this.#log.debug('auth.granted', { ...sessionOf(peer), login: account.login, password: name, how: 'app' });
    const subject: Subject = { login: account.login, account, peer, reason: 'app' };
    if (this.#remembered.add(`${account.id}\0${peer.network}\0${peer.protocol}\0${id}`, subject))
      this.#writeGranted(subject, { password: name, app: grouped(id), logins: 1 });
  }

  /** A remembered password was right. `password` is its name. */
  remembered(account: Account, peer: Peer, password: string): void {
    this.count(peer, 'remembered', 'granted');
    this.#log.debug('auth.remembered', { ...sessionOf(peer), login: account.login });
    const subject: Subject = { login: account.login, account, peer, reason: 'remembered' };
    if (this.#remembered.add(`${account.id}\0${peer.network}\0${peer.protocol}`, subject))
      this.#writeGranted(subject, { remembered: true, logins: 1, password });
  }

  failed(
    login: string,
    account: Account | undefined,
    peer: Peer,
    reason: FailureReason,
    way: 'password' | 'app' | 'scram' = 'password',
  ): void {
    this.count(peer, way, isJudged(reason) ? 'refused' : 'busy', reason);
    const shown = shownLogin(login, account);
    this.#log.debug('auth.failed', { ...sessionOf(peer), login: shown, reason });
    this.#failures.add(`${shown}\0${peer.network}\0${peer.protocol}\0${reason}`, {
      login: shown,
      account,
      peer,
      reason,
    });
  }

  /**
   * Writes counts that are not written yet, because somebody asks for them. `whose`: only those of
   * these accounts and networks. Without it: the refused logins of everybody, but not the
   * remembered ones.
   */
  flushOf(whose?: Whose): void {
    for (const tally of [this.#failures, this.#certificates, ...(whose === undefined ? [] : [this.#remembered])])
      tally.flushOf(({ account, peer }) => whose === undefined || whose(account?.id, peer.network));
  }

  /** Writes what is still only counted. */
  flush(): void {
    this.#failures.flush();
    this.#remembered.flush();
    this.#certificates.flush();
  }

  /**
   * `one`: the row tells of this one session. `several`: of more than one, whose TLS and client may
   * differ.
   */
  #writeGranted(
    { account, peer }: Subject,
    facts: Readonly<Record<string, string | number | boolean>>,
    one: 'one' | 'several' = 'one',
  ): void {
    const { tls, cipher, client } = one === 'one' && peer.line !== undefined ? peer.line() : {};
    this.#audit.note({
      event: 'login.granted',
      outcome: 'success',
      ...defined({ account: account?.id }),
      facts: { protocol: peer.protocol, ...facts, ...defined({ tls, cipher }) },
      // A client may call itself by the name of somebody's laptop.
      personal: { network: peer.network, ...(client === undefined ? {} : { client: shownClient(client) }) },
    });
  }

  #writeCertificates({ login, account, peer, reason, fingerprint = '' }: Subject, count: number): void {
    if (count > 1)
      this.#log.warn('auth.refused', {
        login,
        network: peer.network,
        protocol: peer.protocol,
        reason,
        fingerprint,
        count,
      });
    this.#audit.note({
      event: 'login.refused',
      outcome: 'failure',
      ...defined({ account: account?.id }),
      facts: { protocol: peer.protocol, by: 'certificate', reason, count },
      personal: { login, network: peer.network, fingerprint },
    });
  }

  #writeFailures({ login, account, peer, reason }: Subject, count: number): void {
    const judged = isJudged(reason);
    const event = judged ? 'auth.refused' : 'auth.busy';
    this.#log.warn(event, {
      login,
      network: peer.network,
      protocol: peer.protocol,
      reason,
      ...(reason === 'not-on-listener' && { listener: peer.access?.listener ?? '' }),
      count,
    });
    this.#audit.note({
      event: judged ? 'login.refused' : 'login.busy',
      outcome: 'failure',
      ...defined({ account: account?.id }),
      facts: { protocol: peer.protocol, reason, count },
      personal: { login, network: peer.network },
    });
  }
}

const isJudged = (reason: Subject['reason']): boolean =>
  reason !== 'throttled' && reason !== 'overload' && reason !== 'store';

const sessionOf = ({ session, protocol, network }: Peer): Readonly<Record<string, string>> => ({
  session,
  protocol,
  network,
});

const shownClient = (name: string): string => name.replace(/[^\x21-\x7e]+/g, '?').slice(0, 64);

const NOT_SHOWN = '(not an address)';

/** A login name as it may be written down. */
export const shownLogin = (login: string, account: Account | undefined): string =>
  account?.login ?? (/^[^\p{C}\p{Z}@]{1,64}@[^\p{C}\p{Z}@]{1,189}$/u.test(login) ? login : NOT_SHOWN);
