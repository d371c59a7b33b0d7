/**
 * Puts a backup back where no store is, and shows at each step that it is right; or restores it into a scratch folder to prove that it would be
 * (`drill.ts`). The database gets its name last: what cannot be proved is never served.
 */
import { type KeyObject, createHash } from 'node:crypto';
import { statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Anchor, readAnchor } from '../crypto/trail/audit-anchor.ts';
import { sharesThatMake } from '../crypto/keys/escrow-record.ts';
import { keyFingerprint } from '../crypto/keys/key-fingerprint.ts';
import { agree, many } from '../domain/counted.ts';
import { defined } from '../domain/defined.ts';
import type { Clock } from '../domain/effects.ts';
import type { Escrow } from '../domain/escrow.ts';
import { type Instant, MiB, instant } from '../domain/units.ts';
import { type Copies, CopyFailed, type CopyHead, type Draft, type Proof, type SettledCopy } from '../store/copies.ts';
import { ANCHOR_FILE, anchorsIn, namedAnchorFiles } from './anchor-files.ts';
import { type FileFacts, factsOfFile, makeFolder, piecesOf } from './files.ts';
import { LOG, placeOf, startOf } from './log-files.ts';
import { type LogToBring, logFor, logText } from './restore-log.ts';
import { ANCHORS, type Manifest, type ReadManifest, readManifest } from './manifest.ts';
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
  /** The last moment that is to be in it; absent: as much as there is. */
  readonly until?: Instant;
  /** Only the backup itself, without the log behind it. */
  readonly withoutLog?: boolean;
  /** It is thrown away afterwards. */
  readonly scratch?: boolean;
  /** Also a backup whose signature no key at hand made. */
  readonly unsigned?: boolean;
  readonly actor: { readonly name: string; readonly reason?: string };
}

/** One step, for people who watch. */
export interface RestoreStep {
  readonly step: 'manifest' | 'checksums' | 'log' | Proof['steps'][number]['step'] | 'place' | 'key-copy';
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
  /** ISO 8601: of the last commit in it, where a log brought it on. */
  readonly moment?: string;
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

/** Restores into `dataFolder`, which must have no database. Rejects with BackupRefused or StoreRefused; a step that fails is no rejection. */
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
  refuseOtherEngine(parts.copies, manifest);
  const steps: RestoreStep[] = [];
  const done = (step: RestoreStep): boolean => {
    steps.push(step);
    tell(step);
    return step.passed;
  };
  const result = { backup: manifest.id, begun: manifest.begun };
  const known =
    done(manifestStep(read, wishes.unsigned)) && (opensWith(parts, manifest) || done(wrongKeyStep(parts, manifest)));
  if (!known) return { ...result, steps, passed: false };
  const { until, withoutLog, scratch } = wishes;
  const log = await logFor(backup, manifest, { ...defined({ until, without: withoutLog }), keys: parts.publicKeys });
  let draft: Draft | undefined;
  try {
    draft = await parts.copies.begin(dataFolder, {
      facts: manifest.store,
      ...defined({ until, scratch, logFile: log?.fileOctets }),
    });
    const whole =
      done(await checksumStep(backup, manifest, { dataFolder, draft, octets })) &&
      (log === undefined || done(await logStep(log, dataFolder, draft)));
    if (!whole) return { ...result, steps, passed: false };
    const anchors = await anchorsFor(parts, backup, manifest, wishes.anchors);
    const { keyFolder, masterKey } = parts;
    const proof = await draft.prove(
      { keyFolder, masterKey, expected: manifest.store, sample: wishes.sample, anchors: anchors.map(headOf) },
      (found) => void done(found),
    );
    const { later, moment } = proof;
    const told = defined({ later, moment });
    if (!proof.passed) return { ...result, steps, passed: false, proof, ...told };
    const settled = await draft.settle({
      keyFolder,
      masterKey,
      at: parts.clock.now(),
      queue: wishes.queue,
      actor: wishes.actor,
      facts: {
        backup: manifest.id,
        taken: manifest.begun,
        head: manifest.store.audit.seq,
        ...told,
        ...(read.signature === 'good' ? {} : { signature: read.signature }),
      },
    });
    await draft.place();
    done({ step: 'place', passed: true, found: placedText(settled) });
    const unsigned = read.signature === 'good' ? {} : { unsigned: true as const };
    return { ...result, steps, passed: true, proof, settled, ...told, ...unsigned };
  } catch (error) {
    if (!(error instanceof CopyFailed) && !isCode(error, 'ENOSPC')) throw error;
    const full = isCode(error, 'ENOSPC') || (error instanceof CopyFailed && error.full);
    throw new BackupRefused(
      full ? 'unavailable' : 'unusable',
      `Cannot restore into "${dataFolder}": ${full ? 'the disk is full; free some space, or name another data folder' : reasonOf(error)}. Nothing was put in place`,
      { cause: error },
    );
  } finally {
    await draft?.remove();
  }
}

