/**
 * How operators log in to the console: by a passkey, which is registered with a one-time code.
 *
 * Every refusal has the same text, whatever the reason. No page asks for a name, so nobody can find
 * out here who is an operator.
 */
import { createHash } from 'node:crypto';
import { type ChallengeUse, type Challenges, newShownId, proofOf } from '../../crypto/keys/console-secrets.ts';
import { type EnrolmentCode, readEnrolmentCode } from '../../crypto/passwords/enrolment-code.ts';
import type { Clock, RandomBytes } from '../../domain/effects.ts';
import type { HeldSession } from '../../store/console.ts';
import type { OperatorRecord } from '../../store/operators.ts';
import type { Store } from '../../store/port/store.ts';
import { newSession } from '../../web/login/new-session.ts';
import type { LogInNotes } from '../../web/login/notes.ts';
import { judgeAnswer } from './passkey-answer.ts';
import { type RelyingParty, creationOptions, readAnswer, registered, requestOptions } from './passkeys.ts';
import type { From, Slowed, SlowedJudged, Turned } from '../../web/login/slowed.ts';

export interface LogInParts {
  readonly store: Pick<Store, 'console' | 'id'>;
  readonly party: RelyingParty;
  readonly challenges: Challenges;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly slowed: Slowed;
  readonly notes: LogInNotes;
}

export type LoggedIn =
  /** The secret that the browser gets as its cookie. */
  { readonly kind: 'in'; readonly secret: string } | Turned;

export type CodeJudged = { readonly kind: 'valid'; readonly operator: string; readonly options: string } | Turned;

const loggedIn = (judged: SlowedJudged<string>): LoggedIn =>
  judged.kind === 'right' ? { kind: 'in', secret: judged.is } : judged;

export class LogIns {
  readonly #p: LogInParts;

  constructor(parts: LogInParts) {
    this.#p = parts;
  }

  /** Options for a browser that is not logged in. */
  logInOptions(): string {
    const { party, challenges, clock } = this.#p;
    return requestOptions(party, challenges.make('log-in', clock.now()));
  }

  async logIn(json: string, from: From): Promise<LoggedIn> {
    const judged = await this.#p.slowed.judge(`passkey ${from.network}`, json, from, async () => {
      const judged = await judgeAnswer(this.#p, json, this.#uses('log-in'));
      if (typeof judged === 'string') return judged;
      const { answer, passkey, counter } = judged.is;
      const session = newSession(this.#p.random, from);
      await this.#p.store.console.logIn(passkey.id, counter, session, proofOf(answer.challenge));
      return { kind: 'right', is: session.secret };
    });
    return loggedIn(judged);
  }

  /** Finds whose code it is, and what passkey the browser must make. The code can still be used. */
  async readCode(code: string, from: From): Promise<CodeJudged> {
    const read = readEnrolmentCode(code.slice(0, 64));
    const judged = await this.#p.slowed.judge(slowedBy(read, from), code, from, async () => {
      const tried = read === undefined ? undefined : await this.#p.store.console.tryCode(read);
      return read !== undefined && tried?.kind === 'valid'
        ? { kind: 'right', is: { read, holder: tried.holder } }
        : 'code';
    });
    if (judged.kind !== 'right') return judged;
    const { holder } = judged.is;
    return { kind: 'valid', operator: holder.name, options: await this.#creation(judged.is.read, holder) };
  }

  /** Registers a passkey and logs its operator in. The code cannot be used again. */
  async register(code: string, json: string, from: From): Promise<LoggedIn> {
    const { challenges, clock, party, store, random } = this.#p;
    const read = readEnrolmentCode(code.slice(0, 64));
    const judged = await this.#p.slowed.judge(slowedBy(read, from), `${code}\0${json}`, from, async () => {
      if (read === undefined) return 'code';
      // This check comes first, so that checking a passkey costs nothing if there is no code.
      if ((await store.console.tryCode(read)).kind !== 'valid') return 'code';
      const answer = readAnswer(json);
      if (answer === undefined) return 'passkey';
      if (!challenges.holds(answer.challenge, `register ${read.id}`, clock.now())) return 'challenge';
      const passkey = await registered(party, answer, newShownId(random));
      if (passkey === undefined) return 'passkey';
      const session = newSession(random, from);
      await store.console.register(read, passkey, session, proofOf(answer.challenge));
      return { kind: 'right', is: session.secret };
    });
    return loggedIn(judged);
  }

  /** Options with which any passkey of the session's operator can prove it once more. */
  async proofOptions({ id, operator }: HeldSession): Promise<string> {
    const { party, challenges, clock, store } = this.#p;
    const known = await store.console.credentials(operator);
    return requestOptions(party, challenges.make(`prove ${id}`, clock.now()), known);
  }

  async prove(session: HeldSession, json: string, from: From): Promise<SlowedJudged<undefined>> {
    return await this.#p.slowed.judge(`session ${session.id}`, json, from, async () => {
      const judged = await judgeAnswer(this.#p, json, this.#uses(`prove ${session.id}`));
      if (typeof judged === 'string') return judged;
      const { answer, passkey, counter } = judged.is;
      if (passkey.holder.name !== session.operator) return 'passkey';
      await this.#p.store.console.prove(session.id, passkey.id, counter, proofOf(answer.challenge));
      return { kind: 'right', is: undefined };
    });
  }

  /**
   * Ends a session that is used from another network than where it began: somebody took its cookie,
   * or its owner has moved.
   */
  async ranAway(session: HeldSession, network: string): Promise<void> {
    this.#p.notes.refused({ why: 'network', network, operator: session.operator });
    await this.#p.store.console.endSession(session.id, { name: session.operator, reason: 'used from another network' });
  }

  #uses(use: ChallengeUse): (challenge: string) => boolean {
    const { challenges, clock } = this.#p;
    return (challenge) => challenges.holds(challenge, use, clock.now());
  }

  async #creation({ id }: EnrolmentCode, { name }: OperatorRecord): Promise<string> {
    const { party, challenges, clock, store } = this.#p;
    const challenge = challenges.make(`register ${id}`, clock.now());
    const known = await store.console.credentials(name);
    // The handle is the same for all passkeys of an operator, so that an authenticator replaces an
    // old one and does not collect them. Nobody can read from it who the operator is.
    const handle = createHash('sha256').update(`user handle 1 ${store.id} ${name}`).digest().subarray(0, 16);
    return creationOptions(party, challenge, { name, handle, known });
  }
}

/**
 * The key by which guesses are counted together: the id of the code. For text that cannot be a code
 * it is the network.
 */
const slowedBy = (read: EnrolmentCode | undefined, { network }: From): string => `code ${read?.id ?? network}`;
