/**
 * Reads the input of an operation. It came over a socket or from a command line: each value is checked here, once, and every text has a
 * limit.
 */
import { type Address, parseAddress } from '../domain/address.ts';
import type { DeliveryId } from '../domain/ids.ts';
import { foldLogin, isOrganisationName } from '../domain/registry.ts';
import { type Instant, type Milliseconds, days, instant } from '../domain/units.ts';
import { type Day, instantOf, readDay } from '../domain/working-days.ts';
import { AdminError } from './context.ts';

export type Input = Readonly<Record<string, unknown>>;

const MAX_TEXT = 512;
const MAX_LIST = 1000;

const refuse = (name: string, value: unknown, expected: string): never => {
  // JSON.stringify answers undefined for undefined, whatever its declaration says.
  const shown = value === undefined ? 'nothing' : JSON.stringify(value).slice(0, 120);
  throw new AdminError('invalid', `Cannot use ${shown} as ${name}: expected ${expected}`);
};

// Control characters could forge a line of the log or move a terminal's cursor.
const CONTROL = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

export function optionalText(input: Input, name: string, max = MAX_TEXT): string | undefined {
  const value = input[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string' || value.length > max || CONTROL.test(value))
    return refuse(name, value, `one line of at most ${max} characters`);
  return value;
}

export const text = (input: Input, name: string, max = MAX_TEXT): string => {
  const value = optionalText(input, name, max);
  return value === undefined || value === '' ? refuse(name, value, 'a text') : value;
};

/** A secret: never repeated in an error. */
export function optionalSecret(input: Input, name: string, max = 4096): string | undefined {
  const value = input[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string' && value.length <= max) return value;
  throw new AdminError('invalid', `Cannot use ${name}: expected a text of at most ${max} characters`);
}

export const flag = (input: Input, name: string): boolean => {
  const value = input[name];
  return typeof value === 'boolean' || value === undefined ? value === true : refuse(name, value, 'true or false');
};

export function oneOf<const C extends string>(input: Input, name: string, of: readonly C[], initial?: C): C {
  const value = input[name] ?? initial;
  return of.find((c) => c === value) ?? refuse(name, value, of.join(' or '));
}

export function organisationName(input: Input, name: string): string {
  const value = text(input, name);
  return isOrganisationName(value)
    ? value
    : refuse(name, value, '1 to 64 characters a-z, 0-9 and -, such as praktijk-jansen');
}

export function login(input: Input, name: string): string {
  const value = text(input, name);
  return foldLogin(value) ?? refuse(name, value, 'a log-in name without spaces, colons, quotes or angle brackets');
}

export function addressOf(value: unknown, name: string): Address {
  if (typeof value !== 'string') return refuse(name, value, 'an address');
  const parsed = parseAddress(value);
  return parsed.ok ? parsed.value : refuse(name, value, `an address such as name@example.nl (${parsed.error})`);
}

export const address = (input: Input, name: string): Address => addressOf(input[name], name);

export const optionalAddress = (input: Input, name: string): Address | undefined =>
  input[name] === undefined || input[name] === null ? undefined : address(input, name);

export function addresses(input: Input, name: string): Address[] {
  const value = input[name] ?? [];
  if (!Array.isArray(value) || value.length > MAX_LIST)
    return refuse(name, value, `a list of at most ${MAX_LIST} addresses`);
  return value.map((a: unknown) => addressOf(a, name));
}

/** Numbers of deliveries, as `queue list` shows them. */
export function deliveryIds(input: Input, name: string): DeliveryId[] {
  const value = input[name] ?? [];
  if (!Array.isArray(value) || value.length > MAX_LIST)
    return refuse(name, value, `a list of at most ${MAX_LIST} numbers of deliveries`);
  return value.map((n: unknown) =>
    typeof n === 'number' && Number.isSafeInteger(n) && n > 0
      ? (n as DeliveryId)
      : refuse(name, n, 'the number of a delivery; "sluis queue list" shows them'),
  );
}

/** ISO 8601 with a time zone, or a day alone, which is one in Amsterdam wherever an operator names it. */
function momentOf(input: Input, name: string, ofDay: (day: Day) => Instant): Instant | undefined {
  const value = optionalText(input, name);
  if (value === undefined) return undefined;
  const day = readDay(value);
  if (day !== undefined) return ofDay(day);
  const timed = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)$/.test(value);
  const at = timed ? Date.parse(value) : Number.NaN;
  return Number.isNaN(at)
    ? refuse(name, value, 'a date such as 2027-12-31, or a time such as 2027-12-31T12:00:00+01:00')
    : instant(at);
}

/** A day alone: its last second. */
export const optionalMoment = (input: Input, name: string): Instant | undefined =>
  momentOf(input, name, (day) => instant(instantOf(day + 1) - 1000));

/** A day alone: its first moment. */
export const optionalBeginning = (input: Input, name: string): Instant | undefined => momentOf(input, name, instantOf);

export const beginning = (input: Input, name: string): Instant =>
  optionalBeginning(input, name) ?? refuse(name, undefined, 'a date such as 2027-12-31, or a time with its zone');

/** A whole number from 0 to `max`. */
export function count(input: Input, name: string, { initial, max }: { initial: number; max: number }): number {
  const value = input[name] ?? initial;
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= max
    ? value
    : refuse(name, value, `a whole number from 0 to ${max}`);
}

export interface PageInput {
  readonly limit: number;
  readonly after?: string;
}

export function page(input: Input): PageInput {
  const limit = input.limit ?? 1000;
  if (typeof limit !== 'number' || !Number.isInteger(limit) || limit < 1 || limit > 1000)
    return refuse('limit', limit, 'a whole number from 1 to 1000');
  const after = optionalText(input, 'after');
  return after === undefined ? { limit } : { limit, after };
}

/** Texts by name, for settings. */
export function texts(input: Input, name: string): Record<string, string> {
  const value = input[name];
  if (typeof value !== 'object' || value === null || Array.isArray(value) || Object.keys(value).length > 100)
    return refuse(name, value, 'at most 100 names with a text each');
  const found: Record<string, string> = {};
  for (const key of Object.keys(value)) found[key] = text(value as Input, key);
  return found;
}

/** PEM has line ends, which `text` refuses. */
export function pem(input: Input, name: string): string {
  const value = input[name];
  if (typeof value === 'string' && value !== '' && value.length <= 64 * 1024) return value;
  throw new AdminError('invalid', `Cannot use the ${name}: expected PEM of at most 64KiB`);
}

export function wholeDays(input: Input, name: string, most: number, initial?: number): Milliseconds {
  const value = input[name] ?? initial;
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= most) return days(value);
  throw new AdminError('invalid', `Cannot use that as ${name}: expected a whole number of days from 1 to ${most}`);
}

/** Of what ends: within so many days. */
export const optionalWithin = (input: Input): Milliseconds | undefined =>
  input.within === undefined ? undefined : wholeDays(input, 'within', 3660);
