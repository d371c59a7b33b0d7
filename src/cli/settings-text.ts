/** Settings as people read them. */
import type { SettingView } from '../admin/views.ts';
import { table } from './output.ts';

export const settingsTableOf = (settings: readonly SettingView[]): string =>
  table(
    ['SETTING', 'VALUE', 'FROM'],
    settings.map((s) => [s.name, s.value, s.from]),
  );

/** The settings that `show` lists: with `--all` every one as it holds, else those that somebody set. */
export interface ShownSettings {
  readonly settings: readonly SettingView[];
  /** What really happens, where settings take each other's effect away. */
  readonly warnings: readonly string[];
}

/** The last part of what `show` prints. */
export function settingsPart({ settings, warnings }: ShownSettings, all: boolean | undefined): string {
  const shown =
    settings.length === 0
      ? '\nSettings: all default (--all shows them)'
      : `\nSettings${all === true ? '' : ' that differ from the default (--all shows every one)'}\n${settingsTableOf(settings)}`;
  return [shown, ...warnings.map((warning) => `Warning: ${warning}.`)].join('\n');
}
