/** The runner of the suites, on a project of three files: one that never ends is ended and named, and the others are run. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

test('a file that is not done within its bound fails by its name, and the others are run', (t) => {
  const root = mkdtempSync(join(tmpdir(), 'sluis-runner-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  for (const folder of ['test', 'dist/test']) mkdirSync(join(root, folder), { recursive: true });
  cpSync(join(ROOT, 'scripts'), join(root, 'scripts'), { recursive: true });
  const { engines } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { engines: object };
  writeFileSync(join(root, 'package.json'), JSON.stringify({ engines }));
  const files = {
    // A failed assertion behind which something goes on, and a loop that nothing interrupts.
    'goes-on': `test('fails', () => { setInterval(() => undefined, 1000); throw new Error('as expected'); });`,
    'left-open': `test('passes', () => { setInterval(() => undefined, 1000); });`,
    loops: `test('loops', () => { for (;;); });`,
    // What a test starts as `node` is what it runs on itself.
    whole: `test('it is run all the same', () => {
  const { status, stdout } = require('node:child_process').spawnSync('node', ['--version'], { encoding: 'utf8' });
  require('node:assert').deepEqual([status, stdout.trim()], [0, process.version]);
});`,
  };
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(root, 'test', `${name}.test.ts`), '');
    writeFileSync(join(root, 'dist', 'test', `${name}.test.js`), `const { test } = require('node:test');\n${text}\n`);
  }
  const { NODE_TEST_CONTEXT: _, ...own } = process.env;
  const env = { ...own, PATH: '/usr/bin:/bin' };
  const ran = spawnSync(process.execPath, [join(root, 'scripts', 'test.mjs'), '--bound', '3', '--reporter', 'tap'], {
    ...{ encoding: 'utf8', env, timeout: 60_000 },
  });
  assert.equal(ran.status, 1, ran.stdout + ran.stderr);
  const ended = [...ran.stderr.matchAll(/^dist\/test\/([\w-]+)\.test\.js was not done within 3 s and is ended$/gm)];
  assert.deepEqual(ended.map(([, name]) => name).sort(), ['goes-on', 'left-open', 'loops']);
  for (const name of ['left-open', 'loops'])
    assert.match(ran.stdout, new RegExp(`^not ok \\d+ - \\S*${name}\\.test\\.js$`, 'm'));
  assert.match(ran.stdout, /^ok \d+ - it is run all the same$/m);
  assert.match(
    ran.stderr,
    new RegExp(`^Suite unit on Node ${process.versions.node.replaceAll('.', '\\.')}, OpenSSL 3\\.\\d+`),
  );
  const wrong = spawnSync(process.execPath, [join(root, 'scripts', 'test.mjs'), '--bound', 'soon'], {
    ...{ encoding: 'utf8', env },
  });
  assert.match(wrong.stderr, /Cannot bound a file to "soon": expected seconds/);
});
