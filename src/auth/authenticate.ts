/**
 * Credentials in, an account or a refusal out.
 *
 * A password passes memory, throttle and queue (password-login.ts). Neither throttle nor queue ever
 * answers "wrong password": an attempt that was not judged is `busy`.
 *
 * Unknown login, wrong password, suspended and ended account do the same work and give the same
 * outcome. An account with several passwords, or with an imported hash, takes another time. So
 * refusals leave at multiples of `refusalGrid` after the attempt came, steps that are coarser than
 * those differences.
 *
 * App passwords have a form of their own and are judged by app-login.ts.
 *
 * SCRAM is throttled in the same way, but needs neither memory nor queue: checking a proof takes
 * microseconds, and a right proof cannot be recognised before it is checked.
 *
 * Nothing here throws: if the store cannot answer, the outcome is `busy`, and the log says why.
 */
import type { Certificate } from '../crypto/certificates/certificate.ts';
import { readAppPassword } from '../crypto/passwords/app-password.ts';
import { createPasswordVerifier, dummyHash, hashPassword } from '../crypto/passwords/password.ts';
import { scramVerifier } from '../crypto/passwords/scram.ts';
import { defined } from '../domain/defined.ts';
import type { AccountId } from '../domain/ids.ts';
import { type Account, foldLogin } from '../domain/registry.ts';
import { instant, milliseconds } from '../domain/units.ts';
import type { Whose } from '../platform/tally.ts';
import type { KnownNetwork, LoginRecord } from '../store/registry.ts';
import { AppLogin } from './app-login.ts';
import { type Attempt, Attempts } from './attempt.ts';
import type { AuthOutcome, Mechanism, Peer, ScramAttempt, ScramChallenge, ScramOutcome } from './authenticator.ts';
import {
  type AuthenticatorLimits,
  type AuthenticatorLoad,
  type AuthenticatorOptions,
  type PasswordAuthenticator,
  authenticatorDefaults,
} from './authenticator-options.ts';
import { BoundedMap } from './bounded-map.ts';
import { candidatesFor, granted, validPasswords } from './candidates.ts';
import { CertificateLogin } from './certificate-login.ts';
import { LoginMemory } from './login-memory.ts';
import { LoginNotes } from './login-notes.ts';
import { NOTE_USE, PasswordLogin } from './password-login.ts';
import { PasswordUpkeep } from './password-upkeep.ts';
import { ScramLogin } from './scram-login.ts';
import { sharedThrottle } from './shared-throttle.ts';
import type { Throttle } from './throttle.ts';
import { VerifyQueue } from './verify-queue.ts';

/** How many known networks one call reads from the store. */
const PAGE = 5000;
/** For how many passwords the last noted use by SCRAM is remembered. */
const NOTED = 100_000;

