/** The file that a command sends along with its call. */
import { readFileSync, statSync } from 'node:fs';
import { CommandError } from './exit.ts';
import type { Terminal } from './terminal.ts';

const MAX_UPLOAD = 64 * 1024 * 1024;

/** Reads the file; `-` is standard input. */
export function readUpload({ input }: Terminal, file: string): string {
  if (file === '-' && input !== undefined) return input;
  try {
    if (file !== '-' && statSync(file).size > MAX_UPLOAD)
      throw new CommandError('usage', `Cannot read "${file}": it is larger than 64MiB; split it`);
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file === '-' ? 0 : file));
  } catch (error) {
    if (error instanceof CommandError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    const why =
      code === 'ERR_ENCODING_INVALID_ENCODED_DATA'
        ? 'it is not UTF-8; save it as "CSV UTF-8"'
        : `${code ?? String(error)}; name a file that you may read`;
    throw new CommandError('usage', `Cannot read "${file}": ${why}`);
  }
}

// eslint-disable-next-line @typescript-eslint/require-await -- an upload is an AsyncIterable; here it is all there at once
export async function* once(text: string): AsyncGenerator<string, void, undefined> {
  yield text;
}
