/**
 * What the columns of an answer hold: the type that PostgreSQL has for each, and how its value is
 * read, whichever engine it came from.
 *
 * Said once beside each statement: `sql.first({ id: int, ended: flag })`. A column that is named in
 * camelCase stands in the table in snake_case.
 */
import { type Instant, instant } from '../../domain/units.ts';

export interface Column<T> {
  readonly type: 'bigint' | 'text' | 'boolean' | 'bytea';
  /** Integers come as bigint from SQLite, and as text from PostgreSQL. */
  readonly read: (raw: unknown) => T;
  /** True: a null is left out of the row. */
  readonly optional?: boolean;
}
interface OptionalColumn<T> extends Column<T> {
  readonly optional: true;
}
export type Columns = Readonly<Record<string, Column<unknown>>>;

type ValueOf<C> = C extends Column<infer T> ? T : never;
type Needed<C extends Columns> = {
  readonly [K in keyof C as C[K] extends OptionalColumn<unknown> ? never : K]: ValueOf<C[K]>;
};
type Optional<C extends Columns> = {
  readonly [K in keyof C as C[K] extends OptionalColumn<unknown> ? K : never]?: ValueOf<C[K]>;
};
/** The two as one plain object, so that errors of the compiler stay readable. */
type Plain<T> = { readonly [K in keyof T]: T[K] };
export type Row<C extends Columns> = Plain<Needed<C> & Optional<C>>;

/** An integer of 64 bits: ids of messages. */
export const long: Column<bigint> = { type: 'bigint', read: (raw) => BigInt(raw as bigint | string) };
/** An integer that a double holds exactly: counts, octets, ids of accounts. */
export const int: Column<number> = { type: 'bigint', read: Number };
export const time: Column<Instant> = { type: 'bigint', read: (raw) => instant(Number(raw)) };
export const text: Column<string> = { type: 'text', read: (raw) => raw as string };
export const flag: Column<boolean> = { type: 'boolean', read: (raw) => raw === true || raw === 1n };
export const bytes: Column<Uint8Array> = { type: 'bytea', read: (raw) => raw as Uint8Array };

/**
 * A text or number that the store itself wrote from a narrower type: `as<State>(text)`,
 * `as<AccountId>(int)`.
 */
export const as = <T extends string | number>(column: Column<string> | Column<number>): Column<T> =>
  column as Column<T>;

/** Text that was written with JSON.stringify. */
export const json = <T>(): Column<T> => ({ type: 'text', read: (raw) => JSON.parse(raw as string) as T });

export const orNull = <T>({ type, read }: Column<T>): Column<T | null> => ({
  type,
  read: (raw) => (raw === null ? null : read(raw)),
});

/** Where it is null the row has no such property, as the port has it for what may be absent. */
export const optional = <T>({ type, read }: Column<T>): OptionalColumn<T> => ({ type, read, optional: true });
