/** Absences as the commands and pages show them. */
import { defined } from '../domain/defined.ts';
import { type Instant, iso } from '../domain/units.ts';
import { isoDay, lastDayBefore } from '../domain/working-days.ts';
import type { AddressAbsence } from '../store/absences.ts';

export interface AbsenceView {
  readonly address: string;
  readonly from: string;
  readonly until: string;
  readonly lastDay: string;
  readonly mode: string;
  readonly substitute?: string | undefined;
  readonly state: 'now' | 'ahead';
}

export const viewAbsence = (
  { address, from, until, mode, substitute }: AddressAbsence,
  now: Instant | number,
): AbsenceView => ({
  address,
  from: iso(from),
  until: iso(until),
  lastDay: isoDay(lastDayBefore(until)),
  mode,
  ...defined({ substitute }),
  state: from <= now ? 'now' : 'ahead',
});
