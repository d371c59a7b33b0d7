// Runs one suite of tests with Node's own runner.
//
//   node scripts/test.mjs [--suite unit|faults|peers|postgres|long] [--only TEXT] [--goldens] [--release] [--reporter NAME] [--bound SECONDS] [--times FILE]
//
// `unit` is every *.test.ts below test except the folders `faults`, `peers`, `postgres` and `long`, which are suites of their own; `postgres` has the tests
// that need PostgreSQL as real processes. `long` takes longer than a merge may wait: it is run
// before a release. It has the files of all suites that say `@release` in a comment, with the reason, which only `--only` adds to their own suite; and those once more that try
// chance, with all their rounds (test/support/effort.ts).
//
// A file that is not done within its bound (what it left open keeps it alive, or it waits for what never comes) is ended and counts as failed, by its
// name; the others go on. The suites that start programs end each file when its tests are over, whatever a failed assertion left open; a leak of ours
// is what `unit` would show.
//
// Files of `unit` run beside each other, several in one process, one after another (scripts/one-process.mjs): what they load is most of what small ones
// cost. Who says `@own-process` in a comment, with the reason, has one of its own: it measures, say. A file that its process did not come to, since another one ended it, is run after that by itself, and so is one that awaits at its top, or loads what does.
//
// The store's threads are the test's own in `unit`, but for files that say `@threads`: scripts/one-thread.mjs.
//
// Of the suites that start programs only those do whose source says `@beside` in a comment: they measure neither
// time nor memory, use free ports, and build nothing. The others have the machine to themselves, after those.
//
// `--goldens`: of `unit` those that hold golden files, pages and lists (scripts/golden-tests.mjs): what a change on purpose makes fail. With WRITE_GOLDEN=1 those alone
// that write them. `--only` chooses among them.
//
// `--release`: of a suite also what waits for a release, with the rounds of a merge.
//
// `--times`: appends a line to FILE for each test file, for the table of .ci/run: "file", seconds, name, with a tab between.
import { spawn, spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { delimiter, dirname, join, relative, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { UNFIT, nodeProblem } from './node-version.mjs';
import { watchFiles } from './bounded.mjs';
import { holdsGoldens, writesGoldens } from './golden-tests.mjs';

/** Most files of one process: it has most of what it saves by then, and keeps what it loaded. */
const SHARED = 20;

/** Suites whose files measure neither the disk nor what a loss of power leaves on it, and that were run so. */
const IN_MEMORY = ['unit', 'peers', 'postgres'];
/** Octets: several times what a suite has at once. */
const ROOM = 6e9;

const problem = nodeProblem();
if (problem !== undefined) {
  console.error(problem);
  process.exit(UNFIT);
}

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const tests = join(root, 'test');
const { values } = parseArgs({
  options: {
    suite: { type: 'string', default: 'unit' },
    only: { type: 'string' },
    reporter: { type: 'string' },
    bound: { type: 'string' },
    release: { type: 'boolean', default: false },
    goldens: { type: 'boolean', default: false },
    times: { type: 'string' },
  },
});

const found = readdirSync(tests, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.test.ts'))
  .map((name) => join(tests, name))
  .sort();
const folderOf = (file) => {
  const [folder] = relative(tests, file).split(sep);
  return ['faults', 'peers', 'postgres', 'long'].includes(folder) ? folder : 'unit';
};
const says = (file, text) => readFileSync(file, 'utf8').includes(text);
const SUITES = {
  unit: (file) => folderOf(file) === 'unit',
  faults: (file) => folderOf(file) === 'faults',
  peers: (file) => folderOf(file) === 'peers',
  postgres: (file) => folderOf(file) === 'postgres',
  long: (file) => folderOf(file) === 'long' || says(file, '@release') || says(file, 'support/effort.ts'),
};
/** Whether what may wait for a release is run as well. */
const isRelease = values.release || values.suite === 'long' || process.env.SLUIS_TEST_EFFORT === 'release';
const nameOf = (file) => relative(tests, file).split(sep).join('/');
const isGolden = process.env.WRITE_GOLDEN === '1' ? writesGoldens : holdsGoldens;
const isNamed = (file) => file.includes(values.only ?? '');
const isWanted = (file) =>
  values.goldens
    ? isGolden(nameOf(file)) && isNamed(file)
    : values.only === undefined
      ? isRelease || !says(file, '@release')
      : isNamed(file);
const isIn = SUITES[values.suite] ?? (() => false);
const files = found.filter((file) => isIn(file) && isWanted(file));
if (files.length === 0) {
  console.error(`Cannot run suite "${values.suite}": no test file matches; expected test/**/*.test.ts.`);
  process.exit(1);
}

// Seconds for one file: several times what the slowest one takes while two cores are kept busy.
const BOUNDS = { unit: 300, faults: 600, peers: 600, postgres: 600, long: 1800 };
const bound = Number(values.bound ?? BOUNDS[values.suite]);
if (!(bound > 0)) {
  console.error(`Cannot bound a file to "${values.bound}": expected seconds, such as --bound 60.`);
  process.exit(1);
}

// What a test starts by the name `node`, such as the command itself, runs on the same one.
const PATH = [dirname(process.execPath), process.env.PATH].join(delimiter);
console.error(`Suite ${values.suite} on Node ${process.versions.node}, OpenSSL ${process.versions.openssl}`);

/** What tries chance has a process of its own with all its rounds, and measures there. */
const isUnit = (file) => folderOf(file) === 'unit' && (values.suite !== 'long' || !says(file, 'support/effort.ts'));
const beside = (file) => !isUnit(file) && says(file, '@beside');
// Tests wait for disks, peers and threads for a quarter of their time: one more than there are cores keeps the cores busy. Those that start programs wait
// for these to start and to end as well.
const parts = [
  { files: files.filter(isUnit), concurrency: availableParallelism() + 1, unit: true },
  { files: files.filter(beside), concurrency: availableParallelism() + 2 },
  { files: files.filter((file) => !isUnit(file) && !beside(file)), concurrency: 1 },
].filter((part) => part.files.length > 0);

const measured = mkdtempSync(join(temporary(), 'sluis-'));
// Servers that run as another user find there what files share.
chmodSync(measured, 0o755);
const timesFile = join(measured, 'files');
/**
 * Where tests keep their files. A database has three hundred, made for each store of a test: on the disk that was two thirds of a server's time. What outlives a loss of power is
 * tried in `faults`, on the disk. So it is memory where there is plenty of it, and programs may be run from there.
 */
function temporary() {
  const memory = '/dev/shm';
  try {
    const { bavail, bsize } = statfsSync(memory);
    if (!IN_MEMORY.includes(values.suite) || process.env.TMPDIR !== undefined) return tmpdir();
    if (Math.min(bavail * bsize, process.availableMemory()) < ROOM) return tmpdir();
    const probe = mkdtempSync(join(memory, 'sluis-probe-'));
    writeFileSync(join(probe, 'true'), '#!/bin/sh\n', { mode: 0o755 });
    const { status } = spawnSync(join(probe, 'true'));
    rmSync(probe, { recursive: true });
    return status === 0 ? memory : tmpdir();
  } catch {
    return tmpdir();
  }
}

const nowOf = (script) => `${script}.now`;
const apartOf = (script) => `${script}.apart`;
/** Scripts that run several files each. */
const scripts = new Set();

function scriptOf(some) {
  const script = join(measured, `${String(scripts.size).padStart(3, '0')}.mjs`);
  const runner = pathToFileURL(join(root, 'scripts', 'one-process.mjs')).href;
  const given = JSON.stringify({
    files: some,
    now: nowOf(script),
    apart: apartOf(script),
    patience: Math.min(20, bound / 2) * 1000,
  });
  writeFileSync(script, `import { runFiles } from '${runner}';\nawait runFiles(${given});\n`);
  scripts.add(script);
  return script;
}

/** What the runner starts a process for: files that have one of their own, and scripts of several. */
function processesOf(some) {
  const shares = (file) => !says(file, '@own-process') && !says(file, '@threads');
  const shared = some.filter(shares);
  const own = some.filter((file) => !shares(file));
  const count = Math.ceil(shared.length / SHARED);
  const each = Math.ceil(shared.length / count);
  const all = Array.from({ length: count }, (_, n) => scriptOf(shared.slice(n * each, (n + 1) * each)));
  return [...all, ...own];
}

const linesOf = (file) => (existsSync(file) ? readFileSync(file, 'utf8').split('\n') : []);

/** What one process has compiled, the next one reads: a fifth of the processor time of the unit tests, more of a suite that starts hundreds of programs. */
const CACHE = { NODE_COMPILE_CACHE: join(measured, 'compiled') };
const EFFORT = values.suite === 'long' ? { SLUIS_TEST_EFFORT: 'release' } : {};
const late = new Set();
let runner;
async function run({ files: some, concurrency, unit = false }) {
  const reporter = (name, to) => [`--test-reporter=${name}`, `--test-reporter-destination=${to}`];
  runner = spawn(
    process.execPath,
    [
      '--test',
      `--test-concurrency=${concurrency}`,
      ...(unit ? [] : ['--test-force-exit']),
      ...(unit ? ['--import', pathToFileURL(join(root, 'scripts', 'one-thread.mjs')).href] : []),
      ...reporter(values.reporter ?? 'spec', 'stdout'),
      ...reporter(join(root, 'scripts', 'file-times.mjs'), timesFile),
      ...some,
    ],
    {
      stdio: 'inherit',
      cwd: root,
      env: { ...process.env, ...EFFORT, ...CACHE, PATH, TMPDIR: measured, SLUIS_TEST_SHARED: measured },
    },
  );
  const unwatch = watchFiles({
    ...{ runner, seconds: bound },
    fileOf: (words) => {
      const word = words.find((one) => files.includes(one) || scripts.has(one));
      return scripts.has(word) ? readFileSync(nowOf(word), 'utf8') : word;
    },
    late: (file) => {
      console.error(`${relative(root, file)} was not done within ${bound} s and is ended`);
      late.add(file);
    },
  });
  const status = await new Promise((resolve) => runner.once('close', (code) => resolve(code ?? 1)));
  unwatch();
  const lines = linesOf(timesFile);
  const times = lines.filter((line) => line.startsWith('file\t'));
  if (values.times !== undefined) appendFileSync(values.times, times.map((line) => `${line}\n`).join(''));
  const passed = status === 0 && !lines.some((line) => line.startsWith('failed\t'));
  return { passed, done: new Set(times.map((line) => join(root, line.split('\t')[2]))) };
}

let stopped = false;
for (const signal of ['SIGINT', 'SIGTERM'])
  process.once(signal, () => {
    stopped = true;
    runner.kill(signal);
  });

let failed = false;
for (const { files: some, ...how } of parts) {
  if (stopped) break;
  const { passed, done } = await run({ ...how, files: how.unit ? processesOf(some) : some });
  if (!passed) failed = true;
  // Their process was ended by a file before them, or cannot load them.
  const apart = new Set([...scripts].flatMap((script) => linesOf(apartOf(script))));
  const left = some.filter((file) => (!done.has(file) || apart.has(file)) && !late.has(file));
  if (left.length > 0 && !stopped && !(await run({ ...how, files: left })).passed) failed = true;
}
rmSync(measured, { recursive: true, force: true });
process.exitCode = failed || late.size > 0 || stopped ? 1 : 0;
