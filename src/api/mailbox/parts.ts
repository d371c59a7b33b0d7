/** The parts of a stored message: which there are, and the decoded octets of one, while the message streams by. */
import type { MessagePart } from '../../domain/message-part.ts';
import type { LeafFields } from '../../mime/leaf.ts';
import { MimeWalk } from '../../mime/walk.ts';
import type { MailboxEntry } from '../../store/deliveries.ts';
import { ContentDamaged, type StoredContent } from '../../store/store.ts';

/** Of what is stored as it was submitted the parts are known; a protected or opened copy is read for them. */
export async function partsOf(
  { message, parts }: MailboxEntry,
  open: () => Promise<StoredContent | undefined>,
): Promise<readonly MessagePart[]> {
  if (message.copyOf === undefined && parts !== undefined) return parts.leaves;
  const content = await open();
  if (content === undefined) return [];
  const walk = new MimeWalk();
  for await (const slice of content.slices()) {
    walk.write(Buffer.from(slice.buffer, slice.byteOffset, slice.byteLength));
    content.release?.(slice);
  }
  return walk.end().leaves;
}

/**
 * The decoded octets of `part`, and no more of the message is read than needed. Throws ContentDamaged where they are not those that the part is known by: the
 * answer breaks off then before its end.
 */
export async function* partOctets(content: StoredContent, part: MessagePart): AsyncGenerator<Uint8Array> {
  let ready: Buffer[] = [];
  let left = part.octets;
  // What stands in front of the first part of a multipart has the path of the multipart, which may be that of its first part.
  const isIt = (path: string, { type, name, encoding }: LeafFields): boolean =>
    path === part.path && type === part.type && name === part.name && encoding === part.encoding;
  const walk = new MimeWalk((path, fields) =>
    isIt(path, fields)
      ? {
          write: (octets) => {
            const taken = octets.subarray(0, left);
            left -= taken.length;
            if (taken.length > 0) ready.push(Buffer.from(taken));
          },
          end: () => undefined,
        }
      : undefined,
  );
  for await (const slice of content.slices()) {
    walk.write(Buffer.from(slice.buffer, slice.byteOffset, slice.byteLength));
    content.release?.(slice);
    yield* ready;
    ready = [];
    if (left === 0) return;
  }
  walk.end();
  yield* ready;
  if (left > 0) throw new ContentDamaged(`part ${part.path} of message ${content.id} lacks ${left} of its octets`);
}
