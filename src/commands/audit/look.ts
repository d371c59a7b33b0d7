/** A look at the trail, in the trail. */
import type { Call } from '../../admin/call.ts';
import { personalOf } from '../../store/actor.ts';
import type { AuditTrail } from '../../store/port/audit.ts';

/** NEN 7513: who looked, at what, when. */
export const noteLook = (audit: Pick<AuditTrail, 'note'>, { actor }: Call, what: string): void =>
  audit.note({ event: 'audit.read', outcome: 'success', facts: { what }, personal: personalOf(actor) });
