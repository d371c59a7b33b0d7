/**
 * How operators get into the console: by a passkey, which is registered with a one-time code.
 *
 * Whoever is refused hears one text, whatever the reason; the reason stands in the trail. Guessing is slowed down by network as with log-ins of mail, and the counts
 * are those of all gateways of the store. A name is never asked for: nothing here tells who is an operator.
 */
import { createHash, createHmac } from 'node:crypto';
import { pause } from '../../auth/pause.ts';
import { sharedThrottle } from '../../auth/shared-throttle.ts';
import type { Throttle, ThrottleLimits } from '../../auth/throttle.ts';
import { type Challenges, newSessionSecret, newShownId, proofOf, sessionHash } from '../../crypto/console-secrets.ts';
import { type EnrolmentCode, readEnrolmentCode } from '../../crypto/enrolment-code.ts';
import type { Clock, RandomBytes } from '../../domain/effects.ts';
import { type Milliseconds, milliseconds } from '../../domain/units.ts';
import type { NetworkSet } from '../../platform/network.ts';
import type { HeldPasskey, HeldSession, NewSession } from '../../store/console.ts';
import type { OperatorRecord } from '../../store/operators.ts';
import type { Store } from '../../store/port/store.ts';
import { RegistryError } from '../../store/registry.ts';
import type { SharedCount } from '../../store/shared-counts.ts';
import type { ConsoleNotes, ConsoleRefusal } from './notes.ts';
import {
  type PasskeyAnswer,
  type RelyingParty,
  creationOptions,
  proven,
  readAnswer,
  registered,
  requestOptions,
} from './passkeys.ts';

export interface LogInParts {
  readonly store: Pick<Store, 'console' | 'id'>;
  readonly party: RelyingParty;
  readonly challenges: Challenges;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly limits: { readonly throttle: ThrottleLimits; readonly refusalGrid: Milliseconds };
  /** Networks whose failures cause no back-off. */
  readonly exempt: NetworkSet;
  readonly shared?: SharedCount;
  readonly notes: ConsoleNotes;
}

/** Where a request comes from. */
export interface From {
  readonly address: string;
  readonly network: string;
  readonly range: string;
  readonly signal: AbortSignal;
}

export type LoggedIn =
  /** What the browser gets as its cookie. */
  | { readonly kind: 'in'; readonly secret: string }
  | { readonly kind: 'refused' }
  | { readonly kind: 'busy'; readonly wait: Milliseconds };

export type CodeJudged =
  | { readonly kind: 'valid'; readonly operator: string; readonly options: string }
  | Exclude<LoggedIn, { readonly kind: 'in' }>;

interface Right<T> {
  readonly kind: 'right';
  readonly is: T;
}
type Judged<T> = Right<T> | ConsoleRefusal;
/** What was judged, as whoever came hears it. */
type Slowed<T> = Right<T> | Exclude<LoggedIn, { readonly kind: 'in' }>;

const loggedIn = (judged: Slowed<string>): LoggedIn =>
  judged.kind === 'right' ? { kind: 'in', secret: judged.is } : judged;

export class LogIns {
  readonly #p: LogInParts;
  readonly #throttle: Throttle;
  readonly #key: Uint8Array;

  constructor(parts: LogInParts) {
    this.#p = parts;
    this.#throttle = sharedThrottle(parts.limits.throttle, parts.clock, parts.shared);
    this.#key = parts.random(32);
  }

  /** For a browser that nobody is logged in with. */
  logInOptions(): string {
    const { party, challenges, clock } = this.#p;
    return requestOptions(party, challenges.make('log-in', clock.now()));
  }

