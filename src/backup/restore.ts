/**
 * Puts a backup back where no store is, and shows at each step that it is right; or restores it
 * into a scratch folder to prove that it would be (`drill.ts`). The database gets its name last:
 * what cannot be proved is never served.
 */
import type { KeyObject } from 'node:crypto';
import type { Anchor } from '../crypto/trail/audit-anchor.ts';
import { knownAuditKeys } from '../crypto/keys/audit-keys.ts';
import { restoreProof } from '../crypto/trail/restoration.ts';
import { defined } from '../domain/defined.ts';
import type { Clock } from '../domain/effects.ts';
import type { Instant } from '../domain/units.ts';
import { type Copies, CopyFailed, type Draft, type Proof, type SettledCopy, type SignedHead } from '../store/copies.ts';
import type { Actor } from '../store/actor.ts';
import { anchorsFor } from './anchor-files.ts';
import { makeFolder } from './files.ts';
import { type ReadManifest, readManifest } from './manifest.ts';
import { BackupRefused, isCode, reasonOf } from './refused.ts';
import { checksumStep, logStep } from './restore-files.ts';
import { logFor } from './restore-log.ts';
import { type MasterKeyAtHand, manifestStep, refuseOtherEngine, wrongKeyStep } from './restore-manifest.ts';
import { type RestoreStep, type Restored, type Watched, placedText } from './restored.ts';

export interface RestoreParts extends MasterKeyAtHand {
  readonly copies: Copies;
  readonly clock: Clock;
  readonly keyFolder: string;
  /** Public keys of the audit trail that are trusted: those at hand, not those in the backup. */
  readonly publicKeys: readonly KeyObject[];
}

export interface RestoreWishes {
  /** Files with signed heads of the audit trail, or folders of them, beside those in the backup. */
  readonly anchors: readonly string[];
  /** Bodies that are opened; 0: all. */
  readonly sample: number;
  readonly queue: 'hold' | 'push';
  /** The last moment that is to be in it; absent: as much as there is. */
  readonly until?: Instant;
  /** True: only the backup itself is restored, without the log behind it. */
  readonly withoutLog?: boolean;
  /** True: the restored store is thrown away afterwards. */
  readonly scratch?: boolean;
  /** True: accepts a backup whose signature no key at hand made. */
  readonly unsigned?: boolean;
  readonly actor: Actor;
}

/** Default of bodies that are opened: some seconds. */
export const SAMPLE = 500;

/**
 * Restores into `dataFolder`, which must have no database. Rejects with BackupRefused or
 * StoreRefused; a step that fails is no rejection.
 */
export async function restoreBackup(
  parts: RestoreParts,
  backup: string,
  dataFolder: string,
  wishes: RestoreWishes,
  watched: Watched,
): Promise<Restored> {
  const there = parts.copies.occupied(dataFolder);
  if (there !== undefined)
    throw new BackupRefused(
      'exists',
      `Cannot restore into "${dataFolder}": it has "${there}", and nothing is ever restored over a store; move the old database away (keep it), or name another data folder`,
    );
  if (parts.copies.engine === 'sqlite') await makeFolder(dataFolder);
  const lock = parts.copies.lock(dataFolder);
  try {
    return await restoreInto(parts, backup, dataFolder, wishes, watched);
  } finally {
    lock.release();
  }
}

