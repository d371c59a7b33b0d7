/** Which commit a package and a checkout say that they are of, in repositories of their own. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
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
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const script = new URL('../../scripts/commit.mjs', import.meta.url).href;
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

test('a package names the commit and its day in UTC, and says when a source differs from it', { skip }, (t) => {
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
  assert.match(build ?? '', /^(\d{4}-\d\d-\d\d\.[0-9a-f]{12}(\.changed)?|checkout\.[0-9a-f]{12}|unknown)$/);
});

test('a checkout names the commit that git has there, wherever git keeps it', { skip }, (t) => {
  const root = repository(t);
  mkdirSync(join(root, 'src', 'platform'));
  cpSync(join(ROOT, 'src', 'platform', 'version.ts'), join(root, 'src', 'platform', 'version.ts'));
  writeFileSync(join(root, 'package.json'), '{"version":"1.2.3"}');
  const said = (): string => {
    const program = `import { buildVersion } from './src/platform/version.ts'; process.stdout.write(buildVersion());`;
    return spawnSync(process.execPath, ['--input-type=module', '-e', program], { cwd: root, encoding: 'utf8' }).stdout;
  };
  const hash = git(root, 'rev-parse', 'HEAD').slice(0, 12);
  assert.equal(said(), `1.2.3+checkout.${hash}`);
  git(root, 'pack-refs', '--all');
  assert.equal(said(), `1.2.3+checkout.${hash}`, 'a packed reference');
  git(root, 'checkout', '--quiet', '--detach');
  assert.equal(said(), `1.2.3+checkout.${hash}`, 'no branch');
  writeFileSync(
    join(root, 'src', 'commit.json'),
    '{"commit":{"hash":"0123456789ab","date":"2026-12-02","changed":true}}',
  );
  assert.equal(said(), '1.2.3+2026-12-02.0123456789ab.changed', 'a package says its own');
  rmSync(join(root, 'src', 'commit.json'));
  rmSync(join(root, '.git'), { recursive: true });
  assert.equal(said(), '1.2.3+unknown');
});
