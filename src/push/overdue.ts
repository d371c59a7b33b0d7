/**
 * Tells the senders of deliveries that cannot even be attempted, since the partner does not answer
 * or is suspended: at the age `delayNotice` that it takes longer, at the age `expire` that it was
 * given up. The deliveries keep their place in the queue.
 */
import { defined } from '../domain/defined.ts';
import type { DeliveryId, PartnerId } from '../domain/ids.ts';
import { instant } from '../domain/units.ts';
import { endingOf } from './outcome.ts';
import type { PushParts } from './parts.ts';
import { delayIsDue, isExpired } from './retry.ts';
import { settle } from './settle.ts';

const PAGE = 200;

export interface Blocked {
  readonly partner: PartnerId;
  readonly name: string;
  readonly why: string;
  /** True for a delivery that is under way in this process. */
  readonly skip: (id: DeliveryId) => boolean;
}

export async function tellOverdue(parts: PushParts, blocked: Blocked, signal: AbortSignal): Promise<void> {
  const { deliveries, limits, clock, random } = parts;
  const answer = { kind: 'lost', why: 'unreachable', text: blocked.why, at: 'session' } as const;
  let after: DeliveryId | undefined;
  for (;;) {
    const page = await deliveries.list({
      partner: blocked.partner,
      states: ['waiting'],
      limit: PAGE,
      ...defined({ after }),
    });
    for (const delivery of page) {
      if (signal.aborted) return;
      after = delivery.id;
      const { receivedAt } = delivery.message;
      const now = clock.now();
      // Deliveries come oldest first, so none behind this one has waited longer.
      if (now < receivedAt + Math.min(limits.delayNotice, limits.expire)) return;
      const isOver = isExpired(limits, receivedAt, now);
      if (blocked.skip(delivery.id) || !(isOver || delayIsDue(limits, delivery, now))) continue;
      const claim = await deliveries.claimOne(delivery.id, limits.lease);
      if (typeof claim === 'string') continue;
      const due = instant(Math.max(delivery.dueAt, receivedAt));
      const ending = endingOf(claim, answer, limits, now, random, due);
      await settle(parts, { claim, ending, partner: blocked.name }, signal);
    }
    if (page.length < PAGE) return;
  }
}
