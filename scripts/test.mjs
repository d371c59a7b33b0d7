// Runs one suite of compiled tests with Node's own runner. The files are found here, so that a compiled test whose source is gone does not run.
//
//   node scripts/test.mjs [--suite unit|faults|peers|long] [--only TEXT] [--reporter NAME] [--bound SECONDS]
//
// `unit` is every *.test.js below dist/test except the folders `faults`, `peers` and `long`, which are suites of their own. `long` takes longer than
// a merge may wait: it is run before a release.
//
// A file that is not done within its bound (what it left open keeps it alive, or it waits for what never comes) is ended and counts as failed, by its
// name; the others go on. The suites that start programs end each file when its tests are over, whatever a failed assertion left open; a leak of ours
// is what `unit` would show.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { delimiter, dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { UNFIT, nodeProblem } from './node-version.mjs';

const problem = nodeProblem();
if (problem !== undefined) {
  console.error(problem);
  process.exit(UNFIT);
}

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const tests = join(root, 'dist', 'test');
const { values } = parseArgs({
  options: {
    suite: { type: 'string', default: 'unit' },
    only: { type: 'string' },
    reporter: { type: 'string' },
    bound: { type: 'string' },
  },
});

const hasSource = (file) => existsSync(join(root, relative(join(root, 'dist'), file)).replace(/\.js$/, '.ts'));
const found = readdirSync(tests, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.test.js'))
  .map((name) => join(tests, name))
  .filter(hasSource)
  .sort();
const suiteOf = (file) => {
  const [folder] = relative(tests, file).split(sep);
  return ['faults', 'peers', 'long'].includes(folder) ? folder : 'unit';
};
const files = found.filter(
  (f) => suiteOf(f) === values.suite && (values.only === undefined || f.includes(values.only)),
);
if (files.length === 0) {
  console.error(
    `Cannot run suite "${values.suite}": no test file matches; expected dist/test/**/*.test.js (run "npm run build").`,
  );
  process.exit(1);
}

// Seconds for one file: several times what the slowest one takes while two cores are kept busy.
const BOUNDS = { unit: 300, faults: 600, peers: 600, long: 1800 };
const bound = Number(values.bound ?? BOUNDS[values.suite]);
if (!(bound > 0)) {
  console.error(`Cannot bound a file to "${values.bound}": expected seconds, such as --bound 60.`);
  process.exit(1);
}

// What a test starts by the name `node`, such as the command itself, runs on the same one.
const PATH = [dirname(process.execPath), process.env.PATH].join(delimiter);
console.error(`Suite ${values.suite} on Node ${process.versions.node}, OpenSSL ${process.versions.openssl}`);

// The other suites start whole gateways and measure: one file at a time.
const concurrency = values.suite === 'unit' ? Math.max(2, availableParallelism()) : 1;
const result = spawnSync(
  process.execPath,
  [
    '--enable-source-maps',
    '--test',
    `--test-concurrency=${concurrency}`,
    `--test-timeout=${Math.round(bound * 1000)}`,
    ...(values.suite === 'unit' ? [] : ['--test-force-exit']),
    `--test-reporter=${values.reporter ?? 'spec'}`,
    ...files,
  ],
  { stdio: 'inherit', cwd: root, env: { ...process.env, PATH } },
);
process.exit(result.status ?? 1);
