/** What `check` and `doctor` say of the account for emergencies: on the day it must work. */
import { BREAK_GLASS_AGE } from '../domain/console.ts';
import type { DoctorFinding } from '../domain/doctor.ts';
import type { Instant } from '../domain/units.ts';
import type { BreakGlassRecord } from '../store/console.ts';

export function breakGlassFindings(record: BreakGlassRecord | undefined, now: Instant): readonly DoctorFinding[] {
  if (record === undefined) return [];
  const { madeAt, triedAt } = record;
  const what =
    madeAt + BREAK_GLASS_AGE <= now
      ? 'the secrets of the break-glass account are more than a year old: make new ones with "sluis operator break-glass make"'
      : triedAt === undefined
        ? 'nobody has tried the break-glass account since its secrets were made: log in with it once, so that it works on the day it must'
        : undefined;
  return what === undefined ? [] : [{ id: 'break-glass', severity: 'warning', what }];
}
