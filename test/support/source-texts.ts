/**
 * What the source says in words: every literal with at least two words, for tests of words and
 * spelling.
 */
import ts from 'typescript';
import { sourceFiles } from './source-files.ts';
import { nodesOf, sourceTree } from './source-tree.ts';

export interface Said {
  readonly at: string;
  readonly text: string;
}

/**
 * Texts with at least two words in a file. Each value in a template becomes an X. SQL is left out.
 */
function* textsOf(file: string): Generator<Said> {
  const source = sourceTree(file);
  for (const node of nodesOf(source, ts.isTaggedTemplateExpression)) {
    const text = ts.isTemplateExpression(node)
      ? node.head.text + node.templateSpans.map(({ literal }) => `X${literal.text}`).join('')
      : ts.isStringLiteralLike(node)
        ? node.text
        : '';
    if (/[a-z,] [a-z]/.test(text) && !/^\s*(?:SELECT|INSERT|UPDATE|DELETE|CREATE|WITH)\b/.test(text)) {
      const { line } = source.getLineAndCharacterOfPosition(node.getStart(source));
      yield { at: `${file}:${line + 1}`, text };
    }
  }
}

export const sourceTexts = (): readonly Said[] => sourceFiles().flatMap((file) => [...textsOf(file)]);
