/**
 * One statement for two engines: yield* sql.first({ id: int, ended: flag
 * })`SELECT id, ended FROM account WHERE login = ${login}`
 *
 * The array of strings that a tagged template is called with is the same object at each call from
 * one place in the source: it is the key of the plan, and so of the prepared statement. So the text
 * may not change: values, lists and rows are parameters, and however many there are, the statement
 * is the same one. Only parts that say so vary (`someOf`); each kind of them has a plan. A plan
 * holds no values.
 */
import type { AuditItem } from '../../domain/audit-row.ts';
import type { Instant } from '../../domain/units.ts';
import type { Column, Columns, Row } from './columns.ts';
import { type Dialect, type Part, checkKinds, columnOf, isPart } from './parts.ts';

export type Value = string | number | bigint | boolean | null | Uint8Array;
type Given = Value | Part;

/** A place in the source that has a statement. */
export interface Plan {
  readonly number: number;
  readonly strings: readonly string[];
  readonly parts: readonly (Omit<Part, 'values'> | undefined)[];
  readonly wanted: 'one' | 'first' | 'all' | 'count';
  /** The names of the row's properties, of its columns in the answer, and how each is read. */
  readonly columns: readonly (Column<unknown> & { readonly name: string; readonly column: string })[];
  /** Some value is a list or a word of the engine's: the others go to it as they are. */
  readonly plain: boolean;
}

/** By the kinds of those parts that vary; most places have one plan. */
type PlansOfPlace = Map<string, Plan>;

/** Most plans of one place: each is kept by every connection that runs it. */
export const MOST_OF_PLACE = 128;

const places = new Map<readonly string[], PlansOfPlace>();
const plans: Plan[] = [];

/** Plans that were used so far. */
export const usedPlans = (): readonly Plan[] => [...plans];

export interface Statement {
  readonly plan: Plan;
  readonly given: readonly Given[];
}
/** What a change asks of the engine's own parts (`changes/services.ts`, which has the types). */
export interface ServiceStep {
  readonly service: string;
  readonly args: readonly unknown[];
}
/**
 * What a change asks of its runner: a statement, a row at the end of the audit chain, of which it
 * hears the number, or a service.
 */
export type Step = Statement | { readonly audit: AuditItem } | ServiceStep;

/**
 * A change or a read, which a runner drives step by step. It has no effect but by its steps and in
 * its context: it may be run again, or rolled back. An error of the engine ends it where it stands:
 * it cannot catch it (PostgreSQL's transaction is lost by then), and its `finally` does not run.
 */
export type Change<T> = Generator<Step, T, unknown>;

/** First argument of every read: the moment. */
export interface Now {
  readonly at: Instant;
}

/** The smallest change: one step, worth its answer, in the type that its maker declares. */
export function* ask<T>(step: Step): Change<T> {
  return (yield step) as T;
}

/** The text for an engine. */
export function textOf({ strings, parts }: Plan, dialect: Dialect): string {
  let n = 0;
  const mark = (): string => (dialect.engine === 'sqlite' ? '?' : `$${++n}`);
  return strings.reduce((text, next, i) => text + (parts[i - 1]?.text(dialect) ?? '?').replaceAll('?', mark) + next);
}

export function valuesOf({ plan, given }: Statement, dialect: Dialect): readonly unknown[] {
  if (plan.plain) return given;
  return given.flatMap((one) => (isPart(one) ? one.values(dialect) : [one]));
}

/**
 * What a change gets for the rows of its statement; each is the values of its columns in their
 * order.
 */
export function answerOf(plan: Plan, rows: readonly (readonly unknown[])[]): unknown {
  if (plan.wanted === 'all') return rows.map((row) => rowOf(plan, row));
  const [row] = rows;
  if (row !== undefined) return rowOf(plan, row);
  if (plan.wanted === 'one') throw new Error('There is no row, and there always should be one');
  return undefined;
}

function rowOf({ columns }: Plan, values: readonly unknown[]): Readonly<Record<string, unknown>> {
  const row: Record<string, unknown> = {};
  let i = 0;
  for (const { name, read, optional } of columns) {
    const value = values[i++];
    if (optional !== true || value !== null) row[name] = read(value);
  }
  return row;
}

/**
 * Adds to an error of the engine which statement it was: at that moment no frame of the change is
 * on the stack. Texts hold no values.
 */
export function named(error: unknown, { strings }: Plan): unknown {
  const text = strings.join('?').replaceAll(/\s+/g, ' ').trim();
  if (error instanceof Error) error.message += ` (in: ${text.length > 80 ? `${text.slice(0, 80)}...` : text})`;
  return error;
}

/** The columns of an answer must be those that are declared, in their order. */
export function checkColumns({ columns }: Plan, found: readonly string[]): void {
  const declared = columns.map(({ column }) => column);
  if (found.join() !== declared.join())
    throw new Error(`The columns of a statement are ${found.join(', ')}; declared are ${declared.join(', ')}`);
}

type Tag<T> = (strings: TemplateStringsArray, ...given: readonly Given[]) => Change<T>;

function planOf(strings: readonly string[], wanted: Plan['wanted'], columns: Columns, given: readonly Given[]): Plan {
  const parts = given.map((one) => (isPart(one) ? { kind: one.kind, text: one.text } : undefined));
  const read = Object.entries(columns).map(([name, column]) => ({ ...column, name, column: columnOf(name) }));
  const plain = parts.every((one) => one === undefined);
  const plan: Plan = { number: plans.length, strings, parts, wanted, columns: read, plain };
  plans.push(plan);
  return plan;
}

const variantOf = (given: readonly Given[]): string =>
  given.reduce<string>((all, one) => (isPart(one) && one.varies === true ? `${all}${one.kind}|` : all), '');

function planFor(strings: readonly string[], wanted: Plan['wanted'], columns: Columns, given: readonly Given[]): Plan {
  let its = places.get(strings);
  if (its === undefined) places.set(strings, (its = new Map<string, Plan>()));
  const variant = variantOf(given);
  let plan = its.get(variant);
  if (plan !== undefined) return plan;
  if (its.size >= MOST_OF_PLACE) throw new TypeError(`A statement has too many texts: ${strings.join('?')}`);
  its.set(variant, (plan = planOf(strings, wanted, columns, given)));
  return plan;
}

const tag =
  <T>(wanted: Plan['wanted'], columns: Columns): Tag<T> =>
  (strings, ...given) => {
    const plan = planFor(strings, wanted, columns, given);
    checkKinds(strings, plan.parts, given);
    return ask<T>({ plan, given });
  };

export const sql = {
  /** The one row that there always is. */
  one: <C extends Columns>(columns: C) => tag<Row<C>>('one', columns),
  first: <C extends Columns>(columns: C) => tag<Row<C> | undefined>('first', columns),
  all: <C extends Columns>(columns: C) => tag<readonly Row<C>[]>('all', columns),
  /** Runs a statement; answers how many rows it changed. */
  run: tag<number>('count', {}),
};
