/** A file of the source as a syntax tree, for tests that read names or texts in it. */
import ts from 'typescript';
import { sourceText } from './source-files.ts';

export const sourceTree = (file: string): ts.SourceFile =>
  ts.createSourceFile(file, sourceText(file), ts.ScriptTarget.Latest);

/** Every node of the tree, in no order, without those that are skipped and what is inside them. */
export function* nodesOf(
  source: ts.SourceFile,
  isSkipped: (node: ts.Node) => boolean = () => false,
): Generator<ts.Node> {
  const waiting: ts.Node[] = [source];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (isSkipped(node)) continue;
    yield node;
    ts.forEachChild(node, (child) => void waiting.push(child));
  }
}
