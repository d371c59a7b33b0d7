/**
 * What proves some rows of the trail: pieces of the chain, each from a row that is shown to the
 * next anchor, past rows that are not (crypto/trail/audit-export.ts).
 */
import { beforeAllOf, isLinked } from '../crypto/trail/audit-chain.ts';
import { EXPORT_FORMAT, type ExportHeader, MAX_LINKS, exportLine, linksLine } from '../crypto/trail/audit-export.ts';
import { type ChainHead, type ChainRow, placeOf } from '../domain/audit-row.ts';
import type { Instant } from '../domain/units.ts';
import type { AuditTrail } from '../store/port/audit.ts';
import type { AnchorFiles, FoundAnchor, FoundStamp } from './anchor-files.ts';

/** Rows that a piece leads past to reach its anchor: a minute of the busiest region. */
export const MAX_PAST = 50_000;
/** Most links of all pieces of one proof: 9 MB. */
const MAX_PAST_IN_ALL = 200_000;

export interface Piece {
  /** The chain that it is of, as of a `ChainRow`; `from` and `to` are numbers in it. */
  readonly lane?: number;
  readonly from: number;
  readonly to: number;
  /** Line of the anchor at its end; absent: none tells of it yet, or the nearest one is too far. */
  readonly anchor?: string;
  /** The first anchors behind its rows, if the piece goes on from them to one that was stamped. */
  readonly nearer?: readonly FoundAnchor[];
  /** The time stamp over the anchor at its end. */
  readonly stamp?: FoundStamp;
}

/**
 * `rows` rise. A piece is of one chain. Pieces that reach the same anchor are one. A piece goes on
 * to the first anchor that an authority stamped, where that is near enough: what the gateway signed
 * itself it could sign again.
 */
export async function planPieces(rows: readonly ProvedRow[], anchors: AnchorFiles): Promise<readonly Piece[]> {
  const lanes = new Map<number, ProvedRow[]>();
  for (const row of rows) lanes.set(row.lane ?? 0, [...(lanes.get(row.lane ?? 0) ?? []), row]);
  const pieces: Piece[] = [];
  let past = 0;
  for (const [, its] of [...lanes].sort(([a], [b]) => a - b)) {
    const planned = await piecesOf(its, anchors, past);
    pieces.push(...planned);
    past += planned.reduce((sum, { from, to }) => sum + to - from, 0);
  }
  return pieces;
}

type ProvedRow = Pick<ChainRow, 'seq' | 'lane' | 'place'> & { readonly at: Instant };

/** The pieces of one chain. `before`: rows that the pieces of others lead past. */
async function piecesOf(rows: readonly ProvedRow[], anchors: AnchorFiles, before: number): Promise<readonly Piece[]> {
  const pieces: Piece[] = [];
  let past = before;
  for (const row of rows) {
    const { at, lane } = row;
    const seq = placeOf(row);
    const of = lane === undefined ? {} : { lane };
    const last = pieces.at(-1);
    const anchor = await anchors.covering({ seq, lane, at });
    if (last !== undefined && last.to >= seq) {
      if (anchor !== undefined && anchor.seq < last.to)
        pieces[pieces.length - 1] = { ...last, nearer: withNearer(last.nearer, anchor) };
      continue;
    }
    const isNear = (to: FoundAnchor): boolean => to.seq - seq <= MAX_PAST && past + to.seq - seq <= MAX_PAST_IN_ALL;
    const stamp = await anchors.stamped({ seq, lane, at });
    if (stamp !== undefined && isNear(stamp.anchor)) {
      const { anchor: end } = stamp;
      past += end.seq - seq;
      const nearer = anchor === undefined || anchor.seq >= end.seq ? {} : { nearer: [anchor] };
      pieces.push({ ...of, from: seq, to: end.seq, anchor: end.line, stamp, ...nearer });
    } else if (anchor !== undefined && isNear(anchor)) {
      past += anchor.seq - seq;
      pieces.push({ ...of, from: seq, to: anchor.seq, anchor: anchor.line });
    } else if (last?.to === seq - 1 && last.anchor === undefined)
      pieces[pieces.length - 1] = { ...of, from: last.from, to: seq };
    else pieces.push({ ...of, from: seq, to: seq });
  }
  return pieces;
}

const withNearer = (known: readonly FoundAnchor[] = [], anchor: FoundAnchor): readonly FoundAnchor[] =>
  known.some(({ seq }) => seq === anchor.seq) ? known : [...known, anchor];

/** Lines of all anchors that pieces meet, in the order of their rows. */
export const anchorLines = (pieces: readonly Piece[]): readonly string[] =>
  pieces.flatMap(({ nearer = [], anchor }) => [
    ...nearer.map(({ line }) => line),
    ...(anchor === undefined ? [] : [anchor]),
  ]);

export interface ProofOptions {
  readonly hostname: string;
  /** ISO 8601. */
  readonly made: string;
  /** Numbers of the rows that are shown whole. */
  readonly told: ReadonlySet<number>;
}

/** Lines with their ends. */
export async function* pieceLines(
  audit: Pick<AuditTrail, 'chainOf' | 'lanes'>,
  pieces: readonly Piece[],
  { hostname, made, told }: ProofOptions,
): AsyncGenerator<string, void, void> {
  for (const [n, piece] of pieces.entries()) {
    const before = await headBefore(audit, piece);
    const header: ExportHeader = {
      format: EXPORT_FORMAT,
      hostname,
      made,
      after: { seq: before.seq, hash: Buffer.from(before.hash).toString('hex') },
      piece: [n + 1, pieces.length],
      ...(piece.lane === undefined ? {} : { lane: piece.lane }),
    };
    yield `${JSON.stringify(header)}\n`;
    yield* rowLines(audit, piece, before, told);
  }
}

async function headBefore(audit: Pick<AuditTrail, 'chainOf' | 'lanes'>, { lane = 0, from }: Piece): Promise<ChainHead> {
  const [row] = from === 1 ? [] : await audit.chainOf({ lane, from: from - 1, limit: 1 });
  if (row !== undefined) return { seq: placeOf(row), hash: row.hash };
  const [found] = await audit.lanes({ after: lane - 1, limit: 1 });
  return beforeAllOf(found?.name);
}

async function* rowLines(
  audit: Pick<AuditTrail, 'chainOf'>,
  { lane = 0, from, to, nearer = [] }: Piece,
  before: ChainHead,
  told: ReadonlySet<number>,
): AsyncGenerator<string, void, void> {
  let head = before;
  // Whoever checks looks for anchors at the end of a line.
  const cuts = new Set(nearer.map(({ seq }) => seq));
  for (let next = from; next <= to;) {
    const rows = await audit.chainOf({ lane, from: next, limit: Math.min(MAX_LINKS, to - next + 1) });
    if (rows.length === 0) return;
    let hidden: ChainRow[] = [];
    for (const row of rows) {
      const open = told.has(row.seq) || !isLinked(head.hash, row);
      if (open) {
        if (hidden.length > 0) yield `${linksLine(hidden)}\n`;
        hidden = [];
        yield `${exportLine(row, { personal: told.has(row.seq) })}\n`;
      } else hidden.push(row);
      if (cuts.has(placeOf(row)) && hidden.length > 0) {
        yield `${linksLine(hidden)}\n`;
        hidden = [];
      }
      head = { seq: placeOf(row), hash: row.hash };
    }
    if (hidden.length > 0) yield `${linksLine(hidden)}\n`;
    next = head.seq + 1;
  }
}
