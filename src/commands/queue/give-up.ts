/** A delivery that an operator gives up. */
import type { AdminContext } from '../../admin/context.ts';
import type { Call } from '../../admin/call.ts';
import { giveUp } from '../../notices/give-up.ts';
import type { DeliveryId } from '../../domain/ids.ts';
import { unknown } from './which.ts';

/** Gives up one delivery, and files the notice for its sender. */
export async function giveUpDelivery(
  context: AdminContext,
  id: DeliveryId,
  { actor }: Call,
): Promise<'failed' | 'busy' | 'over'> {
  const { store, notices, clock } = context;
  // The reason is never missing here: the command refuses to work without one.
  const reason = actor.reason ?? '';
  const done = await giveUp({ deliveries: store.deliveries, notices, clock }, id, {
    reply: `Given up by the helpdesk: ${reason}`,
    told: { status: '5.4.0', reason },
    facts: { operator: true },
    personal: { actor: actor.name, reason },
  });
  if (done === 'unknown') throw unknown(id);
  return done;
}
