/**
 * What SCRAM needs to know of accounts: the challenge that each login name gets, and whether a
 * proof is right.
 *
 * All passwords of an account share one salt, which comes from the login name and a secret of the
 * store. So a name that nobody has, an account without SCRAM and one with it get a challenge of the
 * same form, with the same salt each time (RFC 5802 section 9).
 */
import {
  SCRAM_ITERATIONS,
  type ScramVerifier,
  checkScramProof,
  readScramVerifier,
  scramSalt,
} from '../crypto/passwords/scram.ts';
import type { RandomBytes } from '../domain/effects.ts';
import type { Password } from '../domain/registry.ts';
import { settingOf } from '../domain/settings.ts';
import type { LoginRecord } from '../store/registry.ts';
import type { Registry } from '../store/port/registry.ts';
import type { ScramAttempt, ScramChallenge } from './authenticator.ts';

/** 144 bits, without padding in base64: no exchange can be played back (RFC 5802 section 5.1). */
const NONCE_OCTETS = 18;

export interface ScramMatch {
  readonly password: Password;
  readonly signature: Uint8Array;
}

export const mayScram = ({ account, organisation }: LoginRecord): boolean =>
  settingOf('scram', account.settings, organisation.settings);

export class ScramLogin {
  readonly #registry: Pick<Registry, 'scramSaltKey'>;
  readonly #random: RandomBytes;
  /**
   * A verifier that no password matches. It is checked for accounts that have none, so that they
   * take the same time.
   */
  readonly #dummy: ScramVerifier;

  constructor(registry: Pick<Registry, 'scramSaltKey'>, random: RandomBytes) {
    this.#registry = registry;
    this.#random = random;
    const octets = (length: number): Buffer => Buffer.from(random(length));
    this.#dummy = { iterations: SCRAM_ITERATIONS, salt: octets(16), storedKey: octets(32), serverKey: octets(32) };
  }

  /** `folded`: '' for a name that no account can have. `record`: what the registry has. */
  async challenge(
    folded: string,
    record: LoginRecord | undefined,
    passwords: readonly Password[],
  ): Promise<ScramChallenge> {
    const made = await this.salt(folded);
    // A verifier that was made with another secret or count still holds, with its own salt and
    // count.
    const [kept] = record !== undefined && mayScram(record) ? verifiers(passwords) : [];
    return {
      nonce: Buffer.from(this.#random(NONCE_OCTETS)).toString('base64'),
      salt: kept?.verifier.salt ?? made,
      iterations: kept?.verifier.iterations ?? SCRAM_ITERATIONS,
    };
  }

  /** The salt for a new verifier of this login. */
  async salt(folded: string): Promise<Buffer> {
    return scramSalt(await this.#registry.scramSaltKey(), folded);
  }

  /**
   * The password that the proof belongs to; undefined if there is none. At least one verifier is
   * computed, also for a login that nobody has. `passwords`: those that are valid now.
   */
  match(
    record: LoginRecord | undefined,
    passwords: readonly Password[],
    attempt: ScramAttempt,
  ): ScramMatch | undefined {
    const { salt, iterations, message, proof } = attempt;
    const candidates = record !== undefined && mayScram(record) ? verifiers(passwords) : [];
    let found: ScramMatch | undefined;
    if (candidates.length === 0) checkScramProof(this.#dummy, message, proof);
    for (const { password, verifier } of candidates) {
      const signature = checkScramProof(verifier, message, proof);
      if (signature !== undefined && verifier.iterations === iterations && verifier.salt.equals(salt))
        found ??= { password, signature };
    }
    return found;
  }
}

function verifiers(
  passwords: readonly Password[],
): readonly { readonly password: Password; readonly verifier: ScramVerifier }[] {
  return passwords.flatMap((password) => {
    const verifier = password.scram === undefined ? undefined : readScramVerifier(password.scram);
    return verifier === undefined ? [] : [{ password, verifier }];
  });
}
