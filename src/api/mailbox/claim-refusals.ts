/** Refusals of claims that do not exist or have ended. */
import { z } from '../../config/zod.ts';
import type { Ended } from '../../pickup/shared.ts';
import { type Problem, notFound, problem } from '../core/problem.ts';

export const claimId = z
  .string()
  .regex(/^[A-Za-z0-9_-]{22}$/)
  .meta({ description: 'Id of the claim.', examples: ['q3Zk0bYB2nq1Yb0fD1mT1w'] });

export const ENDED = 'The claim has ended, and nothing was changed';
export const UNKNOWN = 'You have no such claim; after a restart of the gateway there is none';

export function ended(how: Ended): Problem {
  if (how === 'unknown') return notFound();
  return problem(409, how, 'The claim has ended', ENDINGS[how]);
}

const ENDINGS: Readonly<Record<Exclude<Ended, 'unknown'>, string>> = {
  lapsed:
    'Its time was over, or another session took the mailbox. This request removed nothing, and others may have the messages. Claim again',
  released: 'It was released; this request removed nothing. Claim again',
  acknowledged: 'All its messages were acknowledged',
};

/** Seconds after which a claim may be free. */
const RETRY = 10;

export const tooMany = (): Problem =>
  problem(429, 'too-many-claims', 'Too many claims are open', 'Acknowledge or release claims that are open', {
    retryAfter: RETRY,
  });
