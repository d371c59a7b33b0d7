// A reporter for Node's runner: how long each test file took, from the start of its process to its end, or without what it loaded where it shares one. Seconds,
// as scripts/test.mjs describes. And what failed: of a suite whose hook failed, or that could not be loaded, Node's own summary and exit code tell nothing.
import { relative } from 'node:path';

export default async function* times(source) {
  for await (const { type, data } of source) {
    const of = relative(process.cwd(), data.name ?? '');
    if (type === 'test:complete' && data.nesting === 0 && of.endsWith('.test.ts'))
      yield `file\t${(data.details.duration_ms / 1000).toFixed(1)}\t${of}\n`;
    if (type === 'test:fail' && data.todo === undefined) yield `failed\t${data.name.replaceAll(/\s/g, ' ')}\n`;
  }
}
