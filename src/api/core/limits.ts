/** Limits of the API: fixed ones, and the deadlines, which the operator can set. */
import type { Milliseconds } from '../../domain/units.ts';

export const MIB = 1_048_576;
/** Most octets of a request line and its headers. */
export const MAX_HEADER = 16_384;
export const MAX_HEADERS = 64;
/** Longest path with its query. */
export const MAX_TARGET = 4096;
/** Most parameters of a query. */
export const MAX_QUERY = 32;

export interface ApiTimes {
  /** Time for the first request, and for each further one until a caller is known. */
  readonly header: Milliseconds;
  readonly idle: Milliseconds;
  readonly request: Milliseconds;
  readonly send: Milliseconds;
  readonly dataMinimum: number;
  readonly dataInterval: Milliseconds;
}
