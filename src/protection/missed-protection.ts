/**
 * Logs addresses that want encryption where it is possible and did not get it: nobody else would
 * notice that their certificate ended.
 */
import type { Log } from '../domain/effects.ts';
import type { AuditEvent } from '../store/audit.ts';
import type { Submitted } from '../middleware/middleware.ts';
import type { Planned } from './protect-groups.ts';

/** `wanted`: recipients whose settings ask for encryption. One event for each reason. */
export function missedProtection(log: Log, { body }: Submitted, wanted: readonly Planned[]): AuditEvent[] {
  const missed = new Map<string, string[]>();
  for (const { plan, addressee } of wanted) {
    if (plan.plan.kind !== 'plain' && plan.plan.kind !== 'signed') continue;
    const { reason } = plan.plan;
    missed.set(reason, [...(missed.get(reason) ?? []), addressee.to.address]);
  }
  return [...missed].map(([why, recipients]) => {
    log.info('protection.not-encrypted', { message: body.id, recipients: recipients.length, why });
    const facts = { why, recipients: recipients.length };
    return { event: 'message.not-encrypted', outcome: 'failure', message: body.id, facts, personal: { recipients } };
  });
}
