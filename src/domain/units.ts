/**
 * Numbers with a unit in their type, so that seconds are not passed as milliseconds or characters
 * as octets.
 *
 * A plain number becomes one by a cast at the edge, where it is parsed; everything inside trusts
 * the type.
 */
declare const unit: unique symbol;

/** A count of octets (8-bit bytes), never of characters. */
export type Octets = number & { readonly [unit]: 'octets' };
/** A length of time in milliseconds. */
export type Milliseconds = number & { readonly [unit]: 'milliseconds' };
/**
 * A point in time: milliseconds since 1970-01-01T00:00:00Z, from the wall clock. It can be set
 * back; never use it to measure.
 */
export type Instant = number & { readonly [unit]: 'instant' };

export const octets = (n: number): Octets => n as Octets;
export const milliseconds = (n: number): Milliseconds => n as Milliseconds;
export const instant = (n: number): Instant => n as Instant;

export const seconds = (n: number): Milliseconds => (n * 1000) as Milliseconds;
export const minutes = (n: number): Milliseconds => seconds(n * 60);
export const hours = (n: number): Milliseconds => minutes(n * 60);
export const days = (n: number): Milliseconds => hours(n * 24);

export const KiB = 1024;
export const MiB = 1024 * KiB;
export const GiB = 1024 * MiB;

/**
 * A point in time as lists and files show it: ISO 8601, in UTC, with milliseconds. What is not
 * known stays unknown.
 */
export function iso(at: number): string;
export function iso(at: number | undefined): string | undefined;
export function iso(at: number | undefined): string | undefined {
  return at === undefined ? undefined : new Date(at).toISOString();
}
