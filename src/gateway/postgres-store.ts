/** The store on PostgreSQL: made for a new service, and opened by a gateway or a command. */
import { mkdirSync } from 'node:fs';
import { nodeOf } from '../config/store.ts';
import type { Config } from '../config/schema.ts';
import { defined } from '../domain/defined.ts';
import { programVersion } from '../platform/version.ts';
import type { CoreCreateOptions, CoreOpenOptions } from '../store/core/options.ts';
import { rememberList } from '../store/postgres/remembered-list.ts';
import type { Connected } from '../store/postgres/connected.ts';
import { createPostgresStore, openPostgresStore } from '../store/postgres/open.ts';
import type { Sessions } from '../store/postgres/sessions.ts';
import { FolderLock } from '../store/sqlite/folder-lock.ts';
import type { StoreEffects } from './effects.ts';
import { postgresMetrics, readinessOf } from './postgres-health.ts';
import { type As, connectionOf, copyingOf } from './postgres.ts';
import { lookAtSites, sitesWarnings } from './postgres-sites.ts';
import type { OpenedStore } from './opened-store.ts';

/** Opens the store. Rejects with StoreRefused or StoreUnavailable. */
export async function openOnPostgres(
  config: Config,
  effects: StoreEffects,
  options: CoreOpenOptions,
): Promise<OpenedStore> {
  const { node, site } = nodeOf(config);
  const { aloneUntil = () => undefined, clock, log } = effects;
  const { connected, sessions } = await connectedAlone(config, effects);
  const { guard } = connected;
  const mayAcknowledge = (): boolean => guard.mayAcknowledge() === undefined;
  const store = await openPostgresStore({
    ...options,
    sessions,
    node,
    site,
    programVersion: programVersion(),
    ...defined({ copying: copyingOf(config) }),
    mayAcknowledge,
    standing: () => ({
      acknowledges: mayAcknowledge(),
      acknowledgedAt: connected.acknowledgedAt,
      aloneUntil: aloneUntil(),
    }),
  });
  rememberList(connected, log);
  const own = { node, guard, aloneUntil, acknowledgedAt: () => connected.acknowledgedAt };
  return {
    store,
    started: () => connected.started(),
    readiness: readinessOf(guard, aloneUntil),
    metrics: postgresMetrics(guard, aloneUntil),
    servers: {
      look: () => lookAtSites(config, clock, own),
      warnings: () => sitesWarnings(guard),
      judgeAgain: async () => {
        await guard.lookAgain();
      },
    },
  };
}

/**
 * Connects, and locks the data folder. Here, too, one process may use it at a time: the control
 * socket, the drills and what it remembers of the servers lie there. Rejects with StoreRefused.
 */
async function connectedAlone(
  config: Config,
  effects: StoreEffects,
): Promise<{ readonly connected: Connected; readonly sessions: Sessions }> {
  mkdirSync(config.data.folder, { recursive: true, mode: 0o700 });
  const lock = FolderLock.take(config.data.folder);
  try {
    const connected = await connectionOf(config, effects);
    const sessions: Sessions = {
      withSession: (purpose, work) => connected.withSession(purpose, work),
      listen: (told) => connected.listen(told),
      onHistory: (listener) => connected.onHistory(listener),
      get waiting() {
        return connected.waiting;
      },
      close: () => connected.close().finally(() => lock.release()),
    };
    return { connected, sessions };
  } catch (error) {
    lock.release();
    throw error;
  }
}

/**
 * Makes the store as the owner of its tables. Rejects with StoreRefused if there is a store
 * already.
 */
export async function createOnPostgres(
  config: Config,
  effects: StoreEffects,
  { options, owner }: { readonly options: CoreCreateOptions; readonly owner: As },
): Promise<void> {
  await createPostgresStore({ ...options, sessions: await connectionOf(config, effects, 'init', owner) });
}
