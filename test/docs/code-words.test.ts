/**
 * Words that the code once had for things which the field has a word for: none comes back as a name
 * or as a file.
 */
import assert from 'node:assert/strict';
import { basename } from 'node:path';
import { test } from 'node:test';
import ts from 'typescript';
import { sourceFiles } from '../support/source-files.ts';
import { nodesOf, sourceTree } from '../support/source-tree.ts';

/** The word, as a part of a name, and what it is called now. */
const OLD: Readonly<Record<string, string>> = {
  desk: 'notice writer',
  ground: 'change context (store/changes), locked rows (store/postgres)',
  leg: 'copy route',
  tie: 'reference',
  ties: 'references',
  workshop: 'body writers',
  passage: 'passed message',
};
/** Types that were declared in several files for several things; each has the name of its thing. */
const OLD_TYPES: ReadonlySet<string> = new Set(['Changed', 'Told', 'Passed', 'Made', 'Lead', 'Place', 'Away']);

/** `NoticeWriterParts`, `notice-writer.ts`, `MAX_TIES` as words in small letters. */
const wordsOf = (name: string): string[] =>
  name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2')
    .split(/[^A-Za-z0-9]+/)
    .map((word) => word.toLowerCase());

/** CSS calls a background the ground of a page. */
const EXCEPT = /^src\/web\/look\/|^src\/console\/style/;

const files = sourceFiles();

/** What a file declares or names: identifiers alone, no comment and no text. */
function* namesIn(file: string): Generator<{ readonly name: string; readonly type: boolean }> {
  for (const node of nodesOf(sourceTree(file))) {
    if (ts.isIdentifier(node) || ts.isPrivateIdentifier(node)) yield { name: node.text, type: false };
    if (
      (ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node) || ts.isClassDeclaration(node)) &&
      node.name
    )
      yield { name: node.name.text, type: true };
  }
}

test('no name in src/ has a word of the old dialect, and no file', () => {
  assert.ok(files.length > 1000, String(files.length));
  const found = new Set<string>();
  for (const file of files) {
    const say = (name: string): void => {
      for (const word of wordsOf(name))
        if (Object.hasOwn(OLD, word) && !EXCEPT.test(file)) found.add(`${file}: ${name} (say: ${OLD[word] ?? ''})`);
    };
    say(basename(file, '.ts'));
    for (const { name, type } of namesIn(file)) {
      say(name);
      if (type && OLD_TYPES.has(name)) found.add(`${file}: type ${name} (say what it is)`);
    }
  }
  assert.deepEqual([...found].sort(), []);
});
