/**
 * Checks the answer of a browser: is it a passkey of an operator, over a challenge of ours? A
 * login, a new proof and a signature all use it.
 */
import type { HeldPasskey } from '../../store/console.ts';
import type { Store } from '../../store/port/store.ts';
import type { Judged } from '../../web/login/slowed.ts';
import { type PasskeyAnswer, type RelyingParty, proven, readAnswer } from './passkeys.ts';

export interface RightAnswer {
  readonly answer: PasskeyAnswer;
  readonly passkey: HeldPasskey;
  /** The new value of the passkey's counter. */
  readonly counter: number;
}

/**
 * `holds`: says whether we made this challenge, in base64url, for this very use and not long ago.
 */
export async function judgeAnswer(
  { store, party }: { readonly store: Pick<Store, 'console'>; readonly party: RelyingParty },
  json: string,
  holds: (challenge: string) => boolean,
): Promise<Judged<RightAnswer>> {
  const answer = readAnswer(json);
  if (answer === undefined) return 'passkey';
  if (!holds(answer.challenge)) return 'challenge';
  const passkey = await store.console.passkey(answer.credential);
  const counter = passkey === undefined ? undefined : await proven(party, answer, passkey);
  if (passkey === undefined || counter === undefined) return 'passkey';
  return counter === 'copied' ? 'counter' : { kind: 'right', is: { answer, passkey, counter } };
}
