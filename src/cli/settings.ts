/** `set` and the settings part of `show`, the same for organisations, accounts and addresses. */
import type { Command } from 'commander';
import type { AdminClient } from '../admin/client.ts';
import { many } from '../domain/counted.ts';
import type { SettingScope } from '../domain/settings/setting.ts';
import { withAdmin } from './connect.ts';
import { CommandError } from './exit.ts';
import { type ChangeOptions, changing } from './options.ts';
import { print } from './output.ts';
import { showProgress } from './progress.ts';
import { type ShownSettings, settingsTableOf } from './settings-text.ts';
import { readUpload } from './upload.ts';
import type { Terminal } from './terminal.ts';

interface SetOptions extends ChangeOptions {
  readonly from?: string;
  readonly dryRun?: boolean;
}

export function addSetCommand(terminal: Terminal, group: Command, scope: SettingScope): void {
  changing(group.command('set'))
    .description(`set policy of one ${scope}, or of many from a CSV file`)
    .argument('[name]', `the ${scope}`)
    .argument('[settings...]', 'KEY=VALUE; KEY=default takes a setting back')
    .option(
      '--from <file>',
      `CSV with the header "${scope},KEY,KEY..."; an empty cell changes nothing; - for standard input`,
    )
    .option('--dry-run', 'with --from: check every line and change nothing')
    .action(async (name: string | undefined, settings: readonly string[], options: SetOptions) => {
      if (options.from !== undefined) return await setFrom(terminal, scope, name, options.from, options);
      if (options.dryRun === true)
        throw new CommandError('usage', 'Cannot use --dry-run without --from: it checks a file; name the file');
      if (name === undefined)
        throw new CommandError('usage', `Cannot set: name the ${scope}, or give a file with --from`);
      const [set, warnings] = await withAdmin(options, async (client) => [
        await client.call('settings.set', { scope, name, values: valuesOf(settings) }),
        await client.call('settings.warnings', { scope, name }),
      ]);
      for (const warning of warnings) terminal.err(`Warning: ${warning}.\n`);
      print(terminal, options, set, () => settingsTableOf(set));
    });
}

function valuesOf(settings: readonly string[]): Record<string, string> {
  const values: Record<string, string> = {};
  for (const setting of settings) {
    const at = setting.indexOf('=');
    const key = setting.slice(0, at);
    if (at <= 0) throw new CommandError('usage', `Cannot set "${setting}": expected KEY=VALUE, such as quota=5GiB`);
    if (Object.hasOwn(values, key))
      throw new CommandError('usage', `Cannot set "${key}" twice in one command; give it once`);
    values[key] = setting.slice(at + 1);
  }
  return values;
}

async function setFrom(
  terminal: Terminal,
  scope: SettingScope,
  name: string | undefined,
  file: string,
  options: SetOptions,
): Promise<void> {
  if (name !== undefined)
    throw new CommandError('usage', `Cannot set "${name}" and a file in one command; give one of them`);
  const upload = readUpload(terminal, file);
  const progress = showProgress('Setting', scope === 'address' ? 'addresses' : `${scope}s`);
  const done = await withAdmin(options, (client) =>
    client.call(
      'settings.set-many',
      { scope, 'dry-run': options.dryRun === true },
      { upload, progress: progress.show },
    ),
  ).finally(progress.end);
  for (const warning of done.warnings) terminal.err(`Warning: ${warning}.\n`);
  print(terminal, options, done, () => {
    const changed = `${many(done.changes, 'setting')} of ${many(done.targets, scope)}`;
    const already = done.already === 0 ? '' : ` ${done.already} had them already.`;
    return done.applied
      ? `Changed ${changed}.${already}`
      : `The file is right: it would change ${changed}.${already} Nothing was changed.`;
  });
}

export async function shownSettings(
  client: AdminClient,
  scope: SettingScope,
  name: string,
  all: boolean | undefined,
): Promise<ShownSettings> {
  const settings = await client.call('settings.show', { scope, name });
  const warnings = await client.call('settings.warnings', { scope, name });
  return { settings: all === true ? settings : settings.filter((s) => s.from !== 'default'), warnings };
}
