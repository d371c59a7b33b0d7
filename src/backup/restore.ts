/**
 * Puts a backup back where no store is, and shows at each step that it is right; or restores it into a scratch folder to prove that it would be
 * (`drill.ts`). The database gets its name last: what cannot be proved is never served.
 */
import { existsSync } from 'node:fs';
import { rename, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { KeyObject } from 'node:crypto';
import { type Anchor, readAnchor } from '../crypto/audit-anchor.ts';
import { sharesThatMake } from '../crypto/escrow-record.ts';
import { keyFingerprint } from '../crypto/key-fingerprint.ts';
import { agree, many } from '../domain/counted.ts';
import type { Clock } from '../domain/effects.ts';
import type { Escrow } from '../domain/escrow.ts';
import { MiB, instant } from '../domain/units.ts';
import { type Copies, CopyFailed, type Proof, type SettledCopy } from '../store/copies.ts';
import { ANCHOR_FILE, anchorsIn, namedAnchorFiles } from './anchor-files.ts';
import { copyFile, factsOfFile, makeFolder, syncFolderOf } from './files.ts';
import { ANCHORS, DATABASE, type Manifest, type ReadManifest, readManifest } from './manifest.ts';
import { BackupRefused, isCode, reasonOf } from './refused.ts';

export interface RestoreParts {
  readonly copies: Copies;
  readonly clock: Clock;
  readonly keyFolder: string;
  readonly masterKey: Uint8Array;
  /** Public keys of the audit trail that are trusted: those at hand, not those in the backup. */
  readonly publicKeys: readonly KeyObject[];
  /** The escrow of another master key, where it is known on this machine. */
  readonly escrow?: (fingerprint: string) => Escrow | undefined;
}

export interface RestoreWishes {
  /** Files with signed heads of the audit trail, or folders of them, beside those in the backup. */
  readonly anchors: readonly string[];
  /** Bodies that are opened; 0: all. */
  readonly sample: number;
  readonly queue: 'hold' | 'push';
  /** Also a backup whose signature no key at hand made. */
  readonly unsigned?: boolean;
  readonly actor: { readonly name: string; readonly reason?: string };
}

/** One step, for people who watch. */
export interface RestoreStep {
  readonly step: 'manifest' | 'checksums' | Proof['steps'][number]['step'] | 'place' | 'key-copy';
  readonly passed: boolean;
  readonly found: string;
}

export interface Restored {
  readonly backup: string;
  readonly begun: string;
  readonly steps: readonly RestoreStep[];
  readonly passed: boolean;
  readonly proof?: Proof;
  readonly settled?: SettledCopy;
  /** Newest signed row of the audit trail behind the end of the backup. */
  readonly later?: number;
  /** Put in place although no key at hand signed its manifest. */
  readonly unsigned?: true;
}

export interface Watched {
  readonly step: (step: RestoreStep) => void;
  /** Octets of the copy. */
  readonly octets: (done: number, of: number) => void;
}

/** Default of bodies that are opened: some seconds. */
export const SAMPLE = 500;
const MARGIN = 64 * MiB;
const STORE_FILES = [DATABASE, `${DATABASE}-wal`, `${DATABASE}-shm`];

/** Restores into `dataFolder`, which must have no database. Rejects with BackupRefused or StoreRefused; a step that fails is no rejection. */
export async function restoreBackup(
  parts: RestoreParts,
  backup: string,
  dataFolder: string,
  wishes: RestoreWishes,
  watched: Watched,
): Promise<Restored> {
  const there = STORE_FILES.find((name) => existsSync(join(dataFolder, name)));
  if (there !== undefined)
    throw new BackupRefused(
      'exists',
      `Cannot restore into "${dataFolder}": it has "${there}", and nothing is ever restored over a store; move the old database away (keep it), or name another data folder`,
    );
  await makeFolder(dataFolder);
  const lock = parts.copies.lock(dataFolder);
  try {
    return await restoreInto(parts, backup, dataFolder, wishes, watched);
  } finally {
    lock.release();
  }
}

/** Without asking what is there: the drill's folder is its own. */
export async function restoreInto(
  parts: RestoreParts,
  backup: string,
  dataFolder: string,
  wishes: RestoreWishes,
  { step: tell, octets }: Watched,
): Promise<Restored> {
  const read = await readManifest(backup, parts.publicKeys);
  const { manifest } = read;
  const steps: RestoreStep[] = [];
  const done = (step: RestoreStep): boolean => {
    steps.push(step);
    tell(step);
    return step.passed;
  };
  const draft = join(dataFolder, `${DATABASE}.restoring`);
  const result = { backup: manifest.id, begun: manifest.begun };
  try {
    await rm(draft, { force: true });
    const begins =
      done(manifestStep(read, wishes.unsigned)) &&
      (opensWith(parts, manifest) || done(wrongKeyStep(parts, manifest))) &&
      done(await checksumStep(backup, manifest, dataFolder, draft, octets));
    if (!begins) return { ...result, steps, passed: false };
    const anchors = await anchorsFor(parts, backup, manifest, wishes.anchors);
    const proof = await parts.copies.prove(
      { ...proofOf(parts, draft, manifest, wishes.sample), anchors: anchors.map(headOf) },
      (found) => void done(found),
    );
    const later = proof.later === undefined ? {} : { later: proof.later };
    if (!proof.passed) return { ...result, steps, passed: false, proof, ...later };
    const settled = await parts.copies.settle({
      path: draft,
      keyFolder: parts.keyFolder,
      masterKey: parts.masterKey,
      at: parts.clock.now(),
      queue: wishes.queue,
      actor: wishes.actor,
      facts: {
        backup: manifest.id,
        taken: manifest.begun,
        head: manifest.store.audit.seq,
        ...later,
        ...(read.signature === 'good' ? {} : { signature: read.signature }),
      },
    });
    for (const suffix of ['-wal', '-shm']) await rm(draft + suffix, { force: true });
    await rename(draft, join(dataFolder, DATABASE));
    await syncFolderOf(dataFolder);
    done({ step: 'place', passed: true, found: placedText(settled) });
    const unsigned = read.signature === 'good' ? {} : { unsigned: true as const };
    return { ...result, steps, passed: true, proof, settled, ...later, ...unsigned };
  } catch (error) {
    if (!(error instanceof CopyFailed) && !isCode(error, 'ENOSPC')) throw error;
    const full = isCode(error, 'ENOSPC') || (error instanceof CopyFailed && error.full);
    throw new BackupRefused(
      full ? 'unavailable' : 'unusable',
      `Cannot restore into "${dataFolder}": ${full ? 'the disk is full; make room, or name another data folder' : reasonOf(error)}. Nothing was put in place`,
      { cause: error },
    );
  } finally {
    for (const suffix of ['', '-wal', '-shm', '-journal']) await rm(draft + suffix, { force: true });
  }
}

const headOf = ({ seq, hash }: Anchor): { readonly seq: number; readonly hash: string } => ({
  seq,
  hash: Buffer.from(hash).toString('hex'),
});

const proofOf = ({ keyFolder, masterKey }: RestoreParts, path: string, { store }: Manifest, sample: number) => ({
  path,
  keyFolder,
  masterKey,
  expected: store,
  sample,
});

function manifestStep({ manifest, signature }: ReadManifest, unsigned = false): RestoreStep {
  const { masterKey } = manifest.store;
  const opens = masterKey === undefined ? '' : `, of master key ${masterKey}`;
  const what = `backup ${manifest.id} of ${manifest.hostname}, begun ${manifest.begun}${opens}`;
  if (signature === 'good')
    return { step: 'manifest', passed: true, found: `${what}, signed by the audit trail's key` };
  const why =
    signature === 'missing' ? 'its signature is missing' : "its signature is not one of the audit trail's key at hand";
  return {
    step: 'manifest',
    passed: unsigned,
    found: unsigned
      ? `${what}; ${why}, which was accepted`
      : `${what}: ${why}; give the key of that time (--key PEM), take another backup, or accept it (--unsigned)`,
  };
}

/** Looked at before anything is copied: whoever has the wrong key need not wait for the copy. */
const opensWith = ({ masterKey }: RestoreParts, { store }: Manifest): boolean =>
  store.masterKey === undefined || store.masterKey === keyFingerprint(masterKey);

function wrongKeyStep({ masterKey, escrow }: RestoreParts, manifest: Manifest): RestoreStep {
  const needed = manifest.store.masterKey ?? '';
  const { escrow: told } = manifest;
  const set =
    escrow?.(needed) ?? (told === undefined ? undefined : { ...told, madeAt: instant(Date.parse(told.madeAt)) });
  return {
    step: 'keys',
    passed: false,
    found: `the master key at hand is ${keyFingerprint(masterKey)}, and this backup opens with ${needed}: ${sharesThatMake(needed, set)}; put it where the section keys of the configuration reads it, and with it the key folder that it seals (${needed}/ in keys.copy-to or keys.before-rotation), and run this again`,
  };
}

/** Every file against the manifest; the database while it is copied, so that what is proved is what was read. */
async function checksumStep(
  backup: string,
  manifest: Manifest,
  dataFolder: string,
  draft: string,
  octets: (done: number, of: number) => void,
): Promise<RestoreStep> {
  const failed = (found: string): RestoreStep => ({ step: 'checksums', passed: false, found });
  for (const file of manifest.files) {
    const path = join(backup, file.name);
    try {
      const database = file.name === DATABASE;
      if (database) await refuseWithoutRoom(dataFolder, file.octets);
      const told = (done: number): void => octets(done, file.octets);
      const { octets: size, sha256 } = database ? await copyFile(path, draft, told) : await factsOfFile(path);
      if (size !== file.octets || sha256 !== file.sha256)
        return failed(
          `"${path}" is not what the manifest says (${size} octets, SHA-256 ${sha256}); take another backup`,
        );
    } catch (error) {
      if (!isCode(error, 'ENOENT') && !isCode(error, 'EIO')) throw error;
      return failed(`"${path}" cannot be read (${reasonOf(error)}); take another backup`);
    }
  }
  return { step: 'checksums', passed: true, found: `${manifest.files.length} files have their SHA-256` };
}

async function refuseWithoutRoom(folder: string, octets: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize < octets + MARGIN)
    throw new BackupRefused(
      'unavailable',
      `Cannot restore into "${folder}": ${Math.floor((bavail * bsize) / MiB)} MiB are free there, and ${Math.ceil((octets + MARGIN) / MiB)} are needed; make room, or name another folder`,
    );
}

