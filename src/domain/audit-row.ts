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
  /** Of the commitment; null once the personal fields were erased, or left out of an export. */
  readonly salt: Uint8Array | null;
  /** JSON, as it was written. */
  readonly personal: string | null;
}

export interface ChainHead {
  readonly seq: number;
  readonly hash: Uint8Array;
}

/** Where a chain does not hold, and why. */
export interface BrokenRow {
  readonly seq: number;
  readonly why: string;
}

/** How many rows lost their personal fields by what a row of the trail tells; 0 for every other row. `facts`: JSON. */
export function toldErased(event: string, facts: string): number {
  if (event !== 'audit.erased' && event !== 'audit.retention') return 0;
  const told = JSON.parse(facts) as Readonly<Record<string, unknown>>;
  const counts = event === 'audit.erased' ? [told.rows] : Object.values(told);
  return counts.reduce<number>((sum, count) => (typeof count === 'number' ? sum + count : sum), 0);
}
