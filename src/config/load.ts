/**
 * Reads the configuration file. It reports all problems at once, and guesses nothing. An unknown
 * name is refused, because a limit with a mistyped name would not hold.
 */
import { readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { TomlError, parse } from 'smol-toml';
import { absolute } from './absolute.ts';
import { backupProblems } from './backup.ts';
import { consoleProblems } from './console.ts';
import { controlProblems } from './control.ts';
import { fileProblems, reasonOf } from './files.ts';
import { letterProblems } from './letters.ts';
import { listenerProblems } from './listeners.ts';
import { setupProblems } from './setup.ts';
import { keyCopyProblems, keyProblems } from './places.ts';
import { type Config, configSchema } from './schema.ts';
import { storeProblems } from './store.ts';
import { ConfigError, type ConfigProblem, problemsOf } from './problem.ts';

/**
 * Octets. No configuration is as large, but a device file or a log that was given by mistake is.
 */
const MAX_FILE = 1024 * 1024;

export interface LoadOptions {
  /** False if key and certificate files need not exist yet. */
  readonly files?: boolean;
}

/** Reads and checks the configuration. Throws ConfigError. */
export function loadConfig(path: string, options: LoadOptions = {}): Config {
  const text = readText(resolve(path));
  if (typeof text !== 'string') throw new ConfigError(path, [text]);
  return parseConfig(text, path, options);
}

/**
 * Better words for the most frequent mistake. The parser's own text is misleading: it finds the end
 * of the line inside a text.
 */
const TOLD: Readonly<Record<string, string>> = {
  'control characters are not allowed in strings': 'a text lacks its closing quote, or holds a control character',
};

/** Reads the text of a configuration that stands, or will stand, at `path`. Throws ConfigError. */
export function parseConfig(text: string, path: string, { files = true }: LoadOptions = {}): Config {
  const file = resolve(path);
  const refuse = (...problems: ConfigProblem[]): never => {
    throw new ConfigError(path, problems);
  };
  let document: unknown;
  try {
    document = parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [what = ''] = error.message.replace(/^Invalid TOML document: /, '').split('\n');
    return refuse({
      path: `line ${error.line}, column ${error.column}`,
      expected: 'TOML',
      remedy: `${TOLD[what] ?? what}; correct the line`,
    });
  }
  const parsed = configSchema.safeParse(document);
  if (!parsed.success) return refuse(...problemsOf(document, parsed.error.issues));
  const config = { ...absolute(parsed.data, dirname(file)), file };
  const problems = [
    ...controlProblems(config),
    ...consoleProblems(config),
    ...listenerProblems(config),
    ...setupProblems(config),
    ...keyProblems(config),
    ...storeProblems(config),
    ...backupProblems(config),
    ...keyCopyProblems(config),
    ...(files ? [...fileProblems(config), ...letterProblems(config)] : []),
  ];
  return problems.length > 0 ? refuse(...problems) : config;
}

function readText(file: string): string | ConfigProblem {
  try {
    const stats = statSync(file);
    if (stats.isDirectory())
      return {
        path: file,
        expected: 'a file',
        remedy: 'it is a folder; give the configuration file in it with --config',
      };
    if (!stats.isFile() || stats.size > MAX_FILE)
      return { path: file, expected: 'a file of at most 1MiB', remedy: 'give the configuration file with --config' };
    return readFileSync(file, 'utf8');
  } catch (error) {
    return {
      path: file,
      expected: 'a readable file',
      remedy: `${reasonOf(error)}; give it with --config, or make one with "sluis init --config ${file}"`,
    };
  }
}

export const controlSocketOf = (config: Config): string =>
  config.data['control-socket'] ?? join(config.data.folder, 'run', 'control.sock');
