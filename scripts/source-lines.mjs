// A reporter for Node's runner: the one that it is asked for (`?spec`), with the places in what failed said in TypeScript. The tests run without
// --enable-source-maps, which every thread and process that they start would pay for at each file that it loads, and which only what fails needs.
import { existsSync, readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { dirname, resolve } from 'node:path';
import { Readable } from 'node:stream';
import reporters from 'node:test/reporters';

const { search } = new URL(import.meta.url);
const name = search.slice(1);

/** @type {Map<string, SourceMap | undefined>} */
const maps = new Map();
function mapOf(file) {
  if (!maps.has(file)) {
    const map = `${file}.map`;
    maps.set(file, existsSync(map) ? new SourceMap(JSON.parse(readFileSync(map, 'utf8'))) : undefined);
  }
  return maps.get(file);
}

/** Of a place in a compiled file, both counted from 1: the same when nothing is known of it. */
function placeOf(file, line, column) {
  const origin = mapOf(file)?.findOrigin(line, column);
  if (origin?.fileName === undefined) return { file, line, column };
  return { file: resolve(dirname(file), origin.fileName), line: origin.lineNumber, column: origin.columnNumber };
}

const inText = (text) =>
  text.replace(/(?:file:\/\/)?([^\s():]+\.js):(\d+):(\d+)/g, (whole, file, line, column) => {
    const place = placeOf(resolve(file), Number(line), Number(column));
    if (place.file === resolve(file)) return whole;
    return `${place.file}:${place.line}:${place.column}`;
  });

function inError(error) {
  for (let at = error, depth = 0; at instanceof Error && depth < 8; at = at.cause, depth += 1)
    if (typeof at.stack === 'string') Object.defineProperty(at, 'stack', { value: inText(at.stack) });
}

async function* mapped(source) {
  for await (const event of source) {
    const { type, data } = event;
    if (type === 'test:stderr' || type === 'test:diagnostic')
      yield { type, data: { ...data, message: inText(data.message) } };
    else if (type === 'test:fail') {
      inError(data.details.error);
      const known = data.file !== undefined && data.line !== undefined;
      yield { type, data: { ...data, ...(known ? placeOf(data.file, data.line, data.column) : {}) } };
    } else yield event;
  }
}

export default async function* report(source) {
  // It alone is a stream, not a generator.
  if (name === 'spec') yield* Readable.from(mapped(source)).compose(new reporters.spec());
  else yield* reporters[name](mapped(source));
}
