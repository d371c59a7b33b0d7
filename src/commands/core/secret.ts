/**
 * A password that a command sets, under the name `password`. `sluis` takes it from a file, standard
 * input or a prompt, or makes one up and writes it to a new file (`--password-file`, `--generate`,
 * `--out`), which is removed where the command fails.
 */
import { secret } from './files.ts';
import { type Param, param } from './params.ts';

const given = secret('a password');

export const password = param<string>('secret', given, 'the password');
/** A password as `password` takes it, which `--no-password` leaves out. */
export const maybePassword = (about: string): Param<string | undefined> =>
  param('secret', given, about, { optional: true });

/**
 * One that stands elsewhere already, taken as it is; asked for where the option `beside` is given.
 */
export const passwordThere = (about: string, beside: string): Param<string | undefined> =>
  param('secret', given, about, { optional: true, beside });
