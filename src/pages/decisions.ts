/** The list of decisions in docs/decisions/README.md. */
import { betweenMarks, marksOf } from '../domain/between-marks.ts';

/** The title of a decision, without its number: the first line of its file. */
export const titleOf = (text: string): string => (text.split('\n', 1)[0] ?? '').replace(/^# \d{4}:? /, '');

/**
 * The page with a line for each file, in the order of their numbers. `titles`: name of the file,
 * title. Throws where the page has no place for it.
 */
export function writeDecisions(page: string, titles: ReadonlyMap<string, string>): string {
  const lines = [...titles].sort().map(([name, title]) => `- [${name.slice(0, 4)}](${name}) ${title}`);
  return betweenMarks(page, marksOf('decisions'), () => lines);
}
