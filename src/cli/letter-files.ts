/**
 * Where letters are written: one file each, or one file with a form feed between two. Each holds a
 * secret: mode 0600, and nothing is overwritten.
 */
import { closeSync, existsSync, fsyncSync, linkSync, mkdirSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CommandError } from './exit.ts';
import { fileCode, newFile } from './new-file.ts';

export interface LetterFiles {
  /** For people. */
  readonly where: string;
  /** A letter for the account lies there. */
  has(login: string): boolean;
  write(login: string, letter: string): void;
  end(): void;
}

interface Wanted {
  readonly letter?: string | undefined;
  readonly letters?: string | undefined;
}

/** Opened before a code is made: what is made must not be lost for want of a place to put it. */
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

/** A login name may have any character but few; a file name may not leave its folder. */
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
        // Whole or not there: --resume takes what is there for done.
        writeFileSync(`${file}.part`, letter, { mode: 0o600 });
        linkSync(`${file}.part`, file);
        rmSync(`${file}.part`);
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        throw new CommandError(
          fileCode(error),
          `Cannot write "${file}": ${code === 'EEXIST' ? 'a letter is there already, and nothing is overwritten; name another folder, or give --resume to leave it out' : `${code ?? 'it failed'}; run the command again with --resume`}`,
        );
      }
    },
    // One sync for all letters: for 20,000 of them a sync each would take minutes.
    end: () => {
      const folder = openSync(path, 'r');
      fsyncSync(folder);
      closeSync(folder);
    },
  };
}
