// Runs one suite of compiled tests with Node's own runner. The files are found here, so that a compiled test whose source is gone does not run.
//
//   node scripts/test.mjs [--suite unit|second|faults|peers|postgres|long] [--only TEXT] [--reporter NAME] [--bound SECONDS] [--times FILE]
//
// `unit` is every *.test.js below dist/test except the folders `faults`, `peers`, `postgres` and `long`, which are suites of their own; `postgres` has the tests
// that need PostgreSQL as real processes. `second` is what of `unit` .ci/run runs again on a second version of Node: scripts/second-node.mjs says what not, and why. `long` takes longer than a merge may wait: it is run
// before a release, and has the files once more that try chance, with all their rounds (test/support/effort.ts).
//
// A file that is not done within its bound (what it left open keeps it alive, or it waits for what never comes) is ended and counts as failed, by its
// name; the others go on. The suites that start programs end each file when its tests are over, whatever a failed assertion left open; a leak of ours
// is what `unit` would show.
//
// Files of `unit` run beside each other. Of the suites that start programs only those do whose source says `@beside` in a comment: they measure neither
// time nor memory, use free ports, and build nothing. The others have the machine to themselves, after those.
//
// `--times`: appends a line to FILE for each test file, for the table of .ci/run: "file", seconds, name, with a tab between.
import { spawn } from 'node:child_process';
import { appendFileSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { delimiter, dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { UNFIT, nodeProblem } from './node-version.mjs';
import { isSameOnEveryNode } from './second-node.mjs';

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
    times: { type: 'string' },
  },
});

const sourceOf = (file) => join(root, relative(join(root, 'dist'), file)).replace(/\.js$/, '.ts');
const hasSource = (file) => existsSync(sourceOf(file));
const found = readdirSync(tests, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.test.js'))
  .map((name) => join(tests, name))
  .filter(hasSource)
  .sort();
const folderOf = (file) => {
  const [folder] = relative(tests, file).split(sep);
  return ['faults', 'peers', 'postgres', 'long'].includes(folder) ? folder : 'unit';
};
const says = (file, text) => readFileSync(sourceOf(file), 'utf8').includes(text);
const SUITES = {
  unit: (file) => folderOf(file) === 'unit',
  second: (file) => folderOf(file) === 'unit' && !isSameOnEveryNode(relative(tests, file).split(sep).join('/')),
  faults: (file) => folderOf(file) === 'faults',
  peers: (file) => folderOf(file) === 'peers',
  postgres: (file) => folderOf(file) === 'postgres',
  long: (file) => folderOf(file) === 'long' || says(file, 'support/effort.ts'),
};
const isIn = SUITES[values.suite] ?? (() => false);
const files = found.filter((file) => isIn(file) && (values.only === undefined || file.includes(values.only)));
if (files.length === 0) {
  console.error(
    `Cannot run suite "${values.suite}": no test file matches; expected dist/test/**/*.test.js (run "npm run build").`,
  );
  process.exit(1);
}

// Seconds for one file: several times what the slowest one takes while two cores are kept busy.
const BOUNDS = { unit: 300, second: 300, faults: 600, peers: 600, postgres: 600, long: 1800 };
const bound = Number(values.bound ?? BOUNDS[values.suite]);
if (!(bound > 0)) {
  console.error(`Cannot bound a file to "${values.bound}": expected seconds, such as --bound 60.`);
  process.exit(1);
}

// What a test starts by the name `node`, such as the command itself, runs on the same one.
const PATH = [dirname(process.execPath), process.env.PATH].join(delimiter);
console.error(`Suite ${values.suite} on Node ${process.versions.node}, OpenSSL ${process.versions.openssl}`);

const isUnit = ['unit', 'second'].includes(values.suite);
const beside = isUnit ? () => true : (file) => says(file, '@beside');
// Tests wait for disks, peers and threads for a quarter of their time: one more than there are cores keeps the cores busy. Those that start programs wait
// for these to start and to end as well.
const parts = [
  { files: files.filter(beside), concurrency: availableParallelism() + (isUnit ? 1 : 2) },
  { files: files.filter((file) => !beside(file)), concurrency: 1 },
].filter((part) => part.files.length > 0);

const EFFORT = values.suite === 'long' ? { SLUIS_TEST_EFFORT: 'release' } : {};
let runner;
const measured = mkdtempSync(join(tmpdir(), 'sluis-times-'));
function run({ files: some, concurrency }) {
  const reporter = (name, to) => [`--test-reporter=${name}`, `--test-reporter-destination=${to}`];
  runner = spawn(
    process.execPath,
    [
      '--test',
      `--test-concurrency=${concurrency}`,
      ...(isUnit ? [] : ['--test-force-exit']),
      ...reporter(`${join(root, 'scripts', 'source-lines.mjs')}?${values.reporter ?? 'spec'}`, 'stdout'),
      ...reporter(join(root, 'scripts', 'file-times.mjs'), join(measured, 'files')),
      ...some,
    ],
    { stdio: 'inherit', cwd: root, env: { ...process.env, ...EFFORT, PATH } },
  );
  return new Promise((resolve) => runner.once('close', (status) => resolve(status ?? 1)));
}

// Node 22 ends a file at --test-timeout and Node 24 only what is asynchronous inside it, so files are watched from here. Where there is no /proc nothing is bound.
const begun = new Map();
let late = false;
const watch = setInterval(() => {
  const now = new Set(childrenOf(runner.pid));
  for (const pid of begun.keys()) if (!now.has(pid)) begun.delete(pid);
  for (const pid of now) {
    const since = begun.get(pid) ?? performance.now();
    begun.set(pid, since);
    if (performance.now() - since > bound * 1000) endFile(pid);
  }
}, 500);

function childrenOf(pid) {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

function endFile(pid) {
  try {
    const file = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
      .split('\0')
      .find((word) => files.includes(word));
    if (file === undefined) return;
    console.error(`${relative(root, file)} was not done within ${bound} s and is ended`);
    process.kill(pid, 'SIGKILL');
    late = true;
  } catch {
    // It has just ended by itself.
  }
}

let stopped = false;
for (const signal of ['SIGINT', 'SIGTERM'])
  process.once(signal, () => {
    stopped = true;
    runner.kill(signal);
  });

let failed = false;
for (const part of parts) {
  if (stopped) break;
  if ((await run(part)) !== 0) failed = true;
  const lines = join(measured, 'files');
  if (values.times !== undefined && existsSync(lines)) appendFileSync(values.times, readFileSync(lines));
}
clearInterval(watch);
rmSync(measured, { recursive: true, force: true });
process.exitCode = failed || late || stopped ? 1 : 0;
