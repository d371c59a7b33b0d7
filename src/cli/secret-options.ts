/** Where a command takes a password from: its words. What they do is in secret.ts, which is loaded where it is needed. */
import { type Command, Option } from 'commander';

export interface SecretOptions {
  readonly passwordFile?: string;
  readonly generate?: boolean;
  readonly out?: string;
}

export const secretOptions = (command: Command): Command =>
  command
    .addOption(
      new Option('--password-file <file>', 'first line of this file; - for standard input').conflicts('generate'),
    )
    .option('--generate', 'make a password up; needs --out')
    .option('--out <file>', 'file for the made-up password; must not exist, is written with mode 0600');
