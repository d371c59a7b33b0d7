/**
 * The notices of a message that a guard holds: one for its sender, one for the operator, filed in
 * the transaction that accepts it.
 *
 * They need no key: a message is accepted once. A null sender has nobody to tell; the operator is
 * told of it all the same.
 */
import type { Address } from '../domain/address.ts';
import type { AccountId, MessageId } from '../domain/ids.ts';
import type { Instant } from '../domain/units.ts';
import { heldForOperatorLetters, heldLetters } from '../letters/held.ts';
import type { PreparedNotice } from '../store/acceptance.ts';
import type { NoticeWriter } from './notice-writer.ts';

export interface Held {
  readonly id: MessageId;
  readonly messageIdField: string;
  readonly receivedAt: Instant;
  /** Empty for a null reverse path. */
  readonly sender: Address | '';
  readonly submitter: { readonly id: AccountId; readonly login: string };
  /** As the sender wrote them. */
  readonly recipients: readonly Address[];
  readonly reasons: readonly string[];
}

/** Rejects with StoreFull or StoreFailed. */
export async function heldNotices(noticeWriter: NoticeWriter, held: Held): Promise<readonly PreparedNotice[]> {
  const { id, messageIdField, receivedAt, sender, submitter } = held;
  const about = { id, messageIdField };
  const said = {
    message: { at: receivedAt, messageId: messageIdField, id },
    recipients: held.recipients,
    reasons: [...new Set(held.reasons)],
  };
  const prepared: PreparedNotice[] = [];
  try {
    const operator = await noticeWriter.letter(await noticeWriter.places.operator(), {
      kind: 'held-operator',
      about,
      letters: heldForOperatorLetters({ ...said, login: submitter.login }),
    });
    if (operator !== undefined) prepared.push(operator);
    if (sender === '') return prepared;
    const place = await noticeWriter.places.ofSender(sender, submitter.id);
    const own = await noticeWriter.letter(place, { kind: 'held', about, letters: heldLetters(said) });
    if (own !== undefined) prepared.push(own);
    return prepared;
  } catch (error) {
    for (const notice of prepared) await notice.discard();
    throw error;
  }
}
