/**
 * What a backup says of itself: `manifest.json`, written last. A folder without it is no backup.
 *
 *   2026-11-26T023000Z/
 *     sluis.db               SQLite: the database, from one moment; content sealed
 *     base/                  PostgreSQL: what pg_basebackup wrote; its log lies beside the backups (log-files.ts)
 *     operators.json         PostgreSQL: who may approve its restoring
 *     sluis.toml             the configuration as it was
 *     audit-anchors/         signed heads of the audit trail, and the public key of their key
 *     manifest.json, .sig    this; signed by the key of the audit trail
 *     offsite.json           written later: where a copy was verified
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { KeyObject } from 'node:crypto';
import type { CopiedFile, CopyFacts } from '../store/copies.ts';
import { BackupRefused, isCode, reasonOf } from './refused.ts';
import { signatureOf } from './signed.ts';

export const FORMAT = 'sluis backup 1';
export const MANIFEST = 'manifest.json';
export const DATABASE = 'sluis.db';
/** Of PostgreSQL: who may approve a restore, as the store knew them. */
export const OPERATORS = 'operators.json';
export const CONFIGURATION = 'sluis.toml';
export const ANCHORS = 'audit-anchors';
/** A manifest has 2 KB; beyond this it is something else. */
const MAX_MANIFEST = 1024 * 1024;

/** Its name is relative to the folder of the backup. */
export type ManifestFile = CopiedFile;

export interface Manifest {
  readonly format: typeof FORMAT;
  /** Also the name of its folder. */
  readonly id: string;
  readonly hostname: string;
  /** ISO 8601: every message that was acknowledged before is in it. */
  readonly begun: string;
  readonly ended: string;
  /** Version of the program that took the backup. */
  readonly version: string;
  readonly store: CopyFacts;
  /**
   * The shares that make its master key, where that was in escrow. Says nothing of who has them.
   */
  readonly escrow?: { readonly set: string; readonly needed: number; readonly madeAt: string };
  readonly files: readonly ManifestFile[];
  /**
   * The newest signed head of the audit trail at that time, as its line; null if none was signed
   * yet.
   */
  readonly anchor: string | null;
}

export const manifestText = (manifest: Manifest): string => `${JSON.stringify(manifest, null, 2)}\n`;

export interface ReadManifest {
  readonly manifest: Manifest;
  readonly signature: 'good' | 'unknown' | 'missing';
}

/** Reads a manifest. Throws BackupRefused if there is none, or it is not ours. */
export async function readManifest(folder: string, keys: readonly KeyObject[] = []): Promise<ReadManifest> {
  const path = join(folder, MANIFEST);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw new BackupRefused(
      'unknown',
      isCode(error, 'ENOENT')
        ? `Cannot find a backup in "${folder}": it has no ${MANIFEST}; name the folder of one backup ("sluis backup list" shows them)`
        : `Cannot read "${path}": ${reasonOf(error)}`,
    );
  }
  const manifest = manifestOf(text);
  if (manifest === undefined)
    throw new BackupRefused(
      'invalid',
      `Cannot use "${path}": it does not say that it is a "${FORMAT}", or was changed; take another backup`,
    );
  return { manifest, signature: await signatureOf(folder, MANIFEST, text, keys) };
}

/** A name inside the backup's folder: letters that lead nowhere else. */
const SAFE_NAME = /^(?:[A-Za-z0-9_-][A-Za-z0-9._-]*\/)?[A-Za-z0-9_-][A-Za-z0-9._-]*$/;

const FINGERPRINT = /^[0-9a-f]{20}$/;

export function manifestOf(text: string): Manifest | undefined {
  if (text.length > MAX_MANIFEST) return undefined;
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { format, id, begun, ended, hostname, store, files, escrow } = (parsed ?? {}) as Record<string, unknown>;
  const { storeId, audit, masterKey } = (store ?? {}) as Record<string, unknown>;
  const texts = [id, begun, ended, hostname, storeId, (audit as { hash?: unknown } | undefined)?.hash];
  if (format !== FORMAT || !texts.every((text) => typeof text === 'string') || !Array.isArray(files)) return undefined;
  if (masterKey !== undefined && !(typeof masterKey === 'string' && FINGERPRINT.test(masterKey))) return undefined;
  if (escrow !== undefined && !isEscrow(escrow)) return undefined;
  if (Number.isNaN(Date.parse(String(begun))) || !files.every(isFile)) return undefined;
  return hasStore(store as Partial<CopyFacts>, files) ? (parsed as Manifest) : undefined;
}

/** The file of SQLite, the base backup of a server, or the name that another program has for it. */
function hasStore({ postgres }: Partial<CopyFacts>, files: readonly ManifestFile[]): boolean {
  if (postgres === undefined) return files.some(({ name }) => name === DATABASE);
  const { version, start, startOctets, label } = postgres;
  if (typeof version !== 'string' || !/^\d+\./.test(`${version}.`)) return false;
  if (label !== undefined) return typeof label === 'string' && LABEL.test(label);
  if (startOctets !== undefined && !(Number.isSafeInteger(startOctets) && startOctets >= 0)) return false;
  return (
    typeof start === 'string' && /^[0-9A-F]{24}$/.test(start) && files.some(({ name }) => name.startsWith('base/'))
  );
}

/** A word: it is given to the operator's own programs. */
export const LABEL = /^[A-Za-z0-9][A-Za-z0-9._:/+-]{0,199}$/;

const isEscrow = (escrow: unknown): boolean => {
  const { set, needed, madeAt } = (escrow ?? {}) as Record<string, unknown>;
  const several = Number.isInteger(needed) && Number(needed) >= 1 && Number(needed) <= 255;
  return (
    typeof set === 'string' && /^[A-Z2-7]{1,64}$/.test(set) && several && !Number.isNaN(Date.parse(String(madeAt)))
  );
};

const isFile = (file: unknown): file is ManifestFile => {
  const { name, octets, sha256 } = (file ?? {}) as Record<string, unknown>;
  return (
    typeof name === 'string' &&
    SAFE_NAME.test(name) &&
    Number.isSafeInteger(octets) &&
    typeof sha256 === 'string' &&
    /^[0-9a-f]{64}$/.test(sha256)
  );
};
