/**
 * Credentials in, an account or a refusal out.
 *
 * Order: memory, throttle, queue. What was right within the hour from the same network is granted at once, whatever is being attacked and
 * however long the line is. Then the throttle says whether these credentials are judged now. Then they wait their turn for a hash. Neither throttle nor queue
 * ever answers "wrong password": what was not judged is `busy`.
 *
 * Unknown login, wrong password, suspended and ended account do the same work and give the same outcome. An account with several
 * passwords, or with an imported hash, costs another amount; so refusals leave on a grid of `refusalGrid` since the question came, which
 * is coarser than those differences.
 *
 * SCRAM goes the same road, but needs neither memory nor line: checking a proof takes microseconds, and nothing that was right can be
 * recognised before it is checked.
 *
 * Nothing here throws: a store that cannot answer is `busy`, and the log says why.
 */
import type { Certificate } from '../crypto/certificate.ts';
import type { Revocation } from '../crypto/certificate-path.ts';
import { createPasswordVerifier, dummyHash, hashPassword } from '../crypto/password.ts';
import { isPossiblePassword } from '../crypto/password-text.ts';
import { scramVerifier } from '../crypto/scram.ts';
import type { Distribution } from '../domain/counts.ts';
import type { Clock, Log, RandomBytes } from '../domain/effects.ts';
import type { AccountId } from '../domain/ids.ts';
import { type Password, foldLogin, MAX_PASSWORDS } from '../domain/registry.ts';
import type { Instant, Milliseconds } from '../domain/units.ts';
import { hours, milliseconds, minutes, seconds } from '../domain/units.ts';
import type { NetworkSet } from '../platform/network.ts';
import type { AuditTrail } from '../store/audit.ts';
import type { LoginRecord, Registry } from '../store/registry.ts';
import {
  type AuthOutcome,
  type Authenticator,
  type Mechanism,
  type Peer,
  type ScramAttempt,
  type ScramChallenge,
  type ScramOutcome,
  mayEnter,
} from './authenticator.ts';
import { BoundedMap } from './bounded-map.ts';
import { CertificateLogin, loginPolicy } from './certificate-login.ts';
import { LoginMemory } from './login-memory.ts';
import { type FailureReason, type LoginCounts, LoginNotes } from './login-notes.ts';
import { pause } from './pause.ts';
import { PasswordUpkeep } from './password-upkeep.ts';
import { ScramLogin } from './scram-login.ts';
import { Throttle, type ThrottleLimits, throttleDefaults } from './throttle.ts';
import { type QueueLimits, VerifyQueue, queueDefaults } from './verify-queue.ts';

export interface AuthenticatorLimits {
  readonly queue: QueueLimits;
  readonly throttle: ThrottleLimits;
  /** How long a success is remembered after its last use, and how many are. */
  readonly rememberFor: Milliseconds;
  readonly remembered: number;
  /** A back-off no longer than this is waited out; a longer one is answered at once. */
  readonly shortWait: Milliseconds;
  /** Refusals leave at a multiple of this; 0: as soon as they are known. */
  readonly refusalGrid: Milliseconds;
}

export const authenticatorDefaults: AuthenticatorLimits = {
  queue: queueDefaults,
  throttle: throttleDefaults,
  rememberFor: hours(1),
  remembered: 100_000,
  shortWait: seconds(2),
  refusalGrid: milliseconds(300),
};

export interface AuthenticatorOptions {
  readonly registry: Pick<
    Registry,
    | 'findLogin'
    | 'findCertificate'
    | 'scramSaltKey'
    | 'notePasswordUse'
    | 'noteCertificateUse'
    | 'rehashPassword'
    | 'onChange'
  >;
  readonly audit: Pick<AuditTrail, 'note'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: RandomBytes;
  readonly limits?: Partial<AuthenticatorLimits>;
  /** Authorities whose client certificates may be registered by name. */
  readonly authorities?: readonly Certificate[];
  /** What their revocation lists say. */
  readonly revocation?: (certificate: Certificate, issuer: Certificate) => Revocation;
  /** Networks that are never throttled: the operator's own monitoring, a front that hides many clients behind one address. */
  readonly exempt?: NetworkSet;
  /** For tests that need no real hashing. */
  readonly passwords?: {
    readonly verify: (hash: string, text: string) => Promise<boolean>;
    readonly hash: (text: string) => Promise<string>;
    /** The SCRAM verifier of a password, or why it can have none. */
    readonly scram?: typeof scramVerifier;
  };
}

