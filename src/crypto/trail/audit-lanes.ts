/**
 * Where the chains of a trail stand, as one text and one hash: what an anchor signs where several
 * connections write a chain each.
 */
import { hash } from 'node:crypto';
import type { LaneHead } from '../../domain/audit-row.ts';

/**
 * A chain as an anchor has it: its number, that of its last row in it, the hash of that row, and
 * whether it goes on.
 */
export interface AnchoredLane {
  readonly lane: number;
  readonly place: number;
  readonly hash: Uint8Array;
  readonly ended: boolean;
}

/** The one chain of a trail without lanes has no name. */
export const isOneChain = (heads: readonly LaneHead[]): boolean => heads.every(({ name }) => name === undefined);

const textOf = ({ lane, place, hash: head, ended }: AnchoredLane): string =>
  `${lane} ${place} ${Buffer.from(head).toString('hex')} ${ended ? 'ended' : 'open'}`;

/**
 * SHA-256 of the line "sluis audit lanes 1" and one for each lane, in the order of their numbers,
 * with line feeds between.
 */
export const lanesHash = (lanes: readonly AnchoredLane[]): Uint8Array =>
  hash('sha256', ['sluis audit lanes 1', ...lanes.map(textOf)].join('\n'), 'buffer');

/** One hash for the state of a trail: that of its last row if it is one chain. */
export const headsHash = (heads: readonly LaneHead[]): Uint8Array => {
  const [first, ...others] = heads;
  return first !== undefined && others.length === 0 && first.name === undefined ? first.hash : lanesHash(heads);
};
