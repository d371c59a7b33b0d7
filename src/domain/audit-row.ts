/** Rows of the audit trail as they are chained. */

/** An audit event, ready for the chain: facts and personal fields are JSON. */
export interface AuditItem {
  readonly at: number;
  readonly event: string;
  readonly outcome: 'success' | 'failure';
  readonly message: bigint | null;
  readonly account: number | null;
  readonly facts: string;
  readonly personal: string | null;
  readonly salt: Uint8Array | null;
}

export interface ChainedFields {
  readonly seq: number;
  readonly at: number;
  readonly event: string;
  readonly outcome: string;
  readonly message: bigint | null;
  readonly account: number | null;
  /** JSON, as it was written. */
  readonly facts: string;
  readonly commitment: Uint8Array | null;
}

/** A row with what proves it. */
export interface ChainRow extends ChainedFields {
  readonly hash: Uint8Array;
  /**
   * The chain that it stands in, and its number there, where several connections write a chain
   * each. Absent: the one chain, in which it stands by `seq`.
   */
  readonly lane?: number;
  readonly place?: number;
  /** Of the commitment; null once the personal fields were erased, or left out of an export. */
  readonly salt: Uint8Array | null;
  /** JSON, as it was written. */
  readonly personal: string | null;
}

/** Where a chain stands: the number of its last row in it. */
export interface ChainHead {
  readonly seq: number;
  readonly hash: Uint8Array;
  /** Lane, as in a row. */
  readonly lane?: number;
}

/** The number of a row in its chain. */
export const placeOf = ({ seq, place = seq }: Pick<ChainRow, 'seq' | 'place'>): number => place;

/** A chain of its own: what one connection of a gateway writes where several write the trail. */
export interface LaneName {
  /** Number of the gateway. */
  readonly node: number;
  /** Number of the gateway's start. */
  readonly epoch: number;
  /** Number of the chain itself, which no other one has. */
  readonly lane: number;
}

/**
 * A chain with where it stands. The one chain of a trail that has no lanes is lane 0, which no
 * connection names.
 */
export interface LaneHead {
  readonly lane: number;
  /** Absent for lane 0. */
  readonly name?: LaneName;
  /** The number of its last row in it. */
  readonly place: number;
  readonly hash: Uint8Array;
  /** True: no further row of it will come. */
  readonly ended: boolean;
}

/** Where a chain does not hold, and why. */
export interface BrokenRow {
  readonly seq: number;
  readonly why: string;
}

/**
 * How many rows lost their personal fields by what a row of the trail tells; 0 for every other row.
 * `facts`: JSON.
 */
export function toldErased(event: string, facts: string): number {
  if (event !== 'audit.erased' && event !== 'audit.retention') return 0;
  const told = JSON.parse(facts) as Readonly<Record<string, unknown>>;
  const counts = event === 'audit.erased' ? [told.rows] : Object.values(told);
  return counts.reduce<number>((sum, count) => (typeof count === 'number' ? sum + count : sum), 0);
}
