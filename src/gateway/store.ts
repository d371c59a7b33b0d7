/**
 * Makes the store that the configuration names, and opens it for a gateway that serves or for a
 * command.
 */
import { randomBytes } from 'node:crypto';
import { readMasterKey } from '../config/master-key.ts';
import type { Config } from '../config/schema.ts';
import { startDaily, type Daily } from '../notices/daily.ts';
import { defined } from '../domain/defined.ts';
import { MiB, octets } from '../domain/units.ts';
import { createSqliteStore, openSqliteStore } from '../store/sqlite/open.ts';
import { knownMigrations } from '../store/sqlite/migrate.ts';
import type { OpenOptions } from '../store/sqlite/options.ts';
import { removeUpgradeCopies } from '../store/sqlite/upgrade-copy.ts';
import type { Store } from '../store/port/store.ts';
import { type GatewayEffects, START_PATIENCE, type StoreEffects } from './effects.ts';
import type { OpenedStore } from './opened-store.ts';
import type { As } from './postgres.ts';
import type { Joined } from './postgres-join.ts';

export type { Joined } from './postgres-join.ts';

/** Version of the schema that a database has after this program has opened it. */
export const newestSchema = (): number => knownMigrations().at(-1)?.version ?? 0;

/** The options with which a store is opened; tests add their own. */
export async function storeOptionsOf(config: Config, effects: StoreEffects): Promise<OpenOptions> {
  return {
    dataFolder: config.data.folder,
    keyFolder: config.keys.folder,
    masterKey: await readMasterKey(config),
    hostname: config.hostname,
    clock: effects.clock,
    log: effects.log,
    random: effects.random ?? randomBytes,
    ...defined({ mayMakeKey: effects.mayMakeKey }),
    takeoverAfter: config.store['takeover-after'],
    retention: {
      hidden: config.store['keep-deleted'],
      trace: config.store['keep-trace'],
      usage: config.store['keep-usage'],
      networks: config.auth['trust-for'],
    },
    reserve: config.store.reserve,
    copyBeforeUpgrade: config.store['copy-before-upgrade'] === 'yes',
    // The largest message, protected: in base64 once more, with certificates, keys and the header
    // lines that we add to it.
    maxBody: octets(Math.ceil(config.smtp['max-message'] * 1.4) + MiB),
  };
}

/** Opens the store. Throws StoreRefused, with `held` while another process has it open. */
export const openStore = async (config: Config, effects: StoreEffects): Promise<Store> =>
  (await openEngine(config, effects)).store;

/** Opens the engine, as `openStore` does. */
export async function openEngine(config: Config, effects: StoreEffects): Promise<OpenedStore> {
  const options = await storeOptionsOf(config, effects);
  if (config.store.engine === 'sqlite') return { store: await openSqliteStore(options) };
  return await (await import('./postgres-store.ts')).openOnPostgres(config, effects, options);
}

const patient = (effects: GatewayEffects): StoreEffects => ({ ...effects, patience: START_PATIENCE });

/**
 * Makes the empty store of a new gateway. Throws StoreRefused if there is one already. `owner`:
 * owner of the tables on PostgreSQL; undefined for SQLite.
 */
export async function createStore(config: Config, effects: GatewayEffects, owner?: As): Promise<void> {
  const options = await storeOptionsOf(config, effects);
  if (owner === undefined) await createSqliteStore(options);
  else await (await import('./postgres-store.ts')).createOnPostgres(config, patient(effects), { options, owner });
}

/** Makes the key folder of one more gateway of a store on PostgreSQL. Rejects with StoreRefused. */
export const joinStore = async (config: Config, effects: GatewayEffects): Promise<Joined> =>
  await (
    await import('./postgres-join.ts')
  ).joinOnPostgres(config, patient(effects), await storeOptionsOf(config, effects));

/**
 * Checks that the owner of the tables can log in to the database, and that changes there can be
 * acknowledged. Rejects with StoreUnavailable if not.
 */
export async function lookAtOwner(config: Config, effects: GatewayEffects, owner: As): Promise<void> {
  await (await import('./postgres.ts')).lookAtOwner(config, patient(effects), owner);
}

/**
 * Once a day: removes copies from before an upgrade when their time is over, as the mail in them
 * must be.
 */
export const startUpgradeCopies = (config: Config, { clock, log }: GatewayEffects): Daily =>
  startDaily({
    clock,
    log,
    name: 'upgrade-copies',
    run: async () => {
      await Promise.resolve();
      const removed = removeUpgradeCopies(config.data.folder, clock.now() - config.store['keep-upgrade-copy']);
      for (const copy of removed) log.info('store.upgrade-copy-removed', { copy });
    },
  });
