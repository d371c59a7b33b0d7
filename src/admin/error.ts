/** The error of an operation that was not done. */
import type { CsvProblem } from '../domain/csv-problem.ts';
import type { RunningGateway } from './running-gateway.ts';

/**
 * Why an operation was not done. The text of the error names action, value, expectation and remedy.
 *
 * `invalid`: a value is not what it must be. `unknown`: the thing does not exist. `exists`: it
 * exists already. `ended`: it has ended. `approval`: a second person must approve first.
 * `forbidden`: the caller may not do it, or the gateway does not know who calls. `conflict`: the
 * state of something stands in the way: it is suspended, in use, or not done yet. `unavailable`: no
 * gateway runs, or the machine or another server refuses, perhaps only for now. `unusable`: a key
 * or certificate cannot be used, or something was changed after it was written. `store`: the store
 * has failed or is full. `failed`: an error that nobody expected.
 */
export type AdminErrorKind =
  | 'invalid'
  | 'unknown'
  | 'exists'
  | 'ended'
  | 'conflict'
  | 'unavailable'
  | 'approval'
  | 'forbidden'
  | 'unusable'
  | 'store'
  | 'failed';

export class AdminError extends Error {
  override readonly name = 'AdminError';
  readonly kind: AdminErrorKind;
  /** The request that waits for signatures, for `approval` alone. */
  readonly request?: string;
  /** Every wrong line of a file. The message has only the first of them. */
  readonly lines?: readonly CsvProblem[];
  constructor(
    kind: AdminErrorKind,
    message: string,
    options: ErrorOptions & { readonly request?: string; readonly lines?: readonly CsvProblem[] } = {},
  ) {
    super(message, options);
    this.kind = kind;
    if (options.request !== undefined) this.request = options.request;
    if (options.lines !== undefined) this.lines = options.lines;
  }
}

/** The running gateway. Throws AdminError if none runs. */
export function runningGateway(gateway: RunningGateway | undefined, action: string): RunningGateway {
  if (gateway === undefined)
    throw new AdminError(
      'unavailable',
      `Cannot ${action}: no gateway is running on this data folder; start it with "sluis serve"`,
    );
  return gateway;
}
