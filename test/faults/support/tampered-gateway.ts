/**
 * `sluis serve` with a store that was tampered with, as $TAMPER says: the controls of
 * power.test.ts.
 *
 * The product has no switch for this: the script puts the gateway together itself, with another
 * store.
 */
import { parseArgs } from 'node:util';
import { runUntilStopped } from '../../../src/cli/run.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { startGateway } from '../../../src/gateway.ts';
import { storeOptionsOf } from '../../../src/gateway/store.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { createLog } from '../../../src/platform/log.ts';
import { openSqliteStore } from '../../../src/store/sqlite/open.ts';
import { tampered } from './tamper.ts';

const { values } = parseArgs({ options: { config: { type: 'string', default: '' } } });
const config = loadConfig(values.config);
const log = createLog(config.log);
const start = () =>
  startGateway(config, {
    ...{ clock: systemClock, log },
    openStore: async (of, effects) => openSqliteStore({ ...(await storeOptionsOf(of, effects)), testing: tampered() }),
  });
process.exitCode = await runUntilStopped(start, log);
