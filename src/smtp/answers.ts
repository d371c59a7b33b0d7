/** What SMTP sessions answered, counted for metrics. */
import { Counts } from '../domain/counts.ts';
import type { Refusal } from '../domain/refusal.ts';
import { CONTENT_OUTCOMES, type ContentOutcome } from '../submission/transaction.ts';

export type MessageOutcome = ContentOutcome;

export interface SmtpAnswers {
  /** Messages whose content was begun, by how they ended. */
  readonly messages: Counts<'outcome'>;
  /** Octets of the accepted messages, as submitted. */
  octets: number;
  /** Commands that were refused. */
  readonly refusals: Counts<'command' | 'class'>;
}

/**
 * Every count begins at 0: a counter that first appears with its first event shows Prometheus no
 * rate for that event.
 */
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
