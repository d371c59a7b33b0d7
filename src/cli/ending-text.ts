/** Texts about the end of an account, an address, a partner or an organisation. */
import { readableTime } from './output.ts';

/** What senders are told about `subject`, which no longer accepts mail. */
export const sendersText = (subject: string, successor: string | undefined): string =>
  successor === undefined
    ? `mail for ${subject} is refused (550 5.1.1)`
    : `senders to ${subject} are told to write to ${successor} (551 5.1.6)`;

/** The last line about an end. `command`: the command that undoes it. */
export const backText = (closes: string | undefined, command: string): string =>
  closes === undefined
    ? 'It is final: names and addresses are never given to anybody again.'
    : `Until ${readableTime(closes)} "sluis ${command}" brings all of it back; then it is for ever. Nobody else can have its names and addresses.`;

/**
 * A state in words, such as `ending, until 2026-12-27 11:00 CET`. Something that only has a date of
 * its end keeps its present state in words.
 */
export function stateText(state: string, ends: string | undefined): string {
  const until = readableTime(ends);
  if (until === undefined || state === 'ended') return state;
  return state === 'ending' || state === 'active' ? `${state}, until ${until}` : `${state}, ending, until ${until}`;
}
