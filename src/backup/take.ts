/**
 * Takes one backup: a copy of the database from one moment, beside it what a restore needs and is
 * no secret, then the manifest. The folder gets its name last, so whatever has a name is whole.
 * Keys are never in it (docs/decisions/0102): they have a backup of their own.
 */
import { copyFile as plainCopy } from 'node:fs/promises';
import { rename, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { escrowOf } from '../crypto/keys/escrow-record.ts';
import type { AuditKeys } from '../crypto/keys/audit-keys.ts';
import { defined } from '../domain/defined.ts';
import type { Clock } from '../domain/effects.ts';
import { type Instant, MiB } from '../domain/units.ts';
import { CopyFailed, type StoreCopy } from '../store/copies.ts';
import type { Store } from '../store/port/store.ts';
import { newestAnchorFiles, newestAnchorLine } from './anchor-files.ts';
import { factsOfFile, makeFolder, syncFolderOf } from './files.ts';
import { type KnownBackup, type PlaceRules, freeName, prepareFolder } from './folder.ts';
import {
  ANCHORS,
  CONFIGURATION,
  FORMAT,
  MANIFEST,
  type Manifest,
  type ManifestFile,
  manifestText,
} from './manifest.ts';
import { BackupRefused, isCode, reasonOf } from './refused.ts';
import { writeSigned } from './signed.ts';
import { systemProblem } from '../platform/system-problem.ts';

export interface TakeParts extends PlaceRules {
  readonly store: Pick<Store, 'copyTo' | 'copySize' | 'checkCopy' | 'log' | 'id'>;
  readonly clock: Clock;
  readonly hostname: string;
  /** Of this program. */
  readonly version: string;
  readonly configuration: string;
  readonly anchorFolder: string;
  /** Public half of the audit trail's key, a PEM file. */
  readonly anchorKeyFile: string;
  readonly keys: () => Promise<AuditKeys>;
  /** Octets free where a folder lies; for tests. */
  readonly free?: (folder: string) => Promise<number>;
}

export interface Taken extends KnownBackup {
  readonly seconds: number;
  readonly octets: number;
  /** How far the write-ahead log grew meanwhile. */
  readonly logOctets: number;
}

/** Octets beside the copy itself: the other files, and what mail goes on to write. */
const MARGIN = 64 * MiB;
/** Measured at full speed: the log grows by less than half of what is copied. */
const LOG_SHARE = 0.5;

const freeIn = async (folder: string): Promise<number> => {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
};

/**
 * One at a time for a store: the caller sees to it. Rejects with BackupRefused; nothing is left of
 * a backup that failed.
 */
export async function takeBackup(
  parts: TakeParts,
  folder: string,
  told: (octets: number, of: number) => void = () => undefined,
): Promise<Taken> {
  const { store, clock } = parts;
  await prepareFolder(folder, store.id, parts);
  const used = await store.copySize();
  await refuseWithoutRoom(parts, folder, used);
  const begun = clock.now();
  const id = await freeName(folder, begun);
  const partial = join(folder, `${id}.partial`);
  const began = clock.monotonic();
  try {
    await makeFolder(partial);
    const copy = await store.copyTo(partial, (octets) => told(Math.min(octets, used), used));
    await writeFiles(parts, partial);
    const manifest = await manifestFor(parts, partial, { id, begun, copy });
    await writeSigned(partial, MANIFEST, manifestText(manifest), await parts.keys());
    await syncFolderOf(partial);
    const path = join(folder, id);
    await rename(partial, path);
    await syncFolderOf(folder);
    const octets = manifest.files.reduce((sum, file) => sum + file.octets, 0);
    const seconds = Math.round(clock.monotonic() - began) / 1000;
    return { path, manifest, signature: 'good', seconds, octets, logOctets: copy.logOctets };
  } catch (error) {
    await rm(partial, { recursive: true, force: true }).catch(() => undefined);
    if (error instanceof BackupRefused) throw error;
    const full = isCode(error, 'ENOSPC') || (error instanceof CopyFailed && error.full);
    throw new BackupRefused(
      full || systemProblem(error) !== undefined ? 'unavailable' : 'unusable',
      `Cannot back up to "${folder}": ${full ? 'the disk is full; free some space there, or name another folder' : reasonOf(error)}. Nothing was left there, and the gateway continues`,
      { cause: error },
    );
  }
}

/** A disk that fills while a copy is taken is one on which no mail can be accepted. */
async function refuseWithoutRoom(parts: TakeParts, folder: string, used: number): Promise<void> {
  const needed = used + MARGIN + used * LOG_SHARE;
  const free = await (parts.free ?? freeIn)(folder);
  if (free < needed)
    throw new BackupRefused(
      'unavailable',
      `Cannot back up to "${folder}": ${mib(free)} MiB are free there, and ${mib(needed)} are needed for a database of ${mib(used)}; free some space, keep fewer backups, or name another folder`,
    );
}

const mib = (octets: number): number => Math.ceil(octets / MiB);

async function writeFiles(parts: TakeParts, partial: string): Promise<void> {
  await plainCopy(parts.configuration, join(partial, CONFIGURATION));
  const anchors = join(partial, ANCHORS);
  await makeFolder(anchors);
  // Made at its first use.
  await parts.keys();
  await plainCopy(parts.anchorKeyFile, join(anchors, 'anchor.pem'));
  for (const name of await newestAnchorFiles(parts.anchorFolder))
    await plainCopy(join(parts.anchorFolder, name), join(anchors, name));
  for (const name of [CONFIGURATION, ANCHORS, `${ANCHORS}/anchor.pem`]) await syncFolderOf(join(partial, name));
}

function escrowFacts(keyFolder: string, masterKey: string | undefined): Manifest['escrow'] {
  const found = masterKey === undefined ? undefined : escrowOf(masterKey, [keyFolder]);
  return found === undefined
    ? undefined
    : { set: found.set, needed: found.needed, madeAt: new Date(found.madeAt).toISOString() };
}

async function manifestFor(
  parts: TakeParts,
  partial: string,
  { id, begun, copy }: { readonly id: string; readonly begun: Instant; readonly copy: StoreCopy },
): Promise<Manifest> {
  const anchors = join(partial, ANCHORS);
  const others = [CONFIGURATION, `${ANCHORS}/anchor.pem`];
  for (const name of await newestAnchorFiles(anchors)) others.push(`${ANCHORS}/${name}`);
  const { facts: store } = copy;
  const files: ManifestFile[] = [];
  for (const file of copy.files)
    files.push('sha256' in file ? file : { name: file.name, ...(await factsOfFile(join(partial, file.name))) });
  for (const name of others) files.push({ name, ...(await factsOfFile(join(partial, name))) });
  const escrow = escrowFacts(parts.keyFolder, store.masterKey);
  return {
    format: FORMAT,
    id,
    hostname: parts.hostname,
    begun: new Date(begun).toISOString(),
    ended: new Date(parts.clock.now()).toISOString(),
    version: parts.version,
    store,
    ...defined({ escrow }),
    files,
    anchor: await newestAnchorLine(anchors),
  };
}
