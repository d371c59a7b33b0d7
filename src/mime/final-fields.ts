/**
 * Header fields that only the last server writes, for the reader: where the message came from and
 * went to, and what we found in it. In a submitted message they are forged or left over, and a mail
 * program would show or believe them.
 *
 * RFC 5321 section 4.4: Return-Path is written at the final delivery, and the client that submits
 * leaves it out. RFC 9228: Delivered-To. RFC 7208 section 9.1: Received-SPF is a verdict.
 */
const FINAL: ReadonlySet<string> = new Set([
  ...['return-path', 'delivered-to', 'x-delivered-to', 'envelope-to', 'x-original-to', 'received-spf'],
]);
const STARTS: readonly string[] = ['x-envelope-', 'sluis-', 'x-sluis-'];
/** The field by which senders ask for a receipt. */
const ASKED = 'sluis-receipt';

/** `name`: in lower case. */
export const isFinalField = (name: string): boolean =>
  FINAL.has(name) || (name !== ASKED && STARTS.some((start) => name.startsWith(start)));
