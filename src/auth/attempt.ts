/**
 * One question of one peer on its way to the answer: whether it is judged now, and how a refusal
 * leaves.
 *
 * The throttle says whether credentials are judged now; what was not judged is `busy` and never
 * "wrong password". Refusals, and what the throttle held up, leave on a grid of `refusalGrid` since
 * the question came, which is coarser than what tells an unknown login from a wrong password. Where
 * the account is known to the network, and so is judged when others are not, a wrong password gets
 * the answer of the others, when they get it: a neighbour of the practice must not learn which
 * names have logins there.
 */
import type { Clock, Log } from '../domain/effects.ts';
import type { Milliseconds } from '../domain/units.ts';
import { milliseconds } from '../domain/units.ts';
import type { NetworkSet } from '../platform/network.ts';
import type { LoginRecord } from '../store/registry.ts';
import { type AuthOutcome, type Peer, mayEnter } from './authenticator.ts';
import type { AuthenticatorLimits } from './authenticator-options.ts';
import { type Judged, reasonOf } from './candidates.ts';
import type { CertificateLogin } from './certificate-login.ts';
import type { FailureReason, LoginNotes } from './login-notes.ts';
import { pause } from './pause.ts';
import type { Throttle } from './throttle.ts';

export interface Attempt {
  readonly folded: string;
  /** Tells this guess from others, and repeats from new ones. */
  readonly guess: string;
  readonly peer: Peer;
  /** Monotonic: when it came. */
  readonly came: Milliseconds;
  readonly signal: AbortSignal;
  readonly way: 'password' | 'app' | 'scram';
  /** How much longer this would wait at an account that the network does not know. */
  readonly hidden: Milliseconds;
}

type Failed = Exclude<AuthOutcome, { kind: 'granted' }>;

export interface AttemptParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly throttle: Throttle;
  readonly notes: LoginNotes;
  readonly byCertificate: Pick<CertificateLogin, 'passwordAlone'>;
  readonly limits: Pick<AuthenticatorLimits, 'shortWait' | 'refusalGrid'>;
  readonly exempt?: NetworkSet;
}

export class Attempts {
  readonly #parts: AttemptParts;

  constructor(parts: AttemptParts) {
    this.#parts = parts;
  }

  /**
   * False while a back-off lasts that is too long to wait for, or when the peer left during a short
   * one.
   */
  async admitted({ folded, peer, signal, hidden }: Attempt): Promise<boolean> {
    const wait = this.backOff(folded, peer);
    if (wait === 0) return true;
    if (wait + hidden > this.#parts.limits.shortWait) return false;
    // A timer may fire a fraction of a millisecond early, and the throttle is asked again behind
    // the queue.
    await pause(this.#parts.clock, milliseconds(Math.ceil(wait) + 1), signal);
    return !signal.aborted;
  }

  backOff(folded: string, peer: Peer): Milliseconds {
    if (this.#parts.exempt?.has(peer.address) === true) return milliseconds(0);
    return this.#parts.throttle.wait(folded, peer.network, this.#parts.clock.monotonic());
  }

  /** Called for an account that is known to its network: notes how much longer others wait. */
  hidden(folded: string, peer: Peer, now: Milliseconds): Milliseconds {
    if (this.#parts.exempt?.has(peer.address) === true) return milliseconds(0);
    return this.#parts.throttle.hidden(folded, peer.network, now);
  }

  /** Undefined if the login is granted. `fault`: why it is not, whatever was judged. */
  async refusalOf(attempt: Attempt, { record, password }: Judged, fault?: FailureReason): Promise<Failed | undefined> {
    if (record?.account.state !== 'active' || password === undefined || fault !== undefined)
      return await this.refuse(
        attempt,
        record,
        fault ?? (mayEnter(attempt.peer, attempt.folded) ? reasonOf(record, password) : 'not-on-listener'),
      );
    const problem = await this.#parts.byCertificate.passwordAlone(record, attempt.peer);
    return problem === undefined ? undefined : await this.refuse(attempt, record, problem);
  }

  async refuse(
    { folded, guess, peer, came, signal, way, hidden }: Attempt,
    record: LoginRecord | undefined,
    reason: FailureReason,
  ): Promise<Failed> {
    const { clock, limits, throttle } = this.#parts;
    const shown = hidden <= limits.shortWait;
    if (this.#parts.exempt?.has(peer.address) !== true)
      throttle.failed(folded, peer.network, guess, clock.monotonic(), shown ? hidden : 'never');
    this.#parts.notes.failed(folded, record?.account, peer, reason, way);
    if (hidden > 0 && shown) await pause(clock, milliseconds(Math.ceil(hidden) + 1), signal);
    await this.#onGrid(came, signal);
    return { kind: shown ? 'refused' : 'busy' };
  }

  /**
   * Answers an attempt that was not judged because of a back-off, at the time when a refusal would
   * be.
   */
  async throttled(attempt: Attempt, record: LoginRecord | undefined): Promise<Failed> {
    const busy = this.busy(attempt, record, 'throttled');
    await this.#onGrid(attempt.came, attempt.signal);
    return busy;
  }

  /** A peer that left on its own is no event. */
  busy(
    { folded, peer, signal, way }: Attempt,
    record: LoginRecord | undefined,
    reason: FailureReason,
  ): Extract<AuthOutcome, { kind: 'busy' }> {
    if (!signal.aborted) this.#parts.notes.failed(folded, record?.account, peer, reason, way);
    return { kind: 'busy' };
  }

  /** The store could not answer. */
  lost(attempt: Attempt, error: unknown): Extract<AuthOutcome, { kind: 'busy' }> {
    this.#parts.log.error('auth.error', { session: attempt.peer.session, error: String(error) });
    return { ...this.busy(attempt, undefined, 'store'), why: 'store' };
  }

  async #onGrid(came: Milliseconds, signal: AbortSignal): Promise<void> {
    const grid = this.#parts.limits.refusalGrid;
    if (grid === 0) return;
    const past = (this.#parts.clock.monotonic() - came) % grid;
    await pause(this.#parts.clock, milliseconds(grid - past), signal);
  }
}
