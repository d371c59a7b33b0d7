/**
 * Checks that nobody has changed the trail of this gateway: its chain, and the anchors that prove
 * it. `audit verify` and `audit report` use it.
 */
import type { KeyObject } from 'node:crypto';
import { z } from '../../config/zod.ts';
import { anchorsText } from '../../cli/audit-files.ts';
import { type Anchored, newestAnchors, readAnchors, readPublicKeys } from '../../cli/anchor-files.ts';
import type { AdminContext } from '../../admin/context.ts';
import { AdminError } from '../../admin/error.ts';
import { CommandError } from '../../cli/exit.ts';
import { anchorFolderOf } from '../../config/places.ts';
import type { Config } from '../../config/schema.ts';
import { auditKeyFile } from '../../crypto/keys/audit-keys.ts';
import { placeOf } from '../../domain/audit-row.ts';
import { many } from '../../domain/counted.ts';
import { defined } from '../../domain/defined.ts';
import type { AuditTrail } from '../../store/port/audit.ts';
import { kind, text } from '../core/kind.ts';
import { file } from '../core/files.ts';
import { type Values, also, flag, many as several } from '../core/params.ts';
import { type Here, lookPart } from '../core/row.ts';
import { noteLook } from './look.ts';
import { keysOf, restoreView, restoresText, withoutLost } from './restores.ts';

/**
 * Most rows that anchors sign: an anchor of several gateways signs the heads of some dozens of
 * chains.
 */
const MAX_ANCHORS = 200_000;
/** Chains that are read at the same time. */
const LANES = 500;
const MAX_KEYS = 100;

const report = z.union([
  z.object({
    kind: z.literal('intact'),
    rows: z.number(),
    head: z.string(),
    vanished: z.number().optional().meta({
      description: 'Rows whose personal fields are gone although no row tells that they were erased.',
    }),
  }),
  z.object({ kind: z.literal('broken'), seq: z.number(), why: z.string() }),
]);
const found = z.object({
  report,
  restored: z.array(restoreView).readonly().optional().meta({ description: 'Restores that the trail tells of.' }),
  anchors: z.number().meta({ description: 'Anchors that are in it.' }),
  missing: z
    .object({ seq: z.number(), why: z.string() })
    .optional()
    .meta({ description: 'Of the first anchor that the trail does not have.' }),
  behind: z.number().optional().meta({ description: 'Rows behind the newest anchor.' }),
});
type Found = z.infer<typeof found>;
export const proofView = found.extend({
  proven: z.boolean().meta({ description: 'Nothing contradicts the trail, and an anchor proves it.' }),
  places: z.array(z.string()).readonly().meta({ description: 'Where anchors were looked for.' }),
});
export type Proof = z.infer<typeof proofView>;

const wire = z.object({
  lane: z.number().optional(),
  seq: z.number(),
  hash: z.string(),
  at: z.string().optional().meta({ description: 'When it was signed.' }),
});
const anchor = kind<z.infer<typeof wire>, z.infer<typeof wire>>(
  'anchor',
  {
    en: 'a row number (in its chain if there are several) and a hash',
    nl: 'het nummer van een rij (in haar keten, als er meer zijn) en een hash',
  },
  wire,
  (given) => (Number.isSafeInteger(given.seq) ? given : undefined),
  () => undefined,
);

export const chainCheck = lookPart({
  about: 'check the chain of the trail, and that it has the rows of these anchors',
  in: {
    anchors: several(anchor, 'rows that were signed', MAX_ANCHORS),
    own: flag('and those that are in the newest anchors of this gateway'),
    keys: several(
      text('spki', 4096),
      "public keys that prove a restore, DER in base64; default: this gateway's own",
      MAX_KEYS,
    ),
  },
  out: found,
  right: 'security',
  run: async ({ store: { audit }, evidence }, { anchors: named, own, keys }, call): Promise<Found> => {
    noteLook(audit, call, 'verify');
    const walked = await audit.verify();
    if (walked.kind === 'broken') return { report: walked, anchors: 0 };
    const { restored: rows = [], ...report } = walked;
    const given = own ? [...named, ...ownAnchors(evidence)] : named;
    const known = keysOf(keys, evidence.anchorKeyFile);
    const { anchors, heads, restored } = withoutLost(given, rows, known);
    const about = { report, ...(restored.length > 0 ? { restored } : {}) };
    for (const [n, { lane, seq, hash }] of [...anchors, ...heads].entries()) {
      const [row] = await audit.chainOf({ lane: lane ?? 0, from: seq, limit: 1 });
      const isThere = row !== undefined && placeOf(row) === seq;
      if (isThere && Buffer.from(row.hash).toString('hex') === hash) continue;
      // A chain without rows has an anchor that says so, with place 0.
      if (seq === 0) continue;
      const [of, whole] = lane === undefined ? ['', 'the trail'] : [` of lane ${lane}`, `lane ${lane}`];
      const why = isThere ? `row ${seq}${of} is another one` : `${whole} ends before row ${seq}`;
      return { ...about, anchors: Math.min(n, anchors.length), missing: { seq, why } };
    }
    const behind = anchors.length === 0 ? {} : { behind: await rowsBehind(audit, anchors) };
    return { ...about, anchors: anchors.length, ...behind };
  },
});

