/**
 * A file that an operation hands over while it makes it, sent as it comes: no more than some pieces
 * of it are in memory.
 */
import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import type { Call } from '../../admin/call.ts';
import type { Download } from './page.ts';

export type Send = NonNullable<Call['send']>;

/** Octets that wait for a browser which takes them slowly. */
const WAITING = 256 * 1024;

/**
 * Resolves at the first octets, or at the end where there are none. What refuses it before that
 * rejects, and is shown as a page; what breaks it off later ends the connection, so that nobody
 * takes a part for the whole.
 */
export async function givenFile(
  about: Pick<Download, 'name' | 'type'>,
  gone: AbortSignal,
  make: (send: Send) => Promise<unknown>,
): Promise<Download> {
  const file = new PassThrough({ highWaterMark: WAITING });
  // The reader sees the error; without a reader it would end the process.
  file.on('error', () => undefined);
  let begun = (): void => undefined;
  const first = new Promise<void>((resolve) => (begun = resolve));
  const made = make(async (piece) => {
    const takesMore = file.write(Buffer.from(piece, 'latin1'));
    begun();
    if (!takesMore) await once(file, 'drain', { signal: gone });
  }).then(
    () => void file.end(),
    (error: unknown) => {
      file.destroy(error as Error);
      throw error;
    },
  );
  await Promise.race([first, made]);
  // A later error is reported through the file.
  made.catch(() => undefined);
  return { kind: 'download', ...about, pieces: file as AsyncIterable<Uint8Array> };
}
