/** How an operation ends when it does not succeed. */
import type { CsvProblem } from '../domain/csv-problem.ts';
import type { RunningGateway } from './running-gateway.ts';

/**
 * Why an operation was not done; the text of the error names action, value, expectation and remedy.
 *
 * `invalid`: a value is not what it must be. `unknown`: what it is about does not exist. `exists`,
 * `ended`: it is there already, or no longer. `approval`: a second person must approve first.
 * `forbidden`: somebody else may do it, and the caller may not, or is not known. `conflict`: what
 * is there stands in the way: it is suspended, in use, or not done yet. `unavailable`: no gateway
 * runs, or not now, or the machine or another server refuses. `unusable`: a key or a certificate
 * cannot be used, or something is not as it was written. `store`: the store has failed, or is full.
 * `failed`: what nobody expected.
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
  /** The request that waits for signatures; with `approval` alone. */
  readonly request?: string;
  /** Every line of a file that cannot be used; the message has the first of them. */
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

/** For what only a running gateway can do. Throws AdminError if none runs. */
export function runningGateway(gateway: RunningGateway | undefined, action: string): RunningGateway {
  if (gateway === undefined)
    throw new AdminError(
      'unavailable',
      `Cannot ${action}: no gateway is running on this data folder; start it with "sluis serve"`,
    );
  return gateway;
}
