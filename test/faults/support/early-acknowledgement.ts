/**
 * `sluis serve` with a store that answers an acknowledgement before it is committed: the control of
 * claims-kill9.test.ts.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { runUntilStopped } from '../../../src/cli/run.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { startGateway } from '../../../src/gateway.ts';
import { storeOptionsOf } from '../../../src/gateway/store.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { createLog } from '../../../src/platform/log.ts';
import type { Store } from '../../../src/store/port/store.ts';
import { openSqliteStore } from '../../../src/store/sqlite/open.ts';

const { values } = parseArgs({ options: { config: { type: 'string', default: '' } } });
const config = loadConfig(values.config);
const log = createLog(config.log);

function early(store: Store): Store {
  const commitMaildrop: Store['commitMaildrop'] = async (...end) => {
    void pause(200).then(() => store.commitMaildrop(...end).catch(() => undefined));
    await Promise.resolve();
  };
  return new Proxy(store, {
    get: (target, name) => {
      if (name === 'commitMaildrop') return commitMaildrop;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

const start = () =>
  startGateway(config, {
    clock: systemClock,
    log,
    openStore: async (of, effects) => early(await openSqliteStore(await storeOptionsOf(of, effects))),
  });
process.exitCode = await runUntilStopped(start, log);
