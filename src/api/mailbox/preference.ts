/** `Prefer: wait=30` (RFC 7240 section 4.3): how long an answer may wait for something to tell. */
import { z } from '../../config/zod.ts';
import { type Milliseconds, milliseconds, seconds } from '../../domain/units.ts';

/** Longest wait, in seconds. */
export const LONGEST_WAIT = 30;
/** Seconds that a route which waits may take for its answer. */
export const WAITS = LONGEST_WAIT + 5;

/** An unknown preference is ignored (RFC 7240 section 2). */
export const prefer = z
  .string()
  .optional()
  .meta({
    description: `\`wait=N\`: wait at most N seconds, up to ${LONGEST_WAIT}, until there is something to tell.`,
    examples: [`wait=${LONGEST_WAIT}`],
  });

export function waitOf(text: string | undefined): Milliseconds {
  const [, wanted] = /(?:^|[,;])\s*wait\s*=\s*"?(\d{1,6})"?\s*(?:$|[,;])/i.exec(text ?? '') ?? [];
  return wanted === undefined ? milliseconds(0) : seconds(Math.min(Number(wanted), LONGEST_WAIT));
}
