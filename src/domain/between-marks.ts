/**
 * Parts of pages of docs/ that are written from the code stand between two marks; what stands
 * outside them is written by hand.
 */

export interface Marks {
  readonly begin: string;
  readonly end: string;
}

/** `<!-- routes: written by "npm run docs" -->` and `<!-- end of routes -->`. */
export const marksOf = (name: string): Marks => ({
  begin: `<!-- ${name}: written by "npm run docs" -->`,
  end: `<!-- end of ${name} -->`,
});

/**
 * The page with these lines between its marks. `write`: of what stands behind them. Throws if a
 * mark is missing.
 */
export function betweenMarks(page: string, { begin, end }: Marks, write: (after: string) => readonly string[]): string {
  const [before, rest] = page.split(begin);
  const after = rest?.split(end)[1];
  if (before === undefined || after === undefined) throw new Error(`the page has no marks ${begin} and ${end}`);
  return `${before}${begin}\n${write(after).join('\n')}\n${end}${after}`;
}
