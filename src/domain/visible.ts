/**
 * Text from strangers made fit for a terminal, a log line or a table: control characters and those that turn the direction of writing show
 * as `\u{202e}`, and it ends at `most` characters.
 */
export function visible(text: string, most: number): string {
  const cut = text.length > most ? `${text.slice(0, most - 1)}…` : text;
  return cut.replace(
    /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
}
