/**
 * Colours for people at a terminal: headings of tables, states that want attention, errors and
 * warnings. Output is text until its last moment, so that nobody but this file knows of colours: it
 * looks for what commands print in one form everywhere. A word of a stranger that has the form gets
 * a colour, and nothing else.
 */
import { styleText } from 'node:util';

type Style = Parameters<typeof styleText>[0];

/** Words in capitals, in columns: `LISTENER  PROTOCOL  NEXT ATTEMPT`. */
const HEADING = /^[A-Z][A-Z0-9-]+(?: +[A-Z0-9-]+)*$/gm;

/**
 * Stands as a cell of its own, or as the value of a fact: behind two spaces or `: `, up to a comma,
 * two spaces or the end of the line.
 */
const cell = (words: string): RegExp => new RegExp(`(?<=(?:^| {2}|: +))(?:${words})(?=$|,| \\(| {2})`, 'gm');

const OUT: readonly (readonly [RegExp, Style])[] = [
  [HEADING, 'bold'],
  [cell('failed|revoked|expired|ended'), 'red'],
  [cell('suspended|ending|held|refused|not-yet-valid'), 'yellow'],
  [/^Warning(?=: )/gm, 'yellow'],
];
const ERR: readonly (readonly [RegExp, Style])[] = [
  [/^Warning(?=: )/gm, 'yellow'],
  [/^(?:error: |Cannot |Not ready, |No mail would be taken, ).*/gm, 'red'],
];

const painted = (text: string, rules: typeof OUT): string =>
  rules.reduce(
    (so, [form, style]) => so.replace(form, (word) => styleText(style, word, { validateStream: false })),
    text,
  );

/**
 * What is printed on `stream`: as it is, unless it is a terminal that takes colours (no-color.org;
 * `TERM=dumb` takes none).
 */
export function paintFor(stream: NodeJS.WriteStream, kind: 'out' | 'err'): (text: string) => string {
  const takes = stream.isTTY && stream.getColorDepth() > 1;
  return takes ? (text) => painted(text, kind === 'out' ? OUT : ERR) : (text) => text;
}
