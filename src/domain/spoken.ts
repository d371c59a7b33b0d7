/**
 * A reply as a peer hears it: English, and Dutch behind it where people read it and the line has
 * room.
 */
import { filled } from './refusal.ts';
import { dutchReplies } from './replies-dutch.ts';

/**
 * RFC 5321 section 4.5.3.1.5 and RFC 1939 section 3: a reply has at most 512 octets, with its code,
 * its status and CRLF.
 */
export const MAX_REPLY_TEXT = 480;

export interface Spoken {
  readonly text: string;
  /** Name of its row; a refusal without one is said in English alone. */
  readonly name?: string;
  readonly values?: Readonly<Record<string, string | number>>;
}

export function spoken({ text, name, values }: Spoken): string {
  const dutch = name === undefined ? undefined : dutchReplies[name];
  if (dutch === undefined) return text;
  const both = `${text} / ${filled(dutch, values ?? {})}`;
  return both.length > MAX_REPLY_TEXT ? text : both;
}
