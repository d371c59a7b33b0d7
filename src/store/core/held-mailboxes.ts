/**
 * Mailboxes from which a message is held, for everybody whose address has led there since it was
 * accepted.
 */
import type { AccountId } from '../../domain/ids.ts';
import { recipientsIn } from '../../domain/recipients.ts';
import type { AcceptedRecipient } from '../acceptance.ts';

export function heldMailboxes(recipients: readonly AcceptedRecipient[]): ReadonlySet<AccountId> {
  const held = new Set(recipients.flatMap((r) => (r.held === true && r.mailbox !== undefined ? [r.mailbox] : [])));
  for (const { held: isHeld, mailbox } of recipients)
    if (isHeld !== true && mailbox !== undefined) held.delete(mailbox);
  return held;
}

/**
 * True if a message that is released into this mailbox was filed there when it was accepted, and
 * set aside later: it is counted already. Another copy of it in the same mailbox is another
 * message.
 */
export const wasFiled = (recipients: readonly AcceptedRecipient[], account: number): boolean =>
  recipientsIn(recipients, account).some((r) => r.held !== true);

/** True if somebody wants to hear that it was fetched from this mailbox. */
export const wantsReceipt = (recipients: readonly AcceptedRecipient[], account: number): boolean =>
  recipientsIn(recipients, account).some((r) => (r.receipt ?? r.contrl) === true);
