/**
 * The key that signs heads of the audit trail: Ed25519, sealed in the key folder
 * (`audit/anchor.key`), its public key beside it (`anchor.pem`) for auditors to keep elsewhere.
 * Made at its first use. If the key is lost, nothing that was signed is: the public key still
 * checks it.
 */
import { type KeyObject, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RandomBytes } from '../../domain/effects.ts';
import { Unusable } from '../../domain/unusable.ts';
import { syncFolder, writeOnce } from '../../platform/lasting-files.ts';
import { openPrivateKey, sealPrivateKey } from './sealed-key.ts';

export interface AuditKeys {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

const SEALED = 'anchor.key';
const PUBLIC = 'anchor.pem';
const SEAL = { purpose: 'audit', id: 'anchor' } as const;

/** Path of the public key. */
export const auditKeyFile = (keyFolder: string): string => join(keyFolder, 'audit', PUBLIC);

/** Throws if the key exists and does not open: a new one in its place would hide that. */
export async function auditKeys(
  keyFolder: string,
  masterKey: () => Promise<Uint8Array>,
  random: RandomBytes,
): Promise<AuditKeys> {
  const folder = join(keyFolder, 'audit');
  const master = await masterKey();
  const known = sealedIn(folder);
  if (known === undefined) make(folder, keyFolder, master, random);
  const opened = openPrivateKey(master, sealedIn(folder) ?? Buffer.alloc(0), SEAL);
  if (!opened.ok)
    throw new Unusable(`Cannot open the key of the audit trail "${join(folder, SEALED)}": ${opened.error}`);
  const publicKey = createPublicKey(opened.value.export({ type: 'pkcs8', format: 'pem' }));
  // The file was removed, or a crash came between the two files. This is asked every minute, so it
  // is not written each time.
  if (!existsSync(auditKeyFile(keyFolder)))
    writeOnce(folder, PUBLIC, Buffer.from(publicKey.export({ type: 'spki', format: 'pem' })));
  return { privateKey: opened.value, publicKey };
}

/** Undefined where there is none that opens: a restore needs none, and makes none. */
export function knownAuditKeys(keyFolder: string, masterKey: Uint8Array): AuditKeys | undefined {
  const sealed = sealedIn(join(keyFolder, 'audit'));
  const opened = sealed === undefined ? undefined : openPrivateKey(masterKey, sealed, SEAL);
  return opened?.ok === true ? { privateKey: opened.value, publicKey: createPublicKey(opened.value) } : undefined;
}

function sealedIn(folder: string): Buffer | undefined {
  try {
    return readFileSync(join(folder, SEALED));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function make(folder: string, keyFolder: string, master: Uint8Array, random: RandomBytes): void {
  const { privateKey } = generateKeyPairSync('ed25519');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeOnce(folder, SEALED, sealPrivateKey(master, privateKey, { ...SEAL, random }));
  syncFolder(keyFolder);
}
