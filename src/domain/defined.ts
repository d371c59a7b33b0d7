/** `T` where each property that may be undefined is one that may be absent. */
type Defined<T> = { readonly [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  readonly [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

/**
 * The same object without the properties that are undefined. So "not known" and "absent" are one
 * thing in JSON, between threads and for the types: an optional property may be absent, but may not
 * hold `undefined` (`exactOptionalPropertyTypes`).
 */
export function defined<T extends object>(values: T): Defined<T>;
export function defined(values: Readonly<Record<string, unknown>>): object {
  const kept: Record<string, unknown> = {};
  for (const key in values) if (values[key] !== undefined) kept[key] = values[key];
  return kept;
}
