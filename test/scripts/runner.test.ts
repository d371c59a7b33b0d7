/**
 * The runner of the suites, on projects of a few files: one that never ends is ended and named, and
 * the others are run.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

interface Project {
  readonly root: string;
  readonly run: (...args: string[]) => {
    readonly status: number | null;
    readonly stdout: string;
    readonly stderr: string;
  };
}

/** `files`: below `test`, by name; each has `test` by a line of its own. */
function project(t: TestContext, files: Readonly<Record<string, string>>): Project {
  const root = mkdtempSync(join(tmpdir(), 'sluis-runner-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  cpSync(join(ROOT, 'scripts'), join(root, 'scripts'), { recursive: true });
  const { engines } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { engines: object };
  writeFileSync(join(root, 'package.json'), JSON.stringify({ engines }));
  for (const [name, text] of Object.entries(files)) {
    const file = join(root, 'test', `${name}.test.ts`);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `const { test } = require('node:test');\n${text}\n`);
  }
  // Before a release the effort is told to this process as well.
  const { NODE_TEST_CONTEXT: _, SLUIS_TEST_EFFORT: __, ...own } = process.env;
  const env = { ...own, PATH: '/usr/bin:/bin' };
  return {
    root,
    run: (...args) =>
      spawnSync(process.execPath, [join(root, 'scripts', 'test.mjs'), ...args], {
        ...{ encoding: 'utf8', env, timeout: 60_000 },
      }),
  };
}

test('a file that is not done within its bound fails by its name, and the others are run', (t) => {
  const files = {
    // A failed assertion behind which something goes on, and a loop that nothing interrupts.
    'goes-on': `// @own-process
test('fails', () => { setInterval(() => undefined, 1000); throw new Error('as expected'); });`,
    'left-open': `// @own-process
test('passes', () => { setInterval(() => undefined, 1000); });`,
    loops: `// @own-process
test('loops', () => { for (;;); });`,
    // What a test starts as `node` is what it runs on itself.
    whole: `test('it is run all the same', () => {
  const { status, stdout } = require('node:child_process').spawnSync('node', ['--version'], { encoding: 'utf8' });
  require('node:assert').deepEqual([status, stdout.trim()], [0, process.version]);
});`,
  };
  const { run } = project(t, files);
  const ran = run('--bound', '3', '--reporter', 'tap');
  assert.equal(ran.status, 1, ran.stdout + ran.stderr);
  const ended = [...ran.stderr.matchAll(/^test\/([\w-]+)\.test\.ts was not done within 3 s and is ended$/gm)];
  assert.deepEqual(ended.map(([, name]) => name).sort(), ['goes-on', 'left-open', 'loops']);
  for (const name of ['left-open', 'loops'])
    assert.match(ran.stdout, new RegExp(`^not ok \\d+ - \\S*${name}\\.test\\.ts$`, 'm'));
  assert.match(ran.stdout, /^ *ok \d+ - it is run all the same$/m);
  assert.match(
    ran.stderr,
    new RegExp(`^Suite unit on Node ${process.versions.node.replaceAll('.', '\\.')}, OpenSSL 3\\.\\d+`),
  );
  const wrong = run('--bound', 'soon');
  assert.match(wrong.stderr, /Cannot bound a file to "soon": expected seconds/);
});

test('files share a process one after another, but for those that say otherwise', (t) => {
  const tells = `require('node:fs').appendFileSync('pids', process.pid + ' ');
globalThis.counted = (globalThis.counted ?? 0) + 1;
test('is the ' + globalThis.counted + '.', () => undefined);`;
  const { root, run } = project(t, {
    ...{ 'mime/a': tells, 'mime/b': `require('node:test').after(() => { globalThis.counted = 10; });\n${tells}` },
    ...{ 'mime/c': tells, 'mime/own': `// @own-process\n${tells}` },
    'mime/loads': '',
  });
  // One that cannot be loaded at once, since what it imports awaits at its top.
  writeFileSync(join(root, 'test', 'loaded.mjs'), 'await undefined;');
  writeFileSync(
    join(root, 'test', 'mime', 'loads.test.ts'),
    `import { appendFileSync } from 'node:fs';
import { test } from 'node:test';
import '../loaded.mjs';
appendFileSync('pids', process.pid + ' ');
test('is the 1.', () => undefined);`,
  );
  const { status, stdout } = run('--reporter', 'tap');
  assert.equal(status, 0, stdout);
  const pids = readFileSync(join(root, 'pids'), 'utf8').trim().split(' ');
  assert.deepEqual([pids.length, new Set(pids).size], [5, 3]);
  // What a file does when it ends is done before the next one is loaded.
  assert.deepEqual([...stdout.matchAll(/ok \d+ - is the (\d+)\./g)].map(([, n]) => n).sort(), [
    '1',
    '1',
    '1',
    '11',
    '2',
  ]);
  assert.match(stdout, /^ok \d+ - test\/mime\/c\.test\.ts$/m);
});

test('a file that runs apart, since it awaits at its top, fails the run as any other', (t) => {
  const { root, run } = project(t, { 'mime/a': `test('passes', () => undefined);`, 'mime/apart': '' });
  const apart = join(root, 'test', 'mime', 'apart.test.ts');
  const saying = (what: string): string =>
    `import { test } from 'node:test';\nawait undefined;\ntest('runs', () => { ${what} });`;
  writeFileSync(apart, saying(''));
  assert.equal(run('--reporter', 'tap').status, 0);
  writeFileSync(apart, saying(`throw new Error('as expected');`));
  const { status, stdout } = run('--reporter', 'tap');
  assert.match(stdout, /^ *not ok \d+ - runs$/m);
  assert.equal(status, 1, stdout);
});

test('the threads of the store are in the thread of the test, but for files that say otherwise', (t) => {
  const says = (name: string): string => `const { Worker } = require('node:worker_threads');
const at = require('node:url').pathToFileURL(process.cwd() + '/writer-thread.ts');
test('says where it is', async () => {
  const thread = new Worker(at, { workerData: { asked: 7 } });
  const ended = new Promise((resolve) => thread.once('exit', resolve));
  const [where, given] = await new Promise((resolve) => thread.once('message', resolve));
  await thread.terminate();
  await ended;
  require('node:fs').appendFileSync('told', '${name} ' + (where === 0 ? 'here' : 'apart') + ' ' + given + ';');
});`;
  const { root, run } = project(t, { here: says('here'), apart: `// @threads\n${says('apart')}` });
  writeFileSync(
    join(root, 'writer-thread.ts'),
    `import { parentPort, threadId, workerData } from 'node:worker_threads';
export const serve = (port, { asked }) => port.postMessage([threadId, asked]);
if (parentPort !== null) serve(parentPort, workerData);
`,
  );
  const { status, stdout } = run('--reporter', 'tap');
  assert.equal(status, 0, stdout);
  const told = readFileSync(join(root, 'told'), 'utf8').split(';').sort().slice(1);
  assert.deepEqual(told, ['apart apart 7', 'here here 7']);
});

test('what a file leaves open fails it by its name, and the others of its process pass', (t) => {
  const { run } = project(t, {
    'mime/before': `test('passes', () => undefined);`,
    'mime/left-open': `test('passes too', () => { setInterval(() => undefined, 1000); });`,
    'mime/then': `test('is run', () => undefined);`,
  });
  const { status, stdout } = run('--bound', '4', '--reporter', 'tap');
  assert.equal(status, 1);
  assert.match(stdout, /It left open what keeps its process alive: Timeout/);
  const ended = [...stdout.matchAll(/^ *(not ok|ok) \d+ - test\/mime\/(\S+)\.test\.ts$/gm)];
  assert.deepEqual(
    ended.map(([, how, name]) => `${name}: ${how}`),
    ['before: ok', 'left-open: not ok', 'then: ok'],
  );
});

test('a file that is ended takes none of those with it that its process had not come to', (t) => {
  const { run } = project(t, {
    'mime/loops': `test('loops', () => { for (;;); });`,
    'mime/then': `test('is run by itself', () => undefined);`,
  });
  const { status, stdout, stderr } = run('--bound', '3', '--reporter', 'tap');
  assert.equal(status, 1);
  assert.match(stderr, /^test\/mime\/loops\.test\.ts was not done within 3 s and is ended$/m);
  assert.match(stdout, /^ok \d+ - is run by itself$/m);
});

test('a suite whose hook fails, and a file that cannot be loaded, fail the run', (t) => {
  for (const text of [
    `require('node:test').after(() => { throw new Error('of the end'); });\ntest('passes', () => undefined);`,
    `throw new Error('of the loading');`,
  ]) {
    const { run } = project(t, { 'mime/fails': text, 'mime/passes': `test('passes as well', () => undefined);` });
    const { status, stdout } = run('--reporter', 'tap');
    assert.equal(status, 1, stdout);
    assert.match(stdout, /^not ok \d+ - test\/mime\/fails\.test\.ts$/m);
    assert.match(stdout, /^ *ok \d+ - passes as well$/m);
    assert.match(stdout, /of the (?:end|loading)/);
  }
});

test('before a release what tries chance is run once more, with all its rounds', (t) => {
  const { run } = project(t, {
    'faults/chance': `// support/effort.ts\ntest('effort: ' + process.env.SLUIS_TEST_EFFORT, () => undefined);`,
    'cli/chance': `// support/effort.ts\ntest('unit effort: ' + process.env.SLUIS_TEST_EFFORT, () => undefined);`,
    'faults/counts': `test('counts', () => undefined);`,
    'faults/whole': `// @release: why\ntest('whole', () => undefined);`,
    'cli/whole': `// @release: why\ntest('unit whole', () => undefined);`,
    'cli/counts': `test('unit counts', () => undefined);`,
    'long/long': `test('long', () => undefined);`,
  });
  const ran = (...suite: string[]): string[] =>
    [...run('--suite', ...suite, '--reporter', 'tap').stdout.matchAll(/^ *ok \d+ - ([\w :]+)$/gm)]
      .map(([, name]) => name ?? '')
      .sort();
  assert.deepEqual(ran('long'), ['effort: release', 'long', 'unit effort: release', 'unit whole', 'whole']);
  assert.deepEqual(ran('faults'), ['counts', 'effort: undefined']);
  assert.deepEqual(ran('unit'), ['unit counts', 'unit effort: undefined']);
  // Whoever names it has it run.
  assert.deepEqual(ran('faults', '--only', 'faults/w'), ['whole']);
});

test('of a suite that starts programs, files marked so run beside each other, and the others alone after them', (t) => {
  // Each of the two waits until the other has begun; the third and the fourth find nobody else at
  // work.
  const at = `const { existsSync, readdirSync, writeFileSync, rmSync } = require('node:fs');
const at = (name) => require('node:path').join(process.cwd(), name);
const pause = () => new Promise((resolve) => setTimeout(resolve, 10));
const holds = async (what) => { for (let n = 0; n < 2000 && !what(); n += 1) await pause(); require('node:assert').ok(what()); };`;
  const marked = (own: string, other: string): string => `// @beside
${at}
test('meets the other', async () => {
  writeFileSync(at('working-${own}'), '');
  writeFileSync(at('${own}'), '');
  await holds(() => existsSync(at('${other}')));
  rmSync(at('working-${own}'));
});`;
  const alone = `${at}
test('nobody else works', async () => {
  require('node:assert').ok(existsSync(at('a')) && existsSync(at('b')));
  const others = () => readdirSync(process.cwd()).filter((name) => name.startsWith('working-'));
  require('node:assert').deepEqual(others(), []);
  writeFileSync(at('working-alone'), '');
  for (let n = 0; n < 10; n += 1) await pause();
  rmSync(at('working-alone'));
});`;
  const names = ['faults/a', 'faults/b', 'faults/alone', 'faults/also-alone'];
  const { root, run } = project(t, {
    ...{ 'faults/a': marked('a', 'b'), 'faults/b': marked('b', 'a') },
    ...{ 'faults/alone': alone, 'faults/also-alone': alone },
  });
  const times = join(root, 'times');
  const ran = run('--suite', 'faults', '--times', times);
  assert.equal(ran.status, 0, ran.stdout + ran.stderr);
  const lines = readFileSync(times, 'utf8').trimEnd().split('\n');
  const told = lines.map((line) => /^file\t\d+\.\d\ttest\/(.*)\.test\.ts$/.exec(line)?.[1]);
  assert.deepEqual(told.sort(), names.sort());
});

test('the table of CI tells each step by the clock and in processor time, and its slowest files', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sluis-table-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const files = Array.from({ length: 12 }, (_, i) => `file\t${i}.5\ttest/${i}.test.ts\n`).join('');
  const steps = join(folder, 'steps');
  writeFileSync(steps, `step\t7\t0m3.50s 0m0.50s\tnpm ci\n${files}step\t75\t2m3.00s 0m7.00s\tunit\n`);
  const { stdout } = spawnSync(process.execPath, [join(ROOT, '.ci', 'table.mjs'), steps], { encoding: 'utf8' });
  const rows = stdout.split('\n').map((line) => line.trim().split(/ {2,}/));
  assert.deepEqual(rows[1], ['0:07', '0:04', 'npm ci']);
  assert.deepEqual(rows[2], ['1:15', '2:06', 'unit'], 'without what came before');
  assert.deepEqual(
    rows.slice(3, 13),
    Array.from({ length: 10 }, (_, i) => [`${11 - i}.5 s`, `test/${11 - i}.test.ts`]),
  );
  assert.deepEqual(rows[13], ['1:22', '2:10', 'all of it']);
});
