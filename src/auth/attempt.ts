/**
 * One login attempt of one peer: whether it is judged now, and how and when it is refused.
 *
 * The throttle says whether credentials are judged now; an attempt that is not judged is `busy`,
 * never "wrong password". Refusals, and answers that the throttle held up, leave at multiples of
 * `refusalGrid` after the attempt came. These steps are coarser than the difference in time between
 * an unknown login and a wrong password.
 *
 * A network that knows the account is judged when others are not. A wrong password there gets the
 * same answer as at the others, at the same moment: a neighbour of the practice must not learn
 * which names log in from there.
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
  /** A keyed digest, by which the same guess is recognised when it comes again. */
  readonly guess: string;
  readonly peer: Peer;
  /** When the attempt came; monotonic. */
  readonly came: Milliseconds;
  readonly signal: AbortSignal;
  readonly way: 'password' | 'app' | 'scram';
  /** How much longer the attempt would wait if the network did not know the account. */
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
   * Waits until a short back-off is over. False if the back-off is too long to wait for, or if the
   * peer left meanwhile.
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

  /**
   * How much longer a peer would wait if its network did not know the account; 0 if it does not.
   */
  hidden(folded: string, peer: Peer, now: Milliseconds): Milliseconds {
    if (this.#parts.exempt?.has(peer.address) === true) return milliseconds(0);
    return this.#parts.throttle.hidden(folded, peer.network, now);
  }

  /**
   * Undefined if the login is granted. `fault`: why it is refused even if the credentials are
   * right.
   */
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

  /** Answers an attempt that was not judged. A peer that left by itself is not noted. */
  busy(
    { folded, peer, signal, way }: Attempt,
    record: LoginRecord | undefined,
    reason: FailureReason,
  ): Extract<AuthOutcome, { kind: 'busy' }> {
    if (!signal.aborted) this.#parts.notes.failed(folded, record?.account, peer, reason, way);
    return { kind: 'busy' };
  }

  /** Answers an attempt for which the store could not be asked. */
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