export interface AuthenticatorLoad {
  /** Passwords that wait for their hash, and those that are being hashed. */
  readonly waiting: number;
  readonly running: number;
  readonly remembered: number;
  /** Seconds that passwords waited before their hash began. */
  readonly waits: Distribution;
  readonly logins: LoginCounts;
}

export interface PasswordAuthenticator extends Authenticator {
  /** Other authorities, or other revocation lists, from now on, also for sessions that are open. */
  trust(authorities?: readonly Certificate[]): void;
  /** For metrics. */
  readonly load: AuthenticatorLoad;
  /** Writes what was only counted so far, and ends the worker thread. */
  close(): Promise<void>;
}

/** Uses of one password are noted at most this often: a poll each minute needs no write each minute. */
const NOTE_USE = minutes(10);
const NOTED = 100_000;

export function createAuthenticator(options: AuthenticatorOptions): PasswordAuthenticator {
  return new StoreAuthenticator(options);
}

/** One question of one peer. */
interface Attempt {
  readonly folded: string;
  /** Tells this guess from others, and repeats from new ones. */
  readonly guess: string;
  readonly peer: Peer;
  /** Monotonic: when it came. */
  readonly came: Milliseconds;
  readonly signal: AbortSignal;
  readonly way: 'password' | 'scram';
}

interface Judged {
  readonly record: LoginRecord | undefined;
  readonly password: Password | undefined;
}

class StoreAuthenticator implements PasswordAuthenticator {
  readonly #options: AuthenticatorOptions;
  readonly #limits: AuthenticatorLimits;
  readonly #memory: LoginMemory;
  readonly #throttle: Throttle;
  readonly #queue: VerifyQueue;
  readonly #notes: LoginNotes;
  readonly #byCertificate: CertificateLogin;
  readonly #scram: ScramLogin;
  /** When the use of a password by SCRAM was last noted; monotonic. */
  readonly #noted = new BoundedMap<string, number>(NOTED);
  readonly #dummy: string;
  readonly #verify: (hash: string, text: string) => Promise<boolean>;
  readonly #closeVerifier: () => Promise<void>;
  readonly #upkeep: PasswordUpkeep;
  readonly #trustListeners: (() => void)[] = [];

