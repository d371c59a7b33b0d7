/**
 * What docs/style.md asks of words: the list of those that have a better one, and sentences that
 * are read in one breath.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const MOST_WORDS = 20;

/** Words of Dutch texts for which there is a better one. */
export const AVOIDED: readonly string[] = readFileSync(
  join(import.meta.dirname, '..', '..', '..', 'docs', 'style.md'),
  'utf8',
)
  .split('\n')
  .flatMap((line) => /^\|[^|]+\|[^|]+\| ([^|]+) \|$/.exec(line)?.[1]?.split(', ') ?? [])
  .filter((word) => word !== 'Not' && word !== '---');

const wrong = new RegExp(`(?<![\\p{L}-])(?:${AVOIDED.join('|')})(?![\\p{L}-])`, 'iu');

/**
 * The first word of a Dutch text that has a better one. What stands between quotes is what a
 * program calls it.
 */
export const avoidedIn = (text: string): string | undefined => wrong.exec(text.replace(/"[^"]*"/g, ''))?.[0];

/** A command to type is one word, and so is a day with its time. */
const asRead = (text: string): string =>
  text.replace(/"sluis [^"]+"/g, 'COMMAND').replace(/\p{L}+ \d{1,2} \p{L}+ \d{4}(?: (?:om|at) \d\d:\d\d)?/gu, 'DAY');

/** Sentences that are too long. */
export const tooLong = (text: string): readonly string[] =>
  asRead(text)
    .split(/[.?!:](?:\s|$)/)
    .filter((sentence) => sentence.trim().split(/\s+/).length > MOST_WORDS);
