/** The list of chapters at the top of a long page, between two marks: what a reader clicks on cannot differ from what is there. */

const BEGIN = '<!-- contents: written by "npm run docs" -->';
const END = '<!-- end of contents -->';

/** The anchor that GitHub and most renderers give a heading: lower case, only letters, digits, hyphens and underscores, a hyphen for each space. */
export const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');

/** Headings of a page in their order, those inside fenced blocks left out. */
export function headingsOf(page: string): { readonly depth: number; readonly text: string }[] {
  const prose = page.replace(/^```[\s\S]*?^```$/gm, '');
  return [...prose.matchAll(/^(#+) (.+)$/gm)].map(([, marks = '', text = '']) => ({ depth: marks.length, text }));
}

export const hasContents = (page: string): boolean => page.includes(BEGIN);

/** The page with its contents brought up to date: a line for each chapter, its sections behind it. */
export function writeContents(page: string): string {
  const [before, rest] = page.split(BEGIN);
  const after = rest?.split(END)[1];
  if (before === undefined || after === undefined) throw new Error(`the page has no marks ${BEGIN} and ${END}`);
  const link = (text: string): string => `[${text}](#${anchorOf(text)})`;
  const lines: string[] = [];
  for (const { depth, text } of headingsOf(after)) {
    if (depth === 2) lines.push(`- ${link(text)}`);
    if (depth === 3) lines.push(`${lines.pop() ?? '-'} · ${link(text)}`);
  }
  return `${before}${BEGIN}\n${lines.join('\n')}\n${END}${after}`;
}
