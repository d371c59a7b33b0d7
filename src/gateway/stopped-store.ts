/**
 * What commands do to a store that nobody serves. It is the only way of the command line past the store's port, so another engine has one
 * place to come in. Each function loads what it runs and no more (decision 1503).
 */
import { readFileSync } from 'node:fs';
import type { Config } from '../config/schema.ts';
import type { Operator } from '../domain/second-person.ts';
import type { Instant } from '../domain/units.ts';
import type { CompactOptions, Compacted } from '../store/sqlite/compact.ts';
import type { RotateOptions, Rotated } from '../store/core/rotation.ts';
import type { MovedStore, MoveWish } from './moved-store.ts';

export type { MovedStore } from './moved-store.ts';

/** Rejects with StoreRefused and the text that a start would give. */
export async function checkStartFiles(dataFolder: string, keyFolder: string, masterKey: Uint8Array): Promise<void> {
  (await import('../store/sqlite/start-files.ts')).checkStartFiles(dataFolder, keyFolder, masterKey);
}

/** Writes the database anew. Rejects with StoreRefused, and has changed nothing, where it cannot. */
export const compactStore = async (options: CompactOptions): Promise<Compacted> =>
  await (await import('../store/sqlite/compact.ts')).compactStore(options);

/**
 * Brings a rotation of the master key that was interrupted past its commit to its end, or that of another gateway of a store on PostgreSQL; undefined where
 * there is none.
 */
export async function finishRotation(config: Config, options: RotateOptions): Promise<Rotated | undefined> {
  if (config.store.engine === 'sqlite')
    return await (
      await import('../store/sqlite/rotate.ts')
    ).finishRotation({ ...options, dataFolder: config.data.folder });
  return await (
    await import('../store/postgres/rotate.ts')
  ).finishOnPostgres({ ...options, connect: connecting(config) });
}

/** Makes a new master key and seals everything with it. Rejects with StoreRefused where something cannot be opened with the old one, or a gateway runs. */
export async function rotateMasterKey(config: Config, options: RotateOptions): Promise<Rotated> {
  if (config.store.engine === 'sqlite')
    return await (
      await import('../store/sqlite/rotate.ts')
    ).rotateMasterKey({ ...options, dataFolder: config.data.folder });
  return await (
    await import('../store/postgres/rotate.ts')
  ).rotateOnPostgres({ ...options, connect: connecting(config) });
}

const connecting = (config: Config) => async () => {
  const [{ connectionOf }, { createLog }, { systemClock }] = await Promise.all([
    import('./postgres.ts'),
    import('../platform/log.ts'),
    import('../platform/clock.ts'),
  ]);
  const log = createLog({ level: 'error', format: 'pretty' });
  return await connectionOf(config, { clock: systemClock, log }, 'key rotate');
};

/** The operators that a backup knows by its database, or by the file beside a base backup, and whose time is not over: they are who may approve its restoring. */
export const operatorsIn = async (file: string, now: Instant): Promise<readonly Operator[]> =>
  file.endsWith('.json')
    ? (JSON.parse(readFileSync(file, 'utf8')) as readonly (Omit<Operator, 'publicKey'> & { publicKey: string })[]).map(
        ({ publicKey, ...of }) => ({ ...of, publicKey: Buffer.from(publicKey, 'hex') }),
      )
    : (await import('../store/sqlite/operators-in.ts')).operatorsIn(file, now);

/** The database of SQLite that is to move. Rejects with StoreRefused where it may not as it is. */
export const checkMove = async (config: Config): Promise<string> =>
  await (await import('./moved-store.ts')).checkMove(config);

/** Carries a store of SQLite over to the database that the configuration names. Rejects with StoreRefused or StoreUnavailable; may be run again. */
export const moveToPostgres = async (config: Config, wish: MoveWish): Promise<MovedStore> =>
  await (await import('./moved-store.ts')).moveToPostgres(config, wish);