/** Those in the backup, and those that are given: whoever gives a file with other lines wants to know. */
async function anchorsFor(
  { publicKeys }: RestoreParts,
  backup: string,
  { files, anchor }: Manifest,
  given: readonly string[],
): Promise<readonly Anchor[]> {
  const all: Anchor[] = [];
  for (const { name } of files)
    if (name.startsWith(`${ANCHORS}/`) && ANCHOR_FILE.test(name.slice(ANCHORS.length + 1)))
      all.push(...(await anchorsIn(join(backup, name), publicKeys)).anchors);
  const own = anchor === null ? undefined : readAnchor(anchor, publicKeys);
  if (own?.ok === true) all.push(own.value);
  for (const path of given) all.push(...(await anchorsGiven(path, publicKeys)));
  return all;
}

/** Whoever names a place wants its anchors looked at: none in it is no success. */
async function anchorsGiven(place: string, publicKeys: readonly KeyObject[]): Promise<readonly Anchor[]> {
  const all: Anchor[] = [];
  for (const path of await namedAnchorFiles(place)) {
    const { anchors, others } = await anchorsIn(path, publicKeys);
    if (others > 0)
      throw new BackupRefused(
        'invalid',
        `Cannot use "${path}": ${others} of its lines are not anchors of the audit trail's key; give the key with --key, or another file`,
      );
    all.push(...anchors);
  }
  if (all.length === 0)
    throw new BackupRefused(
      'invalid',
      `Cannot check the trail against "${place}": no anchor was read in it; name a file (of 16 MiB at most) or folder with signed heads of the audit trail, or leave --anchors out`,
    );
  return all;
}

function placedText({ held, waiting, erasedDays, erasedMessages }: SettledCopy): string {
  const parts = [`the database is in place`];
  if (held > 0) parts.push(`${held} deliveries to partners are held`);
  if (waiting > 0) parts.push(`${many(waiting, 'delivery')} will be pushed at the start`);
  if (erasedDays > 0)
    parts.push(
      `${many(erasedMessages, 'message')} of ${many(erasedDays, 'day')} that ${agree(erasedDays, 'was', 'were')} erased since ${agree(erasedMessages, 'was', 'were')} taken out`,
    );
  return parts.join('; ');
}
