/** Writes a row of the trail for each look at the trail. */
import type { Call } from '../../admin/call.ts';
import { personalOf } from '../../store/actor.ts';
import type { AuditTrail } from '../../store/port/audit.ts';

/** NEN 7513 asks for it: who looked, at what, and when. */
export const noteLook = (audit: Pick<AuditTrail, 'note'>, { actor }: Call, what: string): void =>
  audit.note({ event: 'audit.read', outcome: 'success', facts: { what }, personal: personalOf(actor) });
