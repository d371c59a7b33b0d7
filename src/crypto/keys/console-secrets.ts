/**
 * Secrets of the web console: challenges that need no memory, what a browser that is logged in has,
 * and the token of its forms.
 *
 * A challenge tells by itself when, for what and by whom it was made, so that opening the login
 * page ten thousand times fills no memory. Gateways of one store know each other's challenges,
 * since the key comes from the master key. The store sees to it that no answer is used twice
 * (console_proof).
 */
import { createHash, createHmac, timingSafeEqual, type KeyObject } from 'node:crypto';
import { CHALLENGE_LIFE } from '../../domain/console.ts';
import type { RandomBytes } from '../../domain/effects.ts';
import { type Instant, type Milliseconds, instant } from '../../domain/units.ts';
import { joinSmall } from '../../platform/bytes.ts';
import { base32 } from './base32.ts';
import { deriveKey } from './sealing.ts';

const TIME = 6;
const NONCE = 16;
const TAG = 16;
/** Octets of SHA-256. */
const HASH = 32;
/** How far the clock of another gateway may be ahead, in milliseconds. */
const AHEAD = 30_000;

export const challengeKey = (master: Uint8Array): KeyObject => deriveKey(master, 'sluis console challenge 1');

/**
 * What a challenge is for: one of a login registers no passkey, one of a session is of no use in
 * another, and none of these approves anything.
 */
export type ChallengeUse = 'log-in' | `register ${string}` | `prove ${string}` | `oidc ${string}` | `decide ${string}`;

const NOTHING = new Uint8Array(0);

export class Challenges {
  readonly #key: KeyObject;
  readonly #random: RandomBytes;

  constructor(key: KeyObject, random: RandomBytes) {
    this.#key = key;
    this.#random = random;
  }

  /**
   * `over`: SHA-256 of a text, which stands in the challenge: whoever answers it has signed exactly
   * that text, and anybody can check it later (overIn).
   */
  make(use: ChallengeUse, now: Instant, over: Uint8Array = NOTHING): Uint8Array {
    const time = Buffer.alloc(TIME);
    time.writeUIntBE(now, 0, TIME);
    const head = joinSmall([time, this.#random(NONCE), over]);
    return joinSmall([head, this.#tag(use, head)]);
  }

  /** `text`: base64url, as a browser gives it back. */
  holds(
    text: string,
    use: ChallengeUse,
    now: Instant,
    { life = CHALLENGE_LIFE, over = NOTHING }: { readonly life?: Milliseconds; readonly over?: Uint8Array } = {},
  ): boolean {
    const challenge = Buffer.from(text, 'base64url');
    const end = TIME + NONCE + over.length;
    if (challenge.length !== end + TAG || challenge.toString('base64url') !== text) return false;
    const head = challenge.subarray(0, end);
    if (!timingSafeEqual(head.subarray(TIME + NONCE), over)) return false;
    if (!timingSafeEqual(challenge.subarray(end), this.#tag(use, head))) return false;
    const age = now - challenge.readUIntBE(0, TIME);
    return age > -AHEAD && age < life;
  }

  #tag(use: ChallengeUse, head: Uint8Array): Buffer {
    return createHmac('sha256', this.#key).update(`${use}\0`).update(head).digest().subarray(0, TAG);
  }
}

/**
 * When a challenge over a text was made, and the hash in it; needs no key. Undefined: it is none.
 */
export function overIn(challenge: Uint8Array): { readonly at: Instant; readonly over: Uint8Array } | undefined {
  const octets = Buffer.from(challenge);
  const end = TIME + NONCE + HASH;
  return octets.length === end + TAG
    ? { at: instant(octets.readUIntBE(0, TIME)), over: octets.subarray(TIME + NONCE, end) }
    : undefined;
}

/** The value by which the store knows that a challenge was answered. */
export const proofOf = (challenge: string): Buffer =>
  createHash('sha256').update(`sluis proof 1 ${challenge}`).digest();

const SECRET = 32;

/** A new secret for the cookie of a logged-in browser. */
export const newSessionSecret = (random: RandomBytes): string => Buffer.from(random(SECRET)).toString('base64url');

/** Hash of a session's secret; undefined for text that cannot be one. */
export const sessionHash = (secret: string): Buffer | undefined =>
  /^[A-Za-z0-9_-]{43}$/.test(secret) ? createHash('sha256').update(`sluis session 1 ${secret}`).digest() : undefined;

/** The token in each form of the session: a page of somebody else does not know it. */
export const formToken = (secret: string): string =>
  createHmac('sha256', secret).update('sluis form 1').digest('base64url').slice(0, 32);

export const isFormToken = (secret: string, token: string): boolean => {
  const [expected, given] = [Buffer.from(formToken(secret)), Buffer.from(token)];
  return given.length === expected.length && timingSafeEqual(given, expected);
};

/** A new id of eight characters, which is no secret. */
export const newShownId = (random: RandomBytes): string => base32(random(5));
