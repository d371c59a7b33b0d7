/** What the source says in words: every literal of at least two, as tests of words and spelling read it. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

const root = join(import.meta.dirname, '..', '..', '..');

export interface Said {
  readonly at: string;
  readonly text: string;
}

/** Texts of at least two words that the source has, with a blank for each value. SQL is none. */
function* textsOf(file: string): Generator<Said> {
  const source = ts.createSourceFile(file, readFileSync(join(root, file), 'utf8'), ts.ScriptTarget.Latest);
  const waiting: ts.Node[] = [source];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (ts.isTaggedTemplateExpression(node)) continue;
    const text = ts.isTemplateExpression(node)
      ? node.head.text + node.templateSpans.map(({ literal }) => `X${literal.text}`).join('')
      : ts.isStringLiteralLike(node)
        ? node.text
        : '';
    if (/[a-z,] [a-z]/.test(text) && !/^\s*(?:SELECT|INSERT|UPDATE|DELETE|CREATE|WITH)\b/.test(text)) {
      const { line } = source.getLineAndCharacterOfPosition(node.getStart(source));
      yield { at: `${file}:${line + 1}`, text };
    }
    ts.forEachChild(node, (child) => void waiting.push(child));
  }
}

export const sourceTexts = (): readonly Said[] =>
  readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) => [...textsOf(`src/${file}`)]);
