/** What a receipt calls an attachment: the leaves of a message that are more than its text. Pure. */
import type { MessagePart, MessageParts } from '../domain/message-part.ts';
import type { Attachment } from '../letters/receipt.ts';

const TEXT: ReadonlySet<string> = new Set(['text/plain', 'text/html']);

/**
 * Every part with a name, everything that is no text, and text in which EDI was found: old systems send an interchange as the only, nameless
 * part. The hash is of the decoded octets as submitted, before any protection.
 */
export function attachmentsOf({ leaves, interchanges }: MessageParts): Attachment[] {
  const edi = new Set(interchanges.map(({ part }) => part));
  return leaves
    .filter(({ name, type, path }) => name !== '' || !TEXT.has(type) || edi.has(path))
    .map(({ name, sha256, exact }: MessagePart) => ({ name, sha256, ...(exact ? {} : { damaged: true }) }));
}
