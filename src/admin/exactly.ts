/** A file that comes along with a call, held to the hash that the call names. */
import { createHash } from 'node:crypto';
import { AdminError } from './error.ts';

/** Throws at the end if the content is another one: its reader does nothing before that. */
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
