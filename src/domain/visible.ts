/**
 * Text from strangers made fit for a terminal, a log line or a table: control characters (C0, C1),
 * those that turn the direction of writing, and those that nobody sees show as `\u{202e}`. A
 * terminal obeys the first, and a person is deceived by the others.
 */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu;
/**
 * As above, without what makes lines and columns. A CR alone goes back to the begin of the line and
 * writes over it.
 */
const UNSEEN_IN_LINES = /(?!\n|\t|\r\n)[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu;
/** JSON.stringify writes the controls below U+0020 as escapes, and leaves these. */
const UNSEEN_IN_JSON = /[\x7f\p{Cf}\u0080-\u009f\u2028\u2029]/gu;

const codePoint = (character: string): string => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;

/** One line that ends at `most` characters. */
export function visible(text: string, most: number): string {
  const cut = text.length > most ? `${text.slice(0, most - 1)}…` : text;
  return cut.replace(UNSEEN, codePoint);
}

/** One line of any length. */
export const visibleLine = (text: string): string => text.replace(UNSEEN, codePoint);

/** Lines of text, whose ends and tabs stay. */
export const visibleText = (text: string): string => text.replace(UNSEEN_IN_LINES, codePoint);

/**
 * JSON that means the same value and holds no character that a terminal obeys. `indent`: as of
 * JSON.stringify.
 */
export const visibleJson = (value: unknown, indent?: number): string =>
  JSON.stringify(value, null, indent).replace(UNSEEN_IN_JSON, (character) =>
    Array.from(
      { length: character.length },
      (_, n) => `\\u${character.charCodeAt(n).toString(16).padStart(4, '0')}`,
    ).join(''),
  );
