/**
 * `npm run soak`: a gateway under mixed load for a quarter of an hour. Does it stay as small as it
 * was, and lose nothing?
 *
 *   npm run soak -- [--minutes 15] [--practices 300] [--keep NAME] [--under FOLDER]
 *
 * It prints its verdict. The exit code is 1 if something grows without limit, if the log has an
 * error, if an answer was not the expected one, or if an acknowledged message is lost, doubled or
 * damaged. `--keep` writes bench/results/NAME.json and NAME.svg. bench/README.md describes the load
 * and the limits.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { plot } from './soak/plot.ts';
import { runSoak } from './soak/run.ts';

const { values: options } = parseArgs({
  options: {
    minutes: { type: 'string', default: '15' },
    practices: { type: 'string', default: '300' },
    keep: { type: 'string' },
    under: { type: 'string' },
  },
});
const minutes = Number(options.minutes);
const practices = Number(options.practices);
if (!(minutes > 0 && minutes <= 24 * 60) || !Number.isInteger(practices) || practices < 20 || practices > 5000) {
  console.error(
    `Cannot soak for ${options.minutes} minutes with ${options.practices} practices; expected up to 1440 minutes, more than 0, and 20 to 5000 practices.`,
  );
  process.exit(2);
}

const report = await runSoak({
  ...{ minutes, practices },
  ...(options.under === undefined ? {} : { under: options.under }),
  say: (text) => console.error(text),
});
console.log(report.text.join('\n'));
if (options.keep !== undefined) {
  const folder = fileURLToPath(new URL('../bench/results/', import.meta.url));
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${options.keep}.json`), `${JSON.stringify(report, undefined, 1)}\n`);
  writeFileSync(join(folder, `${options.keep}.svg`), plot(report.heading, report.samples));
}
process.exitCode = report.passed ? 0 : 1;
