/** `sluis store`: the file of the database itself. */
import type { Command } from 'commander';
import { loadConfig } from '../config/load.ts';
import { many } from '../domain/counted.ts';
import { mebibytes } from '../domain/octets-text.ts';
import { MiB } from '../domain/units.ts';
import { compactStore } from '../gateway/stopped-store.ts';
import { type CommonOptions, reading } from './options.ts';
import { print } from './output.ts';
import { showProgress } from './progress.ts';
import type { Terminal } from './terminal.ts';

export function addStoreCommands(terminal: Terminal, program: Command): void {
  const group = program.command('store').description('the file of the database; the gateway is stopped meanwhile');
  reading(group.command('compact'))
    .description(
      'write the database anew, in the form of new ones and without free pages; proved before it takes the place of the old file',
    )
    .action((options: CommonOptions) => compact(terminal, options));
}

async function compact(terminal: Terminal, options: CommonOptions): Promise<void> {
  const config = loadConfig(options.config, { files: false });
  const progress = showProgress('Writing', 'MiB');
  const done = await compactStore({
    dataFolder: config.data.folder,
    told: (octets, of) => progress.show(Math.ceil(octets / MiB), Math.ceil(of / MiB)),
  }).finally(() => progress.end());
  print(terminal, options, done, () =>
    [
      `The database has ${mebibytes(done.after)}, before ${mebibytes(done.before)}.`,
      `Proved before it took the place of the old file: ${many(done.rows, 'row')} in ${many(done.tables, 'table')}, every page, the audit trail to its last row.`,
    ].join('\n'),
  );
}
