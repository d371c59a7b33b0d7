/**
 * The file that npm links as the command `sluis`: there before the first build, and right after it.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { exitCodes } from '../../src/cli/exit.ts';

const root = join(import.meta.dirname, '..', '..', '..');
const { bin } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  readonly bin: { readonly sluis: string };
};

test('the command is a file of the tree, which says how to build and runs what was built', (t) => {
  assert.doesNotMatch(bin.sluis, /^dist/);
  assert.equal(statSync(join(root, bin.sluis)).mode & 0o111, 0o111);
  const folder = mkdtempSync(join(tmpdir(), 'sluis-command-'));
  t.after(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, 'scripts'));
  copyFileSync(join(root, bin.sluis), join(folder, bin.sluis));
  // As npm makes it, when it installs before the first build.
  const link = join(folder, 'sluis');
  symlinkSync(bin.sluis, link);
  const run = () => spawnSync(link, ['--help'], { encoding: 'utf8' });

  const before = run();
  assert.equal(before.status, exitCodes.unavailable);
  assert.equal(before.stderr, `Cannot run sluis: it is not built yet; run "npm run build" in ${folder}/ first\n`);
  symlinkSync(join(root, 'dist'), join(folder, 'dist'));
  const after = run();
  assert.equal(after.status, 0, after.stderr);
  assert.match(after.stdout, /^Usage: sluis /);
});
