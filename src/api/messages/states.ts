/** What may have become of a message for one of its recipients, as its sender sees it. */
import { z } from '../../config/zod.ts';
import type { SentState } from '../../notices/sent-status.ts';

const STATES = {
  delivered: 'It is in the mailbox.',
  collected: 'The recipient has collected it.',
  waiting: 'It waits to be given to the mail server of the recipient.',
  relayed: 'The mail server of the recipient has accepted it.',
  held: 'It waits for a decision of an operator.',
  failed: 'It could not be delivered; a notice went to the sender.',
  withdrawn: 'An operator has taken it back.',
  expired: 'It was not collected in its time and was removed.',
  'no-longer-kept': 'The gateway no longer knows what became of it.',
} as const satisfies Readonly<Record<SentState, string>>;

export const sentState = z.enum(Object.keys(STATES) as [SentState, ...SentState[]]).meta({
  description: Object.entries(STATES)
    .map(([state, about]) => `${state}: ${about}`)
    .join(' '),
});
