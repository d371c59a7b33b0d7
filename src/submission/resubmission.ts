/**
 * Whether a message is one that the account has sent a moment ago: the line dropped before our
 * `250` came, and its program sends again.
 *
 * RFC 1047 describes how such duplicates come about. The key covers account, envelope, Message-ID
 * and every octet as submitted; a message without a Message-ID of its own has none, since two equal
 * ones may be meant. What happens to a key is the store's part of the accept transaction: only a
 * first copy that nobody has collected yet suppresses the second, so "please send it again" is
 * always delivered.
 */
import { createHash } from 'node:crypto';
import type { AccountId } from '../domain/ids.ts';

export interface Resubmitted {
  readonly account: AccountId;
  readonly sender: string;
  /** Folded addresses, in any order. */
  readonly recipients: Iterable<string>;
  readonly messageId: string;
  /** Fingerprint of the octets as submitted. */
  readonly submitted: Uint8Array;
}

const KEY_OCTETS = 16;

/**
 * Key of a submission, 16 octets: two different messages of one gateway meet in them once in 10^38
 * tries.
 */
export function resubmissionKey({ account, sender, recipients, messageId, submitted }: Resubmitted): Uint8Array {
  // JSON keeps the parts apart, whatever characters they hold.
  const envelope = JSON.stringify([account, sender, [...recipients].sort(), messageId]);
  return createHash('sha256').update(envelope).update(submitted).digest().subarray(0, KEY_OCTETS);
}
