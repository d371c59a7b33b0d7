// Puts what each thread and process of ours loads into one file, in place of what tsc compiled of its first file: Node takes 0.3 ms to find, read and
// link a file, and a thread of the store is of 150, loaded anew by each thread that starts. Packages stay outside. Why: docs/decisions/1618-threads-of-one-file.md.
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

/** How a source names the file that a thread or a process begins with: as one beside it. */
const BEGINS = /new URL\('(\.\/[\w-]+)\.js', import\.meta\.url\)/g;

/** Full paths, of the files that threads and processes begin with and of those that say where they are. */
function found(src) {
  const begin = new Set();
  const placed = new Set();
  for (const name of readdirSync(src, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.ts')) continue;
    const file = join(src, name);
    const text = readFileSync(file, 'utf8');
    if (!text.includes('import.meta')) continue;
    placed.add(file);
    for (const [, beside] of text.matchAll(BEGINS)) begin.add(join(dirname(file), `${beside}.ts`));
  }
  return { begin: [...begin], placed };
}

/** Answers what is wrong, or undefined. */
export async function bundleThreads(root) {
  const src = join(root, 'src');
  const { begin, placed } = found(src);
  if (begin.length === 0) return undefined;
  let esbuild;
  try {
    esbuild = await import('esbuild');
  } catch {
    console.error('esbuild is not installed, so threads load their files one by one and start slower: run "npm ci".');
    return undefined;
  }
  const { metafile } = await esbuild.build({
    entryPoints: begin,
    outbase: src,
    outdir: join(root, 'dist', 'src'),
    absWorkingDir: root,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node22',
    sourcemap: 'linked',
    sourcesContent: false,
    legalComments: 'none',
    metafile: true,
    logLevel: 'error',
  });
  for (const { entryPoint, inputs } of Object.values(metafile.outputs))
    for (const input of entryPoint === undefined ? [] : Object.keys(inputs))
      if (placed.has(join(root, input)) && dirname(input) !== dirname(entryPoint))
        return `${input} says import.meta, and would look for what is beside it in ${dirname(entryPoint)}, where ${relative('src', entryPoint)} brings it`;
  return undefined;
}
