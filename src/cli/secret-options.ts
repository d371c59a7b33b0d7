/**
 * The options that say where a command gets a password from. The code behind them is in secret.ts,
 * which is loaded only when it is needed.
 */
import { type Command, Option } from 'commander';

export interface SecretOptions {
  readonly passwordFile?: string;
  readonly generate?: boolean;
  readonly out?: string;
}

/** `isNew`: true if the command may also generate a password. */
export function secretOptions(command: Command, isNew = true): Command {
  const file = new Option('--password-file <file>', 'first line of this file; - for standard input');
  if (!isNew) return command.addOption(file);
  return command
    .addOption(file.conflicts('generate'))
    .option('--generate', 'generate a password; needs --out')
    .option('--out <file>', 'file for the generated password; must not exist, is written with mode 0600');
}
