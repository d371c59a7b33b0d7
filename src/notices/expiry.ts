/**
 * Ends what nobody has fetched within its retention, each message together with its last notice:
 * the third part of the daily round.
 */
import { recipientsIn } from '../domain/recipients.ts';
import { defined } from '../domain/defined.ts';
import { days, instant } from '../domain/units.ts';
import { expiredLetters } from '../letters/not-collected.ts';
import type { MessageRecord, UncollectedEntry } from '../store/deliveries.ts';
import type { PreparedNotice } from '../store/acceptance.ts';
import { contrlFor, contrlParts, wantsContrl } from './contrl.ts';
import { asksFor } from './notice-rules.ts';
import { aboutOf, idForSender, readOriginal } from './original.ts';
import { originalOf } from './receipts.ts';
import { type Mailbox, type RoundParts, numberOf, pagesOf } from './uncollected-mailbox.ts';

/** Entries that end in one transaction. */
const EXPIRING = 50;

export async function endOld(parts: RoundParts, mailbox: Mailbox): Promise<number> {
  const { account, oldest } = mailbox;
  const before = instant(parts.now - days(numberOf('keep-uncollected', mailbox)));
  let ended = 0;
  if (oldest >= before) return ended;
  for await (const page of pagesOf(parts, account, before, EXPIRING)) ended += await endPage(parts, mailbox, page);
  // Counted from when it was handed out again. What became of it has been told before, and another
  // word would contradict that.
  for await (const page of pagesOf(parts, account, before, EXPIRING, true))
    ended += await endPage(parts, mailbox, page, true);
  return ended;
}

async function endPage(
  parts: RoundParts,
  mailbox: Mailbox,
  page: readonly UncollectedEntry[],
  restored = false,
): Promise<number> {
  if (page.length === 0) return 0;
  const { store, log } = parts;
  const notices: PreparedNotice[] = [];
  try {
    const entries = [];
    for (const { uid, message } of page) {
      const notice = restored ? undefined : await lastNotice(parts, mailbox, uid, message);
      if (notice !== undefined) notices.push(notice);
      const mine = message.recipients.filter(({ mailbox: of }) => of === mailbox.account);
      const contrl =
        !restored && wantsContrl(mine) ? await contrlFor(contrlParts(parts), message, 'rejected') : undefined;
      if (contrl !== undefined) notices.push(contrl);
      entries.push({
        uid,
        ...defined({ notice: notice?.acceptance, also: contrl?.acceptance }),
        audit: {
          event: 'message.expired',
          outcome: 'failure' as const,
          message: idForSender(message),
          account: mailbox.account,
          facts: {
            days: numberOf('keep-uncollected', mailbox),
            told: notice !== undefined,
            ...(restored ? { restored } : {}),
          },
        },
      });
    }
    const hidden = await store.deliveries.expire(mailbox.account, entries);
    if (hidden.length > 0)
      log.warn('mailbox.expired', { account: mailbox.summary.account.login, messages: hidden.length });
    return hidden.length;
  } finally {
    for (const notice of notices) await notice.discard();
  }
}

async function lastNotice(
  { noticeWriter, store }: RoundParts,
  mailbox: Mailbox,
  uid: UncollectedEntry['uid'],
  message: MessageRecord,
): Promise<PreparedNotice | undefined> {
  const { account, organisation } = mailbox;
  const { sender } = message;
  // Who asked for success alone was told "delivered": never fetched is news to them as well.
  const recipients = recipientsIn(message.recipients, account).filter(
    (r) => asksFor(r.notify, 'failure') || asksFor(r.notify, 'success'),
  );
  if (sender === '' || recipients.length === 0) return undefined;
  const original = await readOriginal(store.deliveries, message);
  const said = {
    kind: 'expired' as const,
    once: `expired:${account}:${uid}`,
    about: { id: idForSender(message), messageIdField: message.messageIdField },
    letters: expiredLetters({
      message: aboutOf(message, original),
      recipients: recipients.map((r) => r.address),
      organisation: organisation.title,
      ...defined({ telephone: organisation.telephone }),
      days: numberOf('keep-uncollected', mailbox),
    }),
  };
  const place = await noticeWriter.places.ofSender(sender, message.submitter);
  // A program that was told "delivered" when the message was filed is not told "failed" for the
  // same recipient; the words say it as well.
  if (recipients.some((r) => asksFor(r.notify, 'success'))) return await noticeWriter.letter(place, said);
  return await noticeWriter.report(place, {
    ...said,
    message,
    recipients: recipients.map((r) => ({
      recipient: r.address,
      ...originalOf(r),
      action: 'failed' as const,
      status: '5.4.7',
      diagnostic: { type: 'x-sluis' as const, text: 'never collected from the mailbox within its retention' },
    })),
    whole: true,
    ...defined({ original }),
  });
}
