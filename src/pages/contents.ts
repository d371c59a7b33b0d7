/**
 * The list of chapters at the top of a long page, between two marks: what a reader clicks on cannot
 * differ from what is there.
 */
import { betweenMarks, marksOf } from '../domain/between-marks.ts';

const MARKS = marksOf('contents');

/**
 * The anchor that GitHub and most renderers give a heading: lower case, only letters, digits,
 * hyphens and underscores, a hyphen for each space.
 */
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

export const hasContents = (page: string): boolean => page.includes(MARKS.begin);

/**
 * The page with its contents brought up to date: a line for each chapter, its sections behind it.
 */
export function writeContents(page: string): string {
  const link = (text: string): string => `[${text}](#${anchorOf(text)})`;
  return betweenMarks(page, MARKS, (after) => {
    const lines: string[] = [];
    for (const { depth, text } of headingsOf(after)) {
      if (depth === 2) lines.push(`- ${link(text)}`);
      if (depth === 3) lines.push(`${lines.pop() ?? '-'} · ${link(text)}`);
    }
    return lines;
  });
}
