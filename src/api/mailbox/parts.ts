/**
 * The parts of a stored message: which there are, and the decoded octets of one, while the message
 * streams by.
 */
import type { MessagePart } from '../../domain/message-part.ts';
import type { LeafFields } from '../../mime/leaf.ts';
import { MimeWalk } from '../../mime/walk.ts';
import type { MailboxEntry } from '../../store/deliveries.ts';
import { ContentDamaged } from '../../store/store.ts';
import type { StoredContent } from '../../store/body.ts';

/** Octets of a decoded slice, and the few that the previous one began. */
const READY = 260 * 1024;

/**
 * Of what is stored as it was submitted the parts are known; a protected or opened copy is read for
 * them.
 */
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
 * The decoded octets of `part`, and no more of the message is read than needed. Throws
 * ContentDamaged if they are not those that the part is known by: the answer breaks off then before
 * its end.
 */
export async function* partOctets(content: StoredContent, part: MessagePart): AsyncGenerator<Uint8Array> {
  // The decoded octets lie in one buffer, which is used again once they were sent.
  let ready = Buffer.alloc(0);
  let octets = 0;
  let left = part.octets;
  const keep = (taken: Buffer): void => {
    if (octets + taken.length > ready.length) {
      const grown = Buffer.allocUnsafeSlow(Math.max(octets + taken.length, Math.min(part.octets, READY)));
      ready.copy(grown, 0, 0, octets);
      ready = grown;
    }
    octets += taken.copy(ready, octets);
    left -= taken.length;
  };
  // What stands in front of the first part of a multipart has the path of the multipart, which may
  // be that of its first part.
  const isIt = (path: string, { type, name, encoding }: LeafFields): boolean =>
    path === part.path && type === part.type && name === part.name && encoding === part.encoding;
  const walk = new MimeWalk((path, fields) =>
    isIt(path, fields)
      ? {
          write: (decoded) => {
            if (left > 0) keep(decoded.subarray(0, left));
          },
          end: () => undefined,
        }
      : undefined,
  );
  for await (const slice of content.slices()) {
    walk.write(Buffer.from(slice.buffer, slice.byteOffset, slice.byteLength));
    content.release?.(slice);
    if (octets > 0) yield ready.subarray(0, octets);
    octets = 0;
    if (left === 0) return;
  }
  walk.end();
  if (octets > 0) yield ready.subarray(0, octets);
  if (left > 0) throw new ContentDamaged(`part ${part.path} of message ${content.id} lacks ${left} of its octets`);
}
