/** docs/packages.md tells of every package at its version, and of the folders that import it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import ts from 'typescript';
import { sourceFiles, sourceText } from '../support/source-files.ts';

const root = join(import.meta.dirname, '..', '..');
const read = (...path: string[]): string => readFileSync(join(root, ...path), 'utf8');
const { dependencies, devDependencies } = JSON.parse(read('package.json')) as Record<
  'dependencies' | 'devDependencies',
  Record<string, string>
>;

/** The first cells of the rows below a heading, without their backticks. */
const table = (heading: string): string[][] =>
  (read('docs', 'packages.md').split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '')
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim().replaceAll('`', '')),
    );

/** Package -> folders of src/ whose files import it, as code or as types. */
function imported(): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const file of sourceFiles()) {
    for (const { fileName: from } of ts.preProcessFile(sourceText(file), true, true).importedFiles) {
      if (from.startsWith('.') || from.startsWith('node:')) continue;
      const name = from
        .split('/')
        .slice(0, from.startsWith('@') ? 2 : 1)
        .join('/');
      const folders = found.get(name) ?? new Set<string>();
      found.set(name, folders.add(dirname(file)));
    }
  }
  return found;
}

test('every package of the gateway is told at its exact version, and no other', () => {
  const told = table('In the gateway').map(([name = '', version = '']) => [name, version]);
  assert.deepEqual(told, Object.entries(dependencies).sort());
  for (const [name, version] of told) assert.match(version, /^\d+\.\d+\.\d+$/, name);
});

test('every package for development is told at its exact version, and no other', () => {
  const told = table('For development alone').map(([name = '', version = '']) => [name, version]);
  assert.deepEqual(told, Object.entries(devDependencies).sort());
});

test('each package of the gateway is imported by the one folder that is told, and nothing else is imported', () => {
  const told = table('In the gateway').map(([name = '', , folder = '']) => [name, [folder]]);
  const found = [...imported()].map(([name, folders]) => [name, [...folders]]).sort();
  assert.deepEqual(found, told);
});
