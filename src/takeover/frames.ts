/**
 * How messages of another server travel as an upload of the control socket: text, in pieces that
 * arrive as they were given.
 *
 *   M{"uidl":"...","at":1764158400000,"fetched":true,"octets":1234}     a message begins
 *   B<base64>                                                           some of its octets, as the other server keeps them
 *   E                                                                   it is whole
 *   X                                                                   the rest of it cannot be read, and it is given up
 *   -                                                                   nothing; the other server takes its time
 */
import { type Instant, instant } from '../domain/units.ts';
import { isUidl } from '../domain/uidl.ts';

/**
 * Octets of one frame: with its letter it fits one piece of an upload (32 Ki characters), which is
 * never cut.
 */
export const FRAME_OCTETS = 24_573;

/** Facts that the other server tells about a message. */
export interface MessageHead {
  readonly uidl: string;
  /** When the other server received it. */
  readonly at?: Instant;
  readonly fetched: boolean;
  /** Octets as served, if known. */
  readonly octets?: number;
}

export type Frame =
  | { readonly kind: 'message'; readonly head: MessageHead }
  | { readonly kind: 'octets'; readonly octets: Buffer }
  | { readonly kind: 'end' }
  | { readonly kind: 'given-up' }
  | { readonly kind: 'idle' };

export const IDLE_FRAME = '-';
export const GIVEN_UP_FRAME = 'X';

export async function* framesOf(head: MessageHead, content: AsyncIterable<Buffer>): AsyncGenerator<string> {
  yield `M${JSON.stringify(head)}`;
  for await (const octets of content)
    for (let at = 0; at < octets.length; at += FRAME_OCTETS)
      yield `B${octets.toString('base64', at, Math.min(octets.length, at + FRAME_OCTETS))}`;
  yield 'E';
}

/** Reads a frame; undefined for any other text. */
export function readFrame(text: string): Frame | undefined {
  switch (text.charAt(0)) {
    case '-':
      return { kind: 'idle' };
    case 'B':
      return { kind: 'octets', octets: Buffer.from(text.slice(1), 'base64') };
    case 'X':
      return { kind: 'given-up' };
    case 'E':
      return { kind: 'end' };
    case 'M': {
      const head = headOf(text.slice(1));
      return head === undefined ? undefined : { kind: 'message', head };
    }
    default:
      return undefined;
  }
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;

function headOf(json: string): MessageHead | undefined {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return undefined;
  }
  const { uidl, at, fetched, octets } = (typeof value === 'object' && value !== null ? value : {}) as Record<
    string,
    unknown
  >;
  if (typeof uidl !== 'string' || !isUidl(uidl)) return undefined;
  return {
    uidl,
    fetched: fetched === true,
    ...(isCount(at) ? { at: instant(at) } : {}),
    ...(isCount(octets) ? { octets } : {}),
  };
}
