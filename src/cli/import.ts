/** `sluis account import`: thousands of accounts from one file, all of them or none. */
import type { Command } from 'commander';
import { withAdmin } from './connect.ts';
import { CommandError } from './exit.ts';
import { type ChangeOptions, changing } from './options.ts';
import { print } from './output.ts';
import { readUpload } from './upload.ts';
import { showProgress } from './progress.ts';
import type { Terminal } from './terminal.ts';

export function addImportCommand(terminal: Terminal, accounts: Command): void {
  changing(accounts.command('import'))
    .description('register many accounts from a CSV file: all or none, every bad line reported')
    .argument(
      '<file>',
      'header "login,address,organisation,password" or "...,password_hash", and where wanted "kind"; - for standard input',
    )
    .option('--observe <days>', 'every tolerance on, and watch what each account deviates in, such as 30d')
    .option('--dry-run', 'check every line and change nothing')
    .action(async (file: string, options: ChangeOptions & { readonly dryRun?: boolean; readonly observe?: string }) => {
      const observe = options.observe === undefined ? 0 : Number(/^(\d{1,3})d$/.exec(options.observe)?.[1] ?? NaN);
      if (!(observe >= 0))
        throw new CommandError('usage', `Cannot observe "${options.observe ?? ''}": expected days, such as 30d`);
      const upload = readUpload(terminal, file);
      const progress = showProgress();
      const done = await withAdmin(options, (client) =>
        client.call(
          'account.import',
          { 'dry-run': options.dryRun === true, observe },
          { upload, progress: progress.show },
        ),
      ).finally(progress.end);
      print(terminal, options, done, () =>
        done.applied
          ? `Registered ${done.accounts} accounts.`
          : `The file is right: it would register ${done.accounts} accounts. Nothing was changed.`,
      );
    });
}
