// Which parts the command is put into. A file costs Node 0.4 ms of every start, so what every command loads comes together, packages included:
// `account show` loaded 213 files and took 180 ms of processor time; with 52 it takes 135. Why: docs/decisions/1503-commands-load-what-they-run.md.

/** Each with what it imports is one part: what help needs, and what every command needs besides. */
const TOGETHER = ['src/cli/program.ts', 'src/cli/subject.ts'];

/** Packages that every command loads, 104 files of them. They are plain modules, and are in the tree of the package as before, for the threads. */
const PACKAGES = new Set(['zod', 'smol-toml']);

/**
 * esbuild makes one part of the sources that the same beginnings reach. A command begins with a source that something imports later; where each such source
 * reaches all that stands in TOGETHER, that is one part and not a hundred. By what esbuild read of the sources, answers what each must import for that.
 */
export function loadedTogether(inputs) {
  const importsOf = (path, kind) =>
    inputs[path].imports.filter((one) => !one.external && one.kind === kind).map((one) => one.path);
  const begins = new Set(Object.keys(inputs).flatMap((path) => importsOf(path, 'dynamic-import')));
  // A source of a part may itself begin something. It must not reach the parts that come after its own.
  const partOf = new Map();
  const takeIn = (path, part) => {
    if (partOf.has(path)) return;
    partOf.set(path, part);
    for (const next of importsOf(path, 'import-statement')) takeIn(next, part);
  };
  takeIn('src/main.ts', 0);
  const together = TOGETHER.filter((path) => path in inputs);
  together.forEach((path, part) => takeIn(path, part));
  return (path) => (begins.has(path) ? together.slice(0, partOf.get(path)) : []);
}

/** Packages stay outside, since some find compiled parts beside themselves, and tests reach them there. */
export const ownPackages = {
  name: 'packages',
  setup({ onResolve }) {
    onResolve({ filter: /^[^./]/ }, ({ path, kind }) =>
      kind === 'entry-point' || PACKAGES.has(path) ? undefined : { path, external: true },
    );
  },
};

/** The texts of zod in 50 languages, which are a third of its octets and 5 ms of a start. Ours says everything itself. */
export const noLocales = {
  name: 'no-locales',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]zod[\\/]v4[\\/]locales[\\/]index\.js$/ }, () => ({ contents: 'export {};' }));
  },
};
