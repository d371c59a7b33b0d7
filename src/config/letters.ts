/** The operator's own letters. They are read at each use, and checked with the configuration. */
import { readFileSync, statSync } from 'node:fs';
import { type LetterTemplate, parseLetterTemplate } from '../domain/letter-template.ts';
import type { Language } from '../domain/registry.ts';
import { ConfigError, type ConfigProblem, shown } from './problem.ts';
import type { Config } from './schema.ts';

const MAX_FILE = 64 * 1024;

type Setting = 'letter' | 'letter-en';

function readLetter(config: Config, setting: Setting): LetterTemplate | ConfigProblem | undefined {
  const file = config.enrolment[setting];
  if (file === undefined) return undefined;
  const problem = (expected: string, remedy: string): ConfigProblem => ({
    path: `enrolment.${setting}`,
    value: shown(file),
    expected,
    remedy,
  });
  let text: string;
  try {
    if (statSync(file).size > MAX_FILE) return problem('a text of at most 64KiB', 'name the template of a letter');
    text = new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ERR_ENCODING_INVALID_ENCODED_DATA'
      ? problem('a text in UTF-8', 'save it as UTF-8')
      : problem('a readable file', `it cannot be read (${code ?? String(error)}); correct the path or put it there`);
  }
  const parsed = parseLetterTemplate(text);
  return parsed.ok
    ? parsed.value
    : problem(`a letter without mistakes; line ${parsed.error.line} has one`, parsed.error.text);
}

const isProblem = (read: LetterTemplate | ConfigProblem): read is ConfigProblem => 'path' in read;

export const letterProblems = (config: Config): readonly ConfigProblem[] =>
  (['letter', 'letter-en'] as const)
    .map((setting) => readLetter(config, setting))
    .filter((read) => read !== undefined)
    .filter(isProblem);

/** The operator's own letter; undefined if there is none. Throws ConfigError. */
export function ownLetter(config: Config, language: Language): LetterTemplate | undefined {
  const english = language === 'en' && config.enrolment['letter-en'] !== undefined;
  const read = readLetter(config, english ? 'letter-en' : 'letter');
  if (read !== undefined && isProblem(read)) throw new ConfigError(config.file, [read]);
  return read;
}
