/**
 * Names of things that the store keeps. They are opaque: only the store makes them, and nobody
 * computes with them.
 */
declare const brand: unique symbol;

/**
 * 13 characters of base 32 (digits and lower-case letters without i, l, o, u), ordered by time of
 * making. Shown in the `250`, the Received line and the trace.
 */
export type MessageId = string & { readonly [brand]: 'message' };
export type AccountId = number & { readonly [brand]: 'account' };
export type OrganisationId = number & { readonly [brand]: 'organisation' };
export type PartnerId = number & { readonly [brand]: 'partner' };
/** Rises with the time of acceptance. */
export type DeliveryId = number & { readonly [brand]: 'delivery' };
/** Number of an entry in one mailbox: rises, is never used twice. */
export type EntryUid = number & { readonly [brand]: 'entry' };

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';

/** Writes a 63-bit number as a message id. */
export function messageIdOf(value: bigint): MessageId {
  let text = '';
  for (let shift = 60n; shift >= 0n; shift -= 5n) text += ALPHABET[Number((value >> shift) & 31n)] ?? '';
  return text as MessageId;
}

/**
 * Reads a message id as it was printed; undefined for anything else. Upper case is taken, since
 * people read ids out over the telephone.
 */
export function parseMessageId(text: string): MessageId | undefined {
  const folded = text.toLowerCase();
  return /^[0-7][0-9a-hjkmnp-tv-z]{12}$/.test(folded) ? (folded as MessageId) : undefined;
}

/** The number that `messageIdOf` wrote. */
export function messageNumber(id: MessageId): bigint {
  let value = 0n;
  for (const c of id) value = (value << 5n) | BigInt(ALPHABET.indexOf(c));
  return value;
}
