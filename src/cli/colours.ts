/**
 * Colours for people at a terminal: headings of tables, states that need attention, errors and
 * warnings. All other code prints plain text and knows nothing of colours. This file looks for
 * patterns that commands print everywhere. Text of a stranger that has such a pattern gets a
 * colour, and no more than that.
 */
import { styleText } from 'node:util';

type Style = Parameters<typeof styleText>[0];

/** A heading: words in capitals, in columns, such as `LISTENER  PROTOCOL  NEXT ATTEMPT`. */
const HEADING = /^[A-Z][A-Z0-9-]+(?: +[A-Z0-9-]+)*$/gm;

/**
 * Words that stand as a cell of their own, or as the value of a fact: after two spaces or `: `, and
 * before a comma, two spaces or the end of the line.
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
 * Returns a function that colours text for `stream`. It changes nothing if the stream is no
 * terminal with colours (no-color.org; `TERM=dumb` has none).
 */
export function paintFor(stream: NodeJS.WriteStream, kind: 'out' | 'err'): (text: string) => string {
  const takes = stream.isTTY && stream.getColorDepth() > 1;
  return takes ? (text) => painted(text, kind === 'out' ? OUT : ERR) : (text) => text;
}
