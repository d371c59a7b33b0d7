/**
 * Every setting of a configuration with its present value, and with what the reference page says of
 * it. The kinds of fields (fields/) leave out what may be secret.
 */
import { dirname, resolve } from 'node:path';
import { type ConfigSetting, holdsAfterReload } from '../domain/config-setting.ts';
import { defined } from '../domain/defined.ts';
import { writeValue } from './fields/field.ts';
import { type FieldReference, type SectionReference, configReference, initialText } from './reference.ts';
import type { Config } from './schema.ts';

type Values = Readonly<Record<string, unknown>>;

/** The settings in the order of the reference page. */
export const heldSettings = (config: Config): readonly ConfigSetting[] =>
  configReference().flatMap((section) =>
    placesOf(config, section).flatMap(({ at, values }) =>
      section.fields.map((field) => heldOf(field, section, at, values[field.name], dirname(config.file))),
    ),
  );

/** Where the fields of a section stand: once, or once in each repetition that has a name. */
function placesOf(config: Config, { name, repeated }: SectionReference): readonly HeldSection[] {
  const all = config as unknown as Values;
  if (name === '') return [{ at: '', values: all }];
  if (repeated)
    return (all[name] as readonly Values[]).map((one) => ({
      at: `${name}.${String(one.name ?? one.role)}.`,
      values: one,
    }));
  const found = name.split('.').reduce<unknown>((within, key) => (within as Values | undefined)?.[key], all);
  return [{ at: `${name}.`, values: (found ?? {}) as Values }];
}

interface HeldSection {
  readonly at: string;
  readonly values: Values;
}

function heldOf(
  field: FieldReference,
  section: SectionReference,
  at: string,
  value: unknown,
  folder: string,
): ConfigSetting {
  const { about, expects, isPath, start, written = writeValue } = field;
  const name = `${at}${field.name}`;
  const text = (one: unknown): string => written(one as never);
  const usual = isPath === true && typeof start === 'string' ? resolve(folder, start) : start;
  return {
    name,
    section: section.name,
    subject: section.about,
    about,
    expected: expects,
    ...defined({ value: value === undefined ? undefined : text(value), initial: initialText(field) }),
    differs: value !== undefined && (usual === undefined || text(value) !== text(usual)),
    by: holdsAfterReload(name) ? 'reload' : 'restart',
  };
}
