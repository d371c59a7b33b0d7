/**
 * Where one-time codes are used from the network: the same answer at the same time for whatever is
 * wrong with a code, throttled by code and by network as logins are. What was not judged is `busy`
 * and never "wrong code".
 *
 * Not by account: login names are known, and 120 networks an hour would keep an owner from using a
 * code that nobody can guess (79 bits).
 *
 * The gateway makes a password up where none is given, and it leaves in the answer alone. A request
 * for a certificate is looked at before the code: one that cannot be used costs the code no try. It
 * costs us the check of a signature, so it counts as a failure of its network.
 */
import { createHmac } from 'node:crypto';
import { pause } from '../../auth/pause.ts';
import { sharedThrottle } from '../../auth/shared-throttle.ts';
import type { Throttle, ThrottleLimits } from '../../auth/throttle.ts';
import { collectTried } from '../enrol.ts';
import type { CaParts } from '../parts.ts';
import { certificatePem } from '../../crypto/certificates/certificate.ts';
import { readCertificateRequest } from '../../crypto/certificates/certificate-request.ts';
import { type EnrolmentCode, readEnrolmentCode } from '../../crypto/passwords/enrolment-code.ts';
import { generatePassword } from '../../crypto/passwords/password-generate.ts';
import { MIN_PASSWORD_CHARACTERS, checkNewPassword } from '../../crypto/passwords/password-text.ts';
import { defined } from '../../domain/defined.ts';
import type { Log, RandomBytes } from '../../domain/effects.ts';
import type { AccountId } from '../../domain/ids.ts';
import { foldLogin } from '../../domain/registry.ts';
import { type Instant, type Milliseconds, milliseconds } from '../../domain/units.ts';
import type { ListenerAccess } from '../../platform/listener.ts';
import type { NetworkSet } from '../../platform/network.ts';
import type { Enrolment } from '../../store/certificates.ts';
import { RegistryError } from '../../store/registry.ts';
import type { SharedCount } from '../../store/shared-counts.ts';
import { enrolTried } from './password-codes.ts';
import { type Visitor, WindowNotes, type WindowReason } from './window-notes.ts';

/** Characters of a password of the visitor's own. */
export const MIN_PASSWORD = MIN_PASSWORD_CHARACTERS;

export interface Shown {
  readonly login: string;
  readonly code: string;
}

/** `password`: of the visitor's own; absent: one is made up. */
export type Wish =
  | (Shown & { readonly for: 'password'; readonly password?: string })
  /** A certificate request: PEM, or the base64 of DER. */
  | (Shown & { readonly for: 'certificate'; readonly request: string });

export type WindowAnswer =
  | {
      readonly kind: 'password';
      readonly login: string;
      readonly name: string;
      readonly password?: string;
      readonly ends?: Instant;
    }
  /** PEM, the certificate first and its issuers behind it. */
  | { readonly kind: 'certificate'; readonly login: string; readonly pem: string }
  | { readonly kind: 'refused' }
  | { readonly kind: 'busy'; readonly wait: Milliseconds }
  /** What came with the code cannot be used, and the code stays valid. */
  | { readonly kind: 'unusable'; readonly what: 'password' | 'request'; readonly why: string }
  /** Nothing was done, because of an internal error. */
  | { readonly kind: 'failed' };

export interface WindowLimits {
  readonly throttle: ThrottleLimits;
  readonly refusalGrid: Milliseconds;
}

export interface WindowParts {
  readonly ca: CaParts;
  readonly log: Log;
  readonly random: RandomBytes;
  readonly hash: (text: string) => Promise<string>;
  readonly limits: WindowLimits;
  /** Networks whose failures cause no back-off. */
  readonly exempt: NetworkSet;
  /** Failures at other gateways of the store. */
  readonly shared?: SharedCount;
}

/**
 * At a time, of one network: of a burst of guesses those behind see the failures of those before.
 */
