/** One kind of data that the store keeps. */

/** `content`: sealed. `envelope`: who sent to whom. `registry`: customers. `credential`: what logs in or opens. `trail`: what happened. */
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
