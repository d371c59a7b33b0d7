/**
 * A password that a command sets, under the name `password`. `sluis` reads it from a file, standard
 * input or a prompt, or generates one and writes it to a new file (`--password-file`, `--generate`,
 * `--out`). If the command fails, that new file is removed.
 */
import { secret } from './files.ts';
import { type Param, param } from './params.ts';

const given = secret({ en: 'a password', nl: 'een wachtwoord' });

export const password = param<string>('secret', given, 'the password');
/** The same, but `--no-password` leaves it out. */
export const maybePassword = (about: string): Param<string | undefined> =>
  param('secret', given, about, { optional: true });

/**
 * A password that already exists elsewhere and is taken as it is. It is asked for if the option
 * `beside` is given.
 */
export const passwordThere = (about: string, beside: string): Param<string | undefined> =>
  param('secret', given, about, { optional: true, beside });