export function createAuthenticator(options: AuthenticatorOptions): PasswordAuthenticator {
  return new StoreAuthenticator(options);
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
  readonly #attempts: Attempts;
  readonly #byPassword: PasswordLogin;
  readonly #byApp: AppLogin;
  readonly #closeVerifier: () => Promise<void>;
  readonly #trustListeners: (() => void)[] = [];

  constructor(options: AuthenticatorOptions) {
    const { registry, audit, clock, log, random } = options;
    this.#options = options;
    this.#limits = { ...authenticatorDefaults, ...options.limits };
    this.#memory = new LoginMemory(random(32), this.#limits.rememberFor, this.#limits.remembered);
    this.#throttle = sharedThrottle(this.#limits.throttle, clock, options.shared);
    this.#queue = new VerifyQueue(clock, this.#limits.queue);
    this.#notes = new LoginNotes(clock, log, audit);
    const succeeded = (account: Account, network: string): void => this.#succeeded(account, network);
    this.#byCertificate = new CertificateLogin({ ...options, succeeded }, this.#notes);
    this.#scram = new ScramLogin(registry, random);
    const shared = { clock, log, throttle: this.#throttle, notes: this.#notes, byCertificate: this.#byCertificate };
    this.#attempts = new Attempts({ ...shared, limits: this.#limits, ...defined({ exempt: options.exempt }) });
    const find = (folded: string): Promise<LoginRecord | undefined> => this.#find(folded);
    this.#byApp = new AppLogin({ ...shared, registry, succeeded, attempts: this.#attempts, find });
    const verifier = createPasswordVerifier();
    this.#closeVerifier = () => verifier.close();
    const upkeep = new PasswordUpkeep({
      registry,
      log,
      queue: this.#queue,
      scram: this.#scram,
      hash: options.passwords?.hash ?? hashPassword,
      verifier: options.passwords?.scram ?? scramVerifier,
    });
    this.#byPassword = new PasswordLogin({
      ...shared,
      registry,
      upkeep,
      succeeded,
      attempts: this.#attempts,
      memory: this.#memory,
      queue: this.#queue,
      find,
      verify: options.passwords?.verify ?? ((hash, text) => verifier.verify(hash, text)),
      dummy: dummyHash(random),
    });
    registry.onChange((accounts, what) => {
      if (what !== 'settings') this.#memory.forget(accounts);
    });
  }

  get load(): AuthenticatorLoad {
    const { waiting, running, waits } = this.#queue;
    return { waiting, running, remembered: this.#memory.size, waits, logins: this.#notes.counts };
  }

  knows(network: string): boolean {
    return this.#throttle.knows(network, this.#options.clock.monotonic());
  }

  trust(authorities?: readonly Certificate[]): void {
    this.#byCertificate.trust(authorities);
    for (const listener of this.#trustListeners) listener();
  }

  async recallNetworks(): Promise<void> {
    const { clock, registry } = this.#options;
    const { trustFor, known } = this.#limits.throttle;
    const [now, monotonic] = [clock.now(), clock.monotonic()];
    const since = instant(now - trustFor);
    let after: KnownNetwork | undefined;
    for (let read = 0; read < known; read += PAGE) {
      const page = await registry.knownNetworks({ since, limit: PAGE, ...defined({ after }) });
      // A time from a clock that was ahead counts as just now.
      for (const { login, network, at } of page)
        this.#throttle.restore(login, network, milliseconds(Math.max(0, now - at)), monotonic);
      after = page.at(-1);
      if (page.length < PAGE) return;
    }
  }

  writeCounted(whose?: Whose): void {
    this.#notes.flushOf(whose);
  }

  async close(): Promise<void> {
    this.#notes.flush();
    await this.#closeVerifier();
  }

  async password(login: string, password: string, peer: Peer, signal: AbortSignal): Promise<AuthOutcome> {
    const attempt = this.#attempt('password', login, password, peer, signal);
    try {
      const app = readAppPassword(password);
      if (app !== undefined) return await this.#byApp.logIn({ ...attempt, way: 'app' }, app);
      return await this.#byPassword.logIn(attempt, password);
    } catch (error) {
      return this.#attempts.lost(attempt, error);
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
      const admitted = await this.#attempts.admitted(attempt);
      const record = await this.#find(attempt.folded);
      // From here until a failure is noted nothing is awaited, so that each guess of a burst sees
      // those before it.
      if (!admitted || this.#attempts.backOff(attempt.folded, peer) > 0)
        return await this.#attempts.throttled(attempt, record);
      const match = this.#scram.match(record, candidatesFor(record, attempt.folded, peer, clock.now()), tried);
      const refused = await this.#attempts.refusalOf(attempt, { record, password: match?.password }, tried.fault);
      if (refused !== undefined || record === undefined || match === undefined) return refused ?? { kind: 'refused' };
      const { account } = record;
      const { name } = match.password;
      const now = clock.monotonic();
      this.#succeeded(account, peer.network);
      const key = `${account.id}\0${name}`;
      const noted = this.#noted.get(key);
      if (noted === undefined || now - noted >= NOTE_USE) {
        this.#noted.set(key, now);
        registry.notePasswordUse(account.id, name, clock.now());
      }
      this.#notes.byScram(account, peer, name, tried.mechanism);
      return { ...granted(record, match.password), signature: match.signature };
    } catch (error) {
      return this.#attempts.lost(attempt, error);
    }
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

  /**
   * A name that cannot be folded belongs to no account; it is judged like any other unknown name.
   */
  #attempt(way: Attempt['way'], login: string, secret: string, peer: Peer, signal: AbortSignal): Attempt {
    const folded = foldLogin(login) ?? '';
    const guess = this.#memory.digest(folded, secret, '', 'guess');
    const came = this.#options.clock.monotonic();
    return { folded, guess, peer, came, signal, way, hidden: this.#attempts.hidden(folded, peer, came) };
  }

  #succeeded(account: Account, network: string): void {
    const { clock, registry } = this.#options;
    if (this.#throttle.succeeded(account.login, network, clock.monotonic()))
      registry.noteNetwork(account.id, network, clock.now());
  }

  #find(folded: string): Promise<LoginRecord | undefined> {
    return folded === '' ? Promise.resolve(undefined) : this.#options.registry.findLogin(folded);
  }
}
