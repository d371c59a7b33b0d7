/** `sluis account suspend` and `resume`, of one account or of a list. */
import type { Command } from 'commander';
import { CommandError } from './exit.ts';
import type { ChangeOptions } from './options.ts';
import type { Terminal } from './terminal.ts';
import { readUpload } from './upload.ts';

interface ManyOptions extends ChangeOptions {
  readonly from?: string;
  readonly dryRun?: boolean;
}

/** One or several accounts, or a file of them. */
export const manyAccounts = (command: Command): Command =>
  command
    .argument('[logins...]', 'the accounts')
    .option('--from <file>', 'CSV with the header "account", one a line; - for standard input')
    .option('--dry-run', 'show what would be done and change nothing');

/** What such a command hands over; `verb` for the error. */
export function manyInput(
  terminal: Terminal,
  verb: string,
  logins: readonly string[],
  { from }: Pick<ManyOptions, 'from'>,
): { readonly upload?: string } {
  if (logins.length === 0 && from === undefined)
    throw new CommandError('usage', `Cannot ${verb}: name an account, or a file with --from`);
  return from === undefined ? {} : { upload: readUpload(terminal, from) };
}
