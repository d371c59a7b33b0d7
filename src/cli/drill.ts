/** `sluis drill`: does what must work on the worst day, on another day. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { agree, many } from '../domain/counted.ts';
import { withAdmin } from './connect.ts';
import { CommandError } from './exit.ts';
import { type ChangeOptions, changing } from './options.ts';
import { print } from './output.ts';
import { showProgress } from './progress.ts';
import { stepText } from './restore.ts';
import type { Terminal } from './terminal.ts';

interface DrillOptions extends ChangeOptions {
  readonly all?: boolean;
  readonly keysFrom?: string;
}

export function addDrillCommands(terminal: Terminal, program: Command): void {
  const group = program.command('drill').description('try what must work on the worst day');
  changing(group.command('restore'))
    .description('restore a backup into a scratch folder, prove it, remove it, and write a signed report')
    .argument('[backup]', 'its folder; default: the newest of the configuration')
    .option('--all', 'open every message, not a sample')
    .option('--keys-from <folder>', 'open it with a copy of the key folder (keys.copy-to), not with the key folder')
    .action((backup: string | undefined, options: DrillOptions) => drill(terminal, backup, options));
}

async function drill(terminal: Terminal, backup: string | undefined, options: DrillOptions): Promise<void> {
  const { keysFrom } = options;
  const input = {
    backup: backup === undefined ? undefined : resolve(backup),
    all: options.all === true,
    'keys-from': keysFrom === undefined ? undefined : resolve(keysFrom),
  };
  const progress = showProgress('Restoring', 'MiB');
  const report = await withAdmin(options, (client) =>
    client.call('backup.drill', input, { progress: progress.show }),
  ).finally(() => progress.end());
  print(terminal, options, report, () =>
    [
      ...report.steps.map(stepText),
      `${report.passed ? 'The backup can be restored' : 'The backup CANNOT be restored'}: ${many(report.opened, 'message')} ${agree(report.opened, 'was', 'were')} opened, in ${report.seconds.toFixed(1)} s.`,
      `Report: ${report.file} (signature beside it)`,
    ].join('\n'),
  );
  if (!report.passed)
    throw new CommandError(
      'configuration',
      report.keysFrom === undefined
        ? `The backup ${report.backup} cannot be restored; take another one now, and look at its disk`
        : `The backup ${report.backup} cannot be restored with the keys in "${report.keysFrom}"; take another one now ("sluis backup" also brings keys.copy-to up to date), and try without --keys-from`,
    );
  if (report.opened === 0)
    throw new CommandError(
      'unproven',
      `Nothing proves that mail of the backup ${report.backup} can be read: there was no message in it to open${report.erased === 0 ? '' : ' but those that were erased'}; try again with a backup that has one`,
    );
}
