/**
 * The linter on tests and benches with their types: floating promises, `any` that spreads,
 * conditions that are always true. At a merge it reads them without.
 */
// @beside
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { root } from '../peers/shell.ts';

const ESLINT = join(root, 'node_modules', 'eslint', 'bin', 'eslint.js');
const env = { ...process.env, SLUIS_TEST_EFFORT: 'release' };
/** The exit code and what was said of a text, as if it stood in the file. */
const judged = (args: readonly string[], input?: string) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [ESLINT, ...args], {
    ...{ cwd: root, env, input, encoding: 'utf8' },
  });
  return { status, said: stdout + stderr };
};

test('tests and benches keep every rule, those that need types too', () => {
  const { status, said } = judged(['test', 'bench']);
  assert.equal(status, 0, said);
});

test('control: a promise that a test does not await is found', () => {
  const text = `import { test } from 'node:test';\ntest('x', async (t) => {\n  t.test('y', async () => undefined);\n  Promise.resolve(1);\n});\n`;
  const { status, said } = judged(['--stdin', '--stdin-filename', 'test/support/until.ts'], text);
  assert.equal(status, 1, said);
  assert.match(said, /no-floating-promises/);
});
