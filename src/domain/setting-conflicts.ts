/** Settings that take each other's effect away: said when one is set, and shown beside them as what really happens. */
import { settingOf } from './settings.ts';
import type { Settings } from './settings/setting.ts';

/** Calendar days in which so many working days have passed at the earliest. */
const calendarDays = (working: number): number => Math.floor(working / 5) * 7 + (working % 5);

/** One sentence each. `chain`: nearest first, as the settings hold for an address, an account or an organisation. */
export function settingConflicts(...chain: readonly (Settings | undefined)[]): readonly string[] {
  return [...protection(chain), ...waiting(chain)];
}

function protection(chain: readonly (Settings | undefined)[]): string[] {
  const [encrypt, open] = [settingOf('encrypt', ...chain), settingOf('open', ...chain)];
  return open && encrypt !== 'never'
    ? [
        `encrypt=${encrypt} has no effect beside open=yes: nothing is encrypted to it, and what comes encrypted is opened, so messages lie in its mailbox readable; set open=no, or encrypt=default`,
      ]
    : [];
}

/** Who hears that a message waits, before its time is over. */
function waiting(chain: readonly (Settings | undefined)[]): string[] {
  const keep = settingOf('keep-uncollected', ...chain);
  const [tell, rhythm] = [settingOf('tell-sender-after', ...chain), settingOf('rhythm', ...chain)];
  const isLate = (days: number): boolean => days > 0 && calendarDays(days) >= keep;
  const late = [
    ...(isLate(tell) ? [`tell-sender-after=${tell} (working days)`] : []),
    ...(isLate(rhythm) ? [`rhythm=${rhythm} (working days)`] : []),
  ];
  const isSilent = (days: number): boolean => days === 0 || isLate(days);
  if (isSilent(tell) && isSilent(rhythm))
    return [
      `nobody hears that a message waits before it ends: keep-uncollected=${keep} days, tell-sender-after=${tell}, rhythm=${rhythm}; the last letter is the only one. Set tell-sender-after or rhythm to fewer working days than that`,
    ];
  return late.map(
    (what) => `${what} has no effect: a message ends after keep-uncollected=${keep} days, which comes first`,
  );
}
