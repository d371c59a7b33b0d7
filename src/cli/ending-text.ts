/** What is said of an end, whatever ends: an account, an address, a partner or an organisation. */
import { readableTime } from './output.ts';

/** What senders hear, for `subject` that takes no mail any more. */
export const sendersText = (subject: string, successor: string | undefined): string =>
  successor === undefined
    ? `mail for ${subject} is refused (550 5.1.1)`
    : `senders to ${subject} are told to write to ${successor} (551 5.1.6)`;

/** The last line of what an end says. `command`: what takes it back. */
export const backText = (closes: string | undefined, command: string): string =>
  closes === undefined
    ? 'It is final: names and addresses are never given to anybody again.'
    : `Until ${readableTime(closes)} "sluis ${command}" brings all of it back; then it is for ever. Nobody else can have its names and addresses.`;

/** `ending, until 2026-12-27 11:00 CET`; what merely ends on a day is told as it is until then. */
export function stateText(state: string, ends: string | undefined): string {
  const until = readableTime(ends);
  if (until === undefined || state === 'ended') return state;
  return state === 'ending' || state === 'active' ? `${state}, until ${until}` : `${state}, ending, until ${until}`;
}