const AT_ONCE = 4;
const SHORT = milliseconds(1000);

type Judged = { readonly read: EnrolmentCode; readonly enrolment: Enrolment } | WindowReason;

export class EnrolmentWindow {
  readonly notes: WindowNotes;
  readonly #parts: WindowParts;
  readonly #throttle: Throttle;
  readonly #key: Uint8Array;
  readonly #running = new Map<string, number>();

  constructor(parts: WindowParts) {
    const { ca, log, random, limits } = parts;
    this.#parts = parts;
    this.notes = new WindowNotes(ca.clock, log, ca.store.audit);
    this.#throttle = sharedThrottle(limits.throttle, ca.clock, parts.shared);
    this.#key = random(32);
  }

  /** Never rejects. `signal` is aborted when nobody waits for the answer any more. */
  async use(
    wish: Wish,
    visitor: Visitor,
    access: ListenerAccess | undefined,
    signal: AbortSignal,
  ): Promise<WindowAnswer> {
    const { network } = visitor;
    const running = this.#running.get(network) ?? 0;
    if (running >= AT_ONCE) return this.#busy(wish, visitor, SHORT);
    this.#running.set(network, running + 1);
    try {
      return this.#counted(wish, await this.#judge(wish, visitor, access, signal));
    } catch (error) {
      return this.#counted(wish, this.#failed(wish, visitor, error));
    } finally {
      const left = (this.#running.get(network) ?? 1) - 1;
      if (left === 0) this.#running.delete(network);
      else this.#running.set(network, left);
    }
  }

  #counted(wish: Wish, answer: WindowAnswer): WindowAnswer {
    if (answer.kind === 'unusable') this.notes.unusable(wish.for);
    return answer;
  }

