/**
 * A file that a command makes. It is opened before anything else is done, so that no result is lost
 * because it cannot be written.
 */
import { closeSync, fsyncSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { CommandError } from './exit.ts';

export interface NewFile {
  readonly path: string;
  /** Writes the whole file. It is on the disk when this returns. */
  write(content: string | Uint8Array): void;
  /** Adds a piece of a large file. Call it as often as needed, then `end`. */
  append(content: string | Uint8Array): void;
  end(): void;
  /** Removes the file, after the command failed. */
  undo(): void;
}

/**
 * The exit code for a file that cannot be made: it exists, the given place is wrong, or the machine
 * has no space.
 */
export function fileCode(error: unknown): 'conflict' | 'usage' | 'unavailable' {
  const { code = '' } = error as NodeJS.ErrnoException;
  if (code === 'EEXIST') return 'conflict';
  return ['ENOENT', 'ENOTDIR', 'EISDIR', 'EACCES', 'EPERM', 'ENAMETOOLONG', 'ELOOP'].includes(code)
    ? 'usage'
    : 'unavailable';
}

/** Opens a new file, and never overwrites one. Use `mode` 0600 for a file that holds a key. */
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

/** Runs `use`. If that fails, none of the files is left. */
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
