/** Makes the paths of a configuration absolute, as seen from the folder of its file. */
import { resolve } from 'node:path';
import { fieldMeta } from './fields/field.ts';
import { type ParsedConfig, configSchema } from './schema.ts';
import { type Definition, shapeOf } from './shape.ts';

/** The same settings with absolute paths: every field with `isPath`, in any section. */
export const absolute = (config: ParsedConfig, folder: string): ParsedConfig =>
  within(configSchema, config, (path) => resolve(folder, path)) as ParsedConfig;

function within(schema: Definition, value: unknown, at: (path: string) => string): unknown {
  if (fieldMeta.get(schema as never)?.isPath === true) return eachOf(value, (path) => at(path as string));
  const shape = shapeOf(schema);
  if (shape === undefined) return value;
  return eachOf(value, (section) =>
    Object.fromEntries(
      Object.entries(section as object).map(([name, inner]) => [name, within(shape[name] ?? {}, inner, at)]),
    ),
  );
}

const eachOf = (value: unknown, change: (one: unknown) => unknown): unknown => {
  if (value === undefined) return undefined;
  return Array.isArray(value) ? value.map(change) : change(value);
};
