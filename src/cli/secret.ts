/**
 * Where a command gets a password from: a prompt without echo, a file, standard input, or the
 * generator. It is never an argument: every user of the machine can see those, and shells keep them
 * in histories.
 */
import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { generatePassword } from '../crypto/passwords/password-generate.ts';
import { checkNewPassword } from '../crypto/passwords/password-text.ts';
import { CommandError } from './exit.ts';
import { fileCode } from './new-file.ts';
import { type SecretOptions, secretOptions } from './secret-options.ts';
import { type Terminal, note } from './terminal.ts';

export { type SecretOptions, secretOptions };

export interface Secret {
  readonly password: string;
  /** Where it was written, as a sentence. */
  readonly written?: string;
  /** Removes the file that was written, because the command failed afterwards. */
  undo(): void;
}

/** A password for which no file was written, so that there is nothing to undo. */
export const kept = (password: string): Secret => ({ password, undo: () => undefined });

export async function readSecret(terminal: Terminal, options: SecretOptions): Promise<Secret> {
  if (options.out !== undefined && options.generate !== true)
    throw new CommandError(
      'usage',
      'Cannot use --out by itself: it names the file for --generate; add --generate or leave it out',
    );
  if (options.generate === true) {
    if (options.out === undefined)
      throw new CommandError(
        'usage',
        'Cannot generate a password without --out FILE: the screen would show it; add --out',
      );
    return generated(options.out);
  }
  const text =
    options.passwordFile !== undefined ? fromFile(terminal, options.passwordFile) : await fromTerminalOrInput(terminal);
  const checked = checkNewPassword(text);
  if (!checked.ok)
    throw new CommandError(
      'usage',
      `Cannot use the password: ${checked.error}; or have one generated: --generate --out FILE`,
    );
  return kept(text);
}

/** A password that somebody else chose, unchanged: from a file, standard input or a prompt. */
export const readGivenPassword = async (terminal: Terminal, file: string | undefined): Promise<string> =>
  file === undefined ? await fromTerminalOrInput(terminal) : fromFile(terminal, file);

/**
 * A password that already exists elsewhere. It is asked for only once, since a typing error is
 * noticed at once.
 */
export async function readGivenSecret(terminal: Terminal, file: string | undefined, question: string): Promise<string> {
  if (file !== undefined) return fromFile(terminal, file);
  if (terminal.input !== undefined || !process.stdin.isTTY) return fromFile(terminal, '-');
  return await promptSecret(question);
}

/**
 * The password of an existing file. It is asked for only once, since a typing error is noticed at
 * once.
 */
export async function readOpeningPassword(terminal: Terminal, file: string | undefined): Promise<string> {
  return await readGivenSecret(terminal, file, 'Password of the file: ');
}

function generated(out: string): Secret {
  const password = generatePassword();
  let file: number;
  try {
    file = openSync(out, 'wx', 0o600);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new CommandError(
      fileCode(error),
      `Cannot write the password to "${out}": ${code === 'EEXIST' ? 'it exists, and nothing is overwritten; name another file' : `${code ?? 'it failed'}; name a file in a folder that you may write`}`,
    );
  }
  writeSync(file, `${password}\n`);
  closeSync(file);
  return { password, written: writtenText(out), undo: () => rmSync(out, { force: true }) };
}

/** The first line of a text. A text of several lines is most likely the wrong file. */
function firstLine(text: string, from: string): string {
  const [line = '', ...rest] = text.split(/\r?\n/);
  if (line === '')
    throw new CommandError(
      'usage',
      `Cannot read a password from ${from}: its first line is empty; write the password there`,
    );
  if (rest.some((r) => r !== ''))
    throw new CommandError(
      'usage',
      `Cannot read a password from ${from}: it has more than one line; expected the password alone`,
    );
  return line;
}

function fromFile({ input }: Terminal, path: string): string {
  const from = path === '-' ? 'standard input' : `"${path}"`;
  try {
    return firstLine(
      (path === '-' ? (input ?? readFileSync(0, 'utf8')) : readFileSync(path, 'utf8')).slice(0, 8192),
      from,
    );
  } catch (error) {
    if (error instanceof CommandError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    throw new CommandError(
      'usage',
      `Cannot read a password from ${from}: ${code ?? String(error)}; name a file that you may read`,
    );
  }
}

async function fromTerminalOrInput(terminal: Terminal): Promise<string> {
  if (terminal.input !== undefined || !process.stdin.isTTY) return fromFile(terminal, '-');
  const first = await promptSecret('Password: ');
  if (first !== (await promptSecret('Again: ')))
    throw new CommandError('usage', 'Cannot use the password: the two were not the same; try again');
  return first;
}

/** Reads one line from the terminal without showing it. */
function promptSecret(question: string): Promise<string> {
  const { stdin } = process;
  // The echo goes off before the question: a quick typist, or a program, answers at once.
  stdin.setRawMode(true);
  stdin.setEncoding('utf8');
  stdin.resume();
  note(question);
  return new Promise((resolve, reject) => {
    let typed = '';
    const end = (settle: () => void): void => {
      stdin.off('data', read);
      stdin.setRawMode(false);
      stdin.pause();
      note('\n');
      settle();
    };
    const read = (text: string): void => {
      for (const c of text) {
        if (c === '\r' || c === '\n') return end(() => resolve(typed));
        if (c === '\u0003' || c === '\u0004')
          return end(() => reject(new CommandError('usage', 'Stopped: no password was given')));
        if (c === '\u007f' || c === '\b') typed = Array.from(typed).slice(0, -1).join('');
        else typed += c;
      }
    };
    stdin.on('data', read);
  });
}

/**
 * Runs `use`. If that fails, a password file that was already written is removed; otherwise
 * somebody would believe that its password works.
 */
export async function withSecret<T>(secret: Secret | undefined, use: () => Promise<T>): Promise<T> {
  try {
    return await use();
  } catch (error) {
    secret?.undo();
    throw error;
  }
}

const writtenText = (out: string): string =>
  `Its password is in ${out}: hand it over by another way than mail, then delete the file.`;

export const written = ({ out }: SecretOptions): string[] => (out === undefined ? [] : [writtenText(out)]);