  async logIn(json: string, from: From): Promise<LoggedIn> {
    const judged = await this.#slowed(`passkey ${from.network}`, json, from, async () => {
      const judged = await this.#answer(json, 'log-in');
      if (typeof judged === 'string') return judged;
      const { answer, passkey, counter } = judged.is;
      const session = this.#session(from);
      await this.#p.store.console.logIn(passkey.id, counter, session, proofOf(answer.challenge));
      return { kind: 'right', is: session.secret };
    });
    return loggedIn(judged);
  }

  /** Whose code it is, and what the browser is to make. The code stays as it is. */
  async readCode(code: string, from: From): Promise<CodeJudged> {
    const read = readEnrolmentCode(code.slice(0, 64));
    const judged = await this.#slowed(slowedBy(read, from), code, from, async () => {
      const tried = read === undefined ? undefined : await this.#p.store.console.tryCode(read);
      return read !== undefined && tried?.kind === 'valid'
        ? { kind: 'right', is: { read, holder: tried.holder } }
        : 'code';
    });
    if (judged.kind !== 'right') return judged;
    const { holder } = judged.is;
    return { kind: 'valid', operator: holder.name, options: await this.#creation(judged.is.read, holder) };
  }

  /** Uses the code up. */
  async register(code: string, json: string, from: From): Promise<LoggedIn> {
    const { challenges, clock, party, store, random } = this.#p;
    const read = readEnrolmentCode(code.slice(0, 64));
    const judged = await this.#slowed(slowedBy(read, from), `${code}\0${json}`, from, async () => {
      if (read === undefined) return 'code';
      // First, so that a passkey costs nothing where no code is.
      if ((await store.console.tryCode(read)).kind !== 'valid') return 'code';
      const answer = readAnswer(json);
      if (answer === undefined) return 'passkey';
      if (!challenges.holds(answer.challenge, `register ${read.id}`, clock.now())) return 'challenge';
      const passkey = await registered(party, answer, newShownId(random));
      if (passkey === undefined) return 'passkey';
      const session = this.#session(from);
      await store.console.register(read, passkey, session, proofOf(answer.challenge));
      return { kind: 'right', is: session.secret };
    });
    return loggedIn(judged);
  }

  /** For a session whose key is to be touched again: any key of its operator. */
  async proofOptions({ id, operator }: HeldSession): Promise<string> {
    const { party, challenges, clock, store } = this.#p;
    const known = await store.console.credentials(operator);
    return requestOptions(party, challenges.make(`prove ${id}`, clock.now()), known);
  }

  async prove(session: HeldSession, json: string, from: From): Promise<Slowed<undefined>> {
    return await this.#slowed(`session ${session.id}`, json, from, async () => {
      const judged = await this.#answer(json, `prove ${session.id}`);
      if (typeof judged === 'string') return judged;
      const { answer, passkey, counter } = judged.is;
      if (passkey.holder.name !== session.operator) return 'passkey';
      await this.#p.store.console.prove(session.id, passkey.id, counter, proofOf(answer.challenge));
      return { kind: 'right', is: undefined };
    });
  }

  /** A session that is used from elsewhere than where it was begun: its cookie was taken, or its owner has moved. */
  async ranAway(session: HeldSession, network: string): Promise<void> {
    this.#p.notes.refused({ why: 'network', network, operator: session.operator });
    await this.#p.store.console.endSession(session.id, { name: session.operator, reason: 'used from another network' });
  }

  #session({ range }: From): NewSession & { readonly secret: string } {
    const { random } = this.#p;
    const secret = newSessionSecret(random);
    const hash = sessionHash(secret);
    if (hash === undefined) throw new Error('A secret that was made is none');
    return { secret, hash, id: newShownId(random), network: range };
  }

  async #creation({ id }: EnrolmentCode, { name }: OperatorRecord): Promise<string> {
    const { party, challenges, clock, store } = this.#p;
    const challenge = challenges.make(`register ${id}`, clock.now());
    const known = await store.console.credentials(name);
    // The same for all passkeys of an operator, so that an authenticator replaces rather than collects them; it says nothing of who it is.
    const handle = createHash('sha256').update(`user handle 1 ${store.id} ${name}`).digest().subarray(0, 16);
    return creationOptions(party, challenge, { name, handle, known });
  }

  async #answer(
    json: string,
    use: 'log-in' | `prove ${string}`,
  ): Promise<Judged<{ readonly answer: PasskeyAnswer; readonly passkey: HeldPasskey; readonly counter: number }>> {
    const { challenges, clock, party, store } = this.#p;
    const answer = readAnswer(json);
    if (answer === undefined) return 'passkey';
    if (!challenges.holds(answer.challenge, use, clock.now())) return 'challenge';
    const passkey = await store.console.passkey(answer.credential);
    const counter = passkey === undefined ? undefined : await proven(party, answer, passkey);
    if (passkey === undefined || counter === undefined) return 'passkey';
    return counter === 'copied' ? 'counter' : { kind: 'right', is: { answer, passkey, counter } };
  }

  /** Judges, where the network has not failed too often just now. */
  async #slowed<T>(
    whose: string,
    shown: string,
    { address, network, signal }: From,
    judge: () => Promise<Judged<T>>,
  ): Promise<Slowed<T>> {
    const { clock, exempt, notes, limits } = this.#p;
    const came = clock.monotonic();
    const free = exempt.has(address);
    const wait = free ? 0 : this.#throttle.wait(whose, network, came);
    if (wait > 0) {
      notes.refused({ why: 'throttled', network });
      return { kind: 'busy', wait: milliseconds(Math.ceil(wait)) };
    }
    const judged = await judge().catch((error: unknown): ConsoleRefusal => {
      // In this very moment: used by somebody else, or ended.
      if (error instanceof RegistryError && error.kind === 'ended') return 'replayed';
      throw error;
    });
    if (typeof judged !== 'string') {
      this.#throttle.succeeded(whose, network, clock.monotonic());
      return judged;
    }
    const guess = createHmac('sha256', this.#key).update(shown).digest('base64');
    if (!free) this.#throttle.failed(whose, network, guess, clock.monotonic());
    notes.refused({ why: judged, network });
    if (limits.refusalGrid > 0) {
      const past = (clock.monotonic() - came) % limits.refusalGrid;
      await pause(clock, milliseconds(limits.refusalGrid - past), signal);
    }
    return { kind: 'refused' };
  }
}

/** Whose tries slow this one down: those of the same code; of what no code looks like, those of the same network. */
const slowedBy = (read: EnrolmentCode | undefined, { network }: From): string => `code ${read?.id ?? network}`;
