import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { LEAST_DESCRIPTORS, descriptorProblem, runtimeProblem } from '../../src/cli/runtime.ts';

const root = new URL('../../../', import.meta.url);

test('versions of Node that the gateway was tested on are fit, others are refused in one sentence', () => {
  for (const version of ['20.19.0', '20.20.2', '22.12.0', '22.23.3', process.versions.node])
    assert.equal(runtimeProblem(version), undefined, version);
  for (const version of ['18.20.8', '20.18.3', '21.7.3', '22.11.0', '23.11.1'])
    assert.equal(
      runtimeProblem(version)?.split(';')[0]?.split('. Install')[0],
      `Cannot run on Node ${version}: expected 20.19 or newer of 20, or 22.12 or newer of 22`,
    );
  for (const version of ['24.0.0', '24.21.0', '26.1.0'])
    assert.match(
      runtimeProblem(version) ?? '',
      /^Cannot run on Node .* SQLite driver .* Install Node 22 and "npm ci" again\.$/,
    );
});

test('package.json, its lock and the container name the same versions', () => {
  const read = (name: string): string => readFileSync(new URL(name, root), 'utf8');
  const { engines } = JSON.parse(read('package.json')) as { readonly engines: { readonly node: string } };
  const lock = JSON.parse(read('package-lock.json')) as {
    readonly packages: Readonly<Record<string, { readonly engines?: { readonly node: string } }>>;
  };
  assert.equal(lock.packages['']?.engines?.node, engines.node);
  for (const range of engines.node.split(' || ')) {
    const [major = 0, minor = 0] = range.slice(1).split('.').map(Number);
    assert.equal(runtimeProblem(`${major}.${minor}.0`), undefined, range);
    assert.notEqual(runtimeProblem(`${major}.${minor - 1}.9`), undefined, range);
  }
  for (const [, major = ''] of read('docs/container/Containerfile').matchAll(/library\/node:(\d+)-/g))
    assert.equal(runtimeProblem(`${major}.99.0`), undefined, `the image has Node ${major}`);
});

test('the command line says so and ends before anything is opened', () => {
  const main = new URL('../../src/main.js', import.meta.url).pathname;
  // The version is what the program reads of itself: a preload tells it another one.
  const preload = 'data:text/javascript,Object.defineProperty(process.versions,"node",{value:"24.21.0"})';
  const run = spawnSync(process.execPath, ['--import', preload, main, 'status'], { encoding: 'utf8' });
  assert.equal(run.status, 7);
  assert.equal(run.stdout, '');
  assert.match(run.stderr, /^Cannot run on Node 24\.21\.0: [^\n]+\n$/);
});

test('with too few file descriptors every command says so in one line, before it loads what needs them', () => {
  const limits = (most: string): string =>
    `Limit  Soft  Hard  Units\nMax open files            ${most}  ${most}  files\n`;
  assert.equal(descriptorProblem(limits(String(LEAST_DESCRIPTORS))), undefined);
  assert.equal(descriptorProblem(limits('unlimited')), undefined);
  assert.equal(descriptorProblem(''), undefined, 'where the system does not tell');
  const main = fileURLToPath(new URL('dist/src/main.js', root));
  for (const most of [32, 64, LEAST_DESCRIPTORS - 1]) {
    const run = spawnSync(
      'sh',
      ['-c', `ulimit -n ${most} && exec "$0" "$1" serve --config x`, process.execPath, main],
      {
        encoding: 'utf8',
      },
    );
    assert.equal(run.stderr, `${descriptorProblem(limits(String(most)))}\n`);
    assert.match(run.stderr, /^Cannot run with \d+ file descriptors: .*LimitNOFILE=/);
    assert.equal(run.status, 7);
  }
  const enough = spawnSync(
    'sh',
    ['-c', `ulimit -n ${LEAST_DESCRIPTORS} && exec "$0" "$1" serve --config x`, process.execPath, main],
    { encoding: 'utf8' },
  );
  assert.match(enough.stderr, /^Cannot use configuration "x"/, 'and with these it gets as far as its configuration');
});
