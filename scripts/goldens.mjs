// Renews everything that is generated or frozen, then runs the tests that hold it. Run "npm run goldens" after a change on purpose.
//
// 1. The pages that come from the code (scripts/docs.mjs).
// 2. The golden files, by the tests that write them.
// 3. All tests that hold pages, golden files and lists. What fails now has to be written by hand, or differs from run to run.
// At the end it shows what others will see of the change, word by word: lines of golden files are long.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { writesGoldens } from './golden-tests.mjs';

/** Lines of the difference, and characters of each. */
const LINES = 60;
const WIDTH = 160;

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const script = (name) => join(root, 'scripts', name);
const run = (args, env = {}) =>
  spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } }).status ?? 1;

if (run([script('docs.mjs')]) !== 0) process.exit(1);

const tests = join(root, 'dist', 'test');
const writers = readdirSync(tests, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.test.js') && writesGoldens(name.split(sep).join('/')))
  .map((name) => join(tests, name));
const oneThread = pathToFileURL(script('one-thread.mjs')).href;
// What fails here fails below as well.
run(['--import', oneThread, '--test', '--test-reporter=dot', ...writers], { WRITE_GOLDEN: '1' });

const failed = run([script('test.mjs'), '--goldens', '--reporter', 'dot']) !== 0;

const git = (...args) => spawnSync('git', args, { cwd: root, encoding: 'utf8', maxBuffer: 1e9 }).stdout ?? '';
const renewed = ['docs', 'test/golden', 'test/store/schema.sql'];
console.log(`\n${git('status', '--short', '--', ...renewed)}`);
const words = git('diff', '--unified=0', '--word-diff=porcelain', '--word-diff-regex=[^ ",]+', '--', ...renewed)
  .split('\n')
  .filter((line) => /^(?:\+\+\+ |[+-](?!-- |\+\+ ))/.test(line));
for (const line of words.slice(0, LINES)) console.log(line.length > WIDTH ? `${line.slice(0, WIDTH)}...` : line);
if (words.length > LINES) console.log(`... and ${words.length - LINES} lines more: git diff -- ${renewed.join(' ')}`);
console.log(
  failed
    ? '\nNot all is renewed: what failed above has to be written by hand. A value that differs from run to run is named in test/cli/frozen/words.ts.'
    : '\nEverything is renewed and holds. Read the difference: it is what others see of the change.',
);
process.exitCode = failed ? 1 : 0;
