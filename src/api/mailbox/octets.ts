/**
 * Sends octets of a message, with headers that keep a browser from running them. That they were
 * sent is noted before the last octet leaves, so that nobody gets a message that the trail does not
 * record.
 */
import { z } from '../../config/zod.ts';
import type { StreamAnswer } from '../core/answer.ts';
import { ifNoneMatch, isCurrent } from '../core/etags.ts';
import { problem } from '../core/problem.ts';
import { type Range, lengthOf, rangeOf, within } from './range.ts';

export const RANGE_HEADERS = {
  range: z
    .string()
    .optional()
    .meta({ description: 'One range of octets.', examples: ['bytes=0-1023'] }),
  'if-range': z.string().optional().meta({ description: 'The `ETag` that the range is of.' }),
  'if-none-match': ifNoneMatch,
};

export const SAID_HEADERS = {
  ETag: 'SHA-256 of all of it, in quotes.',
  'Accept-Ranges': '`bytes`',
  'Content-Disposition': 'Always an attachment, with the name that the sender gave.',
  'Repr-Digest': 'SHA-256 of all of it (RFC 9530).',
};

export interface Sending {
  readonly sha256: string;
  readonly octets: number;
  readonly type: string;
  readonly name: string;
  /** Slices from the beginning; each may be overwritten when the next one is asked for. */
  readonly slices: () => AsyncIterable<Uint8Array>;
  /** Called before the last octet is sent; false: it may not be. */
  readonly atEnd: () => boolean | Promise<boolean>;
  /** Called once for a range that ends before the last octet. */
  readonly piece: () => void;
}

type Asked = Readonly<Record<keyof typeof RANGE_HEADERS, string | undefined>>;

export function send(
  asked: Asked,
  sending: Sending,
): StreamAnswer<200> | StreamAnswer<206> | { readonly status: 304; readonly headers: Record<string, string> } {
  const { sha256, octets, type, name } = sending;
  const etag = `"${sha256}"`;
  if (isCurrent(asked['if-none-match'], etag)) return { status: 304, headers: { ETag: etag } };
  const range = rangeOf(asked, etag, octets);
  const headers = {
    ETag: etag,
    'Accept-Ranges': 'bytes',
    'Content-Disposition': attachment(name),
    'Repr-Digest': `sha-256=:${Buffer.from(sha256, 'hex').toString('base64')}:`,
  };
  const asksFor = range ?? { from: 0, to: octets - 1 };
  const answer = { type, length: lengthOf(asksFor), stream: noted(sending, asksFor) };
  if (range === undefined) return { status: 200, headers, ...answer };
  return {
    status: 206,
    headers: { ...headers, 'Content-Range': `bytes ${range.from}-${range.to}/${octets}` },
    ...answer,
  };
}

async function* noted({ slices, octets, atEnd, piece }: Sending, range: Range): AsyncGenerator<Uint8Array> {
  const whole = range.to === octets - 1;
  if (!whole) piece();
  let left = lengthOf(range);
  if (left === 0 && !(await atEnd())) throw gone();
  // If all octets are asked for, nothing is cut.
  const all = whole && range.from === 0;
  for await (const slice of all ? slices() : within(slices(), range)) {
    left -= slice.length;
    if (whole && left === 0 && !(await atEnd())) throw gone();
    yield slice;
  }
}

/**
 * Thrown when the answer has already begun: the connection breaks before its end, and the client
 * knows that octets are missing.
 */
const gone = () =>
  problem(
    409,
    'gone',
    'The message is no longer there',
    'It was removed while the gateway was sending it; list the mailbox',
  );

/**
 * Content-Disposition with a file name (RFC 6266). The name was written by a stranger, so path
 * separators, quotes and control characters are replaced.
 */
export function attachment(name: string): string {
  const safe = name.replace(/[\p{C}\p{Zl}\p{Zp}/\\:]+/gu, '_').replace(/^\.+/, '_');
  const clean = Array.from(safe).slice(0, 200).join('');
  if (clean === '') return 'attachment';
  const ascii = clean.replace(/[^\x20-\x7e]/g, '_').replace(/["%]/g, '_');
  const encoded = encodeURIComponent(clean).replace(
    /['()*]/g,
    (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return ascii === clean
    ? `attachment; filename="${ascii}"`
    : `attachment; filename="${ascii}"; filename*=UTF-8''${encoded}`;
}
