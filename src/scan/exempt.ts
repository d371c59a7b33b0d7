/**
 * Which parts of a message two operators have exempt from scanning, by the parties of the
 * interchanges in them (decision 1973), and the message without those parts, for the scanner.
 *
 * Whoever submits writes the parties himself, so an exemption is an account's, and a part is left
 * out only where it is interchanges of these parties and nothing else (edi/whole.ts), their control
 * totals are right, and no two programs can read the message differently. All else of it is
 * scanned.
 */
import { WholeEdifact, WholeHl7 } from '../edi/whole.ts';
import type { Interchange } from '../domain/interchange.ts';
import type { MessagePart } from '../domain/message-part.ts';
import { type EdiExemption, ediExemptions, exemptionOf } from '../domain/scan-exemption.ts';
import { MimeWalk } from '../mime/walk.ts';
import { asBuffer, joinSmall } from '../platform/bytes.ts';
import type { Submitted } from '../middleware/middleware.ts';

type Asked = Pick<Submitted, 'parts' | 'body' | 'submitter' | 'receivedAt'>;

/** Parts of a message that are not scanned. */
export interface LeftOut {
  /** Paths of the parts, in their order. */
  readonly parts: readonly string[];
  /** The exemptions by which they pass. */
  readonly exemptions: readonly EdiExemption[];
  /**
   * Of the leaves as a walk begins them, which ones: two can have one path, where a multipart has
   * text in front of its first part.
   */
  readonly leaves: ReadonlySet<number>;
}

/**
 * Undefined: everything is scanned. Reads the message only where an exemption names one of its
 * interchanges.
 */
export async function leftOut(message: Asked): Promise<LeftOut | undefined> {
  const { interchanges } = message.parts;
  if (interchanges.length === 0) return undefined;
  const exemptions = ediExemptions(message.submitter.account.settings);
  if (exemptions.length === 0) return undefined;
  const named = namedParts(message, exemptions);
  if (named.size === 0) return undefined;
  const leaves = await wholeLeaves(message, named);
  const parts = [...named.keys()].filter((path) => leaves.has(path));
  if (parts.length === 0) return undefined;
  return {
    parts,
    exemptions: [...new Set(parts.flatMap((path) => named.get(path)?.by ?? []))],
    leaves: new Set(leaves.values()),
  };
}

interface Named {
  readonly format: Interchange['format'];
  readonly by: EdiExemption[];
}

/**
 * Parts that hold interchanges of exempt parties and none of others, as far as their envelopes
 * tell.
 */
function namedParts({ parts, receivedAt }: Asked, exemptions: readonly EdiExemption[]): ReadonlyMap<string, Named> {
  // Where two programs may show different content, nobody knows what is left out.
  if (parts.doubt !== undefined || parts.limits.length > 0) return new Map();
  const named = new Map<string, Named>();
  const others = new Set<string>();
  for (const interchange of parts.interchanges) {
    const { part, format } = interchange;
    const by = exemptionOf(exemptions, interchange, receivedAt);
    const known = named.get(part) ?? { format, by: [] };
    if (by === undefined || interchange.controls === 'wrong' || known.format !== format) others.add(part);
    else known.by.push(by);
    named.set(part, known);
  }
  for (const path of named.keys()) if (others.has(path) || !isPlain(path, parts.leaves)) named.delete(path);
  return named;
}

/** A leaf that was decoded as every program decodes it, with no file in its text. */
const isPlain = (path: string, leaves: readonly MessagePart[]): boolean =>
  leaves.some((leaf) => leaf.path === path && leaf.exact) &&
  !path.includes('.u') &&
  !leaves.some((leaf) => leaf.path.startsWith(`${path}.u`));

/** Of the named parts those that are nothing else, each with the number of its leaf. */
async function wholeLeaves({ body }: Asked, named: ReadonlyMap<string, Named>): Promise<ReadonlyMap<string, number>> {
  const looked = new Map<string, { readonly leaf: number; readonly reader: WholeEdifact | WholeHl7 }>();
  let leaf = 0;
  const walk = new MimeWalk((path) => {
    const at = leaf++;
    const format = named.get(path)?.format;
    if (format === undefined || format === 'xml') return undefined;
    const reader = format === 'edifact' ? new WholeEdifact() : new WholeHl7();
    // Text in front of a first part has the same path, and came before.
    looked.set(path, { leaf: at, reader });
    return reader;
  });
  for await (const slice of body.slices()) walk.write(asBuffer(slice));
  walk.end();
  return new Map([...looked].flatMap(([path, { leaf: at, reader }]) => (reader.whole ? [[path, at] as const] : [])));
}

const LF = 10;
/** A longer line is no delimiter of a multipart. */
const MAX_LINE = 4096;
/** Lines between two turns of the event loop: some milliseconds. */
const LINES_AT_ONCE = 4096;

/**
 * The message without the content of these leaves; their headers stay, so that the scanner sees
 * names and types.
 */
export async function* without(
  slices: AsyncIterable<Uint8Array>,
  leaves: ReadonlySet<number>,
): AsyncGenerator<Uint8Array, void, void> {
  let [leaf, inside, lines] = [0, false, 0];
  const walk = new MimeWalk(() => {
    if (!leaves.has(leaf++)) return undefined;
    inside = true;
    return { write: () => undefined, end: () => void (inside = false) };
  });
  /**
   * Whether the scanner gets a line: what the walk took for content from its beginning to its end
   * it does not.
   */
  const stays = (line: Buffer): boolean => {
    const before = inside;
    walk.write(line);
    return !(before && inside);
  };
  // A line that goes on in the next slice.
  let rest: Buffer = Buffer.alloc(0);
  for await (const slice of slices) {
    const data = asBuffer(slice);
    let at = 0;
    if (rest.length > 0) {
      const end = data.subarray(0, MAX_LINE).indexOf(LF);
      at = end < 0 ? Math.min(data.length, MAX_LINE) : end + 1;
      rest = joinSmall([rest, data.subarray(0, at)]);
      if (end < 0 && rest.length <= MAX_LINE) continue;
      if (stays(rest)) yield rest;
    }
    let from = at;
    while (at < data.length) {
      const end = data.indexOf(LF, at);
      if (end < 0 && data.length - at <= MAX_LINE) break;
      const next = end < 0 ? data.length : end + 1;
      const kept = stays(data.subarray(at, next));
      if (!kept && at > from) yield data.subarray(from, at);
      at = next;
      if (!kept) from = at;
      if (++lines % LINES_AT_ONCE === 0) await new Promise<void>((turn) => setImmediate(turn));
    }
    if (at > from) yield data.subarray(from, at);
    // A copy: the slice may be written over once the next one is asked for.
    rest = Buffer.from(data.subarray(at));
  }
  if (rest.length > 0 && stays(rest)) yield rest;
}
