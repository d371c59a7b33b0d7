/**
 * What a restore states in its row of the trail, signed by the key of the anchors: up to which rows
 * the store was put back, and when. Anchors that were signed before that moment and tell of later
 * rows are of the trail that was lost with the restore.
 *
 * A row alone excuses nothing: whoever can write the database can cut the trail off, and write a
 * row that tells of a restore. The key is sealed outside the database. A drill makes no statement,
 * since its copy could be put in place of the store afterwards.
 */
import { type KeyObject, sign, verify } from 'node:crypto';
import { type AuditKeys } from '../keys/audit-keys.ts';
import { defined } from '../../domain/defined.ts';
import type { CameBack, RestoredRow, StoodAt } from '../../domain/restored-trail.ts';
import { anchorKeyId } from './audit-anchor.ts';

export interface Restored {
  /** Id of the backup. */
  readonly backup: string;
  /** ISO 8601: when the backup was begun, and the last commit that a log brought behind it. */
  readonly taken: string;
  readonly moment?: string;
}

export interface Restoration extends Restored {
  readonly row: Pick<RestoredRow, 'seq' | 'lane'>;
  /** ISO 8601. */
  readonly at: string;
  /** Absent: no signature of a given key proves it. */
  readonly proved?: CameBack;
}

export const RESTORED = 'backup.restored';

const textOf = ({ heads }: Pick<CameBack, 'heads'>): string =>
  heads.map(({ lane, place, hash }) => `${lane} ${place} ${hash}`).join(',');

function headsIn(text: string): readonly StoodAt[] | undefined {
  const heads = text.split(',').map((one) => /^(\d{1,15}) (\d{1,15}) ([0-9a-f]{64})$/.exec(one));
  return heads.every((one) => one !== null)
    ? heads.map(([, lane, place, hash = '']) => ({ lane: Number(lane), place: Number(place), hash }))
    : undefined;
}

const signed = ({ backup, taken, moment = '' }: Restored, at: string, lanes: number, heads: string): Buffer =>
  Buffer.from(['sluis audit restore 1', backup, taken, moment, at, String(lanes), heads].join('\n'));

/** Facts of the row that prove it. */
export function restoreProof(
  restored: Restored,
  { at, ...back }: CameBack & { readonly at: string },
  { privateKey, publicKey }: AuditKeys,
): Readonly<Record<string, string | number>> {
  const heads = textOf(back);
  const proof = sign(null, signed(restored, at, back.lanes, heads), privateKey).toString('base64');
  return { at, lanes: back.lanes, heads, key: anchorKeyId(publicKey), proof };
}

export function restorationOf(row: RestoredRow, publicKeys: readonly KeyObject[]): Restoration {
  const facts = JSON.parse(row.facts) as Readonly<Record<string, unknown>>;
  const text = (name: string): string | undefined => {
    const value = facts[name];
    return typeof value === 'string' ? value : undefined;
  };
  const restored = { backup: text('backup') ?? '', taken: text('taken') ?? '', ...defined({ moment: text('moment') }) };
  const { seq, lane } = row;
  const [at, key, heads = '', proof = ''] = ['at', 'key', 'heads', 'proof'].map(text);
  const publicKey = publicKeys.find((candidate) => anchorKeyId(candidate) === key);
  const lanes = Number(facts.lanes);
  const told = { ...restored, row: { seq, lane }, at: at ?? new Date(row.at).toISOString() };
  if (at === undefined || publicKey === undefined) return told;
  if (!verify(null, signed(restored, at, lanes, heads), publicKey, Buffer.from(proof, 'base64'))) return told;
  const stood = headsIn(heads);
  return stood === undefined ? told : { ...told, proved: { heads: stood, lanes } };
}

/** The head of one chain in an anchor; `at`: ISO 8601, when it was signed. */
export interface SignedHead {
  readonly lane?: number;
  readonly seq: number;
  readonly at: string;
}

/**
 * The restore with which the row of an anchor was lost: it was signed before, and the row is behind
 * those that came back. Undefined: the trail must have the row.
 */
export const lostWith = (
  { lane = 0, seq, at }: SignedHead,
  restorations: readonly Restoration[],
): Restoration | undefined =>
  restorations.find(({ row, at: restoredAt, proved }) => {
    if (proved === undefined || !(Date.parse(at) <= Date.parse(restoredAt))) return false;
    const stood = proved.heads.find((head) => head.lane === lane);
    // A chain that began after the backup: its number is between those that came back and the
    // restore's own.
    return stood === undefined ? lane > proved.lanes && lane < row.lane : seq > stood.place;
  });

/** What restores that are proved sign themselves: the rows up to which they brought back. */
export const headsBroughtBack = (restorations: readonly Restoration[]): readonly StoodAt[] =>
  restorations.flatMap(({ proved }) => proved?.heads ?? []);
