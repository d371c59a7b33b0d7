/**
 * The account for emergencies: a password and a code that changes every half minute, for a day on
 * which nobody can log in by passkey or at the provider.
 *
 * An attempt costs the same time whether there is such an account or not, and every refusal has the
 * same text. No use goes unseen: it writes an error in the log, a row in the trail, and a letter to
 * the operator.
 */
import type { BreakGlassSeals } from '../../crypto/passwords/break-glass.ts';
import { dummyHash, verifyPassword } from '../../crypto/passwords/password.ts';
import { stepOf } from '../../crypto/passwords/totp.ts';
import type { Clock, RandomBytes } from '../../domain/effects.ts';
import { seconds } from '../../domain/units.ts';
import type { HeldSession } from '../../store/console.ts';
import type { Store } from '../../store/port/store.ts';
import { newSession } from '../../web/login/new-session.ts';
import type { Busy, From, Judged, Slowed, SlowedJudged, Turned } from '../../web/login/slowed.ts';

export interface BreakGlassParts {
  readonly store: Pick<Store, 'breakGlass'>;
  readonly seals: Pick<BreakGlassSeals, 'open'>;
  readonly slowed: Slowed;
  readonly clock: Clock;
  readonly random: RandomBytes;
}

export type BreakGlassIn = { readonly kind: 'in'; readonly secret: string } | Turned;

type Code = Parameters<Store['breakGlass']['prove']>[1];

/** Most passwords that are verified at the same time: each takes 19 MiB of memory. */
const MOST_AT_ONCE = 2;
const FULL: Busy = { kind: 'busy', wait: seconds(5) };

export class BreakGlassLogIn {
  readonly #p: BreakGlassParts;
  readonly #nobody: string;
  #judging = 0;

  constructor(parts: BreakGlassParts) {
    this.#p = parts;
    this.#nobody = dummyHash(parts.random);
  }

  async logIn(password: string, typed: string, from: From): Promise<BreakGlassIn> {
    const { slowed, store, random } = this.#p;
    if (this.#judging >= MOST_AT_ONCE) return FULL;
    this.#judging += 1;
    try {
      const judged = await slowed.judge(
        'break-glass',
        `${password}\0${typed}`,
        from,
        async (): Promise<Judged<string>> => {
          const code = await this.#judge(typed, password);
          if (code === undefined) return 'break-glass';
          const session = newSession(random, from);
          await store.breakGlass.logIn(code, session);
          return { kind: 'right', is: session.secret };
        },
      );
      return judged.kind === 'right' ? { kind: 'in', secret: judged.is } : judged;
    } finally {
      this.#judging -= 1;
    }
  }

  /** Checks another code, which proves that the same person is still there. */
  async prove({ id }: Pick<HeldSession, 'id'>, typed: string, from: From): Promise<SlowedJudged<undefined>> {
    const { slowed, store } = this.#p;
    return await slowed.judge(`session ${id}`, typed, from, async () => {
      const code = await this.#judge(typed);
      if (code === undefined) return 'break-glass';
      await store.breakGlass.prove(id, code);
      return { kind: 'right', is: undefined };
    });
  }

  /**
   * Checks password and code, or the code alone. It always checks both, so that its time does not
   * tell which of them was wrong.
   */
  async #judge(typed: string, password?: string): Promise<Code | undefined> {
    const { store, seals, clock } = this.#p;
    const record = await store.breakGlass.record();
    const secrets = record === undefined ? undefined : await seals.open(record.sealed);
    if (secrets?.ok === false) throw new Error(`The break-glass account cannot be used: ${secrets.error}`);
    const { hash, key } = secrets?.value ?? { hash: this.#nobody, key: new Uint8Array(20) };
    const isRight = password === undefined || (await verifyPassword(hash, password));
    const step = stepOf(key, typed, clock.now());
    return record !== undefined && isRight && step !== undefined ? { step, madeAt: record.madeAt } : undefined;
  }
}
