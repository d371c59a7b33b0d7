/** Checks exports of the trail, whole or in pieces, against anchors and without a gateway. */
import { ExportCheck, rowOf } from '../crypto/trail/audit-export.ts';
import { RESTORED } from '../crypto/trail/restoration.ts';
import type { BrokenRow } from '../domain/audit-row.ts';
import { agree, many } from '../domain/counted.ts';
import { defined } from '../domain/defined.ts';
import type { RestoredRow } from '../domain/restored-trail.ts';
import { UnsealedExport, exportLines } from './export-lines.ts';
import { CommandError } from './exit.ts';

export interface CheckedExport {
  readonly hostname: string;
  readonly rows: number;
  /** Number of anchors whose row is in the file. */
  readonly anchors: number;
  /**
   * For an export in pieces: how many pieces there are, how many rows between them were left out,
   * and how many pieces do not end at one of the given anchors.
   */
  readonly pieces?: { readonly count: number; readonly hidden: number; readonly loose: number } | undefined;
  readonly broken?: BrokenRow | undefined;
}

export const anchorsText = (n: number): string => `${many(n, 'anchor')} ${agree(n, 'is', 'are')}`;

/** The text about an export in which nothing is wrong. */
export const checkedText = ({ rows, hostname, anchors, pieces }: CheckedExport): string =>
  pieces === undefined
    ? `${many(rows, 'row')} of ${hostname}, the chain holds; ${anchorsText(anchors)} in it.`
    : `${many(rows, 'row')} of ${hostname} in ${many(pieces.count, 'piece')}, ${pieces.hidden} between them not told; the chain holds in each, ` +
      (pieces.loose === 0 ? 'and an anchor is at the end of each.' : `and ${pieces.loose} end without an anchor.`);

/**
 * Checks an export line by line: one of many years need not fit in memory. `heads`: rows up to
 * which restores brought the trail back.
 */
export const checkExport = (
  path: string,
  anchors: readonly Head[],
  heads: readonly Head[] = [],
): Promise<CheckedExport> => checkLines(path, exportLines(path), anchors, heads);

/** A row of a chain that must be there. */
interface Head {
  readonly lane?: number | undefined;
  readonly seq: number;
  readonly hash: string;
}

/** Most restores that an export is believed to tell of. */
const MOST_RESTORES = 1000;

/** Rows of an export that tell of a restore, before anything of it is checked. */
export async function restoredIn(path: string): Promise<readonly RestoredRow[]> {
  const rows: RestoredRow[] = [];
  try {
    for await (const line of exportLines(path)) {
      const row = line.includes(RESTORED) ? rowOf(line) : undefined;
      if (row?.event !== RESTORED) continue;
      rows.push({ seq: row.seq, lane: row.lane ?? 0, at: row.at, facts: row.facts });
      if (rows.length === MOST_RESTORES) break;
    }
  } catch (error) {
    // The check itself says so.
    if (!(error instanceof UnsealedExport)) throw error;
  }
  return rows;
}

/** Checks lines. `name`: where they come from, for the text of errors. */
export async function checkLines(
  name: string,
  lines: AsyncIterable<string> | Iterable<string>,
  anchors: readonly Head[],
  heads: readonly Head[] = [],
): Promise<CheckedExport> {
  const walk = new ExportWalk(anchors, heads);
  try {
    for await (const line of lines) {
      const problem = walk.take(line);
      if (typeof problem === 'string') throw new CommandError('configuration', `Cannot check "${name}": ${problem}`);
      if (problem !== undefined) return walk.ended(problem);
    }
  } catch (error) {
    if (!(error instanceof UnsealedExport)) throw error;
    throw new CommandError('configuration', `The export "${name}" is not as it was written: ${error.message}`);
  }
  const end = walk.end();
  if (end === 'empty') throw new CommandError('configuration', `Cannot check "${name}": it is empty`);
  return walk.ended(end);
}

/** Follows an export, whole or in pieces, from anchor to anchor. */
class ExportWalk {
  /**
   * Hashes of the anchors, and of the rows up to which restores brought back, by chain and by the
   * number of the row in it.
   */
  readonly #anchors = new Map<number, Map<number, { readonly hash: string; readonly signed: boolean }>>();
  #check: ExportCheck | undefined;
  #hostname = '';
  /** The last row before the export, which its first line names. */
  #start = 0;
  #piece: readonly [number, number] | undefined;
  /** True if each piece of the export has all rows of its chain. */
  #all = false;
  /** Chains of which there was a piece. */
  readonly #seen = new Set<number>();
  #met = 0;
  #rows = 0;
  #hidden = 0;
  #loose = 0;
  /** Row of the last anchor that was found. */
  #anchored = -1;

