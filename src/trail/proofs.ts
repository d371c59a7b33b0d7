/**
 * What proves some rows of the trail: pieces of the chain, each from a row that is told on to the next anchor, past rows that are not
 * (crypto/audit-export.ts).
 */
import { BEFORE_ALL, isLinked } from '../crypto/audit-chain.ts';
import { EXPORT_FORMAT, type ExportHeader, MAX_LINKS, exportLine, linksLine } from '../crypto/audit-export.ts';
import type { ChainHead, ChainRow } from '../domain/audit-row.ts';
import type { Instant } from '../domain/units.ts';
import type { AuditTrail } from '../store/port/audit.ts';
import type { AnchorFiles, FoundAnchor, FoundStamp } from './anchor-files.ts';

/** Rows that a piece leads past to reach its anchor: a minute of the busiest region. */
export const MAX_PAST = 50_000;
/** Of all pieces of one proof: 9 MB. */
const MAX_PAST_IN_ALL = 200_000;

export interface Piece {
  readonly from: number;
  readonly to: number;
  /** Line of the anchor at its end; absent: none tells of it yet, or the nearest one is too far. */
  readonly anchor?: string;
  /** The first anchors behind its rows, where the piece goes on from them to one that was stamped. */
  readonly nearer?: readonly FoundAnchor[];
  /** Over the anchor at its end. */
  readonly stamp?: FoundStamp;
}

/**
 * `rows` rise. Pieces that reach the same anchor are one. A piece goes on to the first anchor that an authority stamped, where that is near enough: what the
 * gateway signed itself it could sign again.
 */
export async function planPieces(
  rows: readonly { readonly seq: number; readonly at: Instant }[],
  anchors: AnchorFiles,
): Promise<readonly Piece[]> {
  const pieces: Piece[] = [];
  let past = 0;
  for (const { seq, at } of rows) {
    const last = pieces.at(-1);
    const anchor = await anchors.covering(seq, at);
    if (last !== undefined && last.to >= seq) {
      if (anchor !== undefined && anchor.seq < last.to)
        pieces[pieces.length - 1] = { ...last, nearer: withNearer(last.nearer, anchor) };
      continue;
    }
    const isNear = (to: FoundAnchor): boolean => to.seq - seq <= MAX_PAST && past + to.seq - seq <= MAX_PAST_IN_ALL;
    const stamp = await anchors.stamped(seq, at);
    if (stamp !== undefined && isNear(stamp.anchor)) {
      const { anchor: end } = stamp;
      past += end.seq - seq;
      const nearer = anchor === undefined || anchor.seq >= end.seq ? {} : { nearer: [anchor] };
      pieces.push({ from: seq, to: end.seq, anchor: end.line, stamp, ...nearer });
    } else if (anchor !== undefined && isNear(anchor)) {
      past += anchor.seq - seq;
      pieces.push({ from: seq, to: anchor.seq, anchor: anchor.line });
    } else if (last?.to === seq - 1 && last.anchor === undefined)
      pieces[pieces.length - 1] = { from: last.from, to: seq };
    else pieces.push({ from: seq, to: seq });
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
  /** Numbers of the rows that are told whole. */
  readonly told: ReadonlySet<number>;
}

/** Lines with their ends. */
export async function* pieceLines(
  audit: Pick<AuditTrail, 'chain'>,
  pieces: readonly Piece[],
  { hostname, made, told }: ProofOptions,
): AsyncGenerator<string, void, void> {
  for (const [n, piece] of pieces.entries()) {
    const [before = BEFORE_ALL] = piece.from === 1 ? [] : await audit.chain({ fromSeq: piece.from - 1, limit: 1 });
    const header: ExportHeader = {
      format: EXPORT_FORMAT,
      hostname,
      made,
      after: { seq: before.seq, hash: Buffer.from(before.hash).toString('hex') },
      piece: [n + 1, pieces.length],
    };
    yield `${JSON.stringify(header)}\n`;
    yield* rowLines(audit, piece, before, told);
  }
}

async function* rowLines(
  audit: Pick<AuditTrail, 'chain'>,
  { from, to, nearer = [] }: Piece,
  before: ChainHead,
  told: ReadonlySet<number>,
): AsyncGenerator<string, void, void> {
  let head = before;
  // Whoever checks looks for anchors at the end of a line.
  const cuts = new Set(nearer.map(({ seq }) => seq));
  for (let next = from; next <= to;) {
    const rows = await audit.chain({ fromSeq: next, limit: Math.min(MAX_LINKS, to - next + 1) });
    if (rows.length === 0) return;
    let hidden: ChainRow[] = [];
    for (const row of rows) {
      const open = told.has(row.seq) || !isLinked(head.hash, row);
      if (open) {
        if (hidden.length > 0) yield `${linksLine(hidden)}\n`;
        hidden = [];
        yield `${exportLine(row, { personal: told.has(row.seq) })}\n`;
      } else hidden.push(row);
      if (cuts.has(row.seq) && hidden.length > 0) {
        yield `${linksLine(hidden)}\n`;
        hidden = [];
      }
      head = row;
    }
    if (hidden.length > 0) yield `${linksLine(hidden)}\n`;
    next = head.seq + 1;
  }
}
