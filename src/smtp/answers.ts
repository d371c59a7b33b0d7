/** What SMTP sessions answered, counted for metrics. */
import { Counts } from '../domain/counts.ts';
import type { Refusal } from '../domain/refusal.ts';
import { CONTENT_OUTCOMES, type ContentOutcome } from '../submission/transaction.ts';

export type MessageOutcome = ContentOutcome;

export interface SmtpAnswers {
  /** Messages whose content was begun, by how they ended. */
  readonly messages: Counts<'outcome'>;
  /** Octets of those that were accepted, as submitted. */
  octets: number;
  /** Commands that were refused. */
  readonly refusals: Counts<'command' | 'class'>;
}

/** All at 0: what begins with its first event has no rate at its first event. */
function seeded(): Counts<'outcome'> {
  const counts = new Counts(['outcome']);
  for (const outcome of CONTENT_OUTCOMES) counts.add([outcome], 0);
  return counts;
}

export const newSmtpAnswers = (): SmtpAnswers => ({
  messages: seeded(),
  octets: 0,
  refusals: new Counts(['command', 'class']),
});

export const classOf = ({ reply }: Refusal): '4yz' | '5yz' => (reply < 500 ? '4yz' : '5yz');
