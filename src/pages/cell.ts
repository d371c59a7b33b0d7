/** A text in a cell of a table in Markdown. */
export const cell = (text: string): string =>
  text.replace(/\|/g, '\\|').replace(/[<>]/g, (c) => (c === '<' ? '&lt;' : '&gt;'));
