/** The reply to a command that fails in a way that no other reply foresees. */
import type { Log } from '../domain/effects.ts';
import type { Refusal } from '../domain/refusal.ts';
import { isAway } from '../submission/size-limits.ts';
import { replies } from './replies.ts';

/**
 * The error is that of a store that is away, or a bug: it is logged, and the peer hears 451 and may
 * try again.
 */
export function fault(log: Log, command: string, error: unknown): Refusal {
  const detail = error instanceof Error ? error.message : String(error);
  const away = isAway(error);
  log[away ? 'warn' : 'error']('smtp.failed', { command, why: detail });
  return { ...(away ? replies.storeAway : replies.internal), detail };
}
