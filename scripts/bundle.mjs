// Puts what each thread and process of ours loads into one file, in place of what tsc compiled of its first file, and what the command loads into files of
// parts that come together: Node takes 0.3 ms to find, read and link a file, a thread of the store is of 150, loaded anew by each thread that starts, and
// `sluis serve` of 700. Packages stay outside, but for two of the command. Why: docs/decisions/1618-threads-of-one-file.md.
import { readFileSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { loadedTogether, noLocales, ownPackages } from './bundle-parts.mjs';

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

const optionsAt = (root) => ({
  outbase: join(root, 'src'),
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

/** Answers what is wrong, or undefined. */
export async function bundle(root) {
  let esbuild;
  try {
    esbuild = await import('esbuild');
  } catch {
    console.error(
      'esbuild is not installed, so everything loads its files one by one and starts slower: run "npm ci".',
    );
    return undefined;
  }
  return (await bundleThreads(esbuild, root)) ?? (await bundleCommand(esbuild, root));
}

async function bundleThreads(esbuild, root) {
  const src = join(root, 'src');
  const { begin, placed } = found(src);
  if (begin.length === 0) return undefined;
  const { metafile } = await esbuild.build({ ...optionsAt(root), entryPoints: begin });
  for (const { entryPoint, inputs } of Object.values(metafile.outputs))
    for (const input of entryPoint === undefined ? [] : Object.keys(inputs))
      if (placed.has(join(root, input)) && dirname(input) !== dirname(entryPoint))
        return `${input} says import.meta, and would look for what is beside it in ${dirname(entryPoint)}, where ${relative('src', entryPoint)} brings it`;
  return undefined;
}

/** The beginning of the name of a part, beside the first file of the command. No source is called so. */
export const PART = 'part-';

/**
 * What a source says of its own place, said of a part: all of them lie in dist/src. `together` answers what else a source is to load, as paths below the
 * project's folder: these lines come last, where they leave the numbers of the others alone.
 */
const placedIn = (src, together) => ({
  name: 'placed',
  setup({ onLoad }) {
    onLoad({ filter: /\.ts$/ }, ({ path }) => {
      if (!path.startsWith(src)) return undefined;
      const text = readFileSync(path, 'utf8');
      if (text.includes('z.locales')) return { errors: [{ text: `the build leaves the locales of zod out: ${path}` }] };
      const more = together(join('src', relative(src, path))).map((one) => `\nimport '${join(src, '..', one)}';`);
      if (more.length === 0 && !text.includes('import.meta')) return undefined;
      const line = text.split('\n').findIndex((said) => /import\.meta\b(?!\.url\b)/.test(said));
      if (line >= 0)
        return { errors: [{ text: 'expected import.meta.url', location: { file: path, line: line + 1 } }] };
      const compiled = `./${relative(src, path).replace(/\.ts$/, '.js')}`;
      return {
        loader: 'ts',
        contents: text.replaceAll('import.meta.url', `new URL('${compiled}', import.meta.url).href`) + more.join(''),
      };
    });
  },
});

/** What is loaded later, as most commands are, stays in parts of its own. Parts are in place before the old ones go. */
async function bundleCommand(esbuild, root) {
  const src = join(root, 'src');
  const { packages, ...options } = {
    ...optionsAt(root),
    entryPoints: [join(src, 'main.ts')],
    splitting: true,
    chunkNames: `${PART}[hash]`,
  };
  const graph = await esbuild.build({ ...options, packages, sourcemap: false, write: false });
  const { metafile } = await esbuild.build({
    ...options,
    plugins: [ownPackages, noLocales, placedIn(src, loadedTogether(graph.metafile.inputs))],
  });
  const made = new Set(Object.keys(metafile.outputs).map((name) => join(root, name)));
  const compiled = join(root, 'dist', 'src');
  for (const name of readdirSync(compiled))
    if (name.startsWith(PART) && !made.has(join(compiled, name))) rmSync(join(compiled, name));
  return undefined;
}
