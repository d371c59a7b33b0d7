/**
 * The audit trail as lines of JSON, for auditors who have no gateway: a line that tells whose trail
 * it is, then a line a row with its hash, and what else proves it. Checked without the store by
 * `ExportCheck`.
 *
 * Some rows of a trail, without telling the others: pieces, each with a first line of its own that
 * tells which one of how many it is. Inside a piece, rows that are left out stand as links: digests
 * that lead the chain past them. A piece ends at a row that an anchor covers.
 */
import { objectIn } from '../../domain/json-object.ts';
import { type BrokenRow, type ChainHead, type ChainRow, placeOf } from '../../domain/audit-row.ts';
import { type Result, fail, ok } from '../../domain/result.ts';
import { followOn, isBroken, linkHash, rowDigest } from './audit-chain.ts';

export const EXPORT_FORMAT = 'sluis audit 1';
/** A row with a thousand recipients has 100 KB. */
export const MAX_EXPORT_LINE = 1024 * 1024;

export interface ExportHeader {
  readonly format: typeof EXPORT_FORMAT;
  readonly hostname: string;
  /** ISO 8601. */
  readonly made: string;
  /** The row before the first one; 0 and zeros if the export begins with the trail. */
  readonly after: { readonly seq: number; readonly hash: string };
  /** A last line holds the SHA-256 of all octets before it. */
  readonly sealed?: true;
  /** Number of the piece, from 1, and how many there are; absent if the export is whole. */
  readonly piece?: readonly [number, number];
  /** The chain that the piece is of, where the trail is several; `after` is a place in it then. */
  readonly lane?: number;
  /**
   * The piece has all rows of its chain from there on: the trail is exported whole, a piece for
   * each chain.
   */
  readonly all?: true;
}

const hex = (octets: Uint8Array | null): string | null =>
  octets === null ? null : Buffer.from(octets).toString('hex');

/**
 * One line, without its end. `personal: false` leaves out who and where; the row can be checked all
 * the same.
 */
export const exportLine = (row: ChainRow, { personal }: { readonly personal: boolean }): string =>
  JSON.stringify({
    seq: row.seq,
    at: new Date(row.at).toISOString(),
    event: row.event,
    outcome: row.outcome,
    message: row.message?.toString() ?? null,
    account: row.account,
    // Facts exactly as written: the hash covers their very characters.
    facts: row.facts,
    personal: personal ? row.personal : null,
    salt: personal ? hex(row.salt) : null,
    commitment: hex(row.commitment),
    hash: hex(row.hash),
    ...(row.lane === undefined ? {} : { lane: row.lane, place: row.place }),
  });

/** Most links in one line. */
export const MAX_LINKS = 1000;

/** One line for rows that follow each other and are not told, at most MAX_LINKS. */
export const linksLine = (rows: readonly ChainRow[]): string =>
  JSON.stringify({
    from: rows[0] === undefined ? 0 : placeOf(rows[0]),
    links: rows.map((row) => Buffer.from(rowDigest(row)).toString('base64')),
  });

export type CheckedLine =
  | { readonly kind: 'row'; readonly row: ChainRow }
  /** The chain was led past rows that are not told; what they come to is known at the next row. */
  | { readonly kind: 'links'; readonly rows: number }
  | { readonly kind: 'broken'; readonly broken: BrokenRow };

/** Checks an export line by line. */
export class ExportCheck {
  #head: ChainHead;
  #rows = 0;
  #hidden = 0;

  private constructor(head: ChainHead) {
    this.#head = head;
  }

  /** Begins a check with the first line. */
  static begin(line: string): Result<{ readonly header: ExportHeader; readonly check: ExportCheck }, string> {
    const header = objectIn(line) as Partial<ExportHeader> | undefined;
    const after = header?.after;
    if (header?.format !== EXPORT_FORMAT || after === undefined)
      return fail(`the first line does not say that it is "${EXPORT_FORMAT}"`);
    const hash = octetsOf(after.hash);
    if (!Number.isSafeInteger(after.seq) || hash === null)
      return fail('the first line does not say where the export begins');
    const { lane } = header;
    if (lane !== undefined && !Number.isSafeInteger(lane))
      return fail('the first line does not say of which chain it is');
    const head = { seq: after.seq, hash, ...(lane === undefined ? {} : { lane }) };
    return ok({ header: header as ExportHeader, check: new ExportCheck(head) });
  }

  get head(): ChainHead {
    return this.#head;
  }

  get rows(): number {
    return this.#rows;
  }

  /** Rows that the chain was led past. */
  get hidden(): number {
    return this.#hidden;
  }

  next(line: string): CheckedLine {
    const links = linksOf(line);
    if (links !== undefined) return this.#follow(links);
    const row = rowOf(line);
    if (row === undefined)
      return { kind: 'broken', broken: { seq: this.#head.seq + 1, why: 'the line is not a row of an audit trail' } };
    const checked = followOn(this.#head, row);
    if (isBroken(checked)) return { kind: 'broken', broken: checked };
    // A field under another name would read as one that was left out.
    if (exportLine(row, { personal: row.personal !== null || row.salt !== null }) !== line)
      return { kind: 'broken', broken: { seq: row.seq, why: 'the line is not written as an export writes it' } };
    this.#head = checked;
    this.#rows += 1;
    return { kind: 'row', row };
  }

  #follow({ from, digests }: { readonly from: number; readonly digests: readonly Uint8Array[] }): CheckedLine {
    const { seq } = this.#head;
    if (from !== seq + 1)
      return {
        kind: 'broken',
        broken: { seq: seq + 1, why: `expected row ${seq + 1}, found links from row ${from}` },
      };
    const hash = digests.reduce(linkHash, this.#head.hash);
    this.#head = { ...this.#head, seq: seq + digests.length, hash };
    this.#hidden += digests.length;
    return { kind: 'links', rows: digests.length };
  }
}

const octetsOf = (value: unknown): Uint8Array | null =>
  typeof value === 'string' && /^(?:[0-9a-f]{2}){1,64}$/.test(value) ? Buffer.from(value, 'hex') : null;

function linksOf(line: string): { readonly from: number; readonly digests: readonly Uint8Array[] } | undefined {
  const { from, links } = objectIn(line) ?? {};
  if (typeof from !== 'number' || !Array.isArray(links) || links.length === 0 || links.length > MAX_LINKS)
    return undefined;
  const digests = links.map((text: unknown) => Buffer.from(typeof text === 'string' ? text : '', 'base64'));
  return digests.every(({ length }) => length === 32) ? { from, digests } : undefined;
}

/** A row as a line says it, which nothing has checked; undefined: the line is none. */
export function rowOf(line: string): ChainRow | undefined {
  const read = objectIn(line);
  const hash = octetsOf(read?.hash);
  if (read === undefined || hash === null) return undefined;
  const { seq, at, event, outcome, message, account, facts, personal } = read;
  const time = typeof at === 'string' ? Date.parse(at) : NaN;
  if (typeof seq !== 'number' || Number.isNaN(time) || typeof facts !== 'string') return undefined;
  if (typeof event !== 'string' || typeof outcome !== 'string') return undefined;
  return {
    seq,
    at: time,
    event,
    outcome,
    facts,
    hash,
    message: typeof message === 'string' && /^\d{1,19}$/.test(message) ? BigInt(message) : null,
    account: typeof account === 'number' ? account : null,
    commitment: octetsOf(read.commitment),
    salt: octetsOf(read.salt),
    personal: typeof personal === 'string' ? personal : null,
    ...(typeof read.lane === 'number' && typeof read.place === 'number' ? { lane: read.lane, place: read.place } : {}),
  };
}
