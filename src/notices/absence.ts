/**
 * Tells a sender that an addressee is away: where the message went, or that it waits for the
 * addressee alone.
 *
 * Filed with the message itself. Where it went to the substitute, one a day for each sender and
 * addressees is enough (RFC 3834 section 2); of what was kept the sender is told each time, since
 * the substitute has not got it.
 */
import { createHash } from 'node:crypto';
import { type Address, addressKey } from '../domain/address.ts';
import { defined } from '../domain/defined.ts';
import { dayOf, isoDay } from '../domain/working-days.ts';
import { type Absentee, keptLetters, substitutedLetters } from '../letters/absence.ts';
import type { Deliveries } from '../store/port/mail.ts';
import type { Acceptance, PreparedNotice } from '../store/acceptance.ts';
import type { NoticeWriter } from './notice-writer.ts';

export interface AbsenceParts {
  readonly noticeWriter: NoticeWriter;
  readonly deliveries: Pick<Deliveries, 'usedKeys'>;
}

/** What became of one recipient's copy. */
export interface Handled extends Absentee {
  readonly went: 'substitute' | 'kept';
  readonly notify?: readonly string[];
}

/** The notice; undefined if none is owed. Rejects with StoreFull or StoreFailed. */
export async function absenceNotice(
  { noticeWriter, deliveries }: AbsenceParts,
  message: Acceptance,
  handled: readonly Handled[],
): Promise<PreparedNotice | undefined> {
  const { sender, submitter, messageIdField, receivedAt, body } = message;
  const told = handled.filter(({ notify }) => notify?.includes('NEVER') !== true);
  if (sender === '' || told.length === 0) return undefined;
  // Encrypted or not is the message's own state: all its copies went the same way.
  const kept = told.filter(({ went }) => went === 'kept');
  const once = kept.length > 0 ? undefined : keyOf(message, sender, told);
  if (once !== undefined && (await deliveries.usedKeys([once])).length > 0) return undefined;
  const about = { at: receivedAt, messageId: messageIdField, id: body.id };
  return await noticeWriter.letter(await noticeWriter.places.ofSender(sender, submitter), {
    kind: 'absence',
    ...defined({ once }),
    about: { id: body.id, messageIdField },
    letters: kept.length > 0 ? keptLetters(about, kept) : substitutedLetters(about, told),
  });
}

function keyOf({ receivedAt }: Acceptance, sender: Address, told: readonly Handled[]): string {
  const named = JSON.stringify([addressKey(sender), ...told.map(({ addressee }) => addressKey(addressee)).sort()]);
  return `absence:${isoDay(dayOf(receivedAt))}:${createHash('sha256').update(named).digest('hex').slice(0, 32)}`;
}
