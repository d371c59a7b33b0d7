/**
 * Decides what one attempt means: for the delivery, for the partner's breaker, for the notice.
 *
 * - 2yz after the final dot: relayed.
 * - 5yz about the message (MAIL, RCPT, DATA, the message): failed. 4yz: again later.
 * - 5yz about the session (greeting, EHLO, STARTTLS, AUTH, or a MAIL that asks for a login): the
 *   mistake is the operator's or the partner's, not the message's. Again later; the breaker gives
 *   the alarm.
 * - The partner lacks what the message needs: failed, with the code of RFC 3463 that says so.
 *   Nothing is rewritten.
 * - Everything else is not an answer: again later. What we do not understand is temporary, so that
 *   no mail is lost because we misread an answer. That holds after the final dot, too: the message
 *   may arrive twice, but it is never lost.
 *
 * If the partner is at fault, the delivery stays due, so that it keeps its place. If the message
 * is, the delivery waits by its own schedule.
 *
 * RFC 5321 sections 4.2 and 4.5.4.1, RFC 3463.
 */
import { defined } from '../domain/defined.ts';
import type { Instant } from '../domain/units.ts';
import { instant } from '../domain/units.ts';
import type { Claim, Outcome } from '../store/deliveries.ts';
import type { PartnerSign } from './breaker.ts';
import type { Answer } from './courier.ts';
import type { Attempt } from '../notices/delivery-notices.ts';
import { type Fraction, type RetrySchedule, delayIsDue, isExpired, nextAttempt } from './retry.ts';

export interface Ending {
  readonly outcome: Outcome;
  /** What the notice says about the attempt, besides the outcome. */
  readonly told: Pick<Attempt, 'at' | 'dsn' | 'status' | 'theirs' | 'content' | 'until'>;
  /** The sign for the breaker; undefined: the attempt showed nothing about the partner. */
  readonly sign: PartnerSign | undefined;
}

type Status = NonNullable<Attempt['status']>;

/** The meaning of an answer, whatever the age of the delivery. */
interface Meaning {
  readonly end: 'relayed' | 'failed' | 'later' | 'when-partner-works';
  readonly reply: string;
  readonly sign: PartnerSign | undefined;
  readonly theirs?: true;
  readonly content?: boolean;
  readonly status?: Status;
  readonly dsn?: boolean;
}

const lacking = { SIZE: '5.3.4', '8BITMIME': '5.6.3', SMTPUTF8: '5.6.7', REQUIRETLS: '5.7.30' } as const;

/** RFC 4954 section 6: the partner wants a login that we do not have or that it did not take. */
const WANTS_LOGIN = [530, 534, 535, 538];
/**
 * RFC 5321 section 4.2.4: bad sequence of commands. The same message may pass in a session of its
 * own.
 */
const BAD_SEQUENCE = 503;

function meaningOf(answer: Answer): Meaning {
  switch (answer.kind) {
    case 'taken':
      return {
        end: 'relayed',
        reply: answer.reply,
        sign: 'works',
        theirs: true,
        content: true,
        dsn: answer.session.dsn,
      };
    case 'unable':
      return { end: 'failed', reply: answer.text, sign: 'works', status: lacking[answer.lacks] };
    case 'refused':
      return { ...refusedMeaning(answer), content: answer.step === 'message' };
    case 'lost':
      return lostMeaning(answer);
  }
}

function refusedMeaning({ step, code, reply }: Extract<Answer, { kind: 'refused' }>): Meaning {
  const aboutSession = ['greeting', 'ehlo', 'starttls', 'login'].includes(step) || WANTS_LOGIN.includes(code);
  if (aboutSession) return { end: 'when-partner-works', reply, sign: 'down', theirs: true };
  // 421: the session ends in the middle of our transaction. The cause may be a limit of the
  // session, or a server that is going down.
  if (code === 421) return { end: 'later', reply, sign: 'doubtful', theirs: true };
  if (code >= 500 && code !== BAD_SEQUENCE) return { end: 'failed', reply, sign: 'works', theirs: true };
  return { end: 'later', reply, sign: 'works', theirs: true };
}

function lostMeaning({ why, text, at }: Extract<Answer, { kind: 'lost' }>): Meaning {
  const status: Status =
    why === 'certificate' || why === 'tls'
      ? '4.7.5'
      : why === 'lookup'
        ? '4.4.3'
        : why === 'garbage'
          ? '4.5.0'
          : '4.4.1';
  // We ended the attempt ourselves: it shows nothing about the partner, and the delivery need not
  // wait because of it.
  if (why === 'stopped') return { end: 'when-partner-works', reply: text, sign: undefined, status };
  if (at === 'session') return { end: 'when-partner-works', reply: text, sign: 'down', status };
  return { end: 'later', reply: text, sign: 'doubtful', status };
}

/**
 * Decides the outcome. `now`: when the attempt ended. `due`: when a delivery that keeps its place
 * was due; default: when its message was accepted.
 */
export function endingOf(
  claim: Claim,
  answer: Answer,
  schedule: RetrySchedule,
  now: Instant,
  random: Fraction,
  due?: Instant,
): Ending {
  const { end, reply, sign, theirs, content, status, dsn } = meaningOf(answer);
  const told = {
    at: now,
    ...defined({ theirs }),
    ...(content === true ? { content } : {}),
    ...defined({ status, dsn }),
  };
  if (end === 'relayed' || end === 'failed') return { outcome: { kind: end, reply }, told, sign };
  const { receivedAt } = claim.message;
  if (isExpired(schedule, receivedAt, now))
    return { outcome: { kind: 'failed', reply }, told: { ...told, status: '5.4.7' }, sign };
  const at = end === 'later' ? nextAttempt(schedule, receivedAt, claim.attempts, now, random) : (due ?? receivedAt);
  const delayed = delayIsDue(schedule, claim, now);
  return {
    outcome: { kind: 'retry', at, reply, ...(delayed ? { delayed } : {}) },
    told: { ...told, ...(delayed ? { until: instant(receivedAt + schedule.expire) } : {}) },
    sign,
  };
}
