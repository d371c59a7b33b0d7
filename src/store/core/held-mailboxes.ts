/** Mailboxes from which a message is held: for everybody who leads there, since it was accepted. */
import type { AccountId } from '../../domain/ids.ts';
import type { AcceptedRecipient } from '../store.ts';

export function heldMailboxes(recipients: readonly AcceptedRecipient[]): ReadonlySet<AccountId> {
  const held = new Set(recipients.flatMap((r) => (r.held === true && r.mailbox !== undefined ? [r.mailbox] : [])));
  for (const { held: isHeld, mailbox } of recipients)
    if (isHeld !== true && mailbox !== undefined) held.delete(mailbox);
  return held;
}

/** What is released into this mailbox was filed there when it was accepted, and set aside since: it is counted already. */
export const wasFiled = (recipients: readonly AcceptedRecipient[], account: number): boolean =>
  recipients.some((r) => r.mailbox === account && r.held !== true);
