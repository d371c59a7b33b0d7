/**
 * Reads the header of a stored message for a listing: fields as text for people, with a limit, and
 * what the gateway found about its protection.
 */
import { defined } from '../../domain/defined.ts';
import { iso, instant } from '../../domain/units.ts';
import { isVerdict } from '../../mime/authentication-results.ts';
import { type Header, fieldText, headerEnd, readHeader } from '../../mime/header.ts';
import { readableHeaderText } from '../../mime/words.ts';
import { JOIN_LIMIT, joinSmall } from '../../platform/bytes.ts';
import { ContentDamaged } from '../../store/store.ts';
import { OPERATOR } from '../../store/acceptance.ts';
import type { StoredContent } from '../../store/body.ts';
import type { MessageRecord } from '../../store/deliveries.ts';

const MOST_TEXT = 2000;
const MOST_SUBJECT = 1000;
/** Most octets of a field that is searched for verdicts; the gateway writes far shorter ones. */
const MOST_FIELD = 16_384;
const MOST_VERDICTS = 20;

export interface Verdict {
  readonly method: 'smime' | 'pgp';
  readonly result: string;
  readonly reason?: string;
}

export interface HeaderFacts {
  readonly from?: string;
  readonly to?: string;
  readonly cc?: string;
  readonly subject?: string;
  readonly sentAt?: string;
  readonly verdicts: readonly Verdict[];
}

/**
 * The header of a content, with its empty line; undefined if the content cannot be read. Reads no
 * more than the first slices.
 */
export async function headOf(content: StoredContent | undefined): Promise<Buffer | undefined> {
  if (content === undefined) return undefined;
  const pieces: Buffer[] = [];
  let length = 0;
  try {
    for await (const slice of content.slices()) {
      const seen = Buffer.from(slice.buffer, slice.byteOffset, Math.min(slice.length, JOIN_LIMIT - length));
      // Nearly always the header is whole in the first slice: no more of it is copied.
      const end = length === 0 ? headerEnd(seen) : -1;
      pieces.push(Buffer.from(end < 0 ? seen : seen.subarray(0, end)));
      content.release?.(slice);
      if (end >= 0) return pieces[0];
      length += seen.length;
      const head = joinSmall(pieces);
      const whole = headerEnd(head);
      if (whole >= 0) return head.subarray(0, whole);
      if (length >= JOIN_LIMIT) break;
    }
  } catch (error) {
    if (!(error instanceof ContentDamaged)) throw error;
    return undefined;
  }
  return joinSmall(pieces);
}

/**
 * `authserv`: the name by which the gateway's own verdicts are known. No verdict is believed in
 * mail that an operator took over from another server.
 */
export function headerFacts(head: Buffer, record: Pick<MessageRecord, 'submitter'>, authserv: string): HeaderFacts {
  const read = readHeader(head);
  if (!read.ok) return { verdicts: [] };
  const text = (name: string, most = MOST_TEXT): string | undefined => {
    const field = read.value.fields.find((one) => one.name === name);
    if (field === undefined) return undefined;
    return readableHeaderText(head.toString('latin1', field.value, field.end).replace(/\r\n/g, ''), most);
  };
  const sent = Date.parse(text('date') ?? '');
  return {
    ...defined({ from: text('from'), to: text('to'), cc: text('cc'), subject: text('subject', MOST_SUBJECT) }),
    ...(Number.isNaN(sent) ? {} : { sentAt: iso(instant(sent)) }),
    verdicts: record.submitter === OPERATOR ? [] : verdictsIn(read.value, authserv),
  };
}

/** Only the field on top counts: the gateway wrote it, and removed every other one. */
function verdictsIn(header: Header, authserv: string): readonly Verdict[] {
  const [top] = header.fields;
  if (top === undefined || !isVerdict(top.name)) return [];
  const text = fieldText(header, top).slice(0, MOST_FIELD);
  if (text.split(';')[0]?.trim() !== authserv) return [];
  const found: Verdict[] = [];
  // It is read as the gateway writes it: each method begins its own line, and a value has no
  // semicolon outside of quotes.
  for (const [one] of text.matchAll(/;(?:[^;"]|"[^"]*")*/g)) {
    const [, method, result] = /^;\s*(smime|x-pgp)=([a-z]+)/.exec(one) ?? [];
    if (method === undefined || result === undefined || found.length === MOST_VERDICTS) continue;
    const [, quoted, plain] = /\sreason=(?:"([^"]*)"|(\S+))/.exec(one) ?? [];
    found.push({ method: method === 'smime' ? 'smime' : 'pgp', result, ...defined({ reason: quoted ?? plain }) });
  }
  return found;
}
