/**
 * Deciding on a request with a passkey. The challenge holds the hash of the statement. So a touch
 * of the key is for this request, this decision and this reason, in this session, and within five
 * minutes. A challenge of a login or of a new proof does not serve here, and this one does not
 * serve there.
 */
import { type Challenges, proofOf } from '../../crypto/keys/console-secrets.ts';
import { checkAssertion, statementHash } from '../../crypto/trail/passkey-approval.ts';
import type { Clock } from '../../domain/effects.ts';
import type { Verdict } from '../../domain/second-person.ts';
import type { HeldSession } from '../../store/console.ts';
import type { Store } from '../../store/port/store.ts';
import type { From, Slowed, SlowedJudged } from '../../web/login/slowed.ts';
import { judgeAnswer } from './passkey-answer.ts';
import { type RelyingParty, assertionOf, requestOptions } from './passkeys.ts';

export interface PasskeyApprovalParts {
  readonly store: Pick<Store, 'console' | 'operators'>;
  readonly party: RelyingParty;
  readonly challenges: Challenges;
  readonly clock: Clock;
  readonly slowed: Slowed;
}

/** The decision that a passkey is to sign. */
export interface Deciding {
  /** Id of the request. */
  readonly request: string;
  readonly verdict: Verdict;
  /** The statement as the page showed it (crypto/trail/passkey-approval.ts). */
  readonly statement: string;
  readonly reason: string;
  readonly caller: string;
}

export class PasskeyApprovals {
  readonly #p: PasskeyApprovalParts;

  constructor(parts: PasskeyApprovalParts) {
    this.#p = parts;
  }

  /**
   * True if the operator has a passkey. Whoever logs in at a provider, or with the account for
   * emergencies, may have none.
   */
  async hasPasskey({ operator }: HeldSession): Promise<boolean> {
    return (await this.#p.store.console.credentials(operator)).length > 0;
  }

  async options({ id, operator }: HeldSession, statement: string): Promise<string> {
    const { party, challenges, clock, store } = this.#p;
    const challenge = challenges.make(`decide ${id}`, clock.now(), statementHash(statement));
    return requestOptions(party, challenge, await store.console.credentials(operator));
  }

  /** Decides a request. Throws RegistryError if the request takes no signature of this operator. */
  async decide(session: HeldSession, deciding: Deciding, json: string, from: From): Promise<SlowedJudged<undefined>> {
    const { store, challenges, clock } = this.#p;
    const { request, statement, verdict, reason, caller } = deciding;
    const over = statementHash(statement);
    return await this.#p.slowed.judge(`session ${session.id}`, json, from, async () => {
      const judged = await judgeAnswer(this.#p, json, (challenge) =>
        challenges.holds(challenge, `decide ${session.id}`, clock.now(), { over }),
      );
      if (typeof judged === 'string') return judged;
      const { answer, passkey, counter } = judged.is;
      const assertion = assertionOf(answer, passkey);
      // The trail gets exactly what is checked here, by the same function, before it is written.
      if (passkey.holder.name !== session.operator || assertion === undefined) return 'passkey';
      if (!checkAssertion(assertion, statement).ok) return 'passkey';
      const signature = { ...assertion, passkey: passkey.id, verdict, statement };
      const proof = proofOf(answer.challenge);
      await store.operators.decide(request, { ...signature, counter, proof, caller }, reason);
      return { kind: 'right', is: undefined };
    });
  }
}
