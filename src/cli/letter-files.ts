/**
 * Where letters are written: each to its own file, or all to one file with a form feed between two.
 * A letter holds a secret, so files have mode 0600, and nothing is overwritten.
 */
import { closeSync, existsSync, fsyncSync, linkSync, mkdirSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CommandError } from './exit.ts';
import { fileCode, newFile } from './new-file.ts';

export interface LetterFiles {
  /** The place, in words for people. */
  readonly where: string;
  /** True if there is already a letter for this account. */
  has(login: string): boolean;
  write(login: string, letter: string): void;
  end(): void;
}

interface Wanted {
  readonly letter?: string | undefined;
  readonly letters?: string | undefined;
}

/**
 * Opens the place for letters. Call it before a code is made, so that no code is lost because it
 * cannot be written.
 */
export function letterFiles({ letter, letters }: Wanted): LetterFiles | undefined {
  if (letters !== undefined) return folderOf(letters);
  return letter === undefined ? undefined : fileOf(letter);
}

function fileOf(path: string): LetterFiles {
  const file = newFile(path, 0o600);
  let empty = true;
  return {
    where: `"${path}"`,
    has: () => false,
    write: (_, letter) => {
      file.append(empty ? letter : `\f${letter}`);
      empty = false;
    },
    end: () => {
      file.end();
      if (empty) file.undo();
    },
  };
}

/**
 * The name of a letter's file. A login name may contain nearly any character, but a file name must
 * not leave its folder.
 */
const nameOf = (login: string): string =>
  `${login.replace(/[^\p{L}\p{N}@._+-]/gu, (c) => `%${c.codePointAt(0)?.toString(16) ?? ''}`).replace(/^\./, '%2e')}.txt`;

function folderOf(path: string): LetterFiles {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new CommandError(
      fileCode(error),
      `Cannot write letters to "${path}": ${(error as NodeJS.ErrnoException).code ?? 'it failed'}; name a folder that you may write`,
    );
  }
  return {
    where: `"${path}"`,
    has: (login) => existsSync(join(path, nameOf(login))),
    write: (login, letter) => {
      const file = join(path, nameOf(login));
      try {
        // The file is either complete or absent: `--continue` counts a file that exists as done.
        writeFileSync(`${file}.part`, letter, { mode: 0o600 });
        linkSync(`${file}.part`, file);
        rmSync(`${file}.part`);
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        throw new CommandError(
          fileCode(error),
          `Cannot write "${file}": ${code === 'EEXIST' ? 'a letter is there already, and nothing is overwritten; name another folder, or give --continue to leave it out' : `${code ?? 'it failed'}; run the command again with --continue`}`,
        );
      }
    },
    // One sync for all letters: with one for each, 20,000 letters would take minutes.
    end: () => {
      const folder = openSync(path, 'r');
      fsyncSync(folder);
      closeSync(folder);
    },
  };
}
