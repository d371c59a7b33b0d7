/**
 * Finds the parts of a stored message, and gives the decoded octets of one while the message
 * streams by.
 */
import type { MessagePart } from '../../domain/message-part.ts';
import type { LeafFields } from '../../mime/leaf.ts';
import { MimeWalk } from '../../mime/walk.ts';
import type { MailboxEntry } from '../../store/deliveries.ts';
import { ContentDamaged } from '../../store/store.ts';
import type { StoredContent } from '../../store/body.ts';

/**
 * Usual size of the buffer: the octets of a decoded slice, and the few that the previous slice
 * began.
 */
const READY = 260 * 1024;

/**
 * The parts of a message. They are known if it is stored as it was submitted; a protected or opened
 * copy is read to find them.
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
 * ContentDamaged if octets of the part are missing: then the answer breaks off before its end.
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
