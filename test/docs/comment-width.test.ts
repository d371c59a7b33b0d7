/** Comments of the source are read beside the code: no line is longer than 100 columns. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sourceFiles, sourceText } from '../support/source-files.ts';

const WIDEST = 100;
const COMMENT = /^\s*(?:\*|\/\*\*?|\/\/)(?: |$)/;
/** Tables, lines as they go over the wire, code, and what a tool reads from one line. */
const AS_IT_STANDS = /^\s*\* (?: {2,}|.*\S {2,}\S|`)|^\s*\/\/ (?:@|eslint-)/;

const isTooWide = (line: string): boolean => line.length > WIDEST && COMMENT.test(line) && !AS_IT_STANDS.test(line);

test('a long line of a comment is found, and neither code nor a table', () => {
  const long = 'a word and '.repeat(10);
  assert.deepEqual(
    [` * ${long}`, `// ${long}`, `  /** ${long}*/`, `const a = '${long}';`, ` *   1  table  ${long}`].map(isTooWide),
    [true, true, true, false, false],
  );
});

test(`no line of a comment in src/ is longer than ${WIDEST} columns`, () => {
  const wide = sourceFiles().flatMap((file) =>
    sourceText(file)
      .split('\n')
      .flatMap((line, i) => (isTooWide(line) ? [`${file}:${i + 1}`] : [])),
  );
  assert.deepEqual(wide, []);
});
