/**
 * What commands do to a store that no gateway serves. Only here does the command line go past the
 * store's port, so that another engine has one place to fit in. Each function loads only what it
 * runs (decision 0001).
 */
import { readFileSync } from 'node:fs';
import { controlSocketOf } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import type { Operator } from '../domain/second-person.ts';
import type { Instant } from '../domain/units.ts';
import type { CompactOptions, Compacted } from '../store/sqlite/compact.ts';
import type { RotateOptions, Rotated } from '../store/core/rotation.ts';
import type { MovedStore, MoveWish } from './moved-store.ts';
import { type TurnOptions, type Waits, whenFree } from './store-turn.ts';

export { TURN_SECONDS, type Waits } from './store-turn.ts';
export type { MovedStore } from './moved-store.ts';

/** Checks the files of a start. Rejects with StoreRefused and the text that a start would give. */
export async function checkStartFiles(dataFolder: string, keyFolder: string, masterKey: Uint8Array): Promise<void> {
  (await import('../store/sqlite/start-files.ts')).checkStartFiles(dataFolder, keyFolder, masterKey);
}

/** Rewrites the database. Rejects with StoreRefused, and has changed nothing, if it cannot. */
export async function compactStore(
  config: Config,
  options: Omit<CompactOptions, 'dataFolder'>,
  waits: Waits,
): Promise<Compacted> {
  const compact = await import('../store/sqlite/compact.ts');
  return await whenFree(
    () => compact.compactStore({ ...options, dataFolder: config.data.folder }),
    turnOf(config, waits),
  );
}

/**
 * Finishes a rotation of the master key that was interrupted after its commit, or one that another
 * gateway of a store on PostgreSQL has made; undefined if there is none.
 */
export async function finishRotation(
  config: Config,
  options: RotateOptions,
  waits: Waits,
): Promise<Rotated | undefined> {
  if (config.store.engine === 'sqlite') {
    const sqlite = await import('../store/sqlite/rotate.ts');
    return await whenFree(
      () => sqlite.finishRotation({ ...options, dataFolder: config.data.folder }),
      turnOf(config, waits),
    );
  }
  return await (
    await import('../store/postgres/rotate.ts')
  ).finishOnPostgres({ ...options, connect: connecting(config) });
}

/**
 * Makes a new master key and seals everything with it. Rejects with StoreRefused if something
 * cannot be opened with the old one, or a gateway runs.
 */
export async function rotateMasterKey(config: Config, options: RotateOptions, waits: Waits): Promise<Rotated> {
  if (config.store.engine === 'sqlite') {
    const sqlite = await import('../store/sqlite/rotate.ts');
    return await whenFree(
      () => sqlite.rotateMasterKey({ ...options, dataFolder: config.data.folder }),
      turnOf(config, waits),
    );
  }
  return await (
    await import('../store/postgres/rotate.ts')
  ).rotateOnPostgres({ ...options, connect: connecting(config) });
}

/**
 * How to wait for the data folder: a monitor, or another operator, may use the store at the same
 * moment.
 */
const turnOf = (config: Config, waits: Waits): TurnOptions => ({ socket: controlSocketOf(config), waits });

const connecting = (config: Config) => async () => {
  const [{ connectionOf }, { createLog }, { systemClock }] = await Promise.all([
    import('./postgres.ts'),
    import('../platform/log.ts'),
    import('../platform/clock.ts'),
  ]);
  const log = createLog({ level: 'error', format: 'pretty' });
  return await connectionOf(config, { clock: systemClock, log }, 'key rotate');
};

/** A row of the file beside a base backup: the key is DER in hexadecimal digits. */
interface OperatorRow extends Omit<Operator, 'publicKey'> {
  readonly publicKey: string;
  /** When their time is over; a backup of an earlier version does not say it. */
  readonly endsAt?: number;
}

/**
 * The operators who may approve that a backup is restored: those of its database, or of the file
 * beside a base backup, whose time is not over at `now`.
 */
export const operatorsIn = async (file: string, now: Instant): Promise<readonly Operator[]> =>
  file.endsWith('.json')
    ? (JSON.parse(readFileSync(file, 'utf8')) as readonly OperatorRow[])
        .filter(({ endsAt }) => endsAt === undefined || endsAt > now)
        .map(({ name, fingerprint, publicKey }) => ({ name, fingerprint, publicKey: Buffer.from(publicKey, 'hex') }))
    : (await import('../store/sqlite/operators-in.ts')).operatorsIn(file, now);

/**
 * The path of the SQLite database that is to move. Rejects with StoreRefused if it may not move as
 * it is.
 */
export async function checkMove(config: Config, waits: Waits): Promise<string> {
  const moved = await import('./moved-store.ts');
  return await whenFree(() => moved.checkMove(config), turnOf(config, waits));
}

/**
 * Carries a store of SQLite over to the database that the configuration names. Rejects with
 * StoreRefused or StoreUnavailable; may be run again.
 */
export const moveToPostgres = async (config: Config, wish: MoveWish): Promise<MovedStore> =>
  await (await import('./moved-store.ts')).moveToPostgres(config, wish);
