/**
 * What a notice tells of the message it is about: what its sender submitted, and nothing else.
 * Bounded; content is never kept.
 *
 * Nearly anybody can send somebody else's ciphertext again as a message of its own. So no notice is
 * made of a copy: a copy may hold what was inside. Of a copy the header was kept as it was
 * submitted. And of a message that its sender may have encrypted or signed only the header is told,
 * whether or not anything was opened, or the difference would tell that it was.
 */
import { defined } from '../domain/defined.ts';
import type { MessageId } from '../domain/ids.ts';
import { maybeProtected } from '../crypto/smime/layer.ts';
import type { AboutMessage } from '../letters/letter.ts';
import { contentFields } from '../mime/content-fields.ts';
import { fieldsNamed, headerEnd, readHeader } from '../mime/header.ts';
import { returnedHeader } from '../mime/returned-header.ts';
import { readableHeaderText } from '../mime/words.ts';
import { JOIN_LIMIT, joinSmall } from '../platform/bytes.ts';
import type { MessageRecord } from '../store/deliveries.ts';
import type { Deliveries } from '../store/port/mail.ts';
import type { StoredContent } from '../store/body.ts';

/** What reads it. `openMessage` is asked for messages that are no copies, and for nothing else. */
export type OriginalReader = Pick<Deliveries, 'openMessage' | 'submittedHeader'>;

export interface Original {
  /**
   * Where all of it may be told: the message lies here as it was submitted, and its sender
   * protected nothing.
   */
  readonly content?: StoredContent;
  /** The header with its empty line, cut behind a field where it is longer than 64 KiB. */
  readonly header: Buffer;
  readonly subject: string;
  /**
   * Its sender may have encrypted it: what a program says of its content is nobody's business but
   * the addressee's.
   */
  readonly closed: boolean;
}

/**
 * Undefined when the content is no longer kept, or cannot be read: a notice without it is better
 * than none.
 */
export async function readOriginal(
  deliveries: OriginalReader,
  message: Pick<MessageRecord, 'id' | 'copyOf' | 'opened' | 'recipients'>,
): Promise<Original | undefined> {
  const { id, copyOf, opened = false, recipients } = message;
  try {
    if (copyOf !== undefined) return await besideCopy(deliveries, id, opened);
    const content = await deliveries.openMessage(id);
    if (content === undefined) {
      // Nobody got the message as it was submitted.
      const copy = recipients.find((each) => each.copy !== undefined)?.copy;
      return copy === undefined ? undefined : await besideCopy(deliveries, copy, opened);
    }
    const read = headerOf(await readHead(content));
    return read.closed ? read : { ...read, content };
  } catch {
    return undefined;
  }
}

async function besideCopy(deliveries: OriginalReader, copy: MessageId, opened: boolean): Promise<Original | undefined> {
  const header = await deliveries.submittedHeader(copy);
  if (header === undefined) return undefined;
  const read = headerOf(header);
  return { ...read, closed: read.closed || opened };
}

async function readHead(content: StoredContent): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const slice of content.slices()) {
    const piece = Buffer.from(slice.subarray(0, JOIN_LIMIT - length));
    pieces.push(piece);
    length += piece.length;
    // The first slice holds the header whole: submission takes none that is longer.
    const head = joinSmall(pieces);
    const end = headerEnd(head);
    if (end >= 0) return head.subarray(0, end);
    if (length >= JOIN_LIMIT) break;
  }
  return joinSmall(pieces);
}

/** `head`: octets up to the header's end. */
export function headerOf(head: Buffer): Omit<Original, 'content'> {
  const read = readHeader(head);
  if (!read.ok) return { header: Buffer.alloc(0), subject: '', closed: true };
  const header = returnedHeader(read.value);
  // Behind the cut nothing of a copy is known.
  const [subject] = fieldsNamed(read.value, 'subject').filter(({ end }) => end <= header.length);
  return {
    header,
    subject:
      subject === undefined
        ? ''
        : readableHeaderText(head.toString('latin1', subject.value, subject.end).replace(/\r\n/g, '')),
    closed: maybeProtected(contentFields(head)),
  };
}

/** The id that the sender knows: for a protected copy that of the message as submitted. */
export const idForSender = ({ id, copyOf }: MessageRecord): MessageRecord['id'] => copyOf ?? id;

export const aboutOf = (message: MessageRecord, original: Pick<Original, 'subject'> | undefined): AboutMessage => ({
  at: message.receivedAt,
  messageId: message.messageIdField,
  id: idForSender(message),
  ...defined({ subject: original?.subject }),
});
