/**
 * The file that npm links as the command `sluis`: how it starts, and where it keeps what Node
 * compiled.
 */
// @own-process: it looks at what processes leave behind.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';

const root = join(import.meta.dirname, '..', '..');
const { bin } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  readonly bin: { readonly sluis: string };
};
const COMMAND = join(root, bin.sluis);

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'sluis-command-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

const run = (command: string, env: NodeJS.ProcessEnv) =>
  spawnSync(process.execPath, [command, '--help'], { encoding: 'utf8', env: { PATH: process.env.PATH, ...env } });

test('the command is a file of the tree that can be run, also by the link that npm makes', (t) => {
  assert.equal(statSync(COMMAND).mode & 0o111, 0o111);
  const link = join(folderOf(t), 'sluis');
  symlinkSync(COMMAND, link);
  const { status, stdout, stderr } = run(link, {});
  assert.equal(status, 0, stderr);
  assert.match(stdout, /^Usage: sluis /);
});

test('what Node compiled is kept in the cache folder of the service or of the user, never in the checkout', (t) => {
  for (const name of ['HOME', 'XDG_CACHE_HOME', 'CACHE_DIRECTORY']) {
    const folder = folderOf(t);
    assert.equal(run(COMMAND, { [name]: folder }).status, 0);
    const compiled = join(folder, ...(name === 'HOME' ? ['.cache'] : []), 'sluis', 'compiled');
    assert.equal(statSync(compiled).mode & 0o777, 0o700, name);
    const [version = ''] = readdirSync(compiled);
    assert(readdirSync(join(compiled, version)).length > 20, name);
  }
  assert.equal(existsSync(join(root, '.cache')), false);
});

test('a cache that somebody else could write is left alone, and so is one that cannot be made', (t) => {
  const open = folderOf(t);
  chmodSync(open, 0o777);
  assert.equal(run(COMMAND, { CACHE_DIRECTORY: open }).status, 0);
  assert.deepEqual(readdirSync(open), []);
  const planted = folderOf(t);
  mkdirSync(join(planted, 'sluis', 'compiled'), { recursive: true });
  chmodSync(join(planted, 'sluis'), 0o775);
  assert.equal(run(COMMAND, { CACHE_DIRECTORY: planted }).status, 0);
  assert.deepEqual(readdirSync(join(planted, 'sluis', 'compiled')), []);
  for (const env of [{}, { HOME: '/proc/nothing' }, { XDG_CACHE_HOME: join(planted, 'not-there') }])
    assert.equal(run(COMMAND, env).status, 0, JSON.stringify(env));
});
