/** A control: `sluis serve`, but whatever the servers say of themselves, what is committed is acknowledged. `--config FILE`. */
import { parseArgs } from 'node:util';
import { runUntilStopped } from '../../src/cli/run.ts';
import { loadConfig } from '../../src/config/load.ts';
import { startGateway } from '../../src/gateway.ts';
import { accessOf, nameOf } from '../../src/gateway/postgres.ts';
import { storeOptionsOf } from '../../src/gateway/store.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createLog } from '../../src/platform/log.ts';
import { openPostgresStore } from '../../src/store/postgres/open.ts';
import { Pool } from '../../src/store/postgres/pool.ts';
import { PrimaryFinder } from '../../src/store/postgres/primary.ts';

const { values } = parseArgs({ options: { config: { type: 'string', default: '' } } });
const config = loadConfig(values.config);
const log = createLog(config.log);
const start = () =>
  startGateway(config, {
    clock: systemClock,
    log,
    openStore: async (_, effects) => {
      const { node = '', site = '' } = config.cluster;
      const options = { servers: config.store.hosts, access: accessOf(config), name: nameOf(config, ''), ...effects };
      const sessions = new Pool({ ...options, finder: new PrimaryFinder(options), mayAcknowledge: () => undefined });
      return await openPostgresStore({
        ...(await storeOptionsOf(config, effects)),
        ...{ sessions, node, site, programVersion: 'unguarded' },
      });
    },
  });
process.exitCode = await runUntilStopped(start, log);
