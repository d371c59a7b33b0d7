/**
 * The notices about a message that the transaction which accepts it also files: that it is in a
 * mailbox, that its addressee is absent.
 *
 * Each notice is written before that transaction and filed in it, or not at all
 * (`Acceptance.with`). One that cannot be written, since the disk is full, refuses the message for
 * now: nobody is left without an answer that was asked for.
 */
import type { AcceptOutcome, Acceptance, AcceptedRecipient, PreparedNotice } from '../store/acceptance.ts';
import type { Store } from '../store/port/store.ts';
import type { AbsenceNotices, HandledAbsence } from './absence-notices.ts';

export interface FiledNotices {
  /**
   * The report for recipients with NOTIFY=SUCCESS into whose mailboxes the message goes (RFC 3461
   * section 5.2.3); undefined if there is none, and for a null sender. `header`: the message's own,
   * as it is filed.
   */
  noticeFor(message: Acceptance, header: Buffer): Promise<PreparedNotice | undefined>;
}

export interface FilingParts {
  readonly store: Pick<Store, 'accept'>;
  readonly absences?: AbsenceNotices;
  readonly filed?: FiledNotices;
}

/** Whether the header has to be kept for a report. */
export const asksForSuccess = (recipients: Iterable<Pick<AcceptedRecipient, 'notify'>>): boolean =>
  [...recipients].some(({ notify }) => notify?.includes('SUCCESS'));

export interface OwedNotice {
  readonly handled: readonly HandledAbsence[];
  /** The message's header; undefined if nobody asked for a report. */
  readonly header: Buffer | undefined;
}

/** Recipients of the message itself and of the copies that protection made of it. */
const allOf = ({ recipients, copies = [] }: Acceptance): readonly AcceptedRecipient[] => [
  ...recipients,
  ...copies.flatMap((copy) => copy.recipients),
];

/**
 * Accepts the message together with the notices about it. Rejects with StoreFull or StoreFailed.
 */
export async function acceptWithNotices(
  { store, absences, filed }: FilingParts,
  message: Acceptance,
  { handled, header }: OwedNotice,
): Promise<AcceptOutcome> {
  const notices: PreparedNotice[] = [];
  try {
    const away = handled.length === 0 ? undefined : await absences?.noticeFor(message, handled);
    if (away !== undefined) notices.push(away);
    const success =
      header === undefined ? undefined : await filed?.noticeFor({ ...message, recipients: allOf(message) }, header);
    if (success !== undefined) notices.push(success);
    if (notices.length === 0) return await store.accept(message);
    return await store.accept({
      ...message,
      with: [...(message.with ?? []), ...notices.map(({ acceptance }) => acceptance)],
    });
  } finally {
    for (const notice of notices) await notice.discard();
  }
}