  constructor(options: AuthenticatorOptions) {
    const { registry, audit, clock, log, random } = options;
    this.#options = options;
    this.#limits = { ...authenticatorDefaults, ...options.limits };
    this.#memory = new LoginMemory(random(32), this.#limits.rememberFor, this.#limits.remembered);
    this.#throttle = new Throttle(this.#limits.throttle);
    this.#queue = new VerifyQueue(clock, this.#limits.queue);
    this.#notes = new LoginNotes(clock, log, audit);
    this.#byCertificate = new CertificateLogin(options, this.#notes);
    this.#scram = new ScramLogin(registry, random);
    this.#dummy = dummyHash(random);
    const verifier = createPasswordVerifier();
    this.#verify = options.passwords?.verify ?? ((hash, text) => verifier.verify(hash, text));
    this.#upkeep = new PasswordUpkeep({
      registry,
      log,
      queue: this.#queue,
      scram: this.#scram,
      hash: options.passwords?.hash ?? hashPassword,
      verifier: options.passwords?.scram ?? scramVerifier,
    });
    this.#closeVerifier = () => verifier.close();
    registry.onChange((accounts) => this.#memory.forget(accounts));
  }

  get load(): AuthenticatorLoad {
    const { waiting, running, waits } = this.#queue;
    return { waiting, running, remembered: this.#memory.size, waits, logins: this.#notes.counts };
  }

  trust(authorities?: readonly Certificate[]): void {
    this.#byCertificate.trust(authorities);
    for (const listener of this.#trustListeners) listener();
  }

  async close(): Promise<void> {
    this.#notes.flush();
    await this.#closeVerifier();
  }

  async password(login: string, password: string, peer: Peer, signal: AbortSignal): Promise<AuthOutcome> {
    const attempt = this.#attempt('password', login, password, peer, signal);
    const { folded } = attempt;
    try {
      const record = await this.#find(folded);
      const remembered = await this.#recall(record, password, attempt);
      if (remembered !== undefined) return remembered;
      if (!(await this.#admitted(attempt))) return this.#busy(attempt, record, 'throttled');
      const served = await this.#queue.run(this.#place(peer, signal), () => this.#judge(folded, password, peer));
      if (served.kind === 'busy') return this.#busy(attempt, record, 'overload');
      if (served.value === 'throttled') return this.#busy(attempt, record, 'throttled');
      return await this.#conclude(attempt, password, served.value);
    } catch (error) {
      return this.#lost(attempt, error);
    }
  }

  async scramChallenge(login: string, peer: Peer): Promise<ScramChallenge | undefined> {
    const folded = foldLogin(login) ?? '';
    try {
      const record = await this.#find(folded);
      return await this.#scram.challenge(folded, record, validPasswords(record, this.#options.clock.now()));
    } catch (error) {
      this.#options.log.error('auth.error', { session: peer.session, error: String(error) });
      return undefined;
    }
  }

  async scram(login: string, tried: ScramAttempt, peer: Peer, signal: AbortSignal): Promise<ScramOutcome> {
    const attempt = this.#attempt('scram', login, tried.message, peer, signal);
    const { clock, registry } = this.#options;
    try {
      const admitted = await this.#admitted(attempt);
      const record = await this.#find(attempt.folded);
      // From here to the note of a failure nothing is awaited: of a burst of guesses each sees those before it.
      if (!admitted || this.#backOff(attempt.folded, peer) > 0) return this.#busy(attempt, record, 'throttled');
      const match = this.#scram.match(record, this.#candidates(record, attempt.folded, peer), tried);
      const refused = await this.#refusal(attempt, { record, password: match?.password }, tried.fault);
      if (refused !== undefined || record === undefined || match === undefined) return refused ?? { kind: 'refused' };
      const { account } = record;
      const { name } = match.password;
      const now = clock.monotonic();
      this.#throttle.succeeded(account.login, peer.network, now);
      const key = `${account.id}\0${name}`;
      const noted = this.#noted.get(key);
      if (noted === undefined || now - noted >= NOTE_USE) {
        this.#noted.set(key, now);
        registry.notePasswordUse(account.id, name, clock.now());
      }
      this.#notes.byScram(account, peer, name, tried.mechanism);
      return { ...granted(record), signature: match.signature };
    } catch (error) {
      return this.#lost(attempt, error);
    }
  }

  /** No account has a name that cannot be folded; it is judged like any other that nobody has. */
  #attempt(way: Attempt['way'], login: string, secret: string, peer: Peer, signal: AbortSignal): Attempt {
    const folded = foldLogin(login) ?? '';
    const guess = this.#memory.digest(folded, secret, '', 'guess');
    return { folded, guess, peer, came: this.#options.clock.monotonic(), signal, way };
  }

  #lost(attempt: Attempt, error: unknown): Extract<AuthOutcome, { kind: 'busy' }> {
    this.#options.log.error('auth.error', { session: attempt.peer.session, error: String(error) });
    return this.#busy(attempt, undefined, 'store');
  }

  /** Whoever may not log in here is judged like a name that nobody has: a right password must not be told from a wrong one. */
  #candidates(record: LoginRecord | undefined, folded: string, peer: Peer): readonly Password[] {
    return mayEnter(peer, folded) ? validPasswords(record, this.#options.clock.now()) : [];
  }

  #find(folded: string): Promise<LoginRecord | undefined> {
    return folded === '' ? Promise.resolve(undefined) : this.#options.registry.findLogin(folded);
  }

  async #recall(record: LoginRecord | undefined, password: string, attempt: Attempt): Promise<AuthOutcome | undefined> {
    if (record?.account.state !== 'active' || !mayEnter(attempt.peer, record.account.login)) return undefined;
    const { clock, registry } = this.#options;
    const { peer } = attempt;
    const { account, version } = record;
    const now = clock.monotonic();
    if (!this.#throttle.mayRecall(account.login, peer.network, now)) return undefined;
    const digest = this.#memory.digest(account.login, password, peer.network, version);
    const found = this.#memory.find(digest, account.id, now, clock.now());
    if (found === undefined) {
      this.#throttle.recalledInVain(account.login, peer.network, now);
      return undefined;
    }
    const problem = await this.#byCertificate.passwordAlone(record, peer);
    if (problem !== undefined) return await this.#refuse(attempt, record, problem);
    if (now - found.notedAt >= NOTE_USE) {
      found.notedAt = now;
      registry.notePasswordUse(account.id, found.name, clock.now());
    }
    this.#throttle.succeeded(account.login, peer.network, now);
    this.#notes.remembered(account, peer);
    return granted(record);
  }

  /** False while a back-off lasts that is too long to wait for, or when the peer left during a short one. */
  async #admitted({ folded, peer, signal }: Attempt): Promise<boolean> {
    const wait = this.#backOff(folded, peer);
    if (wait === 0) return true;
    if (wait > this.#limits.shortWait) return false;
    // A timer may fire a fraction of a millisecond early, and the throttle is asked again behind the queue.
    await pause(this.#options.clock, milliseconds(Math.ceil(wait) + 1), signal);
    return !signal.aborted;
  }

  #backOff(folded: string, peer: Peer): Milliseconds {
    if (this.#options.exempt?.has(peer.address) === true) return milliseconds(0);
    return this.#throttle.wait(folded, peer.network, this.#options.clock.monotonic());
  }

  #place(peer: Peer, signal: AbortSignal): { lane: 'known' | 'stranger'; network: string; signal: AbortSignal } {
    const known = this.#throttle.knows(peer.network, this.#options.clock.monotonic());
    return { lane: known ? 'known' : 'stranger', network: peer.network, signal };
  }

  /** Runs in the queue. Throttle and record are asked again: others have guessed and operators have acted while we waited. */
  async #judge(folded: string, password: string, peer: Peer): Promise<Judged | 'throttled'> {
    if (this.#backOff(folded, peer) > 0) return 'throttled';
    const record = await this.#find(folded);
    // What cannot be a password (empty, NUL, too long) is hashed in another's stead: the same work, no chance, no quadratic cost.
    const possible = isPossiblePassword(password);
    const text = possible ? password : 'impossible';
    const valid = this.#candidates(record, folded, peer);
    if (valid.length === 0) await this.#verify(this.#dummy, text);
    for (const candidate of valid)
      if ((await this.#verify(candidate.hash, text)) && possible) return { record, password: candidate };
    return { record, password: undefined };
  }

  async #conclude(attempt: Attempt, password: string, judged: Judged): Promise<AuthOutcome> {
    const { record, password: match } = judged;
    const refused = await this.#refusal(attempt, judged);
    if (refused !== undefined || record === undefined || match === undefined) return refused ?? { kind: 'refused' };
    const { clock, registry } = this.#options;
    const { peer } = attempt;
    const { account, version } = record;
    const now = clock.monotonic();
    this.#throttle.succeeded(account.login, peer.network, now);
    this.#memory.remember(
      this.#memory.digest(account.login, password, peer.network, version),
      {
        account: account.id,
        name: match.name,
        notedAt: now,
        ...(match.endsAt === undefined ? {} : { endsAt: match.endsAt }),
      },
      now,
    );
    registry.notePasswordUse(account.id, match.name, clock.now());
    this.#notes.verified(account, peer, match.name);
    this.#upkeep.after(record, match, password);
    return granted(record);
  }

  /** Undefined where the login is granted. `fault`: why it is not, whatever was judged. */
  async #refusal(
    attempt: Attempt,
    { record, password }: Judged,
    fault?: FailureReason,
  ): Promise<Extract<AuthOutcome, { kind: 'refused' }> | undefined> {
    if (record?.account.state !== 'active' || password === undefined || fault !== undefined)
      return await this.#refuse(
        attempt,
        record,
        fault ?? (mayEnter(attempt.peer, attempt.folded) ? reasonOf(record, password) : 'not-on-listener'),
      );
    const problem = await this.#byCertificate.passwordAlone(record, attempt.peer);
    return problem === undefined ? undefined : await this.#refuse(attempt, record, problem);
  }

  async #refuse(
    { folded, guess, peer, came, signal, way }: Attempt,
    record: LoginRecord | undefined,
    reason: FailureReason,
  ): Promise<Extract<AuthOutcome, { kind: 'refused' }>> {
    if (this.#options.exempt?.has(peer.address) !== true)
      this.#throttle.failed(folded, peer.network, guess, this.#options.clock.monotonic());
    this.#notes.failed(folded, record?.account, peer, reason, way);
    await this.#onGrid(came, signal);
    return { kind: 'refused' };
  }

  mechanisms(peer: Peer): Promise<readonly Mechanism[]> {
    return this.#byCertificate.mechanisms(peer);
  }

  external(identity: string, peer: Peer): Promise<AuthOutcome> {
    return this.#byCertificate.logIn(peer, 'external', identity);
  }

  implicit(peer: Peer): Promise<AuthOutcome> {
    return this.#byCertificate.logIn(peer, 'implicit', '');
  }

  onTrustChange(listener: () => void): void {
    this.#trustListeners.push(listener);
  }

  certificateHolds(account: AccountId, peer: Peer): Promise<boolean> {
    return this.#byCertificate.holds(account, peer);
  }

  /** A peer that left on its own is no event. */
  #busy(
    { folded, peer, signal, way }: Attempt,
    record: LoginRecord | undefined,
    reason: FailureReason,
  ): Extract<AuthOutcome, { kind: 'busy' }> {
    if (!signal.aborted) this.#notes.failed(folded, record?.account, peer, reason, way);
    return { kind: 'busy' };
  }

  async #onGrid(came: Milliseconds, signal: AbortSignal): Promise<void> {
    const grid = this.#limits.refusalGrid;
    if (grid === 0) return;
    const past = (this.#options.clock.monotonic() - came) % grid;
    await pause(this.#options.clock, milliseconds(grid - past), signal);
  }
}

/** The passwords that may open the account now: not ended, the one used last first, at most `MAX_PASSWORDS`. */
function validPasswords(record: LoginRecord | undefined, now: Instant): readonly Password[] {
  const used = (p: Password): number => Math.max(p.lastUsedAt ?? 0, p.createdAt);
  return (record?.passwords ?? [])
    .filter((p) => p.endsAt === undefined || now < p.endsAt)
    .sort((a, b) => used(b) - used(a))
    .slice(0, MAX_PASSWORDS);
}

const granted = (record: LoginRecord): Extract<AuthOutcome, { kind: 'granted' }> => ({
  kind: 'granted',
  account: record.account,
  organisation: record.organisation,
  ...(loginPolicy(record) === 'both' ? { by: 'both' } : {}),
});

const reasonOf = (record: LoginRecord | undefined, match: Password | undefined): FailureReason => {
  if (record === undefined) return 'unknown';
  if (match === undefined || record.account.state === 'active') return 'wrong';
  return record.account.state;
};
