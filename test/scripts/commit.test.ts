/** Which commit a build says that it is of, in repositories of their own. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { buildVersion, programVersion } from '../../src/platform/version.ts';
import { sluis } from '../support/command-line.ts';
import { withoutProgram } from '../support/require.ts';

interface Commit {
  readonly hash: string;
  readonly date: string;
  readonly changed: boolean;
}
const script = new URL('../../../scripts/commit.mjs', import.meta.url).href;
const { commitOf } = (await import(script)) as {
  readonly commitOf: (root: string, given?: string) => Commit | undefined;
};
const skip = withoutProgram('git', 'git');

function git(cwd: string, ...args: string[]): string {
  // Late in the evening in Amsterdam: the day is that of UTC, wherever it is built.
  const moment = '2026-03-05T23:30:00-02:00';
  const env = { PATH: process.env.PATH, HOME: cwd, GIT_AUTHOR_DATE: moment, GIT_COMMITTER_DATE: moment };
  const who = ['-c', 'user.name=Test', '-c', 'user.email=test@group.test'];
  const ran = spawnSync('git', [...who, ...args], { cwd, env, encoding: 'utf8' });
  assert.equal(ran.status, 0, ran.stderr);
  return ran.stdout.trim();
}

/** A folder with a source and a page, both in a first commit. */
function repository(t: TestContext): string {
  const root = mkdtempSync(join(tmpdir(), 'sluis-commit-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  mkdirSync(join(root, 'src'));
  writeFileSync(join(root, 'src', 'main.ts'), '1');
  writeFileSync(join(root, 'README.md'), '1');
  git(root, 'init', '--quiet');
  git(root, 'add', '.');
  git(root, 'commit', '--quiet', '--message', 'one');
  return root;
}

test('a build names the commit and its day in UTC, and says when a source differs from it', { skip }, (t) => {
  const root = repository(t);
  const commit = { hash: git(root, 'rev-parse', 'HEAD').slice(0, 12), date: '2026-03-06', changed: false };
  assert.deepEqual(commitOf(root), commit);
  writeFileSync(join(root, 'README.md'), 'more');
  assert.deepEqual(commitOf(root), commit, 'a page is not a source');
  writeFileSync(join(root, 'src', 'main.ts'), '2');
  assert.deepEqual(commitOf(root), { ...commit, changed: true });
  git(root, 'checkout', '--quiet', 'src');
  writeFileSync(join(root, 'src', 'new.ts'), '1');
  assert.deepEqual(commitOf(root), { ...commit, changed: true }, 'a source that git does not know yet');
});

test('a tree in the repository of somebody else is of no commit, and neither is one without', { skip }, (t) => {
  const outer = repository(t);
  assert.equal(commitOf(join(outer, 'src')), undefined);
  rmSync(join(outer, '.git'), { recursive: true });
  assert.equal(commitOf(outer), undefined);
});

test('where the repository is not there the commit can be given, and nothing else than a commit', { skip }, (t) => {
  const root = mkdtempSync(join(tmpdir(), 'sluis-commit-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const hash = '0123456789abcdef0123456789abcdef01234567';
  assert.deepEqual(commitOf(root, `${hash} 1772753400`), { hash: '0123456789ab', date: '2026-03-05', changed: false });
  for (const given of ['', 'main', hash, `${hash} soon`, `x${hash} 1772753400`, `${hash} 1772753400\nrm`])
    assert.equal(commitOf(root, given), undefined, given);
});

test('sluis --version prints version and build', async () => {
  const { code, stdout, stderr } = await sluis(['--version']);
  assert.deepEqual({ code, stdout, stderr }, { code: 0, stdout: `${buildVersion()}\n`, stderr: '' });
  const [version, build] = stdout.trim().split('+');
  assert.equal(version, programVersion());
  assert.match(build ?? '', /^(\d{4}-\d\d-\d\d\.[0-9a-f]{12}(\.changed)?|unknown)$/);
});

test('the build of this tree wrote its commit down', { skip }, () => {
  const commit = commitOf(fileURLToPath(new URL('../../../', import.meta.url)));
  // Built again with every run of the suite; a change of sources in between is nobody's fault.
  if (commit !== undefined) assert.match(buildVersion(), /\+\d{4}-\d\d-\d\d\.[0-9a-f]{12}/);
});
