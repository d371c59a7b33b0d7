/**
 * What a statement may hold beside values: words that each engine spells its own way, and lists,
 * which are one parameter however long they are.
 */
import type { Column, Columns, Row } from './columns.ts';

export interface Dialect {
  readonly engine: 'sqlite' | 'postgres';
  /** The clause that `locked` adds to a statement. */
  readonly lock: '' | 'FOR SHARE' | 'FOR UPDATE';
}

export const SQLITE: Dialect = { engine: 'sqlite', lock: '' };

export interface Part {
  /** Parts of one kind have one text. */
  readonly kind: string;
  /** Its kind may be another one at each use: the statement then has a plan for each. */
  readonly varies?: true;
  /** Text with a ? for each value. */
  readonly text: (dialect: Dialect) => string;
  readonly values: (dialect: Dialect) => readonly unknown[];
}

export const isPart = (given: unknown): given is Part => typeof given === 'object' && given !== null && 'kind' in given;

/**
 * What stands between the strings of a template must be of one kind at each use: the text is not
 * read again. Undefined: a value.
 */
export function checkKinds(
  strings: readonly string[],
  first: readonly (Pick<Part, 'kind'> | undefined)[],
  given: readonly unknown[],
): void {
  for (let i = 0; i < given.length; i += 1) {
    const one = given[i];
    if ((isPart(one) ? one.kind : undefined) !== first[i]?.kind)
      throw new TypeError(`The text of a statement may not change: ${strings.join('?')}`);
  }
}

const NONE: Part['values'] = () => [];

function part(sqlite: string, postgres: string, values: Part['values'] = NONE): Part {
  return { kind: `${sqlite}|${postgres}`, text: ({ engine }) => (engine === 'sqlite' ? sqlite : postgres), values };
}

/**
 * Behind a SELECT of rows that the change relies on. PostgreSQL locks them as strongly as the
 * transaction says: an operator's change for itself, a mail road's against changes only. SQLite has
 * one who writes.
 */
export const locked: Part = { kind: 'locked', text: ({ lock }) => lock, values: NONE };

/**
 * The same of rows that are handed out, each to one who asks: PostgreSQL leaves out what somebody
 * else has locked.
 */
export const lockedFree: Part = part('', 'FOR UPDATE SKIP LOCKED');

/**
 * Words that several statements share, such as their columns; and where the engines differ, what
 * PostgreSQL says instead.
 */
export const words = (sqlite: string, postgres = sqlite): Part => part(sqlite, postgres);

// A plan keeps the text of its parts for good, and must not keep their values with it.
const cteText =
  (name: string, strings: readonly string[]): Part['text'] =>
  () =>
    `${name} AS (${strings.join('?')})`;
const joinedText =
  (separator: string, texts: readonly Part['text'][]): Part['text'] =>
  (dialect) =>
    texts.map((text) => text(dialect)).join(separator);

/** One part of a WITH: `cte('gone')`DELETE FROM upload WHERE message = ${id}``. */
export const cte =
  (name: string) =>
  (strings: TemplateStringsArray, ...values: readonly unknown[]): Part => ({
    kind: name,
    text: cteText(name, strings),
    values: () => values,
  });

/**
 * Parts of a WITH, or SELECTs of a UNION, of which each use has only what it needs. A node of a
 * plan costs at every run, though it finds nothing: without the parts that most messages never
 * use, a batch of acceptances takes a sixth less of the time of PostgreSQL's servers.
 */
export const someOf = (separator: ', ' | ' UNION ALL ', parts: readonly Part[]): Part => ({
  kind: parts.map(({ kind }) => kind).join(' '),
  varies: true,
  text: joinedText(
    separator,
    parts.map(({ text }) => text),
  ),
  values: (dialect) => parts.flatMap((one) => one.values(dialect)),
});

/** What `someOf` has where there are rows: nothing is made of none. */
export const forAny = <T>(rows: readonly unknown[], make: () => readonly T[]): readonly T[] =>
  rows.length > 0 ? make() : [];

/** Behind the name of a table. PostgreSQL chooses its indexes itself. */
export const indexedBy = (index: string): Part => part(`INDEXED BY ${index}`, '');

/** The last characters of a column: `WHERE ${tailOf('k.fingerprint', 16)} = ${name}`. */
export const tailOf = (column: string, characters: number): Part =>
  part(`substr(${column}, -${characters})`, `right(${column}, ${characters})`);

/** `WHERE key ${among(text, keys)}` */
export const among = <T>({ type }: Column<T>, values: readonly T[]): Part =>
  part(`IN (SELECT ${fromJson(type, 'value')} FROM json_each(?))`, `= ANY (?::${type}[])`, ({ engine }) => [
    engine === 'sqlite' ? jsonOf(values) : values,
  ]);

/**
 * Rows as a table:
 * `INSERT INTO t (a, b) SELECT a, b FROM ${rowsOf({ a: int, b: text }, rows)} WHERE true ON CONFLICT DO NOTHING`.
 * SQLite needs the WHERE before ON CONFLICT, and both need the table named where a column could be
 * another one's: `given.a`.
 */
export const rowsOf = <C extends Columns>(columns: C, rows: readonly Row<C>[]): Part => {
  const names = Object.keys(columns);
  const types = Object.values(columns).map(({ type }) => type);
  const whole = new Set(names.filter((_name, i) => types[i] === 'bigint'));
  const valueOf = (row: Row<C>, name: string): unknown => {
    const value = (row as Readonly<Record<string, unknown>>)[name] ?? null;
    // PostgreSQL refuses the statement, and SQLite keeps the fraction.
    if (typeof value === 'number' && !Number.isInteger(value) && whole.has(name))
      throw new TypeError(`Cannot write ${value} as "${name}": expected a whole number`);
    return value;
  };
  const values = types.map((type, i) => `${fromJson(type, `value ->> ${i}`)} AS ${columnOf(names[i] ?? '')}`);
  const given = `${types.map((type) => `?::${type}[]`).join(', ')}) AS given (${names.map(columnOf).join(', ')}`;
  return part(`(SELECT ${values.join(', ')} FROM json_each(?)) AS given`, `unnest(${given})`, ({ engine }) =>
    engine === 'sqlite'
      ? [jsonOf(rows.map((row) => names.map((name) => valueOf(row, name))))]
      : names.map((name) => rows.map((row) => valueOf(row, name))),
  );
};

/**
 * `publicKey` stands in tables as `public_key`: PostgreSQL folds names that are not quoted to lower
 * case.
 */
export const columnOf = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

const fromJson = (type: string, sql: string): string => (type === 'bytea' ? `unhex(${sql})` : sql);

/** JSON.stringify knows neither bigint nor octets. */
function jsonOf(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(jsonOf).join()}]`;
  if (value instanceof Uint8Array)
    return `"${Buffer.from(value.buffer, value.byteOffset, value.length).toString('hex')}"`;
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}
