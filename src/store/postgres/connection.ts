/** What the engine's own parts need of a connection, whoever made it. */
import type { Milliseconds } from '../../domain/units.ts';

export interface Query {
  /** Name under which a connection keeps the prepared statement. */
  readonly name?: string;
  readonly text: string;
  readonly values?: readonly unknown[];
  /** How long to wait for the answer, if it may take long. */
  readonly within?: Milliseconds;
}

export interface Answer {
  /** Rows, each the values of its columns in order. Integers of 64 bits are texts. */
  readonly rows: readonly (readonly unknown[])[];
  readonly columns: readonly string[];
  /** Number of rows that were read, written or removed. */
  readonly count: number;
}

export type Isolation = 'READ COMMITTED' | 'REPEATABLE READ' | 'SERIALIZABLE';

/** One connection, which does one thing at a time. */
export interface Connection {
  query(query: Query): Promise<Answer>;
}

/** A connection that changes something: it knows for certain whether a commit stands. */
export interface ChangingConnection extends Connection {
  begin(isolation?: Isolation): Promise<void>;
  /**
   * Resolves when the transaction is durable, and as safe as the servers are told to make it.
   * Rejects with an error that has a `code` where it was rolled back for certain.
   */
  commit(): Promise<void>;
  rollback(): Promise<void>;
}

/** The code of an error of PostgreSQL; undefined for any other error. */
export const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