  constructor(anchors: readonly Head[], heads: readonly Head[]) {
    for (const [all, signed] of [[heads, false] as const, [anchors, true] as const])
      for (const { lane = 0, seq, hash } of all) {
        const its = this.#anchors.get(lane) ?? new Map<number, { hash: string; signed: boolean }>();
        this.#anchors.set(lane, its.set(seq, { hash, signed }));
      }
  }

  /**
   * Takes a line. Returns a text if the lines are no export, the row if one was changed, and
   * undefined if all is well.
   */
  take(line: string): string | BrokenRow | undefined {
    if (this.#check === undefined) return this.#begin(line);
    if (this.#piece !== undefined && line.startsWith('{"format"')) return this.#nextPiece(line);
    const { seq } = this.#check.head;
    const next = this.#check.next(line);
    if (next.kind === 'broken') return next.broken;
    // Only an export in pieces may leave rows out.
    if (next.kind === 'links' && (this.#piece === undefined || this.#all))
      return { seq: seq + 1, why: `the next ${many(next.rows, 'row')} ${agree(next.rows, 'is', 'are')} not told` };
    return this.#meet(this.#check);
  }

  #begin(line: string): string | undefined {
    const first = ExportCheck.begin(line);
    if (!first.ok) return first.error;
    const { header, check } = first.value;
    if (this.#piece === undefined && header.piece !== undefined && header.piece[0] !== 1)
      return 'it begins in the middle of its pieces';
    this.#check = check;
    this.#hostname = header.hostname;
    this.#start = check.head.seq;
    this.#piece = header.piece;
    this.#all = header.all === true;
    this.#seen.add(header.lane ?? 0);
    return undefined;
  }

  #nextPiece(line: string): string | BrokenRow | undefined {
    const { seq: before = 0, lane = 0 } = this.#check?.head ?? {};
    const [n, of] = this.#piece ?? [0, 0];
    const short = this.#all ? this.#beyond() : undefined;
    if (short !== undefined) return short;
    this.#leavePiece();
    const wrong = this.#begin(line);
    if (wrong !== undefined) return wrong;
    const [next = 0, all = 0] = this.#piece ?? [];
    if (next !== n + 1 || all !== of) return { seq: before + 1, why: `piece ${n + 1} of ${of} is missing` };
    const { lane: now = 0 } = this.#check?.head ?? {};
    const isBack = now === lane ? this.#start < before : now < lane;
    return isBack ? { seq: this.#start, why: 'a piece stands out of its order' } : undefined;
  }

  #leavePiece(): void {
    if (this.#check === undefined) return;
    this.#rows += this.#check.rows;
    this.#hidden += this.#check.hidden;
    if (this.#anchored !== this.#check.head.seq) this.#loose += 1;
  }

  #meet({ head: { seq, hash, lane = 0 } }: ExportCheck): BrokenRow | undefined {
    const wanted = this.#anchors.get(lane)?.get(seq);
    if (wanted === undefined) return undefined;
    if (wanted.hash !== Buffer.from(hash).toString('hex'))
      return {
        seq,
        why: wanted.signed
          ? 'the row is not the one that its anchor tells of'
          : 'the row is not the one up to which a restore brought back',
      };
    if (!wanted.signed) return undefined;
    this.#met += 1;
    this.#anchored = seq;
    return undefined;
  }

  end(): BrokenRow | 'empty' | undefined {
    const { seq } = this.#check?.head ?? {};
    if (seq === undefined) return 'empty';
    this.#leavePiece();
    if (this.#piece !== undefined) {
      const [n, of] = this.#piece;
      if (n !== of) return { seq: seq + 1, why: `piece ${n + 1} of ${of} is missing` };
      return this.#all ? (this.#beyond() ?? this.#unseen()) : undefined;
    }
    return this.#beyond();
  }

  /** The fault of a chain that ends before a row that an anchor names. */
  #beyond(): BrokenRow | undefined {
    const { seq = 0, lane } = this.#check?.head ?? {};
    const beyond = [...(this.#anchors.get(lane ?? 0)?.keys() ?? [])].filter((anchored) => anchored > seq);
    if (beyond.length === 0) return undefined;
    const what = lane === undefined ? 'the trail' : `lane ${lane}`;
    return { seq: seq + 1, why: `${what} ends here, and an anchor tells of row ${Math.max(...beyond)}` };
  }

  /** The fault of an export that has no piece of a chain that an anchor names. */
  #unseen(): BrokenRow | undefined {
    const lane = [...this.#anchors.keys()].find((each) => !this.#seen.has(each));
    return lane === undefined ? undefined : { seq: 1, why: `an anchor tells of lane ${lane}, which is missing` };
  }

  ended(broken: BrokenRow | undefined): CheckedExport {
    const pieces =
      this.#piece === undefined ? undefined : { count: this.#piece[1], hidden: this.#hidden, loose: this.#loose };
    return { hostname: this.#hostname, rows: this.#rows, anchors: this.#met, ...defined({ pieces, broken }) };
  }
}
