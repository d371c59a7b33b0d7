/**
 * `sluis key rotate` that kills itself before its step number $AT; prints the steps it comes to.
 */
import { parseArgs } from 'node:util';
import { loadConfig } from '../../../src/config/load.ts';
import { readMasterKey } from '../../../src/config/master-key.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { finishRotation, rotateMasterKey } from '../../../src/store/sqlite/rotate.ts';

const { values } = parseArgs({ options: { config: { type: 'string', default: '' }, at: { type: 'string' } } });
const { keys, data, file } = loadConfig(values.config);
const keyFile = keys['master-key-file'] ?? file;
let steps = 0;
const options = {
  ...{ dataFolder: data.folder, keyFolder: keys.folder, keyFile, newKeyFile: `${keyFile}.new` },
  ...{ masterKey: await readMasterKey(loadConfig(values.config)), actor: { name: 'test' }, clock: systemClock },
  step: (what: string) => {
    steps += 1;
    process.stdout.write(`${what}\n`);
    if (String(steps) === values.at) process.kill(process.pid, 'SIGKILL');
  },
};
if ((await finishRotation(options)) === undefined) await rotateMasterKey(options);
