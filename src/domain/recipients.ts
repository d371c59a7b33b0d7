/** The recipients for whom a message lies in a mailbox. */
import type { AccountId, MessageId } from './ids.ts';

/**
 * Recipients of a message in one mailbox, as its envelope or its record has them. Whoever got a
 * copy under an id of its own is not among them: where two addresses of an account got two copies,
 * each copy is told of, counted and released by itself.
 */
export const recipientsIn = <
  R extends { readonly mailbox?: AccountId | undefined; readonly copy?: MessageId | undefined },
>(
  recipients: readonly R[],
  account: number,
): R[] => recipients.filter(({ mailbox, copy }) => mailbox === account && copy === undefined);