  #busy(wish: Wish, visitor: Visitor, wait: Milliseconds): WindowAnswer {
    this.notes.failed(visitor, wish.for, wish.login, 'throttled');
    return { kind: 'busy', wait };
  }

  #failed(wish: Wish, visitor: Visitor, error: unknown): WindowAnswer {
    // The code was judged, and what was asked for is not possible: a request of a kind that is not
    // signed, for example.
    if (error instanceof RegistryError && error.kind === 'invalid')
      return { kind: 'unusable', what: wish.for === 'password' ? 'password' : 'request', why: error.message };
    if (error instanceof RegistryError && error.kind === 'ended') {
      // Used by somebody else in this very moment.
      this.notes.failed(visitor, wish.for, wish.login, 'used');
      return { kind: 'refused' };
    }
    this.notes.failed(visitor, wish.for, wish.login, 'store');
    this.#parts.log.error('enrolment.error', { session: visitor.session, for: wish.for, error: String(error) });
    return { kind: 'failed' };
  }

  async #judge(
    wish: Wish,
    visitor: Visitor,
    access: ListenerAccess | undefined,
    signal: AbortSignal,
  ): Promise<WindowAnswer> {
    const { clock } = this.#parts.ca;
    const came = clock.monotonic();
    const folded = foldLogin(wish.login.trim()) ?? '';
    const exempt = this.#parts.exempt.has(visitor.address);
    const read = readEnrolmentCode(wish.code);
    const slowed = slowedBy(read, folded);
    const wait = exempt ? 0 : this.#throttle.wait(slowed, visitor.network, came);
    if (wait > 0) return this.#busy(wish, visitor, milliseconds(Math.ceil(wait)));
    const useless = unusable(wish);
    if (useless !== undefined) {
      // Nobody's wait is for this name: it stands for the network, whose failures count beside it.
      if (!exempt && wish.for === 'certificate') this.#slow(`request ${visitor.network}`, visitor, wish.request);
      return useless;
    }
    const judged = await this.#try(wish, read, folded, access);
    if (typeof judged === 'object' && 'enrolment' in judged) return await this.#fetch(wish, visitor, judged);
    const { reason, account } = typeof judged === 'string' ? { reason: judged, account: undefined } : judged;
    if (!exempt) this.#slow(slowed, visitor, `${folded}\0${wish.code}`);
    this.notes.failed(visitor, wish.for, folded, reason, account);
    await this.#onGrid(came, signal);
    return { kind: 'refused' };
  }

  /**
   * Slows a visitor down for a wrong code. The same wrong code again counts once, as the same wrong
   * password does at a login.
   */
  #slow(whose: string, { network }: Visitor, shown: string): void {
    const guess = createHmac('sha256', this.#key).update(shown).digest('base64');
    this.#throttle.failed(whose, network, guess, this.#parts.ca.clock.monotonic());
  }

  async #try(
    wish: Wish,
    read: EnrolmentCode | undefined,
    folded: string,
    access: ListenerAccess | undefined,
  ): Promise<Judged | { readonly reason: WindowReason; readonly account?: AccountId | undefined }> {
    if (access?.accounts.has(folded) === false) return 'not-on-listener';
    if (read === undefined) return 'malformed';
    const { certificates } = this.#parts.ca.store;
    const tried = await certificates.tryEnrolment(read.id, read.hash, { for: wish.for, login: folded });
    if (tried.kind === 'valid') return { read, enrolment: tried.enrolment };
    return { reason: tried.why, account: tried.account };
  }

  async #fetch(
    wish: Wish,
    visitor: Visitor,
    { read, enrolment }: Exclude<Judged, WindowReason>,
  ): Promise<WindowAnswer> {
    const { ca, hash, random } = this.#parts;
    // The account acts for itself: the code is what shows that it may.
    const actor = { name: enrolment.login };
    const used = async (): Promise<void> => {
      const account = (await ca.store.registry.findLogin(enrolment.login))?.account.id;
      this.#throttle.succeeded(slowedBy(read, enrolment.login), visitor.network, ca.clock.monotonic());
      this.notes.used(visitor, wish.for, enrolment.login, account);
    };
    if (wish.for === 'certificate') {
      const issued = await collectTried(ca, { read, enrolment, request: wish.request }, actor);
      await used();
      const pem = [issued.certificate, ...issued.chain].map(certificatePem).join('');
      return { kind: 'certificate', login: issued.login, pem };
    }
    const password = wish.password ?? generatePassword(random);
    const done = await enrolTried({ store: ca.store, hash }, { read, enrolment, password }, actor);
    if (done.kind === 'refused') return { kind: 'refused' };
    if (done.kind === 'unusable') return { kind: 'unusable', what: 'password', why: done.why };
    await used();
    const { login, name, ends } = done;
    return {
      kind: 'password',
      login,
      name,
      ...(wish.password === undefined ? { password } : {}),
      ...defined({ ends }),
    };
  }

  async #onGrid(came: Milliseconds, signal: AbortSignal): Promise<void> {
    const { limits, ca } = this.#parts;
    if (limits.refusalGrid === 0) return;
    const past = (ca.clock.monotonic() - came) % limits.refusalGrid;
    await pause(ca.clock, milliseconds(limits.refusalGrid - past), signal);
  }
}

/**
 * Whose tries slow this one down: those of the same code; of what no code looks like, those for the
 * same account.
 */
const slowedBy = (read: EnrolmentCode | undefined, folded: string): string =>
  read === undefined ? `login ${folded}` : `code ${read.id}`;

/** What can be said without a look at the code. */
function unusable(wish: Wish): Extract<WindowAnswer, { kind: 'unusable' }> | undefined {
  if (wish.for === 'password') {
    const checked = wish.password === undefined ? undefined : checkNewPassword(wish.password);
    return checked?.ok === false ? { kind: 'unusable', what: 'password', why: checked.error } : undefined;
  }
  const read = readCertificateRequest(wish.request);
  return read.ok ? undefined : { kind: 'unusable', what: 'request', why: read.error.text };
}
