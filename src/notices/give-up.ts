/**
 * Ends a delivery that no attempt ended, with the notice that its sender is owed: by an operator's
 * hand, or because it was held for too long.
 */
import { defined } from '../domain/defined.ts';
import type { Clock } from '../domain/effects.ts';
import type { DeliveryId } from '../domain/ids.ts';
import { seconds } from '../domain/units.ts';
import type { Claim, DeliveryState } from '../store/deliveries.ts';
import type { Deliveries } from '../store/port/mail.ts';
import type { PreparedNotice } from '../store/acceptance.ts';
import type { Attempt, DeliveryNoticeWriter } from './delivery-notices.ts';

/** Long enough to write one notice. */
const LEASE = seconds(60);

export interface GiveUpParts {
  readonly deliveries: Pick<Deliveries, 'claimOne' | 'settle'>;
  readonly notices: DeliveryNoticeWriter;
  readonly clock: Clock;
}

export interface GivingUp {
  /** Our own reply, for the trace and the technical part of the notice. */
  readonly reply: string;
  /** What the notice's writer is told besides. */
  readonly told: Pick<Attempt, 'status' | 'reason' | 'held'>;
  /** Facts of the audit row, besides delivery and partner. */
  readonly facts: Readonly<Record<string, string | number | boolean>>;
  readonly personal?: Readonly<Record<string, string>>;
  /** Given up only while it is in this state; default: in any that is not final. */
  readonly only?: DeliveryState;
}

/**
 * `busy`: under way at this moment. `over`: it has its final state, or is not in the state that was
 * asked for.
 */
export async function giveUp(
  { deliveries, notices, clock }: GiveUpParts,
  id: DeliveryId,
  { reply, told, facts, personal = {}, only }: GivingUp,
): Promise<'failed' | 'busy' | 'over' | 'unknown'> {
  const claim: Claim | 'busy' | 'settled' | 'unknown' = await deliveries.claimOne(id, LEASE);
  if (claim === 'unknown' || claim === 'busy') return claim;
  if (claim === 'settled' || (only !== undefined && claim.state !== only)) return 'over';
  const outcome = { kind: 'failed', reply } as const;
  const notice: PreparedNotice | undefined = await notices.noticeFor(claim, outcome, { at: clock.now(), ...told });
  let contrl: PreparedNotice | undefined;
  try {
    contrl = await notices.contrlFor?.(claim, outcome);
    const settled = await deliveries.settle({
      claim,
      outcome,
      ...defined({ notice: notice?.acceptance, also: contrl?.acceptance }),
      audit: [
        {
          event: 'delivery.failed',
          // Whoever asked for it: the message did not arrive.
          outcome: 'failure',
          message: claim.message.id,
          facts: { delivery: claim.id, ...defined({ partner: claim.partner }), ...facts },
          personal: { ...personal, recipient: claim.recipient },
        },
      ],
    });
    return settled === 'settled' ? 'failed' : 'busy';
  } finally {
    await notice?.discard();
    await contrl?.discard();
  }
}
