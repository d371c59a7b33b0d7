/**
 * One field of the configuration. It carries its expectation, its default and its meaning, so that
 * the type, the error text and the reference page come from one line of its section.
 */
import { z } from '../zod.ts';

export interface FieldMeta {
  readonly about: string;
  readonly expects: string;
  /**
   * As it is written in the file; absent if a value must be given or where leaving it out means
   * something.
   */
  readonly initial?: Initial;
  readonly optional?: boolean;
  /** A relative path in it starts at the folder of the file. */
  readonly isPath?: true;
  /** A value as the file writes it; left out: as JSON does. Nothing that may be secret is in it. */
  readonly written?: (value: never) => string;
  /** The default as it was read. */
  readonly start?: unknown;
}

type Initial = string | number | boolean | readonly string[];

// zod keeps what is said about a schema in a registry; ours is typed.
export const fieldMeta = z.registry<FieldMeta>();

/** One field: `read` answers undefined for a value that is not what `expects` says. */
export function field<T>(meta: FieldMeta, read: (raw: unknown) => T | undefined): z.ZodType<T> {
  const parse = z.unknown().transform((raw, context): T => {
    const value = read(raw);
    if (value !== undefined) return value;
    context.issues.push({ code: 'custom', message: meta.expects, input: raw });
    return z.NEVER;
  });
  const schema = meta.initial === undefined ? parse : parse.prefault(meta.initial);
  fieldMeta.add(schema, meta.initial === undefined ? meta : { ...meta, start: read(meta.initial) });
  return schema;
}

/** A field that may be left out. */
export function optional<T>(inner: z.ZodType<T>): z.ZodOptional<z.ZodType<T>> {
  const schema = inner.optional();
  const meta = fieldMeta.get(inner);
  if (meta !== undefined) fieldMeta.add(schema, { ...meta, optional: true });
  return schema;
}

export const withInitial = (meta: FieldMeta, initial: Initial | undefined): FieldMeta =>
  initial === undefined ? meta : { ...meta, initial };

/** Writes a default as the file writes it. */
export const writeValue = (value: unknown): string => JSON.stringify(value);

/**
 * A section that a file may leave out: every field has a default or is optional, which zod's type
 * of the input does not know.
 */
export const section = <S extends z.ZodRawShape>(shape: S): z.ZodPrefault<z.ZodObject<S, z.core.$strict>> => {
  const strict = z.strictObject(shape);
  return strict.prefault({} as never);
};