/**
 * The newest anchors of this gateway. Throws AdminError for a file of anchors that cannot be read,
 * or that this gateway did not write.
 */
function ownAnchors({ anchorFolder, anchorKeyFile }: AdminContext['evidence']): readonly Anchored[] {
  try {
    return newestAnchors(anchorFolder, anchorKeyFile);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    throw new AdminError('unusable', error.message, { cause: error });
  }
}

/** The number of rows in all chains that came after the newest anchor of each. */
async function rowsBehind(audit: AuditTrail, anchors: readonly z.infer<typeof wire>[]): Promise<number> {
  const newest = new Map<number, number>();
  for (const { lane = 0, seq } of anchors) newest.set(lane, Math.max(newest.get(lane) ?? 0, seq));
  let behind = 0;
  for (let after = -1; ;) {
    const heads = await audit.lanes({ after, limit: LANES });
    for (const { lane, place, ended } of heads)
      // A chain that ended before these anchors is in older ones.
      if (!ended || newest.has(lane)) behind += place - (newest.get(lane) ?? 0);
    if (heads.length < LANES) return behind;
    after = heads.at(-1)?.lane ?? after;
  }
}

export const ANCHORS = {
  anchors: several(
    text('path', 4096),
    "a file of anchors, or the folder of them; may be given several times; default: this gateway's own, for its trail",
  ),
  // The option may also be called --key: HOW-TO-CHECK.txt of evidence that was given out says so.
  anchorKey: also(several(file, "public key of the anchors, in PEM; default: this gateway's own"), 'key'),
};
type Given = Values<typeof ANCHORS>;

/**
 * The anchors that the command line names, checked with the keys that it names, or else with `own`.
 */
export function namedAnchors(
  { anchors, anchorKey }: Given,
  own: string | undefined,
): { readonly anchors: readonly Anchored[]; readonly keys: readonly KeyObject[] } {
  if (anchors.length === 0) return { anchors: [], keys: [] };
  const keys = anchorKey.length > 0 ? anchorKey : own === undefined ? [] : [own];
  if (keys.length === 0) throw new CommandError('usage', 'Cannot check anchors without a key: add --anchor-key PEM');
  const read = readPublicKeys(keys);
  return { anchors: readAnchors(anchors, read), keys: read };
}

/**
 * The anchors that are named; without any, the newest ones in the folder that the configuration
 * names.
 */
function placedAnchors(given: Given, config: Config): { anchors: readonly Anchored[]; places: readonly string[] } {
  const own = auditKeyFile(config.keys.folder);
  if (given.anchors.length > 0) return { anchors: namedAnchors(given, own).anchors, places: given.anchors };
  const folder = anchorFolderOf(config);
  const [key = own] = given.anchorKey;
  return { anchors: newestAnchors(folder, key), places: [folder] };
}

export async function proofOf(here: Here, given: Given): Promise<Proof> {
  const { anchors, places } = placedAnchors(given, here.config());
  const found = await here.call(chainCheck, {
    anchors: anchors.map(({ lane, seq, hash, at }) => ({ ...defined({ lane }), seq, hash, at })),
    keys: readPublicKeys(given.anchorKey).map((key) => key.export({ type: 'spki', format: 'der' }).toString('base64')),
  });
  const { report, missing } = found;
  const isIntact = report.kind === 'intact' && report.vanished === undefined && missing === undefined;
  return { ...found, proven: isIntact && found.anchors > 0, places };
}

/**
 * How the command ends. A trail that nothing contradicts but nothing proves must not look like a
 * proven one.
 */
export function proofFails({ report, missing, proven, places }: Proof) {
  if (report.kind === 'broken' || missing !== undefined || report.vanished !== undefined)
    return {
      code: 'configuration',
      text: 'The audit trail is not as it was written; keep this database and its anchors as they are',
    } as const;
  if (proven) return undefined;
  return {
    code: 'unproven',
    text: `The chain holds, but nothing proves that its end was not cut off or all of it rewritten: there is no anchor in ${places.join(', ')}; name where they are kept with --anchors PATH`,
  } as const;
}

export function proofText({ report, restored = [], anchors, missing, behind, places }: Proof): string {
  if (report.kind === 'broken') return `Row ${report.seq}: ${report.why}.`;
  const { vanished } = report;
  return [
    `${many(report.rows, 'row')}, the chain holds. Head: ${report.head}`,
    ...(vanished === undefined
      ? []
      : [`Who and where of ${many(vanished, 'row')} are gone, and no row tells that they were erased.`]),
    missing !== undefined
      ? `Anchor of row ${missing.seq}: ${missing.why}.`
      : anchors === 0
        ? `NOT PROVEN: there is no anchor in ${places.join(', ')}.`
        : `${anchorsText(anchors)} in the trail, of ${places.join(', ')}.`,
    ...restoresText(restored, missing !== undefined),
    ...(behind === undefined || behind === 0
      ? []
      : [`Behind the newest anchor: ${many(behind, 'row')}, not proven yet.`]),
  ].join('\n');
}
