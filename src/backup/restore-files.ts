/**
 * Brings the files of a backup into the new store, and each is hashed on the way: what is proved is
 * what was read.
 */
import { createHash } from 'node:crypto';
import { statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { MiB } from '../domain/units.ts';
import type { Draft } from '../store/copies.ts';
import { type FileFacts, factsOfFile, piecesOf } from './files.ts';
import { LOG, placeOf, startOf } from './log-files.ts';
import type { Manifest } from './manifest.ts';
import { BackupRefused, isCode, reasonOf } from './refused.ts';
import { type LogToBring, logText } from './restore-log.ts';
import type { RestoreStep } from './restored.ts';

const MARGIN = 64 * MiB;

const isUnreadable = (error: unknown): boolean => isCode(error, 'ENOENT') || isCode(error, 'EIO');

/**
 * Every file against the manifest; those of the store are brought into `draft`. `told`: octets of
 * these. Throws BackupRefused without room.
 */
export async function checksumStep(
  backup: string,
  { files }: Manifest,
  draft: Draft,
  dataFolder: string,
  told: (octets: number, of: number) => void,
): Promise<RestoreStep> {
  const failed = (found: string): RestoreStep => ({ step: 'checksums', passed: false, found });
  const all = octetsOf(files.filter((file) => draft.has(file.name)));
  await refuseWithoutRoom(dirname(dataFolder), all);
  let brought = 0;
  for (const file of files) {
    const path = join(backup, file.name);
    try {
      const found = draft.has(file.name)
        ? await broughtAs(draft, file.name, piecesOf(path), (done) => told(brought + done, all))
        : await factsOfFile(path);
      if (found.octets !== file.octets || found.sha256 !== file.sha256)
        return failed(
          `"${path}" is not what the manifest says (${found.octets} bytes, SHA-256 ${found.sha256}); take another backup`,
        );
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      return failed(`"${path}" cannot be read (${reasonOf(error)}); take another backup`);
    }
    if (draft.has(file.name)) brought += file.octets;
  }
  return { step: 'checksums', passed: true, found: `${files.length} files have their SHA-256` };
}

/** The same step for the log behind the backup. */
export async function logStep(log: LogToBring, draft: Draft, dataFolder: string): Promise<RestoreStep> {
  const failed = (found: string): RestoreStep => ({
    step: 'log',
    passed: false,
    found: `${found}; the copy elsewhere may have it, and --without-log brings the backup itself back`,
  });
  const { folder, files } = log;
  await refuseWithoutRoom(dirname(dataFolder), octetsOf(files));
  try {
    for (const { name, octets, sha256 } of files) {
      const path = await placeOf(folder, name);
      const found = await broughtAs(draft, `${LOG}/${name}`, startOf(path, octets));
      if (found.sha256 !== sha256) return failed(`"${path}" is not what was signed (SHA-256 ${found.sha256})`);
    }
    return { step: 'log', passed: true, found: logText(log) };
  } catch (error) {
    if (error instanceof BackupRefused) return failed(error.message);
    if (!isUnreadable(error)) throw error;
    return failed(`it cannot be read (${(error as Error).message})`);
  }
}

const octetsOf = (files: readonly { readonly octets: number }[]): number =>
  files.reduce((sum, { octets }) => sum + octets, 0);

/** Hashed on the way. */
async function broughtAs(
  draft: Draft,
  name: string,
  pieces: AsyncIterable<Uint8Array>,
  told: (octets: number) => void = () => undefined,
): Promise<FileFacts> {
  const hash = createHash('sha256');
  let octets = 0;
  async function* hashed(): AsyncGenerator<Uint8Array, void, void> {
    for await (const piece of pieces) {
      hash.update(piece);
      told((octets += piece.length));
      yield piece;
    }
  }
  await draft.bring(name, hashed());
  return { octets, sha256: hash.digest('hex') };
}

async function refuseWithoutRoom(folder: string, octets: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize < octets + MARGIN)
    throw new BackupRefused(
      'unavailable',
      `Cannot restore into "${folder}": ${Math.floor((bavail * bsize) / MiB)} MiB are free there, and ${Math.ceil((octets + MARGIN) / MiB)} are needed; free some space, or name another folder`,
    );
}
