/** What a restore brought back of the audit trail. */

/** Where a chain stood; of a trail without lanes, lane 0. */
export interface StoodAt {
  readonly lane: number;
  readonly place: number;
  /** 64 hexadecimal digits. */
  readonly hash: string;
}

/** Which rows came back with it. */
export interface CameBack {
  /** The chains that went on; the ends of the others cannot have been lost. */
  readonly heads: readonly StoodAt[];
  /** The highest number of a chain. */
  readonly lanes: number;
}

/** A row `backup.restored` of the trail. */
export interface RestoredRow {
  /** Its number in the whole trail, and its chain. */
  readonly seq: number;
  readonly lane: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** JSON, as it was written. */
  readonly facts: string;
}
