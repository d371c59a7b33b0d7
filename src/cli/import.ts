/** `sluis account import`: thousands of accounts from one file, all of them or none. */
import type { Command } from 'commander';
import { agree, many } from '../domain/counted.ts';
import { CODE_DAYS } from '../domain/password-codes.ts';
import { withAdmin } from './connect.ts';
import { CommandError } from './exit.ts';
import { letterFiles } from './letter-files.ts';
import { type CodesWanted, makeCodes } from './make-codes.ts';
import { type ChangeOptions, changing, wholeDays } from './options.ts';
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
    .option(
      '--letters <folder>',
      'lines may have no password: a letter with a one-time code for each of these accounts, in this folder',
    )
    .option('--valid <days>', `how long these codes hold, at most ${CODE_DAYS.most}d`, wholeDays, CODE_DAYS.most)
    .option('--dry-run', 'check every line and change nothing')
    .action((file: string, options: ImportOptions) => importFile(terminal, file, options));
}

interface ImportOptions extends ChangeOptions {
  readonly dryRun?: boolean;
  readonly observe?: string;
  readonly letters?: string;
  readonly valid: number;
}

async function importFile(terminal: Terminal, file: string, options: ImportOptions): Promise<void> {
  const { letters, valid } = options;
  const dryRun = options.dryRun === true;
  const observe = options.observe === undefined ? 0 : Number(/^(\d{1,3})d$/.exec(options.observe)?.[1] ?? NaN);
  if (!(observe >= 0))
    throw new CommandError('usage', `Cannot observe "${options.observe ?? ''}": expected days, such as 30d`);
  const upload = readUpload(terminal, file);
  const files = dryRun ? undefined : letterFiles({ letters });
  const progress = showProgress('Checking', 'accounts');
  const input = { 'dry-run': dryRun, observe, 'without-password': letters !== undefined };
  let names = '';
  const receive = (piece: string): void => void (names += piece);
  const [done, made] = await withAdmin(options, async (client) => {
    const imported = await client
      .call('account.import', input, { upload, progress: progress.show, receive })
      .finally(progress.end);
    if (files === undefined || (imported.without ?? 0) === 0) return [imported, undefined] as const;
    // As soon as these accounts stand, whoever looks at the letters again starts with "account reset --letters FOLDER --resume".
    const logins = Buffer.from(names, 'latin1').toString().trimEnd().split('\n');
    const wanted: CodesWanted = { all: false, valid, by: 'letter', files, resume: false, dryRun };
    return [imported, await makeCodes(client, logins, wanted)] as const;
  }).finally(() => files?.end());
  const value = made === undefined ? done : { ...done, letters: made.codes.length };
  print(terminal, options, value, () =>
    [
      done.already === true
        ? `Already imported: ${many(done.accounts, 'account')} ${agree(done.accounts, 'stands', 'stand')} in the registry as in the file, addresses included. Nothing was changed, passwords were not compared.`
        : done.applied
          ? `Registered ${many(done.accounts, 'account')}.`
          : `The file is right: it would register ${many(done.accounts, 'account')}. Nothing was changed.`,
      ...(made === undefined
        ? []
        : [
            `Wrote ${many(made.codes.length, 'letter')} with a code for a first password to ${files?.where ?? ''}: put ${agree(made.codes.length, 'it', 'them')} into the post, and delete the ${agree(made.codes.length, 'file', 'files')}.`,
          ]),
    ].join('\n'),
  );
}
