/**
 * A subject is a group of commands: its rows by their names, groups inside it, and parts that
 * nobody types. It gives each operation its name.
 */
import type { AnyOperation, AnyRow } from './row.ts';

/** Commands by their names (`'send-test'`), and groups of them. */
export type Rows = Readonly<Record<string, AnyRow | AnySubject>>;
/** Operations that are no commands. Commands that run in their own process call them. */
export type Parts = Readonly<Record<string, AnyOperation>>;

export interface Subject<N extends string, R extends Rows, Q extends Parts> {
  readonly kind: 'subject';
  readonly name: N;
  readonly about: string;
  readonly rows: R;
  readonly parts: Q;
  /** The row that is meant if none is named. */
  readonly initial?: string;
}
export type AnySubject = Subject<string, Rows, Parts>;

/** The names of operations, by their rows. */
const operations = new WeakMap<AnyOperation, string>();

export function subject<const N extends string, R extends Rows, Q extends Parts = Record<string, never>>(
  name: N,
  about: string,
  rows: R,
  { parts = {} as Q, initial }: { readonly parts?: Q; readonly initial?: keyof R & string } = {},
): Subject<N, R, Q> {
  const made: Subject<N, R, Q> = {
    kind: 'subject',
    name,
    about,
    rows,
    parts,
    ...(initial !== undefined && { initial }),
  };
  for (const [path, row] of operationRows(made)) operations.set(row, path);
  return made;
}

export const isSubject = (row: AnyRow | AnySubject): row is AnySubject => 'kind' in row;

/**
 * The operations of a subject and of the groups in it, each with its name, such as
 * `account.password.add`.
 */
export function* operationRows({ name, rows, parts }: AnySubject): Generator<readonly [string, AnyOperation]> {
  for (const [key, row] of [...Object.entries(rows), ...Object.entries(parts)])
    if (isSubject(row)) for (const [path, inner] of operationRows(row)) yield [`${name}.${path}`, inner];
    else if (row.at === 'gateway') yield [`${name}.${key}`, row];
}

/** The name of a row's operation. Throws if the row is in no subject. */
export function operationName(row: AnyOperation): string {
  const name = operations.get(row);
  if (name === undefined) throw new Error(`"${row.about}" is a row of no subject`);
  return name;
}
