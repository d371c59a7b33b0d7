/** Errors that the server reports for a statement. */
import { StoreFull, StoreUnavailable } from '../store.ts';

/**
 * An ERROR of the server: what the statement did is undone. Details stay away: they hold what
 * stands in rows.
 */
export class SqlError extends Error {
  override readonly name = 'SqlError';
  /** SQLSTATE, five characters. */
  readonly code: string;
  /** The constraint that was violated. */
  readonly constraint?: string;

  constructor(code: string, message: string, constraint: string | undefined) {
    super(message);
    this.code = code;
    if (constraint !== undefined) this.constraint = constraint;
  }
}

/**
 * A change that met another's: done again from its beginning it may succeed. 23505 as well: what it
 * would have found was not there when it looked.
 */
export const mayDoAgain = (error: unknown): boolean =>
  error instanceof SqlError && ['40001', '40P01', '23505'].includes(error.code);

/** True for an answer to COMMIT that the transaction was certainly undone. */
export const isUndone = (error: unknown): error is SqlError =>
  error instanceof SqlError && (mayDoAgain(error) || error.code.startsWith('23') || error.code === '40002');

/**
 * SQLSTATEs after which the connection is of no use: the server ends it, it is the primary no
 * longer, or tables changed under what was prepared on it (26000, 0A000), which a new connection
 * prepares again.
 */
const ENDING: ReadonlySet<string> = new Set([
  ...['57P01', '57P02', '57P03', '57P05', '25006', '25P03', '25P04'],
  ...['26000', '0A000'],
]);

export interface Judged {
  readonly error: Error;
  readonly ends: boolean;
}

/** The error, if it came from the server. */
export function fromServer(error: unknown): Judged | undefined {
  // Fields of a message of the server: docs of the protocol, "Error and Notice Message Fields".
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string' || !('severity' in error))
    return undefined;
  const { code } = error;
  const constraint = 'constraint' in error && typeof error.constraint === 'string' ? error.constraint : undefined;
  const sql = new SqlError(code, error.message, constraint);
  const as = (it: Error): Judged => ({ error: it, ends: ENDING.has(code) });
  if (code === '53100')
    return as(
      new StoreFull('The disk of the PostgreSQL server is full; free space on it, the gateway continues by itself', {
        cause: sql,
      }),
    );
  if (code === '55P03')
    return as(
      new StoreUnavailable('What is asked for is held by another change for too long; try again', { cause: sql }),
    );
  if (code === '25006')
    return as(
      new StoreUnavailable('The PostgreSQL server is read-only: another one is the primary now; try again', {
        cause: sql,
      }),
    );
  if (ENDING.has(code) || code.startsWith('53') || code.startsWith('58'))
    return as(
      new StoreUnavailable(`The PostgreSQL server cannot at present (${code}: ${error.message})`, { cause: sql }),
    );
  return as(sql);
}
