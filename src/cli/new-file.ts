/**
 * A file that a command makes: opened before anything else is done, so that what follows is not
 * lost for want of a place to put it.
 */
import { closeSync, fsyncSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { CommandError } from './exit.ts';

export interface NewFile {
  readonly path: string;
  /** Durable when it returns; the file is whole. */
  write(content: string | Uint8Array): void;
  /** Adds a piece of a large file: called as often as needed, then `end`. */
  append(content: string | Uint8Array): void;
  end(): void;
  /** Removes it: for a command that failed. */
  undo(): void;
}

/**
 * The exit code of a file that cannot be made: it exists, the place that was named is wrong, or the
 * machine has no room.
 */
export function fileCode(error: unknown): 'conflict' | 'usage' | 'unavailable' {
  const { code = '' } = error as NodeJS.ErrnoException;
  if (code === 'EEXIST') return 'conflict';
  return ['ENOENT', 'ENOTDIR', 'EISDIR', 'EACCES', 'EPERM', 'ENAMETOOLONG', 'ELOOP'].includes(code)
    ? 'usage'
    : 'unavailable';
}

/** Overwrites nothing. `mode` 0600 for what holds a key. */
export function newFile(path: string, mode: number): NewFile {
  let file: number;
  try {
    file = openSync(path, 'wx', mode);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new CommandError(
      fileCode(error),
      `Cannot write "${path}": ${code === 'EEXIST' ? 'it exists, and nothing is overwritten; name another file' : `${code ?? 'it failed'}; name a file in a folder that you may write`}`,
    );
  }
  const end = (): void => {
    fsyncSync(file);
    closeSync(file);
  };
  return {
    path,
    write: (content) => {
      writeFileSync(file, content);
      end();
    },
    append: (content) => writeFileSync(file, content),
    end,
    undo: () => rmSync(path, { force: true }),
  };
}

/** Runs `use`; when it fails, none of the files stays. */
export async function withFiles<T>(
  files: readonly (Pick<NewFile, 'undo'> | undefined)[],
  use: () => Promise<T>,
): Promise<T> {
  try {
    return await use();
  } catch (error) {
    for (const file of files) file?.undo();
    throw error;
  }
}
