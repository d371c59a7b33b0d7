/**
 * Objects in another thread: their methods, with promises in place of changes and without the
 * context that the other thread gives them.
 */
import type { Step } from './sql.ts';

/**
 * What structured clone carries over whole. An instance of a class would arrive without its
 * methods, a function not at all.
 */
type Simple = string | number | bigint | boolean | null | undefined | Arrays | Date;
type Arrays = Uint8Array | Float64Array | Uint32Array;
type Crosses<T> = T extends Simple
  ? T
  : T extends (...args: never[]) => unknown
    ? never
    : { readonly [K in keyof T]: Crosses<T[K]> };

type Result<G> = G extends Generator<Step, infer R> ? R : G;
type Method<F> = F extends (context: never, ...args: infer A) => infer G
  ? [A, Result<G>] extends [Crosses<A>, Crosses<Result<G>>]
    ? (...args: A) => Promise<Result<G>>
    : never
  : never;

/** A method whose arguments or result cannot cross is `never`: nobody can call it. */
export type Remote<T> = { readonly [K in keyof T]: Method<T[K]> };

export type Callable<Answer = Generator<Step, unknown>> = (context: unknown, ...args: readonly unknown[]) => Answer;

/**
 * What may be called from outside: the methods of its own class. Neither `constructor` and
 * `toString`, nor what begins with #.
 */
export function methodsOf<Answer = Generator<Step, unknown>>(object: object): ReadonlyMap<string, Callable<Answer>> {
  const methods = methodsIn<Answer>(Object.getPrototypeOf(object) as object);
  return new Map([...methods].map(([name, method]) => [name, method.bind(object)]));
}

/** The methods of a class, read from its prototype. */
export function methodsIn<Answer = Generator<Step, unknown>>(prototype: object): ReadonlyMap<string, Callable<Answer>> {
  const own = Object.entries(Object.getOwnPropertyDescriptors(prototype as Record<string, unknown>));
  const methods = own.filter(([name, { value }]) => typeof value === 'function' && name !== 'constructor');
  return new Map(methods.map(([name, { value }]) => [name, value as Callable<Answer>]));
}

/** Deepest nesting of arguments and answers; a list of lists of objects of lists is 4. */
const MAX_DEPTH = 12;

/**
 * Throws TypeError for what would not arrive as it was given. Found here, where it fails for one
 * who asks: in the message that takes it over it would fail for all that share it, and of a result
 * only after the commit.
 */
export function checkCrossing(value: unknown, depth = MAX_DEPTH): void {
  if (typeof value === 'function' || typeof value === 'symbol')
    throw new TypeError(`A ${typeof value} cannot go to another thread`);
  if (typeof value !== 'object' || value === null) return;
  if (ArrayBuffer.isView(value) || value instanceof Date) return;
  if (depth === 0) throw new TypeError(`What goes to another thread is more than ${MAX_DEPTH} deep`);
  if (Array.isArray(value)) {
    for (const one of value) checkCrossing(one, depth - 1);
    return;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null)
    throw new TypeError(`A ${value.constructor.name} cannot go to another thread: it would lose its methods`);
  for (const one of Object.values(value)) checkCrossing(one, depth - 1);
}
