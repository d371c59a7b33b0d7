/**
 * Draws what commands printed as a terminal shows it: an SVG that is read in light and in dark, and
 * aloud.
 */
import { escaped } from './drawing.ts';

export interface Shown {
  /** As it is typed. */
  readonly command: string;
  /** What it printed; a line `...` stands for lines that the picture leaves out. */
  readonly output: string;
}

export interface TerminalPicture {
  /** One line, which screen readers say first. */
  readonly title: string;
  /** What is to be seen, for those who cannot. */
  readonly description: string;
  readonly runs: readonly Shown[];
}

/**
 * Letters in a line. A longer one is cut, as a terminal that does not wrap cuts it, and ends in
 * `…`.
 */
const COLUMNS = 100;
/** More than this nobody reads in a picture. */
const MOST_LINES = 60;
/** Pixels of one letter and of one line. */
const [WIDTH, HEIGHT, MARGIN] = [8, 18, 16];

type Kind = 'typed' | 'printed' | 'left';

const STYLE = `
    text { font: 13px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; white-space: pre; fill: #1a1a1a }
    .typed { font-weight: bold; fill: #0b4a8f } .left { fill: #555 } .ground { fill: #f6f6f4; stroke: #d0d0cc }
    @media (prefers-color-scheme: dark) {
      text { fill: #e8e8e8 } .typed { fill: #8cc4ff } .left { fill: #b0b0b0 } .ground { fill: #0d1117; stroke: #3a4048 }
    }
  `;

/** Throws a `RangeError` where it would have too many lines. */
export function terminalSvg({ title, description, runs }: TerminalPicture): string {
  const lines = runs.flatMap(({ command, output }, n): readonly (readonly [Kind, string])[] => [
    ...(n === 0 ? [] : [['printed', ''] as const]),
    ['typed', `$ ${command}`],
    ...output
      .replace(/^\n+|\s+$/g, '')
      .split('\n')
      .map((line) => [line === '...' ? 'left' : 'printed', line] as const),
  ]);
  if (lines.length > MOST_LINES)
    throw new RangeError(`"${title}" has ${lines.length} lines, at most ${MOST_LINES} are read`);
  const [width, height] = [COLUMNS * WIDTH + 2 * MARGIN, lines.length * HEIGHT + 2 * MARGIN];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="t d">`,
    `  <title id="t">${escaped(title)}</title>`,
    `  <desc id="d">${escaped(description)}</desc>`,
    `  <style>${STYLE}</style>`,
    `  <rect class="ground" x=".5" y=".5" width="${width - 1}" height="${height - 1}" rx="8"/>`,
    ...lines.flatMap(([kind, line], n) =>
      line.trim() === '' ? [] : [text(kind, cut(line), MARGIN + (n + 0.75) * HEIGHT)],
    ),
    '</svg>',
    '',
  ].join('\n');
}

/**
 * The length is given, so that columns stand under each other in whatever letters the reader has.
 */
const text = (kind: Kind, line: string, y: number): string => {
  const indent = line.length - line.trimStart().length;
  const shown = line.trim();
  const mark = kind === 'printed' ? '' : ` class="${kind}"`;
  return `  <text${mark} x="${MARGIN + indent * WIDTH}" y="${y}" textLength="${shown.length * WIDTH}">${escaped(shown)}</text>`;
};

const cut = (line: string): string => (line.length <= COLUMNS ? line : `${line.slice(0, COLUMNS - 1)}…`);
