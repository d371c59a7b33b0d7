/** The store on PostgreSQL: made for a new service, and opened by a gateway or a command. */
import type { Config } from '../config/schema.ts';
import { defined } from '../domain/defined.ts';
import { programVersion } from '../platform/version.ts';
import type { CoreCreateOptions, CoreOpenOptions } from '../store/core/options.ts';
import { createPostgresStore, openPostgresStore } from '../store/postgres/open.ts';
import type { GatewayEffects, StoreEffects } from './effects.ts';
import { postgresMetrics, readinessOf } from './postgres-health.ts';
import { type As, connectionOf, copyingOf } from './postgres.ts';
import type { OpenedStore } from './opened-store.ts';

/** Rejects with StoreRefused or StoreUnavailable. */
export async function openOnPostgres(
  config: Config,
  effects: StoreEffects,
  options: CoreOpenOptions,
): Promise<OpenedStore> {
  const { node = config.hostname, site = '' } = config.cluster;
  const sessions = await connectionOf(config, effects);
  const { guard } = sessions;
  const store = await openPostgresStore({
    ...options,
    sessions,
    node,
    site,
    programVersion: programVersion(),
    ...defined({ copying: copyingOf(config) }),
    mayAcknowledge: () => guard.mayAcknowledge() === undefined,
  });
  return { store, readiness: readinessOf(guard), metrics: postgresMetrics(guard) };
}

/** As the owner of the tables. Rejects with StoreRefused where there is a store already. */
export async function createOnPostgres(
  config: Config,
  effects: GatewayEffects,
  { options, owner }: { readonly options: CoreCreateOptions; readonly owner: As },
): Promise<void> {
  await createPostgresStore({ ...options, sessions: await connectionOf(config, effects, 'init', owner) });
}
