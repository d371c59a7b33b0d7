/** Checks that a file that comes with a call has the hash that the call names. */
import { createHash } from 'node:crypto';
import { AdminError } from './error.ts';

/**
 * Passes the file on, and throws at its end if the content is another one. Its reader must do
 * nothing before that.
 */
export async function* exactly(
  upload: AsyncIterable<string>,
  sha256: string | undefined,
): AsyncGenerator<string, void, undefined> {
  const hash = createHash('sha256');
  for await (const piece of upload) {
    hash.update(piece);
    yield piece;
  }
  if (hash.digest('hex') !== sha256)
    throw new AdminError('invalid', 'Cannot use the file: it is not the one that the call names; give that one');
}
