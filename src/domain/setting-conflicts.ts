/**
 * Settings that take each other's effect away: said when one is set, and shown beside them as what
 * really happens.
 */
import { settingOf } from './settings.ts';
import type { Settings } from './settings/setting.ts';

/** Calendar days in which so many working days have passed at the earliest. */
const calendarDays = (working: number): number => Math.floor(working / 5) * 7 + (working % 5);

export interface SettingConflict {
  /** Conflicts of one kind are counted together where many targets are set at once. */
  readonly kind: 'opened' | 'silent' | 'late' | 'gateway-key';
  /** One sentence, without its full stop. */
  readonly text: string;
}

/** The settings that conflicts are about: where none of them changes, no conflict comes. */
export const CONFLICTING: readonly string[] = ['encrypt', 'open', 'keep-uncollected', 'tell-sender-after', 'rhythm'];

/** `chain`: nearest first, as the settings hold for an address, an account or an organisation. */
export function settingConflicts(...chain: readonly (Settings | undefined)[]): readonly SettingConflict[] {
  return [...protection(chain).map(of('opened')), ...waiting(chain)];
}

const of =
  (kind: SettingConflict['kind']) =>
  (text: string): SettingConflict => ({ kind, text });

function protection(chain: readonly (Settings | undefined)[]): string[] {
  const [encrypt, open] = [settingOf('encrypt', ...chain), settingOf('open', ...chain)];
  return open && encrypt !== 'never'
    ? [
        `encrypt=${encrypt} has no effect beside open=yes: nothing is encrypted to it, and what comes encrypted is opened, so messages are in its mailbox readable; set open=no, or encrypt=default`,
      ]
    : [];
}

/** Who is told that a message waits, before its time is over. */
function waiting(chain: readonly (Settings | undefined)[]): SettingConflict[] {
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
    ].map(of('silent'));
  return late
    .map((what) => `${what} has no effect: a message ends after keep-uncollected=${keep} days, which comes first`)
    .map(of('late'));
}
