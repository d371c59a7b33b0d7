// A reporter for Node's runner: how long each test file took from the start of its process to its end. Seconds, as scripts/test.mjs describes.
import { relative } from 'node:path';

export default async function* times(source) {
  for await (const { type, data } of source)
    if (type === 'test:complete' && data.name === data.file)
      yield `file\t${(data.details.duration_ms / 1000).toFixed(1)}\t${relative(process.cwd(), data.file)}\n`;
}
