/** Boxes, lines and words of a drawing, in the colours of light and dark. */

const STYLE = `
    text { fill: #1a1a1a } .soft { fill: #555 } .box { fill: #fff; stroke: #1a1a1a; stroke-width: 1.5 } .line { stroke: #1a1a1a; stroke-width: 1.5; fill: none } .frame { fill: none; stroke: #8a8a86; stroke-dasharray: 6 4 }
    .disk { fill: #e3f0e5; stroke: #22662f; stroke-width: 2 } .bad { fill: #b3401d } .badline { stroke: #b3401d; stroke-width: 1.5; fill: none } .arrow { fill: #1a1a1a } .badarrow { fill: #b3401d } .ground { fill: #f6f6f4 }
    @media (prefers-color-scheme: dark) {
      text { fill: #e8e8e8 } .soft { fill: #b0b0b0 } .box { fill: #1b1f24; stroke: #e8e8e8 } .line { stroke: #e8e8e8 } .disk { fill: #16301b; stroke: #7fd08f } .frame { stroke: #7a8088 }
      .bad { fill: #ff9b73 } .badline { stroke: #ff9b73 } .arrow { fill: #e8e8e8 } .badarrow { fill: #ff9b73 } .ground { fill: #0d1117 }
    }
  `;
const LINE = 21;
const INDENT = 12;

export const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

export interface Drawing {
  /** One line, which screen readers say first. */
  readonly title: string;
  /** What is to be seen, for those who cannot. */
  readonly description: string;
  readonly width: number;
  readonly height: number;
  readonly parts: readonly string[];
}

export const drawing = ({ title, description, width, height, parts }: Drawing): string =>
  [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="t d" font-family="system-ui, sans-serif" font-size="14">`,
    `  <title id="t">${escaped(title)}</title>`,
    `  <desc id="d">${escaped(description)}</desc>`,
    `  <style>${STYLE}</style>`,
    `  <defs>${marker('a', 'arrow')}${marker('b', 'badarrow')}</defs>`,
    `  <rect class="ground" width="${width}" height="${height}" rx="8"/>`,
    ...parts.map((part) => `  ${part}`),
    '</svg>',
    '',
  ].join('\n');

const marker = (id: string, kind: string): string =>
  `<marker id="${id}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" orient="auto"><path class="${kind}" d="M0 0 10 5 0 10z"/></marker>`;

export const label = (x: number, y: number, text: string, kind?: 'soft' | 'bad'): string =>
  `<text${kind === undefined ? '' : ` class="${kind}"`} x="${x}" y="${y}">${escaped(text)}</text>`;

/** `kind` disk: mail rests here. The first line of its words is what it is, the others say more. */
export function box(
  kind: 'box' | 'disk',
  [x, y, width, height]: readonly [number, number, number, number],
  [name = '', ...more]: readonly string[],
): string {
  const first = y + (height - more.length * LINE) / 2 + 5;
  return [
    `<rect class="${kind}" x="${x}" y="${y}" width="${width}" height="${height}" rx="6"/>`,
    label(x + INDENT, first, name),
    ...more.map((text, n) => label(x + INDENT, first + (n + 1) * LINE, text, 'soft')),
  ].join('');
}

export const frame = (x: number, y: number, width: number, height: number, name: string): string =>
  `<rect class="frame" x="${x}" y="${y}" width="${width}" height="${height}" rx="8"/>${label(x + INDENT, y + 20, name, 'soft')}`;

/** `d`: of an SVG path; the arrow is at its end. */
export const arrow = (d: string): string => `<path class="line" d="${d}" marker-end="url(#a)"/>`;
export const badArrow = (d: string): string => `<path class="badline" d="${d}" marker-end="url(#b)"/>`;
export const badLine = (d: string): string => `<path class="badline" d="${d}"/>`;