/** A base backup is no file of SQLite. */
function refuseOtherEngine({ engine }: Copies, { id, store }: Manifest): void {
  const its = store.postgres === undefined ? 'sqlite' : 'postgres';
  if (its !== engine)
    throw new BackupRefused(
      'conflict',
      `Cannot restore backup ${id}: it is of a store with store.engine = "${its}", and the configuration has "${engine}"; take the configuration in the backup`,
    );
}

const hex = (octets: Uint8Array): string => Buffer.from(octets).toString('hex');
const headOf = ({ seq, hash, lanes }: Anchor): CopyHead => ({
  seq,
  hash: hex(hash),
  ...defined({ lanes: lanes?.map(({ lane, place, hash: its }) => ({ lane, place, hash: hex(its) })) }),
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

interface Bringing {
  readonly dataFolder: string;
  readonly draft: Draft;
  readonly octets: (done: number, of: number) => void;
}

/** Every file against the manifest; those of the store while they are brought, so that what is proved is what was read. */
async function checksumStep(
  backup: string,
  manifest: Manifest,
  { dataFolder, draft, octets }: Bringing,
): Promise<RestoreStep> {
  const failed = (found: string): RestoreStep => ({ step: 'checksums', passed: false, found });
  const all = manifest.files.reduce((sum, file) => sum + (draft.has(file.name) ? file.octets : 0), 0);
  await refuseWithoutRoom(dirname(dataFolder), all);
  let brought = 0;
  for (const file of manifest.files) {
    const path = join(backup, file.name);
    try {
      const bring = async (): Promise<FileFacts> => {
        const facts = await broughtAs(draft, file.name, piecesOf(path), (done) => octets(brought + done, all));
        brought += facts.octets;
        return facts;
      };
      const { octets: size, sha256 } = draft.has(file.name) ? await bring() : await factsOfFile(path);
      if (size !== file.octets || sha256 !== file.sha256)
        return failed(
          `"${path}" is not what the manifest says (${size} bytes, SHA-256 ${sha256}); take another backup`,
        );
    } catch (error) {
      if (!isCode(error, 'ENOENT') && !isCode(error, 'EIO')) throw error;
      return failed(`"${path}" cannot be read (${reasonOf(error)}); take another backup`);
    }
  }
  return { step: 'checksums', passed: true, found: `${manifest.files.length} files have their SHA-256` };
}

/** The same for the log behind the backup. */
async function logStep(log: LogToBring, dataFolder: string, draft: Draft): Promise<RestoreStep> {
  const failed = (found: string): RestoreStep => ({
    step: 'log',
    passed: false,
    found: `${found}; the copy elsewhere may have it, and --without-log brings the backup itself back`,
  });
  const { folder, files } = log;
  await refuseWithoutRoom(
    dirname(dataFolder),
    files.reduce((sum, file) => sum + file.octets, 0),
  );
  try {
    for (const { name, octets, sha256 } of files) {
      const path = await placeOf(folder, name);
      const found = await broughtAs(draft, `${LOG}/${name}`, startOf(path, octets));
      if (found.sha256 !== sha256) return failed(`"${path}" is not what was signed (SHA-256 ${found.sha256})`);
    }
    return { step: 'log', passed: true, found: logText(log) };
  } catch (error) {
    if (!(error instanceof BackupRefused) && !isCode(error, 'ENOENT') && !isCode(error, 'EIO')) throw error;
    return failed(error instanceof BackupRefused ? error.message : `it cannot be read (${(error as Error).message})`);
  }
}

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
