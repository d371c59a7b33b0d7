/** Reads what a notice tells of the message it is about: its header, and its subject for people. Bounded; content is never kept. */
import type { MessageId } from '../domain/ids.ts';
import { fieldsNamed, headerEnd, readHeader } from '../mime/header.ts';
import { readableHeaderText } from '../mime/words.ts';
import { JOIN_LIMIT, joinSmall } from '../platform/bytes.ts';
import type { Deliveries, MessageRecord } from '../store/deliveries.ts';
import type { StoredContent } from '../store/store.ts';
import type { AboutMessage } from './letter.ts';

/** Most octets of a header that come back with a notice: whole fields, the first ones. */
export const MAX_RETURNED_HEADER = 64 * 1024;

export interface Original {
  readonly content: StoredContent;
  /** The header with its empty line, cut behind a field where it is longer than 64 KiB. */
  readonly header: Buffer;
  readonly subject: string;
}

/** Undefined when the content is no longer kept, or cannot be read: a notice without it is better than none. */
export async function readOriginal(
  deliveries: Pick<Deliveries, 'openMessage'>,
  id: MessageId,
): Promise<Original | undefined> {
  try {
    const content = await deliveries.openMessage(id);
    return content === undefined ? undefined : { content, ...headerOf(await readHead(content)) };
  } catch {
    return undefined;
  }
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
export function headerOf(head: Buffer): Pick<Original, 'header' | 'subject'> {
  const read = readHeader(head);
  if (!read.ok) return { header: Buffer.alloc(0), subject: '' };
  const last = read.value.fields.filter((field) => field.end <= MAX_RETURNED_HEADER).at(-1)?.end ?? 0;
  const [subject] = fieldsNamed(read.value, 'subject');
  return {
    header: joinSmall([head.subarray(0, last), Buffer.from('\r\n')]),
    subject:
      subject === undefined
        ? ''
        : readableHeaderText(head.toString('latin1', subject.value, subject.end).replace(/\r\n/g, '')),
  };
}

/** Of a protected copy the sender knows the message that it submitted. */
export const idForSender = ({ id, copyOf }: MessageRecord): MessageRecord['id'] => copyOf ?? id;

export const aboutOf = (message: MessageRecord, original: Pick<Original, 'subject'> | undefined): AboutMessage => ({
  at: message.receivedAt,
  messageId: message.messageIdField,
  id: idForSender(message),
  ...(original === undefined ? {} : { subject: original.subject }),
});
