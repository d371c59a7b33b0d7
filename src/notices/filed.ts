/**
 * The report that a message stands in a mailbox, for the recipients for whom its sender asked that
 * (NOTIFY=SUCCESS).
 *
 * RFC 3461 section 5.2.3: a mailbox of ours is the end of the road, so the action is `delivered`.
 * That it was fetched is another thing, which receipts.ts tells. Filed in the transaction that
 * accepts the message, so it needs no key.
 */
import { defined } from '../domain/defined.ts';
import { filedLetters } from '../letters/delivery.ts';
import type { Delivery } from '../store/deliveries.ts';
import type { Acceptance, PreparedNotice } from '../store/acceptance.ts';
import type { NoticeWriter } from './notice-writer.ts';
import { asksFor } from './notice-rules.ts';
import { type OriginalReader, aboutOf, headerOf, idForSender, readOriginal } from './original.ts';
import { originalOf } from './receipts.ts';

/**
 * `header`: the message's own. Undefined if nothing is owed. Rejects with StoreFull or StoreFailed.
 */
export async function filedNotice(
  noticeWriter: NoticeWriter,
  message: Acceptance,
  header: Buffer,
): Promise<PreparedNotice | undefined> {
  const { sender, submitter, messageIdField, receivedAt, envelope, body } = message;
  // A held message is in no mailbox yet.
  const recipients = message.recipients.filter(
    (r) => r.mailbox !== undefined && r.held !== true && asksFor(r.notify, 'success'),
  );
  if (sender === '' || recipients.length === 0) return undefined;
  const original = headerOf(header);
  const about = { id: body.id, messageIdField, receivedAt, octets: body.octets, envelope };
  return await noticeWriter.report(await noticeWriter.places.ofSender(sender, submitter), {
    kind: 'filed',
    about,
    message: about,
    letters: filedLetters({
      message: { at: receivedAt, messageId: messageIdField, id: body.id, subject: original.subject },
      recipients: recipients.map(nameOf),
    }),
    recipients: recipients.map((r) => ({
      recipient: r.address,
      ...originalOf(r),
      action: 'delivered',
      status: '2.0.0',
    })),
    original,
  });
}

/**
 * The same for a copy that was held and has been released. Its key is that of the delivery's final
 * state, so that a repeated release says nothing twice and contradicts no failure.
 */
export async function releasedNotice(
  noticeWriter: NoticeWriter,
  deliveries: OriginalReader,
  { id, state, message, recipient, notify, originalRecipient }: Delivery,
): Promise<PreparedNotice | undefined> {
  const { sender, submitter, messageIdField } = message;
  if (state !== 'filed' || sender === '' || !asksFor(notify, 'success')) return undefined;
  const original = await readOriginal(deliveries, message);
  return await noticeWriter.report(await noticeWriter.places.ofSender(sender, submitter), {
    kind: 'filed',
    once: `final:${id}`,
    about: { id: idForSender(message), messageIdField },
    message,
    letters: filedLetters({ message: aboutOf(message, original), recipients: [recipient] }),
    recipients: [{ recipient, ...defined({ originalRecipient }), action: 'delivered', status: '2.0.0' }],
    ...defined({ original: original && { header: original.header } }),
  });
}

/** The one that the sender knows: with a substitute, the absentee's. */
const nameOf = ({ address, substituteFor }: Acceptance['recipients'][number]): string =>
  substituteFor === undefined ? address : `${substituteFor} (${address})`;
