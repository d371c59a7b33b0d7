/**
 * One field of the configuration. It carries its description, what it expects and its default. So
 * the type, the text of errors and the reference page all come from one line of its section.
 */
import { z } from '../zod.ts';

export interface FieldMeta {
  readonly about: string;
  readonly expects: string;
  /**
   * The default, as it is written in the file. Absent if a value must be given, or if leaving it
   * out has a meaning.
   */
  readonly initial?: Initial;
  readonly optional?: boolean;
  /** The value is a path. A relative one starts at the folder of the file. */
  readonly isPath?: true;
  /**
   * Writes a value as the file does; without it, JSON does. The text must contain nothing that may
   * be secret.
   */
  readonly written?: (value: never) => string;
  /** The default after reading. */
  readonly start?: unknown;
}

type Initial = string | number | boolean | readonly string[];

// zod keeps what is said about a schema in a registry. This one is typed.
export const fieldMeta = z.registry<FieldMeta>();

/** Makes a field. `read` returns undefined for a value that is not what `expects` says. */
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

/** Writes a value as the file does. */
export const writeValue = (value: unknown): string => JSON.stringify(value);

/**
 * A section that a file may leave out. All its fields have a default or are optional, which zod's
 * type of the input does not know.
 */
export const section = <S extends z.ZodRawShape>(shape: S): z.ZodPrefault<z.ZodObject<S, z.core.$strict>> => {
  const strict = z.strictObject(shape);
  return strict.prefault({} as never);
};
