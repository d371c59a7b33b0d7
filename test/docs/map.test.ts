/** The maps of the code and the table of standards tell of what is there. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { sourceFiles, sourceText } from '../support/source-files.ts';

const root = join(import.meta.dirname, '..', '..');
const read = (...path: string[]): string => readFileSync(join(root, ...path), 'utf8');
const folders = readdirSync(join(root, 'src'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

test('the layers of docs/architecture.md have every folder of src/, and no other', () => {
  const layers = read('docs', 'architecture.md').split('\n## Layers\n')[1]?.split('\n## ')[0] ?? '';
  const named = [...layers.matchAll(/`src\/([a-z0-9-]+)\/`/g)].map(([, name = '']) => name);
  assert.deepEqual(named.sort(), folders.sort());
});

const standards = read('docs', 'standards.md');

test('every test that docs/standards.md names is there', () => {
  const cells = [...standards.matchAll(/^\|.*\| (`[^|]+`) \|$/gm)].map(([, cell = '']) => cell);
  const names = cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name));
  assert.ok(names.length > 150, String(names.length));
  const exists = (name: string): boolean => {
    if (existsSync(join(root, 'test', `${name}.test.ts`)) || existsSync(join(root, 'test', `${name}.ts`))) return true;
    if (existsSync(join(root, 'test', name))) return true;
    const [folder = '', begin = ''] = name.split(/\/(?=[^/]*$)/);
    return (
      begin.endsWith('*') && readdirSync(join(root, 'test', folder)).some((file) => file.startsWith(begin.slice(0, -1)))
    );
  };
  assert.deepEqual(
    [...new Set(names)].filter((name) => !exists(name)),
    [],
  );
});

test('every RFC that the code cites has a row in docs/standards.md', () => {
  const cited = new Set<string>();
  for (const file of sourceFiles())
    for (const [, number = ''] of sourceText(file).matchAll(/\bRFC (\d{3,5})\b/g)) cited.add(number);
  assert.ok(cited.size > 50, String(cited.size));
  const rows = standards
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .join('\n');
  assert.deepEqual([...cited].filter((number) => !new RegExp(`\\b${number}\\b`).test(rows)).sort(), []);
});
