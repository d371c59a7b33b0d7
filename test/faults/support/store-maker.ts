/** Makes a store, as `sluis init` does, and ends: `node store-maker.js DATA KEYS MASTERKEY`. */
import { octets } from '../../../src/domain/units.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { createSqliteStore } from '../../../src/store/sqlite/open.ts';
import { MemoryLog } from '../../support/log.ts';

const [dataFolder = '', keyFolder = '', masterKey = ''] = process.argv.slice(2);
await createSqliteStore({
  ...{ dataFolder, keyFolder, masterKey: Buffer.from(masterKey, 'hex'), hostname: 'mail.test' },
  ...{ clock: systemClock, log: new MemoryLog(), reserve: octets(0) },
});
