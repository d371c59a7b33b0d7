/**
 * What docs/style.md asks of words: a list of words that have a better one, and the longest
 * sentence that can be read in one breath.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const MOST_WORDS = 20;

/** Words in Dutch texts for which there is a better one. */
export const AVOIDED: readonly string[] = readFileSync(
  join(import.meta.dirname, '..', '..', 'docs', 'style.md'),
  'utf8',
)
  .split('\n')
  .flatMap((line) => /^\|[^|]+\|[^|]+\| ([^|]+) \|$/.exec(line)?.[1]?.split(', ') ?? [])
  .filter((word) => word !== 'Not' && word !== '---');

const wrong = new RegExp(`(?<![\\p{L}-])(?:${AVOIDED.join('|')})(?![\\p{L}-])`, 'iu');

/**
 * The first word of a Dutch text for which there is a better one. Words in quotes are left out,
 * because programs call things so.
 */
export const avoidedIn = (text: string): string | undefined => wrong.exec(text.replace(/"[^"]*"/g, ''))?.[0];

/** Counts a command to type as one word, and so a day with its time. */
const asRead = (text: string): string =>
  text.replace(/"sluis [^"]+"/g, 'COMMAND').replace(/\p{L}+ \d{1,2} \p{L}+ \d{4}(?: (?:om|at) \d\d:\d\d)?/gu, 'DAY');

/** The sentences that are too long. */
export const tooLong = (text: string): readonly string[] =>
  asRead(text)
    .split(/[.?!:](?:\s|$)/)
    .filter((sentence) => sentence.trim().split(/\s+/).length > MOST_WORDS);
