/**
 * The private keys of the gateway's own authorities, sealed, each in a file of the key folder:
 * `ca/FINGERPRINT.key`.
 *
 * The master key is asked for at each use and not kept: these keys are needed a few times a day at
 * most.
 */
import type { KeyObject } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { RandomBytes } from '../../domain/effects.ts';
import { type Result, fail } from '../../domain/result.ts';
import { syncFolder, writeOnce } from '../../platform/lasting-files.ts';
import { openPrivateKey, sealPrivateKey } from './sealed-key.ts';

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
      const sealed = sealPrivateKey(await masterKey(), privateKey, options);
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      writeOnce(folder, `${name.fingerprint}.key`, sealed);
      syncFolder(keyFolder);
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
