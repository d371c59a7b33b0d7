/**
 * Draws the samples of a soak as one SVG: panels one below the other in two columns, one unit each,
 * with axes, grid and legend.
 */
import type { Sample } from './samples.ts';

type Series = Exclude<keyof Sample, 'at'>;
interface Panel {
  readonly title: string;
  readonly unit: string;
  readonly lines: readonly (readonly [series: Series, legend: string])[];
}

const panels: readonly Panel[] = [
  {
    title: 'Memory',
    unit: 'MB',
    lines: [
      ['resident', 'resident'],
      ['kept', 'kept by the main thread after garbage collection'],
    ],
  },
  {
    title: 'Descriptors and threads',
    unit: '',
    lines: [
      ['descriptors', 'open descriptors'],
      ['threads', 'threads'],
    ],
  },
  { title: 'Write-ahead log', unit: 'MB', lines: [['wal', 'size']] },
  { title: 'Database', unit: 'MB', lines: [['database', 'size']] },
  {
    title: 'Event-loop delay',
    unit: 'ms',
    lines: [
      ['loopMax', 'longest'],
      ['loopP99', '99th percentile'],
    ],
  },
  {
    title: 'Messages',
    unit: 'a second',
    lines: [
      ['accepted', 'accepted'],
      ['collected', 'fetched'],
    ],
  },
  { title: 'Waiting for the partner', unit: 'deliveries', lines: [['queue', 'waiting']] },
  {
    title: 'Processor and errors',
    unit: 'cores; lines',
    lines: [
      ['cpu', 'cores in use'],
      ['errors', 'error lines in the log'],
    ],
  },
];

const COLOURS = ['#0b6e99', '#c4661f'] as const;
const COLUMN = 520;
const ROW = 220;
const BOX = { left: 56, top: 44, width: 440, height: 132 } as const;

const number = (value: number): string => String(Number(value.toPrecision(3)));
const at = (value: number): string => value.toFixed(1);

/**
 * The distance of the grid lines: 1, 2 or 5 times a power of ten, so that at most five lines cross
 * the panel.
 */
export function tick(most: number): number {
  const raw = Math.max(most, 1e-9) / 5;
  const power = 10 ** Math.floor(Math.log10(raw));
  return ([1, 2, 5, 10].find((step) => step * power >= raw) ?? 10) * power;
}

function draw({ title, unit, lines }: Panel, samples: readonly Sample[], index: number): string {
  const seconds = Math.max(1, samples.at(-1)?.at ?? 1);
  const [scale, name] = seconds > 180 ? [60, 'min'] : [1, 's'];
  const most = Math.max(1e-9, ...samples.flatMap((sample) => lines.map(([series]) => sample[series]))) * 1.05;
  const x = (time: number): number => BOX.left + (time / seconds) * BOX.width;
  const y = (value: number): number => BOX.top + BOX.height * (1 - value / most);
  const parts = [`<text class="title" x="${BOX.left}" y="18">${title}${unit === '' ? '' : ` (${unit})`}</text>`];
  for (let value = 0; value <= most; value += tick(most))
    parts.push(
      `<path class="grid" d="M${BOX.left} ${at(y(value))}h${BOX.width}"/>`,
      `<text class="y" x="${BOX.left - 6}" y="${at(y(value) + 4)}">${number(value)}</text>`,
    );
  for (let time = 0; time <= seconds / scale; time += tick(seconds / scale))
    parts.push(
      `<text class="x" x="${at(x(time * scale))}" y="${BOX.top + BOX.height + 16}">${number(time)} ${name}</text>`,
    );
  parts.push(`<path class="axis" d="M${BOX.left} ${BOX.top}v${BOX.height}h${BOX.width}"/>`);
  let legend = BOX.left;
  for (const [n, [series, words]] of lines.entries()) {
    const colour = COLOURS[n] ?? '#000';
    const points = samples.filter((sample) => Number.isFinite(sample[series]));
    const path = points.map((sample) => `${at(x(sample.at))},${at(y(sample[series]))}`).join(' ');
    parts.push(
      `<polyline fill="none" stroke="${colour}" stroke-width="1.5" points="${path}"/>`,
      `<path stroke="${colour}" stroke-width="3" d="M${legend} 31h16"/>`,
      `<text class="legend" x="${legend + 21}" y="35">${words}</text>`,
    );
    legend += 45 + words.length * 6.2;
  }
  return `<g transform="translate(${(index % 2) * COLUMN} ${40 + Math.floor(index / 2) * ROW})">${parts.join('')}</g>`;
}

export function plot(heading: string, samples: readonly Sample[]): string {
  const height = 40 + Math.ceil(panels.length / 2) * ROW;
  const style =
    'text{font-family:sans-serif;font-size:12px;fill:#333}.head{font-size:15px;font-weight:bold}.title{font-weight:bold}' +
    '.y{text-anchor:end}.x{text-anchor:middle}.grid{stroke:#e3e3e3}.axis{stroke:#777;fill:none}.legend{fill:#555}';
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${2 * COLUMN} ${height}" width="${2 * COLUMN}" height="${height}">` +
    `<style>${style}</style><rect width="100%" height="100%" fill="#fff"/><text class="head" x="${BOX.left}" y="24">${heading}</text>\n` +
    `${panels.map((panel, index) => draw(panel, samples, index)).join('\n')}\n</svg>\n`
  );
}
