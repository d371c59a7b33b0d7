/**
 * The core to be audited is what its list says, small enough to be read, and the only place for
 * keys.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { saidByRule } from '../support/one-rule.ts';

const root = join(import.meta.dirname, '..', '..');
interface Named {
  readonly path: string;
  readonly because: string;
}
const { MOST_LINES, alsoKeys, core, keyFunctions } = (await import(join(root, 'scripts', 'audited-core.mjs'))) as {
  readonly MOST_LINES: number;
  readonly alsoKeys: readonly Named[];
  readonly core: readonly Named[];
  readonly keyFunctions: readonly string[];
};

const filesOf = (path: string): readonly string[] =>
  path.endsWith('.ts')
    ? [path]
    : readdirSync(join(root, 'src', path)).flatMap((name) => (name.endsWith('.ts') ? [`${path}/${name}`] : []));
const textOf = (file: string): string => readFileSync(join(root, 'src', file), 'utf8');

/**
 * Comments that begin a line are all that the style allows, but for a word behind code, which
 * counts as code.
 */
function linesOfCode(text: string): number {
  const code = text.replace(/^\s*\/\*[\s\S]*?\*\/\s*$/gm, '').replace(/^\s*\/\/.*$/gm, '');
  return code.split('\n').filter((line) => line.trim() !== '').length;
}

test('comments and blank lines are not counted', () => {
  assert.equal(linesOfCode('/** A. */\n\n// b\nconst c = 1;\n/*\n * d\n */\n  e(); // f\n'), 2);
});

test(`the core to be audited has at most ${MOST_LINES} lines of code`, () => {
  const files = core.flatMap(({ path }) => filesOf(path));
  const lines = files.reduce((sum, file) => sum + linesOfCode(textOf(file)), 0);
  assert.ok(lines > 5_000, `${lines} lines were found, which is not all of it`);
  assert.ok(lines <= MOST_LINES, `${lines} lines of code: what need not see keys or plaintext belongs elsewhere`);
});

test('docs/architecture.md names the core as it is', () => {
  const page = readFileSync(join(root, 'docs', 'architecture.md'), 'utf8');
  const told = page.slice(page.indexOf('## The core to be audited'));
  for (const { path } of core) assert.ok(told.includes(`\`${path}\``), `${path} is not named`);
});

const usesKeys = (file: string): boolean => {
  const imported = [...textOf(file).matchAll(/import \{([^}]*)\} from 'node:crypto'/g)].flatMap(([, names = '']) =>
    names.split(',').map((name) => name.trim().replace(/ as .*/, '')),
  );
  return keyFunctions.some((name) => imported.includes(name));
};

test('whoever else may use keys does, or is taken off the list', () => {
  for (const { path } of [...core, ...alsoKeys]) assert.ok(existsSync(join(root, 'src', path)), `${path} is not there`);
  const idle = alsoKeys.filter(({ path }) => !filesOf(path).some(usesKeys)).map(({ path }) => path);
  assert.deepEqual(idle, []);
});

test('a key is not used outside the core, however it is imported', async () => {
  const judged = (file: string, text: string) => saidByRule('keys', file, text);
  for (const text of [
    "import { createDecipheriv } from 'node:crypto';\nexport const a = createDecipheriv;\n",
    "import { sign as made } from 'node:crypto';\nexport const a = made;\n",
    "import * as all from 'node:crypto';\nexport const a = all;\n",
    "import all from 'node:crypto';\nexport const a = all;\n",
    "export { hkdfSync } from 'node:crypto';\n",
    "export * from 'node:crypto';\n",
    "export const a = async () => import('node:crypto');\n",
    "export const a = process.getBuiltinModule('node:crypto');\n",
  ]) {
    const [said, ...more] = (await judged('src/pickup/lease.ts', text)) ?? [];
    assert.match(said ?? '', /^Keys are for the core to be audited/, text);
    assert.deepEqual(more, [], text);
    assert.equal(await judged('src/auth/sasl.ts', text), undefined, 'of the core');
  }
  assert.deepEqual(
    await judged(
      'src/pickup/lease.ts',
      "import { hash, type KeyObject } from 'node:crypto';\nexport const a = hash;\n",
    ),
    [],
  );
});
