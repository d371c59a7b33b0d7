/**
 * The build on a project of a few files: what `npm start` compiles, that the two kinds of build
 * leave nothing of before behind, and what is put into one file.
 */
// @release: builds of both kinds, one after another. At a merge .ci/run builds everything again, and peers/packed and peers/readme what ships.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

let root = '';
before(() => {
  root = mkdtempSync(join(tmpdir(), 'sluis-build-'));
  cpSync(join(ROOT, 'scripts'), join(root, 'scripts'), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'));
  const config = JSON.parse(readFileSync(join(ROOT, 'tsconfig.json'), 'utf8')) as { compilerOptions: object };
  // Without the types of Node, most of what tsc would read.
  config.compilerOptions = { ...config.compilerOptions, types: [] };
  write('tsconfig.json', JSON.stringify(config));
  const { engines } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { engines: object };
  write('package.json', JSON.stringify({ type: 'module', engines }));
  write('src/store/sqlite/migrations/0001.sql', 'SELECT 1;');
  write('test/main.test.ts', "import { value } from '../src/main.ts';\nexport const tested = value;\n");
  write('bench/run.ts', 'export const run = 1;\n');
});
after(() => rmSync(root, { recursive: true, force: true }));

function write(name: string, text: string): void {
  mkdirSync(join(root, name, '..'), { recursive: true });
  writeFileSync(join(root, name), text);
}

/** Builds with that text in src/main.ts; answers what was said and what then would run. */
function built(main: string, ...args: string[]): { status: number | null; said: string; runs: string } {
  write('src/main.ts', `${main}\n`);
  const ran = spawnSync(process.execPath, [join(root, 'scripts', 'build.mjs'), ...args], { encoding: 'utf8' });
  const [, value] = /value = (\d)/.exec(readFileSync(join(root, 'dist', 'src', 'main.js'), 'utf8')) ?? [];
  const runs = `export const value = ${value};`;
  return { status: ran.status, said: ran.stdout + ran.stderr, runs };
}
const there = (name: string): boolean => existsSync(join(root, 'dist', name));

const [one, two] = ['export const value = 1;', 'export const value = 2;'];

test('--program says what it does, and compiles what runs and nothing else', () => {
  const first = built(one, '--program');
  assert.deepEqual({ status: first.status, runs: first.runs }, { status: 0, runs: one });
  assert.match(first.said, /^Compiling the program for the first time: .*\n$/);
  assert(there('src/store/sqlite/migrations/0001.sql') && there('src/commit.json'));
  assert(!there('test') && !there('bench'), 'tests and benches are not compiled');
  assert.match(built(two, '--program').said, /^Compiling what has changed\.\n$/);
});

test('a build of everything and one of the program leave what the other made up to date', () => {
  // Each order in which one of the two could take a source for one that it has compiled itself.
  for (const [main, ...args] of [[one, '--program'], [two], [one, '--program'], [two], [one]] as const) {
    const { status, said, runs } = built(main, ...args);
    assert.equal(status, 0, said);
    assert.equal(runs, main);
  }
  assert(there('test/main.test.js') && there('bench/run.js'));
});

test('a type that does not fit fails the build of everything, and what no longer parses fails both', () => {
  const wrong = 'export const value: number = "one";';
  assert.match(built(wrong).said, /src\/main\.ts\(1,14\): error TS2322/);
  rmSync(join(root, 'dist'), { recursive: true });
  assert.equal(built(wrong, '--program').status, 0);
  assert.notEqual(built('export const value = ;', '--program').status, 0);
  assert.notEqual(built(wrong).status, 0, 'what was compiled unchecked is checked');
});

test('--quick compiles everything and checks no types, and the next build checks what it has compiled', () => {
  rmSync(join(root, 'dist'), { recursive: true });
  assert.equal(built(one).status, 0);
  const wrong = 'export const value: string = 2;';
  const quick = built(wrong, '--quick');
  assert.deepEqual({ status: quick.status, runs: quick.runs }, { status: 0, runs: two });
  assert.match(quick.said, /^Types are not checked: run "npm run build" before you commit\.\n$/);
  assert(there('test/main.test.js') && there('bench/run.js'));
  const whole = built(wrong);
  assert.notEqual(whole.status, 0);
  assert.match(whole.said, /src\/main\.ts\(1,14\): error TS2322/);
  assert.deepEqual([built(one, '--quick').runs, built(one).status], [one, 0]);
});

test('a thread is one file, of what its sources say now, whose map names them', () => {
  // Types are not checked there, and Node's are not at hand here.
  rmSync(join(root, 'dist'), { recursive: true });
  write('src/a/face.ts', "export const thread = new URL('./thread.js', import.meta.url);\n");
  write('src/a/thread.ts', "import { part } from '../b/part.ts';\nconsole.log(part);\n");
  for (const value of ['first', 'second']) {
    write('src/b/part.ts', `export const part: string = '${value}';\n`);
    const { status, said } = built(one, '--program');
    assert.equal(status, 0, said);
    const thread = readFileSync(join(root, 'dist/src/a/thread.js'), 'utf8');
    assert.doesNotMatch(thread, /\bimport\b/);
    assert.match(thread, new RegExp(`var part = "${value}"`));
  }
  const { sources } = JSON.parse(readFileSync(join(root, 'dist/src/a/thread.js.map'), 'utf8')) as { sources: string[] };
  assert.deepEqual(
    sources.map((source) => join(root, 'dist/src/a', source)),
    [join(root, 'src/b/part.ts'), join(root, 'src/a/thread.ts')],
  );
  write('src/b/part.ts', "export const part = new URL('./text.txt', import.meta.url);\n");
  const { status, said } = built(one, '--program');
  assert.equal(status, 1, 'what it looks for beside itself is not beside the thread');
  assert.match(said, /Cannot put a thread into one file: src\/b\/part\.ts says import\.meta/);
});

test('the command is a few files, whose parts find what lies beside their sources, and no part of before stays', async () => {
  rmSync(join(root, 'dist'), { recursive: true });
  rmSync(join(root, 'src'), { recursive: true });
  write('src/store/sqlite/migrations/0001.sql', 'SELECT 1;');
  write('src/a/later.ts', "import { text } from './beside.ts';\nexport const told: string = text;\n");
  write('src/a/beside.ts', "export { text } from './text.ts';\n");
  write('src/a/beside.txt', 'beside');
  const parts = (): string[] => readdirSync(join(root, 'dist', 'src')).filter((name) => /^part-.*\.js$/.test(name));
  for (const value of ['first', 'second']) {
    write(
      'src/a/text.ts',
      `import { readFileSync } from 'node:fs';\nexport const text: string = '${value} ' + readFileSync(new URL('./beside.txt', import.meta.url), 'utf8');\n`,
    );
    const { status, said } = built("const { told } = await import('./a/later.ts');\nconsole.log(told);", '--program');
    assert.equal(status, 0, said);
    const ran = spawnSync(process.execPath, [join(root, 'dist', 'src', 'main.js')], { encoding: 'utf8' });
    assert.equal(ran.stdout, `${value} beside\n`, ran.stderr);
    assert.equal(parts().length, 1);
  }
  const [part = ''] = parts();
  const { sources } = JSON.parse(readFileSync(join(root, 'dist', 'src', `${part}.map`), 'utf8')) as {
    sources: string[];
  };
  assert(sources.includes('../../src/a/text.ts'), 'its map names the sources');
  write('src/a/text.ts', 'export const text: string = import.meta.dirname;\n');
  const { status, said } = built("console.log(await import('./a/later.ts'));", '--program');
  assert.equal(status, 1);
  assert.match(said, /src\/a\/text\.ts:1:.*expected import\.meta\.url/);
});
