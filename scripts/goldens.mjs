// Renews everything that is generated or frozen, then runs the tests that hold it. Run "npm run goldens" after a change on purpose.
//
// 1. The pages that come from the code (scripts/docs.mjs).
// 2. The golden files, by the tests that write them.
// 3. All tests that hold pages, golden files and lists. What fails now has to be written by hand, or differs from run to run.
// "npm run goldens -- --only frozen/account" does 2 and 3 for the tests alone whose name has that: while one repairs what failed.
// At the end it shows what others will see of the change, word by word: lines of golden files are long.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

/** Lines of the difference, and characters of each. */
const LINES = 60;
const WIDTH = 160;

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const script = (name) => join(root, 'scripts', name);
const run = (args, env = {}, stdio = 'inherit') =>
  spawnSync(process.execPath, args, { cwd: root, stdio, env: { ...process.env, ...env } }).status ?? 1;
const { values } = parseArgs({ options: { only: { type: 'string' } } });
const tests = [script('test.mjs'), '--goldens', '--reporter', 'dot'];
if (values.only !== undefined) tests.push('--only', values.only);

if (run([script('docs.mjs')]) !== 0) process.exit(1);

// What fails here fails below as well, and is said there. Of what `--only` names perhaps nothing writes.
run(tests, { WRITE_GOLDEN: '1' }, 'ignore');
const failed = run(tests, { WRITE_GOLDEN: '' }) !== 0;

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
    ? '\nNot all is renewed: what failed above has to be written by hand; then "npm run goldens -- --only NAME" with the name of a test that failed, such as frozen/account. A value that differs from run to run is named in test/cli/frozen/words.ts.'
    : values.only !== undefined
      ? '\nWhat --only names is renewed and holds; "npm run goldens" runs the rest.'
      : '\nEverything is renewed and holds. Read the difference: it is what others see of the change.',
);
process.exitCode = failed ? 1 : 0;
