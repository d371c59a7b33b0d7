/**
 * Measures what 20,000 accounts cost:
 *
 *   npm run bench:accounts -- [--accounts 20000] [--organisations 2000] [--passwords 500] [--keep NAME] [--under DIR]
 *
 * It uses a gateway of its own, with the real command line beside it and a little mail all the
 * time. bench/README.md says what is measured, and against what.
 */
import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { hashPassword } from '../src/crypto/passwords/password.ts';
import { Instance } from '../test/support/instance.ts';
import { Bench } from './accounts/bench.ts';
import { populationOf } from './accounts/files.ts';
import {
  addOrganisations,
  coldStart,
  containAll,
  furnish,
  lists,
  moveIn,
  otherDays,
  polls,
  setAll,
} from './accounts/steps.ts';
import { tableOf } from './accounts/table.ts';
import { keep } from './keep.ts';
import { PASSWORD } from './load.ts';
import { round } from './stats.ts';

const { values: flags } = parseArgs({
  options: {
    accounts: { type: 'string', default: '20000' },
    organisations: { type: 'string', default: '2000' },
    passwords: { type: 'string', default: '500' },
    keep: { type: 'string' },
    under: { type: 'string' },
  },
});
const people = populationOf(Number(flags.accounts), Number(flags.organisations), Number(flags.passwords));
const all = [...people.hashed, ...people.withPassword];
const [load] = loadavg();
const instance = await Instance.create(flags.under === undefined ? {} : { under: flags.under });
const bench = new Bench(instance, (text) => console.error(text));
try {
  await bench.serve();
  const resident = [`${bench.resident} MB empty`];
  await addOrganisations(bench, people);
  await moveIn(bench, people, await hashPassword(PASSWORD));
  await furnish(bench, people);
  resident.push(`${bench.resident} when all have moved in`);
  // Accounts far from those whose mail waits.
  const quiet = people.hashed.slice(-800);
  await polls(bench, 'polls before a change of all', quiet.slice(0, 40));
  await setAll(bench, all);
  await polls(bench, 'polls after it', quiet.slice(0, 40));
  await lists(bench);
  resident.push(`${bench.resident} after changes and listings of all`);
  await setAll(bench, all);
  await lists(bench);
  resident.push(`${bench.resident} after the same once more`);
  await otherDays(bench, people);
  resident.push(`${bench.resident} at the end`);
  await bench.flow?.stop();
  bench.flow = undefined;
  await coldStart(bench, quiet);
  await containAll(bench, all);
  await bench.stop();
  const [loadAfter] = loadavg();
  const machine = {
    ...{ cores: cpus().length, node: process.version },
    ...{ loadBefore: round(load ?? 0), loadAfter: round(loadAfter ?? 0) },
  };
  const heading =
    `${all.length} accounts of ${people.organisations.length} organisations; ${machine.cores} cores, load ${machine.loadBefore} before and ` +
    `${machine.loadAfter} at the end; resident: ${resident.join(', ')}`;
  console.log(`${heading}\n\n${tableOf(bench.rows)}`);
  if (flags.keep !== undefined) keep(flags.keep, { heading, machine, resident, rows: bench.rows });
} finally {
  await bench.stop().catch(() => undefined);
  instance.remove();
}
