/**
 * What a part counts of its own work, for whoever wants to read it: plain numbers, so that counting
 * costs the work nothing (well below a microsecond) and reading costs the reader.
 *
 * Labels have values of a closed set, or names that an operator gave. Both are bounded all the
 * same: what a mistake makes of them must not fill memory, nor a metrics server.
 */

/** Sets of label values that one count keeps. */
const MOST = 500;
/** Takes the place of every value that came too late. */
export const OTHER = 'other';

export interface Counted<L extends string> {
  readonly labels: Readonly<Record<L, string>>;
  readonly value: number;
}

interface Cell {
  readonly values: readonly string[];
  value: number;
}

/** Numbers that only grow, one for each set of label values that was met. */
export class Counts<L extends string = string> {
  readonly #labels: readonly L[];
  readonly #most: number;
  readonly #cells = new Map<string, Cell>();

  constructor(labels: readonly L[], most = MOST) {
    this.#labels = labels;
    this.#most = most;
  }

  /** `values` in the order of the labels. */
  add(values: readonly string[], by = 1): void {
    const key = values.join('\0');
    const cell = this.#cells.get(key);
    if (cell !== undefined) cell.value += by;
    else if (this.#cells.size < this.#most - 1) this.#cells.set(key, { values: [...values], value: by });
    else this.#addOther(by);
  }

  /** The sum stays right, only whose it is gets lost. */
  #addOther(by: number): void {
    const values = this.#labels.map(() => OTHER);
    const key = values.join('\0');
    const cell = this.#cells.get(key);
    if (cell === undefined) this.#cells.set(key, { values, value: by });
    else cell.value += by;
  }

  read(): readonly Counted<L>[] {
    return [...this.#cells.values()].map(({ values, value }) => ({
      labels: Object.fromEntries(this.#labels.map((label, i) => [label, values[i] ?? ''])) as Record<L, string>,
      value,
    }));
  }

  /** Over all labels. */
  get total(): number {
    let sum = 0;
    for (const { value } of this.#cells.values()) sum += value;
    return sum;
  }
}

/** How measured values are spread: how many were at most each of the bounds, and their sum. */
export class Distribution {
  /** Growing. */
  readonly bounds: readonly number[];
  readonly #within: Float64Array;
  #sum = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.#within = new Float64Array(bounds.length + 1);
  }

  add(value: number): void {
    let i = 0;
    while (i < this.bounds.length && value > (this.bounds[i] ?? 0)) i += 1;
    this.#within[i] = (this.#within[i] ?? 0) + 1;
    this.#sum += value;
  }

  get sum(): number {
    return this.#sum;
  }

  get count(): number {
    return this.#within.reduce((all, n) => all + n, 0);
  }

  /** How many were at most each bound; the values above the last one are in `count` alone. */
  get cumulative(): readonly number[] {
    let sum = 0;
    return this.bounds.map((_, i) => (sum += this.#within[i] ?? 0));
  }
}
