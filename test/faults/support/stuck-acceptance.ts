/**
 * `sluis serve` whose store never answers an acceptance with protected copies: says so in the file
 * $STUCK, and waits to be killed. Between protection and acceptance everything is written and
 * nothing is filed.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { runUntilStopped } from '../../../src/cli/run.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { startGateway } from '../../../src/gateway.ts';
import { openStore } from '../../../src/gateway/store.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { createLog } from '../../../src/platform/log.ts';
import type { Acceptance } from '../../../src/store/acceptance.ts';
import type { Store } from '../../../src/store/port/store.ts';

const { values } = parseArgs({ options: { config: { type: 'string', default: '' } } });
const config = loadConfig(values.config);
const log = createLog(config.log);

const stuck = (store: Store): Store => {
  const accept = store.accept.bind(store);
  store.accept = async (message: Acceptance) => {
    if (message.copies === undefined) return await accept(message);
    writeFileSync(process.env.STUCK ?? '', String(message.copies.length));
    return await new Promise(() => undefined);
  };
  return store;
};

const start = () =>
  startGateway(config, {
    ...{ clock: systemClock, log },
    openStore: async (of, effects) => stuck(await openStore(of, effects)),
  });
process.exitCode = await runUntilStopped(start, log);
