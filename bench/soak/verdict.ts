/**
 * Judges whether the samples stay flat: no leak of memory, descriptors or threads, and no
 * write-ahead log that grows for ever.
 *
 * Only the second half counts, because caches fill and code is compiled in the first half. Load
 * makes every series swing, and garbage makes memory rise and fall like a saw. A leak raises the
 * low points. So the half is cut into bins, the least value of each bin is taken, and a line is
 * fitted through these.
 */
import type { Sample } from './samples.ts';

export interface Bound {
  readonly series: 'resident' | 'kept' | 'descriptors' | 'threads' | 'wal';
  readonly unit: string;
  /**
   * Most that the line may climb over the second half: this much, or this share of the mean,
   * whichever is more.
   */
  readonly climb: number;
  readonly share: number;
  /** Most that any sample may show. */
  readonly most?: number;
}

export const bounds: readonly Bound[] = [
  { series: 'resident', unit: 'MB', climb: 25, share: 0.1 },
  { series: 'kept', unit: 'MB', climb: 3, share: 0.05 },
  { series: 'descriptors', unit: '', climb: 5, share: 0.05 },
  { series: 'threads', unit: '', climb: 1, share: 0 },
  // The log is reset at each checkpoint, and grows by what is written meanwhile.
  { series: 'wal', unit: 'MB', climb: 20, share: 0.2, most: 400 },
];

/** With fewer bins in the second half, a slope means nothing. */
const BINS = 6;
const BIN_SECONDS = 30;

export interface Finding {
  readonly series: Bound['series'];
  readonly unit: string;
  /** The climb over the second half. */
  readonly climb: number;
  readonly allowed: number;
  readonly most: number;
  readonly verdict: 'flat' | 'grows' | 'too-large' | 'too-short';
}

export const judge = (samples: readonly Sample[]): readonly Finding[] =>
  bounds.map((bound) => judgeOne(bound, samples));

function judgeOne(bound: Bound, samples: readonly Sample[]): Finding {
  const { series, unit } = bound;
  const last = samples.at(-1)?.at ?? 0;
  const half = samples.filter(({ at }) => at >= last / 2);
  const points = lowest(half.map((sample) => [sample.at, sample[series]]));
  const [first, final] = [points[0], points.at(-1)];
  const climb = first === undefined || final === undefined ? 0 : slopeOf(points) * (final[0] - first[0]);
  const mean = points.reduce((sum, [, value]) => sum + value, 0) / Math.max(1, points.length);
  const allowed = Math.max(bound.climb, bound.share * mean);
  const most = Math.max(0, ...samples.map((sample) => sample[series]));
  const tooLarge = bound.most !== undefined && most > bound.most;
  const verdict = tooLarge ? 'too-large' : points.length < BINS ? 'too-short' : climb > allowed ? 'grows' : 'flat';
  return { series, unit, climb, allowed, most, verdict };
}

type Point = readonly [at: number, value: number];

/** The lowest point of each bin. */
function lowest(points: readonly Point[]): readonly Point[] {
  const bins = new Map<number, Point>();
  for (const point of points) {
    const bin = Math.floor(point[0] / BIN_SECONDS);
    const held = bins.get(bin);
    if (held === undefined || point[1] < held[1]) bins.set(bin, point);
  }
  return [...bins.values()];
}

/** The slope by least squares, for each second. */
function slopeOf(points: readonly Point[]): number {
  const mean = (of: 0 | 1): number => points.reduce((sum, point) => sum + point[of], 0) / points.length;
  const [meanAt, meanValue] = [mean(0), mean(1)];
  let [above, below] = [0, 0];
  for (const [at, value] of points) {
    above += (at - meanAt) * (value - meanValue);
    below += (at - meanAt) ** 2;
  }
  return below === 0 ? 0 : above / below;
}