/** Restores into a folder without asking what is there: a drill has its own folder. */
export async function restoreInto(
  parts: RestoreParts,
  backup: string,
  dataFolder: string,
  wishes: RestoreWishes,
  { step: tell, octets }: Watched,
): Promise<Restored> {
  const read = await readManifest(backup, parts.publicKeys);
  const { manifest } = read;
  refuseOtherEngine(parts.copies, manifest);
  const steps: RestoreStep[] = [];
  const done = (step: RestoreStep): boolean => {
    steps.push(step);
    tell(step);
    return step.passed;
  };
  const result = { backup: manifest.id, begun: manifest.begun, steps };
  if (!done(manifestStep(read, wishes.unsigned))) return { ...result, passed: false };
  const wrongKey = wrongKeyStep(parts, manifest);
  if (wrongKey !== undefined) return { ...result, passed: done(wrongKey) };
  const { until, withoutLog, scratch } = wishes;
  const log = await logFor(backup, manifest, { ...defined({ until, without: withoutLog }), keys: parts.publicKeys });
  let draft: Draft | undefined;
  try {
    const facts = manifest.store;
    draft = await parts.copies.begin(dataFolder, { facts, ...defined({ until, scratch, logFile: log?.fileOctets }) });
    const whole =
      done(await checksumStep(backup, manifest, draft, dataFolder, octets)) &&
      (log === undefined || done(await logStep(log, draft, dataFolder)));
    if (!whole) return { ...result, passed: false };
    const proof = await proved(parts, backup, read, draft, wishes, done);
    const { end, ...shown } = proof;
    const told = defined({ later: proof.later, moment: proof.moment });
    if (!proof.passed) return { ...result, passed: false, proof: shown, ...told };
    const settled = await settledAs(parts, read, draft, wishes, { ...told, ...defined({ end }) });
    await draft.place();
    done({ step: 'place', passed: true, found: placedText(settled) });
    const unsigned = read.signature === 'good' ? {} : { unsigned: true as const };
    return { ...result, passed: true, proof: shown, settled, ...told, ...unsigned };
  } catch (error) {
    throw ofTheDisk(error, dataFolder);
  } finally {
    await draft?.remove();
  }
}

async function proved(
  { keyFolder, masterKey, publicKeys }: RestoreParts,
  backup: string,
  { manifest }: ReadManifest,
  draft: Draft,
  wishes: RestoreWishes,
  told: (step: RestoreStep) => void,
): Promise<Proof> {
  const anchors = await anchorsFor(backup, manifest, wishes.anchors, publicKeys);
  const { sample } = wishes;
  return await draft.prove(
    {
      keyFolder,
      masterKey,
      expected: manifest.store,
      sample,
      anchors: anchors.map(headOf),
      publicKeys: publicKeys.map((key) => key.export({ type: 'spki', format: 'pem' })),
    },
    told,
  );
}

const hex = (octets: Uint8Array): string => Buffer.from(octets).toString('hex');
const headOf = ({ seq, hash, lanes, at }: Anchor): SignedHead => ({
  seq,
  at,
  hash: hex(hash),
  ...defined({ lanes: lanes?.map(({ lane, place, hash: its }) => ({ lane, place, hash: hex(its) })) }),
});

async function settledAs(
  { keyFolder, masterKey, clock }: RestoreParts,
  { manifest, signature }: ReadManifest,
  draft: Draft,
  { queue, actor, scratch }: RestoreWishes,
  { later, moment, end }: Pick<Proof, 'later' | 'moment' | 'end'>,
): Promise<SettledCopy> {
  const at = clock.now();
  const restored = { backup: manifest.id, taken: manifest.begun, ...defined({ moment }) };
  const keys = scratch === true || end === undefined ? undefined : knownAuditKeys(keyFolder, masterKey);
  const facts = {
    ...restored,
    head: manifest.store.audit.seq,
    ...defined({ later }),
    ...(signature === 'good' ? {} : { signature }),
    ...(keys === undefined || end === undefined
      ? {}
      : restoreProof(restored, { ...end, at: new Date(at).toISOString() }, keys)),
  };
  return await draft.settle({ keyFolder, masterKey, at, queue, actor, facts });
}

/**
 * What the disk or the copy refused, as whoever restores can understand it; any other error as it
 * is.
 */
function ofTheDisk(error: unknown, dataFolder: string): unknown {
  if (!(error instanceof CopyFailed) && !isCode(error, 'ENOSPC')) return error;
  const full = isCode(error, 'ENOSPC') || (error instanceof CopyFailed && error.full);
  return new BackupRefused(
    full ? 'unavailable' : 'unusable',
    `Cannot restore into "${dataFolder}": ${full ? 'the disk is full; free some space, or name another data folder' : reasonOf(error)}. Nothing was put in place`,
    { cause: error },
  );
}
