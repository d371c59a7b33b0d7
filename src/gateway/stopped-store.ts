/**
 * What commands do to a store that nobody serves. It is the only way of the command line past the store's port, so another engine has one
 * place to come in. Each function loads what it runs and no more (decision 1503).
 */
import { readFileSync } from 'node:fs';
import type { Operator } from '../domain/second-person.ts';
import type { Instant } from '../domain/units.ts';
import type { CompactOptions, Compacted } from '../store/sqlite/compact.ts';
import type { RotateOptions, Rotated } from '../store/sqlite/rotate.ts';

/** Rejects with StoreRefused and the text that a start would give. */
export async function checkStartFiles(dataFolder: string, keyFolder: string, masterKey: Uint8Array): Promise<void> {
  (await import('../store/sqlite/start-files.ts')).checkStartFiles(dataFolder, keyFolder, masterKey);
}

/** Writes the database anew. Rejects with StoreRefused, and has changed nothing, where it cannot. */
export const compactStore = async (options: CompactOptions): Promise<Compacted> =>
  await (await import('../store/sqlite/compact.ts')).compactStore(options);

/** Brings a rotation of the master key that was interrupted past its commit to its end; undefined where there is none. */
export const finishRotation = async (options: RotateOptions): Promise<Rotated | undefined> =>
  (await import('../store/sqlite/rotate.ts')).finishRotation(options);

/** Makes a new master key and seals everything with it. Rejects with StoreRefused where something cannot be opened with the old one. */
export const rotateMasterKey = async (options: RotateOptions): Promise<Rotated> =>
  (await import('../store/sqlite/rotate.ts')).rotateMasterKey(options);

/** The operators that a backup knows by its database, or by the file beside a base backup, and whose time is not over: they are who may approve its restoring. */
export const operatorsIn = async (file: string, now: Instant): Promise<readonly Operator[]> =>
  file.endsWith('.json')
    ? (JSON.parse(readFileSync(file, 'utf8')) as readonly (Omit<Operator, 'publicKey'> & { publicKey: string })[]).map(
        ({ publicKey, ...of }) => ({ ...of, publicKey: Buffer.from(publicKey, 'hex') }),
      )
    : (await import('../store/sqlite/operators-in.ts')).operatorsIn(file, now);
