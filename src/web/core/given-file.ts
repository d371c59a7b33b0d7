/**
 * A download that is sent while an operation still makes it, so that only a few pieces of it are in
 * memory.
 */
import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import type { Call } from '../../admin/call.ts';
import type { Download } from './page.ts';

export type Send = NonNullable<Call['send']>;

/** Octets that may wait for a browser that reads slowly. */
const WAITING = 256 * 1024;

/**
 * Starts `make`, and resolves with the download at its first octets, or at its end if it has none.
 * An error before that rejects, and the reader sees a page. A later error ends the connection, so
 * that nobody takes a part for the whole.
 */
export async function givenFile(
  about: Pick<Download, 'name' | 'type'>,
  gone: AbortSignal,
  make: (send: Send) => Promise<unknown>,
): Promise<Download> {
  const file = new PassThrough({ highWaterMark: WAITING });
  // Without a listener, this error would end the process. The reader of the file sees it too.
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
  // A later error reaches the reader through the file, so this promise may fail unseen.
  made.catch(() => undefined);
  return { kind: 'download', ...about, pieces: file as AsyncIterable<Uint8Array> };
}
