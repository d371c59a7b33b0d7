// Compiles src, test and bench to dist/, and copies the files that are not TypeScript (SQL migrations, test data) beside them.
// Workers and `npm start` load this compiled JavaScript, and the tests run it: what is tested is what ships.
//
// `--program`, for `npm start`: src alone, and types are not checked, so that whoever tries it for the first time waits seconds and not a minute. Where
// everything was compiled before, it brings everything up to date instead: docs/decisions/1504-start-compiles-what-runs.md.
//
// `--quick`, between an edit and one test: everything, and types are not checked, which is most of the time of a build. The next build checks them.
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PART, bundle } from './bundle.mjs';
import { commitOf } from './commit.mjs';
import { UNFIT, nodeProblem } from './node-version.mjs';

// Compiling loads nothing that an older Node cannot take. npm, though, has it built to run it right after, which would end there.
const problem = nodeProblem();
if (problem !== undefined) {
  console.error(problem);
  if (process.env.npm_lifecycle_event !== undefined) process.exit(UNFIT);
}

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc');

// What tsc compiled last, of everything and of the program alone. There is one of the two at most: each believes that nobody else writes to dist/src.
const record = join(root, 'dist', '.tsbuildinfo');
const programRecord = join(root, 'dist', '.tsbuildinfo-program');

// An interrupted build can leave the build record without its output: tsc would then emit nothing.
const first = !existsSync(join(root, 'dist', 'src', 'main.js'));
if (first) rmSync(join(root, 'dist'), { recursive: true, force: true });

const program = process.argv.includes('--program') && !existsSync(record);
if (!program) rmSync(programRecord, { force: true });
if (first)
  console.error(
    program
      ? 'Compiling the program for the first time: this takes some 10 seconds.'
      : 'Compiling program, tests and benches for the first time: this takes a minute at most.',
  );
else if (process.argv.includes('--program')) console.error('Compiling what has changed.');

const quick = process.argv.includes('--quick');
if (quick) console.error('Types are not checked: run "npm run build" before you commit.');
const project = program ? join(root, 'scripts', 'tsconfig.program.json') : join(root, 'tsconfig.json');
const compiled = spawnSync(process.execPath, [tsc, '-p', project, ...(quick ? ['--noCheck'] : [])], {
  stdio: 'inherit',
});
if (compiled.status !== 0) process.exit(compiled.status ?? 1);

// What was compiled from a source that is gone must neither run nor ship.
const compiledCode = join(root, 'dist', 'src');
for (const name of readdirSync(compiledCode, { recursive: true, encoding: 'utf8' }))
  if (
    /\.js(\.map)?$/.test(name) &&
    !name.startsWith(PART) &&
    !existsSync(join(root, 'src', name.replace(/\.js(\.map)?$/, '.ts')))
  )
    rmSync(join(compiledCode, name));

const unfit = await bundle(root);
if (unfit !== undefined) {
  console.error(`Cannot put a thread into one file: ${unfit}`);
  process.exit(1);
}

// The command of an unpacked package is this file; npm would set the mode only where it makes the link itself.
chmodSync(join(compiledCode, 'main.js'), 0o755);

// `sluis --version` shows it. An object also where there is none, so that the file is always there.
writeFileSync(join(compiledCode, 'commit.json'), `${JSON.stringify({ commit: commitOf(root) })}\n`);

// A migration that was renamed must not stay beside its new name: no store could be made any more.
for (const engine of ['sqlite', 'postgres'])
  rmSync(join(root, 'dist', 'src', 'store', engine, 'migrations'), { recursive: true, force: true });

// Packages of test/tools are where npm put them: 200 MB, with links that lead back to themselves when they are copied.
const isAsset = (path) => basename(path) !== 'node_modules' && (statSync(path).isDirectory() || !/\.tsx?$/.test(path));
for (const folder of program ? ['src'] : ['src', 'test', 'bench']) {
  const from = join(root, folder);
  if (existsSync(from)) cpSync(from, join(root, 'dist', folder), { recursive: true, filter: isAsset });
}
