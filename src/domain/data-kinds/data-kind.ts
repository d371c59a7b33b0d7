/** One kind of data that the store keeps. */

/**
 * `content`: sealed. `envelope`: who sent to whom. `registry`: customers. `credential`: what logs
 * in or opens. `trail`: what happened.
 */
export type DataArea = 'content' | 'envelope' | 'registry' | 'credential' | 'trail' | 'technical';

export interface DataKind {
  readonly area: DataArea;
  readonly what: string;
  readonly columns: readonly string[];
  /** Columns that it has on PostgreSQL besides. */
  readonly onPostgres?: readonly string[];
  /** How long. */
  readonly kept: string;
  /** What `sluis organisation erase` does. */
  readonly erase: string;
}

/** By table. */
export type DataKinds = Readonly<Record<string, DataKind>>;

/** Tables that stand in two of these. */
type Twice<All extends readonly DataKinds[], Before = never> = All extends readonly [
  infer First,
  ...infer Others extends readonly DataKinds[],
]
  ? (keyof First & Before) | Twice<Others, Before | keyof First>
  : never;

/**
 * Puts kinds of data together. A table that stands in two of them does not compile: what one of
 * them says would be lost.
 */
export const together = <All extends readonly DataKinds[]>(
  ...all: All & ([Twice<All>] extends [never] ? unknown : { readonly 'described twice': Twice<All> })
): DataKinds => Object.assign({}, ...all) as DataKinds;
