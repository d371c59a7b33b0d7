/** The settings part of `show` of what is no row yet. */
import type { AdminClient } from '../admin/client.ts';
import type { SettingView } from '../admin/views.ts';
import type { SettingScope } from '../domain/settings/setting.ts';

export async function shownSettings(
  client: AdminClient,
  scope: SettingScope,
  name: string,
  all: boolean | undefined,
): Promise<{ readonly settings: SettingView[]; readonly warnings: readonly string[] }> {
  const settings = await client.call('settings.show', { scope, name });
  const warnings = await client.call('settings.warnings', { scope, name });
  return { settings: settings.filter(({ from }) => all === true || from !== 'default'), warnings };
}
