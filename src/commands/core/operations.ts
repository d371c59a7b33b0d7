/** The operations of a subject, as the gateway runs them: their input is read by what the rows say of it. */
import { AdminError } from '../../admin/context.ts';
import type { Input } from '../../admin/input.ts';
import type { Operation } from '../../admin/operation.ts';
import { page } from '../../admin/input.ts';
import {
  type AnyRow,
  type OutputOf,
  type Page,
  type Param,
  type Params,
  type Subject,
  type Values,
  nameOf,
} from './row.ts';

type Operations<N extends string, R> = {
  readonly [K in keyof R & string as `${N}.${K}`]: Operation<unknown, OutputOf<R[K]>>;
};

export function operationsOf<N extends string, R extends Readonly<Record<string, AnyRow>>>({
  name,
  rows,
}: Subject<N, R>): Operations<N, R> {
  const operations = Object.entries(rows).map(([key, row]) => [`${name}.${key}`, operationOf(row)]);
  return Object.fromEntries(operations) as Operations<N, R>;
}

function operationOf(row: AnyRow): Operation<unknown> {
  const names = Object.entries(row.in).flatMap(([key, { kind }]) => (kind?.names === true ? [nameOf(key)] : []));
  if (row.effect === 'lists')
    return {
      changes: false,
      names,
      read: (input) => ({ ...page(input), ...readInput(row.in, input) }),
      run: (context, input, call) => row.run(context, input as Values<Params> & Page, call),
    };
  const { second } = row;
  return {
    changes: row.effect !== 'reads',
    names,
    read: (input) => readInput(row.in, input),
    run: (context, input, call) => row.run(context, input as Values<Params>, call),
    ...(second === undefined
      ? {}
      : { needsSecond: second.verb, isLook: (input) => second.isLook?.(input as Values<Params>) === true }),
    ...(row.confirm === undefined ? {} : { needsReason: true }),
  };
}

/** Throws AdminError, kind `invalid`. */
export function readInput<P extends Params>(params: P, input: Input): Values<P> {
  const values = Object.entries(params).map(([key, param]) => [key, readValue(nameOf(key), param, input[nameOf(key)])]);
  return Object.fromEntries(values) as Values<P>;
}

function readValue(name: string, { kind, as, optional }: Param, value: unknown): unknown {
  if (as === 'flag')
    return value === undefined || typeof value === 'boolean' ? value === true : refuse(name, value, 'true or false');
  if (optional && (value === undefined || value === null)) return undefined;
  const read = kind?.schema.safeParse(value);
  if (read?.success === true) return read.data;
  const [issue] = read?.error.issues ?? [];
  return refuse(name, value, issue?.code === 'custom' ? issue.message : (kind?.expected ?? 'nothing'));
}

function refuse(name: string, value: unknown, expected: string): never {
  // JSON.stringify answers undefined for undefined, whatever its declaration says.
  const shown = value === undefined ? 'nothing' : JSON.stringify(value).slice(0, 120);
  throw new AdminError('invalid', `Cannot use ${shown} as ${name}: expected ${expected}`);
}
