/** Moves a store of SQLite to the PostgreSQL that the configuration names. */
import { readMasterKey } from '../config/master-key.ts';
import type { Config } from '../config/schema.ts';
import type { Clock } from '../domain/effects.ts';
import { seconds } from '../domain/units.ts';
import { createLog } from '../platform/log.ts';
import type { Actor } from '../store/actor.ts';
import { type MoveOptions, type Moved, moveStore } from '../store/move/move.ts';
import { Source, type SourceOptions } from '../store/move/source.ts';
import { type As, connectionOf } from './postgres.ts';

export interface MoveWish {
  /** The owner of the tables. */
  readonly as: As;
  readonly actor: Actor;
  readonly clock: Clock;
  readonly told: MoveOptions['told'];
}
export type MovedStore = Moved;

/**
 * One connection does everything. `SESSION` gives it a long time to answer: a page has some MiB,
 * and the last step looks through the messages of a day.
 */
const COUNTS = { filing: 0, changing: 1, reading: 0, leasing: 0, chunks: 0, watching: 0, listening: 0 };
const SESSION = { answerWithin: seconds(60) };

async function sourceOf(config: Config): Promise<SourceOptions> {
  return { dataFolder: config.data.folder, keyFolder: config.keys.folder, masterKey: await readMasterKey(config) };
}

/** Gives the path of the SQLite database. Rejects with StoreRefused if it may not move as it is. */
export async function checkMove(config: Config): Promise<string> {
  const source = Source.open(await sourceOf(config));
  source.close();
  return source.path;
}

/** Moves the store. Rejects with StoreRefused or StoreUnavailable; may be run again. */
export async function moveToPostgres(config: Config, { as, actor, clock, told }: MoveWish): Promise<MovedStore> {
  const source = await sourceOf(config);
  const log = createLog({ level: 'error', format: 'pretty' });
  const connected = await connectionOf(config, { clock, log }, 'move', as, { counts: COUNTS, session: SESSION });
  try {
    return await connected.withSession('changing', (connection) =>
      moveStore({ ...source, connection, running: config.store.user ?? 'sluis', actor, at: clock.now(), told }),
    );
  } finally {
    await connected.close();
  }
}
