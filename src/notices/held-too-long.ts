/**
 * Ends what was held for too long, once a day: nobody decided, so it fails as if the holder had
 * refused it, and its sender is told.
 *
 * Counted from the acceptance: when it was held is not kept, and the sender has waited since then.
 */
import { defined } from '../domain/defined.ts';
import type { Log } from '../domain/effects.ts';
import type { DeliveryId } from '../domain/ids.ts';
import { type Milliseconds, days, instant } from '../domain/units.ts';
import type { Delivery } from '../store/deliveries.ts';
import type { Deliveries } from '../store/port/mail.ts';
import { type GiveUpParts, giveUp } from './give-up.ts';

export interface HeldTooLongParts extends GiveUpParts {
  readonly deliveries: Pick<Deliveries, 'claimOne' | 'settle' | 'list'>;
  readonly log: Log;
  readonly keep: Milliseconds;
  /** Deliveries that this process has ended so far. */
  readonly counts: { held: number };
}

const PAGE = 100;

/**
 * Resolves to how many ended. One that fails or is under way is left for the next day; the others
 * are done.
 */
export async function heldTooLong(parts: HeldTooLongParts, stopped: () => boolean = () => false): Promise<number> {
  const { deliveries, clock, log, keep, counts } = parts;
  const before = instant(clock.now() - keep);
  const longest = Math.floor(keep / days(1));
  let ended = 0;
  for (let after: DeliveryId | undefined; !stopped();) {
    const page: readonly Delivery[] = await deliveries.list({ limit: PAGE, states: ['held'], ...defined({ after }) });
    for (const { id, message } of page) {
      if (message.receivedAt >= before || stopped()) continue;
      try {
        const done = await giveUp(parts, id, {
          reply: `Held for ${longest} days without a decision`,
          told: { status: '5.4.7', held: true },
          facts: { 'held-days': longest },
          only: 'held',
        });
        if (done === 'failed') ended += 1;
      } catch (error) {
        log.error('held.failed', { delivery: id, why: String(error) });
      }
    }
    after = page.at(-1)?.id;
    if (page.length < PAGE) break;
  }
  counts.held += ended;
  if (ended > 0) log.warn('held.ended', { deliveries: ended, days: longest });
  return ended;
}
