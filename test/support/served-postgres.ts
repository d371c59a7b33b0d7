/**
 * A gateway that serves on PostgreSQL, as a process that tests kill: `--config FILE`, and `--create` for the first, which makes the store where the database is empty.
 * `--unguarded` is a mistake on purpose, for controls: whatever the servers say of themselves, what is committed is acknowledged.
 */
import { parseArgs } from 'node:util';
import { loadConfig } from '../../src/config/load.ts';
import { readMasterKey } from '../../src/config/master-key.ts';
import type { Config } from '../../src/config/schema.ts';
import { readServerMaterial } from '../../src/config/store.ts';
import { runUntilStopped } from '../../src/cli/run.ts';
import { startGateway } from '../../src/gateway.ts';
import type { GatewayEffects } from '../../src/gateway/effects.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createLog } from '../../src/platform/log.ts';
import { connectPostgres } from '../../src/store/postgres/connected.ts';
import { createPostgresStore, openPostgresStore } from '../../src/store/postgres/open.ts';
import { Pool } from '../../src/store/postgres/pool.ts';
import { PrimaryFinder } from '../../src/store/postgres/primary.ts';
import type { Sessions } from '../../src/store/postgres/sessions.ts';
import type { Store } from '../../src/store/port/store.ts';

const { values } = parseArgs({
  options: { config: { type: 'string', default: '' }, create: { type: 'boolean' }, unguarded: { type: 'boolean' } },
});

async function connected(config: Config, { clock, log }: GatewayEffects): Promise<Sessions> {
  const { hosts, database = 'sluis', user = 'sluis', places } = config.store;
  const { ca, password = '' } = readServerMaterial(config);
  const options = {
    ...{ servers: hosts, clock, log, name: `sluis/${config.cluster.node}` },
    access: { database, user, password: () => password, tls: () => ({ ca }) },
    ...(places === undefined ? {} : { places: Object.fromEntries(places) }),
  };
  if (values.unguarded !== true) return await connectPostgres(options);
  return new Pool({ ...options, finder: new PrimaryFinder(options), mayAcknowledge: () => undefined });
}

async function openStore(config: Config, effects: GatewayEffects): Promise<Store> {
  const { node = '', site = '' } = config.cluster;
  const options = {
    ...{ ...effects, keyFolder: config.keys.folder, masterKey: await readMasterKey(config) },
    hostname: config.hostname,
  };
  if (values.create === true) await createPostgresStore({ ...options, sessions: await connected(config, effects) });
  const sessions = await connected(config, effects);
  return await openPostgresStore({ ...options, sessions, node, site, programVersion: 'test' });
}

const config = loadConfig(values.config);
const log = createLog(config.log);
process.exitCode = await runUntilStopped(() => startGateway(config, { clock: systemClock, log, openStore }), log);
