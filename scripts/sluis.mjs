#!/usr/bin/env node
// The command `sluis`. It is plain JavaScript, so that an old Node can read it and say in one line what is missing, and so that Node loads its reader of types
// only for a source that has changed: what it made of the others is in the cache.
import { existsSync, mkdirSync, statSync } from 'node:fs';
import module from 'node:module';
import { dirname, join } from 'node:path';
import { UNFIT, nodeProblem } from './node-version.mjs';

/**
 * Where Node keeps what it compiled: the cache folder of a service, or of this user. Node runs what lies there, so it must be this user's own and closed to others, up to the folder
 * that the system gave him: root who kept somebody's HOME has none. Whoever has none starts slower.
 */
function cacheFolder({ NODE_COMPILE_CACHE, CACHE_DIRECTORY, XDG_CACHE_HOME, HOME }) {
  if (NODE_COMPILE_CACHE !== undefined) return undefined;
  const given = CACHE_DIRECTORY ?? XDG_CACHE_HOME ?? (HOME === undefined ? undefined : join(HOME, '.cache'));
  if (given === undefined) return undefined;
  const isOwn = (folder) => {
    const { uid, mode } = statSync(folder);
    return uid === process.geteuid() && (mode & 0o022) === 0;
  };
  try {
    if (!isOwn(CACHE_DIRECTORY === undefined && XDG_CACHE_HOME === undefined ? HOME : given)) return undefined;
    const folder = join(given, 'sluis', 'compiled');
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return [given, dirname(folder), folder].every(isOwn) ? folder : undefined;
  } catch {
    return undefined;
  }
}

const SRC = new URL('../src/', import.meta.url).href;
/** A package has the sources without their types: scripts/prepack.mjs. */
const [MAIN, FORMAT] = existsSync(new URL('main.ts', SRC)) ? ['main.ts', 'module-typescript'] : ['main.js', 'module'];
/** Packages that every command loads, whose files are modules, each named by its path. */
const MODULES = /\/node_modules\/(?:zod|smol-toml)\//;

/**
 * Sources name each other by paths that are there: nothing has to be looked for, which is a fifth of what it costs to load a file. The texts of zod in 50 languages stay where they
 * are: ours says everything itself.
 */
function resolve(specifier, context, next) {
  const { parentURL } = context;
  if (!specifier.startsWith('.') || parentURL === undefined) return next(specifier, context);
  const found = (format) => ({ url: new URL(specifier, parentURL).href, format, shortCircuit: true });
  if (parentURL.startsWith(SRC)) return found(FORMAT);
  if (!MODULES.test(parentURL)) return next(specifier, context);
  return specifier.endsWith('/locales/index.js')
    ? { url: 'data:text/javascript,', format: 'module', shortCircuit: true }
    : found('module');
}

const problem = nodeProblem();
if (problem === undefined) {
  const folder = cacheFolder(process.env);
  if (folder !== undefined) {
    module.enableCompileCache(folder);
    // Threads and programs that it starts read it as well.
    process.env.NODE_COMPILE_CACHE = folder;
  }
  module.registerHooks({ resolve });
  await import(new URL(MAIN, SRC).href);
} else {
  process.stderr.write(`${problem}\n`);
  process.exitCode = UNFIT;
}
