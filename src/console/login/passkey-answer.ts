/**
 * Whether what a browser answers is a passkey of an operator over a challenge of ours: the same for
 * a login, a step-up and a signature.
 */
import type { HeldPasskey } from '../../store/console.ts';
import type { Store } from '../../store/port/store.ts';
import type { Judged } from '../../web/login/slowed.ts';
import { type PasskeyAnswer, type RelyingParty, proven, readAnswer } from './passkeys.ts';

export interface RightAnswer {
  readonly answer: PasskeyAnswer;
  readonly passkey: HeldPasskey;
  /** Counter of the passkey, from now on. */
  readonly counter: number;
}

/** `holds`: whether the challenge, base64url, was made by us for this very use, and of late. */
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
