/**
 * The private keys of the gateway's own authorities, sealed, each in a file of the key folder:
 * `ca/FINGERPRINT.key`.
 *
 * The master key is asked for at each use and not kept: these keys are needed a few times a day at
 * most.
 */
import type { KeyObject } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { RandomBytes } from '../../domain/effects.ts';
import { type Result, fail, ok } from '../../domain/result.ts';
import { syncFolder, writeOnce } from '../../platform/lasting-files.ts';
import { openPrivateKey, openSecret, sealPrivateKey } from './sealed-key.ts';

/**
 * Which authority a key belongs to: its role and the fingerprint of its certificate; both are bound
 * into the seal.
 */
export interface AuthorityKeyName {
  readonly role: 'root' | 'issuing';
  readonly fingerprint: string;
}

export interface AuthorityKeys {
  /** Stores a key; durable when it resolves. */
  save(name: AuthorityKeyName, privateKey: KeyObject): Promise<void>;
  /** `absent`: the key was removed to be kept elsewhere, or never was here. */
  load(
    name: AuthorityKeyName,
  ): Promise<Result<KeyObject, { readonly kind: 'absent' | 'refused'; readonly text: string }>>;
  has(name: AuthorityKeyName): boolean;
  remove(name: AuthorityKeyName): void;
}

const purposeOf = ({ role }: AuthorityKeyName): 'root-authority' | 'issuing-authority' => `${role}-authority`;

export function authorityKeys(
  keyFolder: string,
  masterKey: () => Promise<Uint8Array>,
  random: RandomBytes,
): AuthorityKeys {
  const folder = join(keyFolder, 'ca');
  const fileOf = ({ fingerprint }: AuthorityKeyName): string => join(folder, `${fingerprint}.key`);
  return {
    save: async (name, privateKey) => {
      const options = { purpose: purposeOf(name), id: name.fingerprint, random };
      writeKey(keyFolder, name.fingerprint, sealPrivateKey(await masterKey(), privateKey, options));
    },
    load: async (name) => {
      let sealed: Buffer;
      try {
        sealed = readFileSync(fileOf(name));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
        return fail({ kind: 'absent', text: `the key file ca/${name.fingerprint}.key is not in the key folder` });
      }
      const opened = openPrivateKey(await masterKey(), sealed, { purpose: purposeOf(name), id: name.fingerprint });
      return opened.ok ? opened : fail({ kind: 'refused', text: opened.error });
    },
    has: (name) => existsSync(fileOf(name)),
    remove: (name) => {
      unlinkSync(fileOf(name));
      syncFolder(folder);
    },
  };
}

function writeKey(keyFolder: string, fingerprint: string, sealed: Uint8Array): void {
  const folder = join(keyFolder, 'ca');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeOnce(folder, `${fingerprint}.key`, sealed);
  syncFolder(keyFolder);
}

/**
 * The keys of issuing authorities as they lie in the key folder, for other gateways of the same
 * store, by fingerprint. The key of a root is not among them: an operator takes it away to keep it
 * off line, and no other gateway may bring it back.
 */
export function issuingKeyFiles(keyFolder: string, master: Uint8Array): ReadonlyMap<string, Buffer> {
  const folder = join(keyFolder, 'ca');
  const files = new Map<string, Buffer>();
  for (const name of existsSync(folder) ? readdirSync(folder) : []) {
    const fingerprint = /^([0-9a-f]+)\.key$/.exec(name)?.[1];
    if (fingerprint === undefined) continue;
    const sealed = readFileSync(join(folder, name));
    if (checkIssuing(master, fingerprint, sealed).ok) files.set(fingerprint, sealed);
  }
  return files;
}

/** Keeps a sealed key of an issuing authority that another gateway has. */
export function takeIssuingKey(
  keyFolder: string,
  master: Uint8Array,
  fingerprint: string,
  sealed: Buffer,
): Result<void, string> {
  const checked = checkIssuing(master, fingerprint, sealed);
  if (checked.ok) writeKey(keyFolder, fingerprint, sealed);
  return checked;
}

/** The seal binds role and fingerprint: what opens is the key of that issuing authority. */
function checkIssuing(master: Uint8Array, fingerprint: string, sealed: Buffer): Result<void, string> {
  const plain = openSecret(master, sealed, { purpose: 'issuing-authority', id: fingerprint });
  if (!plain.ok) return plain;
  plain.value.fill(0);
  return ok(undefined);
}
