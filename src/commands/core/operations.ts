/**
 * The operations of a subject, as the gateway runs them. Each reads its input by what its row says
 * of it.
 */
import type { AdminContext } from '../../admin/context.ts';
import { AdminError } from '../../admin/error.ts';
import type { Call } from '../../admin/call.ts';
import { exactly } from '../../admin/exactly.ts';
import type { Input } from '../../admin/input.ts';
import type { ChosenVerb } from '../../domain/second-person.ts';
import type { Operation, Owned } from '../../admin/operation.ts';
import type { Right } from '../../domain/roles.ts';
import { count, text } from './kind.ts';
import { MAX_LIST, type Param, type Params, type Values, nameOf, opt } from './params.ts';
import type { AnyOperation, OutputOf, Page, Row } from './row.ts';
import { type AnySubject, type Subject, operationRows } from './subject.ts';

type RowOperation<O> = Operation<unknown, O> & { readonly right: Right };
type Own<N extends string, R> = {
  // A subject without parts has an index signature in place of names. It is left out: with it,
  // every word would be the name of an operation.
  readonly [
    K in keyof R & string as string extends K ? never : R[K] extends { readonly at: 'gateway' } ? `${N}.${K}` : never
  ]: RowOperation<OutputOf<R[K]>>;
};
type Inner<N extends string, R> = {
  readonly [K in keyof R]: R[K] extends Subject<infer M, infer S, infer Q> ? Operations<`${N}.${M}`, S, Q> : never;
}[keyof R];
type Both<U> = (U extends unknown ? (one: U) => void : never) extends (all: infer A) => void ? A : never;
export type Operations<N extends string, R, Q> = Own<N, R> &
  Own<N, Q> &
  ([Inner<N, R>] extends [never] ? unknown : Both<Inner<N, R>>);

export function operationsOf<N extends string, R, Q>(of: {
  readonly name: N;
  readonly rows: R;
  readonly parts: Q;
}): Operations<N, R, Q> {
  const rows = [...operationRows(of as unknown as AnySubject)].map(([name, row]) => [name, operationOf(row)]);
  return Object.fromEntries(rows) as Operations<N, R, Q>;
}

type Each<S> = {
  readonly [K in keyof S]: S[K] extends Subject<infer N, infer R, infer Q> ? Operations<N, R, Q> : never;
}[keyof S];

/** Operations of several subjects. */
export const operationsOfAll = <S extends Readonly<Record<string, AnySubject>>>(all: S): Both<Each<S>> =>
  Object.assign({}, ...Object.values(all).map((one) => operationsOf(one))) as Both<Each<S>>;

/** Parameters that every list has besides its own. */
const PAGED = {
  limit: opt(count('number', { min: 1, max: MAX_LIST }), 'most rows', MAX_LIST),
  after: opt(text('row'), 'those behind this one'),
};
/** The parameter that goes with a file. */
const HASHED = { sha256: opt(text('hash', 64), 'of the file') };

function operationOf(row: AnyOperation): RowOperation<unknown> {
  const { right } = row;
  const owned = ownedOf(row);
  const names = Object.entries(row.in).flatMap(([key, { kind }]) => (kind?.of === undefined ? [] : [nameOf(key)]));
  if (row.effect === 'lists')
    return {
      right,
      owned,
      changes: false,
      names,
      read: (input) => ({ ...inputOf({ in: PAGED }, input), ...inputOf(row, input) }),
      run: (context, input, call) => row.run(context, input as Values<Params> & Page, call),
    };
  return {
    right,
    owned,
    changes: row.effect !== 'reads',
    names,
    read: (input) => ({
      ...inputOf(row, input),
      ...(row.upload !== undefined && inputOf({ in: HASHED }, input)),
    }),
    run: (context, input, call) =>
      row.run(context, input as Values<Params>, withFile(context, row, input as Hashed, call)),
    ...(row.streams !== undefined && { streams: row.streams }),
    ...(row.second !== undefined && { needsSecond: row.second }),
    ...(row.isLook !== undefined && { isLook: (input) => row.isLook?.(input as Values<Params>) === true }),
    ...(needsReason(row) && { needsReason: true }),
  };
}

const OWNED: readonly string[] = ['account', 'address', 'organisation', 'webhook'] satisfies readonly Owned[];

/** Parameters that name something with an owner, by their names in a call. */
const ownedOf = ({ in: params }: AnyOperation): Readonly<Record<string, Owned>> =>
  Object.fromEntries(
    Object.entries(params).flatMap(([key, { kind }]) =>
      kind?.of !== undefined && OWNED.includes(kind.of) ? [[nameOf(key), kind.of as Owned]] : [],
    ),
  );

interface Hashed {
  readonly sha256?: string;
}

/** Checks by its SHA-256 that the file is the one for which two people signed. */
function withFile(
  context: AdminContext,
  { upload: about, second }: Row<Params, unknown>,
  { sha256 }: Hashed,
  call: Call,
): Call {
  if (about === undefined) return call;
  const { upload } = call;
  if (upload === undefined) {
    if (about.needed === undefined && sha256 === undefined) return call;
    throw new AdminError('invalid', `Cannot do it without a file: ${about.about}`);
  }
  if (second === undefined) return call;
  if (sha256 === undefined && !context.secondPerson.includes(second as ChosenVerb)) return call;
  return { ...call, upload: exactly(upload, sha256) };
}

const needsReason = (row: Row<Params, unknown>): boolean =>
  row.reason === 'needed' || (row.effect !== 'reads' && row.confirm !== undefined);

interface Takes<P extends Params> {
  readonly in: P;
  check?(input: Values<P>): string | undefined;
}

/** Reads the input of a call. Throws AdminError, kind `invalid`. */
export function inputOf<P extends Params>(row: Takes<P>, input: Input): Values<P> {
  const values = Object.entries(row.in).map(([key, param]) => [key, readValue(nameOf(key), param, input[nameOf(key)])]);
  const read = Object.fromEntries(values) as Values<P>;
  const why = row.check?.(read);
  if (why !== undefined) throw new AdminError('invalid', why);
  return read;
}

function readValue(name: string, param: Param, value: unknown): unknown {
  const { as, optional, most = MAX_LIST } = param;
  if (as === 'flag' || as === 'no') {
    if (value === undefined) return as === 'no';
    return typeof value === 'boolean' ? value : refuse(name, value, 'true or false');
  }
  if (optional && (value === undefined || value === null)) return param.initial;
  if (as !== 'rest' && as !== 'many') return readOne(name, param, value);
  if (!Array.isArray(value) || value.length > most)
    return refuse(name, value, `a list of at most ${most}, each ${param.kind?.expected.en ?? ''}`);
  return value.map((one: unknown) => readOne(name, param, one));
}

function readOne(name: string, { kind }: Param, value: unknown): unknown {
  const read = kind?.schema.safeParse(value);
  if (read?.success === true) return read.data;
  const [issue] = read?.error.issues ?? [];
  const expected = issue?.code === 'custom' ? issue.message : (kind?.expected.en ?? 'nothing');
  if (kind?.secret !== true) return refuse(name, value, expected);
  throw new AdminError('invalid', `Cannot use that as ${name}: expected ${expected}`);
}

function refuse(name: string, value: unknown, expected: string): never {
  // JSON.stringify returns undefined for undefined, although its type says otherwise.
  const shown = value === undefined ? 'nothing' : JSON.stringify(value).slice(0, 120);
  throw new AdminError('invalid', `Cannot use ${shown} as ${name}: expected ${expected}`);
}
