/**
 * Restores that the trail tells of, for `audit verify` and `audit report`. Somebody reads this at
 * night: the store has just come back from a backup, and anchors tell of rows that it does not
 * have.
 */
import { type KeyObject, createPublicKey } from 'node:crypto';
import { existsSync } from 'node:fs';
import { z } from '../../config/zod.ts';
import { readPublicKeys } from '../../cli/anchor-files.ts';
import { readableTime } from '../../cli/output.ts';
import { type Restoration, headsBroughtBack, lostWith, restorationOf } from '../../crypto/trail/restoration.ts';
import { agree, many } from '../../domain/counted.ts';
import { defined } from '../../domain/defined.ts';
import type { RestoredRow } from '../../domain/restored-trail.ts';

const lostView = z.object({
  anchors: z.number(),
  from: z.string().meta({ description: 'When the first of them was signed.' }),
  to: z.string(),
  seq: z.number().meta({ description: 'The last row that one of them tells of.' }),
});
export const restoreView = z.object({
  row: z.number().meta({ description: 'The row of the trail that tells of it.' }),
  at: z.string(),
  backup: z.string(),
  taken: z.string().meta({ description: 'When the backup was begun.' }),
  moment: z.string().optional().meta({ description: 'Of the last commit in it, if a log brought it further.' }),
  proved: z.boolean().meta({ description: 'The key of the anchors signed it: a row alone proves no restore.' }),
  lost: lostView.optional().meta({ description: 'Anchors of rows that were lost with it.' }),
});
type RestoreView = z.infer<typeof restoreView>;
type Lost = z.infer<typeof lostView>;

/**
 * Keys that are given (SubjectPublicKeyInfo, DER in base64), or else the gateway's own, if it has
 * one.
 */
export const keysOf = (given: readonly string[], own: string): readonly KeyObject[] =>
  given.length > 0
    ? given.map((spki) => createPublicKey({ key: Buffer.from(spki, 'base64'), format: 'der', type: 'spki' }))
    : existsSync(own)
      ? readPublicKeys([own])
      : [];

/** As a caller names it, who may leave out when it was signed. */
interface Given {
  readonly lane?: number | undefined;
  readonly seq: number;
  readonly hash: string;
  readonly at?: string | undefined;
}

/**
 * Anchors of rows that the trail must have, the rows up to which a restore brought it back, and the
 * restores, each with the anchors that were lost with it.
 */
export function withoutLost(
  given: readonly Given[],
  rows: readonly RestoredRow[],
  keys: readonly KeyObject[],
): { readonly anchors: readonly Given[]; readonly heads: readonly Given[]; readonly restored: readonly RestoreView[] } {
  const told = rows.map((row) => restorationOf(row, keys));
  const lost = new Map<Restoration, Lost>();
  const anchors = given.filter(({ lane, seq, at }) => {
    const restoration = at === undefined ? undefined : lostWith({ seq, at, ...defined({ lane }) }, told);
    if (at === undefined || restoration === undefined) return true;
    lost.set(restoration, withOne(lost.get(restoration), at, seq));
    return false;
  });
  const heads = headsBroughtBack(told).map(({ lane, place, hash }) => ({
    ...(lane === 0 ? {} : { lane }),
    seq: place,
    hash,
  }));
  const restored = told.map((one) => {
    const { row, at, backup, taken, moment, proved } = one;
    const its = { row: row.seq, at, backup, taken, proved: proved !== undefined };
    return { ...its, ...defined({ moment, lost: lost.get(one) }) };
  });
  return { anchors, heads, restored };
}

const withOne = (lost: Lost | undefined, at: string, seq: number): Lost =>
  lost === undefined
    ? { anchors: 1, from: at, to: at, seq }
    : {
        anchors: lost.anchors + 1,
        from: at < lost.from ? at : lost.from,
        to: at > lost.to ? at : lost.to,
        seq: Math.max(lost.seq, seq),
      };

/** Says nothing of a restore that explains nothing that was found. */
export const restoresText = (restores: readonly RestoreView[], isContradicted: boolean): readonly string[] =>
  restores.flatMap((one) =>
    one.lost !== undefined ? lostText(one, one.lost) : isContradicted && !one.proved ? unprovedText(one) : [],
  );

const whichText = ({ at, taken, moment, backup }: RestoreView): string =>
  `${readableTime(at)} from backup ${backup} of ${readableTime(taken)}${moment === undefined ? '' : `, as the store was on ${readableTime(moment)}`}`;

const lostText = (one: RestoreView, { anchors, from, to, seq }: Lost): readonly string[] => [
  `RESTORED on ${whichText(one)}: row ${one.row} tells it, and the key of the anchors signed that.`,
  `  ${many(anchors, 'anchor')} from ${readableTime(from)} to ${readableTime(to)} ${agree(anchors, 'tells', 'tell')} of rows up to ${seq} that were lost with it. What happened then is in no row.`,
  '  Keep these anchors and, if it is still there, the former database. Nothing else is to be done if you know of the restore:',
  '  "sluis audit list --event backup.restored" tells who restored, and why.',
];

const unprovedText = (one: RestoreView): readonly string[] => [
  `Row ${one.row} tells of a restore on ${whichText(one)}, and no signature proves it: whoever can write the database can write such a row.`,
  '  An older version did not sign restores, and a restore without the key of the anchors cannot. If whoever restored confirms it, move the files',
  '  of anchors from between backup and restore to another folder, keep them, and check again. If nobody knows of it, somebody changed the trail.',
];
