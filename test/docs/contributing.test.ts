/**
 * docs/contributing.md shows its steps on commits and files: they are there, and the commits
 * touched what the steps name.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '..', '..');
const page = readFileSync(join(root, 'docs', 'contributing.md'), 'utf8');
/** What stands between backticks in a text. */
const quoted = (text: string): string[] => [...text.matchAll(/`([^`\n]+)`/g)].map(([, words = '']) => words);
const git = (...args: string[]): string | undefined => {
  const { status, stdout } = spawnSync('git', args, { cwd: root, encoding: 'utf8' });
  return status === 0 ? stdout : undefined;
};

test('every file, folder and test that the page names is there', () => {
  const named = quoted(page).filter((words) => /^(?:src|test|docs|\.ci)\/[\w./-]*$/.test(words));
  assert.ok(named.length > 30, String(named.length));
  const forms = (name: string): string[] => [name, `${name}.ts`, `${name}.test.ts`];
  // One of them is told as what stood there once.
  const gone = named.filter((name) => !forms(name).some((form) => existsSync(join(root, form))));
  assert.deepEqual(
    gone,
    ['src/domain/settings.ts'].filter((name) => !existsSync(join(root, name))),
  );
});

/** Section by section: the commits, and words that they must have brought or touched. */
const SHOWN: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  'A setting': { c96af79: ['+++ b/src/config/schema.ts', "+  'keep-deleted': {", 'b/test/store/trace-contract.ts'] },
  'A metric': { fa70cf7: ["+    'sluis_codes_total',", 'b/src/enrol/window-notes.ts', 'b/src/gateway/protocols.ts'] },
  'A registry change': {
    '6ca109e': ['b/src/store/changes/operators.ts', 'b/src/store/reads/operators.ts', 'b/src/store/objects.ts'],
    '4929337': ['b/src/store/changes/quirks.ts', 'b/src/store/reads/quirks.ts', 'b/test/store/quirks.test.ts'],
  },
  'A step of the middleware': { '5fa7524': ['b/src/middleware/edi-contrl.ts', 'b/docs/decisions/1105-contrl.md'] },
};

test('each of the four changes is shown on commits, which did what it says', (t) => {
  const sections = new Map(page.split('\n## ').map((text) => [text.split('\n', 1)[0] ?? '', text]));
  for (const [section, commits] of Object.entries(SHOWN)) {
    const text = sections.get(section) ?? '';
    const hashes = quoted(text).filter((words) => /^[0-9a-f]{7}$/.test(words));
    assert.deepEqual([...new Set(hashes)].sort(), Object.keys(commits).sort(), section);
  }
  // A package and a clone without history have no commits to show.
  if (git('rev-parse', '--is-shallow-repository')?.trim() !== 'false') return t.skip('no history here');
  for (const [hash, words] of Object.entries(SHOWN).flatMap(([, commits]) => Object.entries(commits))) {
    const shown = git('show', '--format=', hash);
    assert.ok(shown !== undefined, `commit ${hash} is not there`);
    for (const word of words) assert.ok(shown.includes(word), `commit ${hash} has no "${word}"`);
  }
});

test('at least twenty questions are answered by at most two files, which have what is named there', () => {
  const table = page.split('\n## Where is it decided\n')[1]?.split('\n## ')[0] ?? '';
  const rows = table.split('\n').filter((line) => line.startsWith('| ') && line.includes('?'));
  assert.ok(rows.length >= 20, String(rows.length));
  for (const row of rows) {
    const [, question = '', files = '', names = ''] = row.split(' | ').length === 3 ? ['', ...row.split(' | ')] : [];
    const opened = quoted(files);
    assert.ok(opened.length === 1 || opened.length === 2, question);
    const texts = opened.map((file) => readFileSync(join(root, file), 'utf8')).join('\n');
    assert.ok(quoted(names).length > 0, question);
    for (const name of quoted(names)) assert.match(texts, new RegExp(`\\b${name}\\b`), `${question} ${name}`);
  }
});
