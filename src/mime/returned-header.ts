/** The header of a message as it comes back with a notice about it. */
import { joinSmall } from '../platform/bytes.ts';
import type { Header } from './header.ts';

/** Most octets of a header that come back with a notice: whole fields, the first ones. */
export const MAX_RETURNED_HEADER = 64 * 1024;

const CRLF = Buffer.from('\r\n');

/** The header with its empty line; cut after a field if it is longer than 64 KiB. */
export function returnedHeader({ octets, fields }: Header): Buffer {
  const last = fields.filter((field) => field.end <= MAX_RETURNED_HEADER).at(-1)?.end ?? 0;
  return joinSmall([octets.subarray(0, last), CRLF]);
}
