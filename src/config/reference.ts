/**
 * The schema as a list. The reference page, the file that `sluis init` writes, and the test of both
 * are made from it.
 */
import { type FieldMeta, fieldMeta, writeValue } from './fields/field.ts';
import { configSchema, sections } from './schema.ts';
import { type Definition, isRepeated, shapeOf } from './shape.ts';

export interface FieldReference extends FieldMeta {
  readonly name: string;
}

export interface SectionReference {
  /** Name of the section; empty for fields above the first section. */
  readonly name: string;
  readonly about: string;
  /** True if the section is written as `[[name]]`, and may be repeated. */
  readonly repeated: boolean;
  /** The section stands inside another one, and is left out as a whole if it is not wanted. */
  readonly within?: true;
  readonly fields: readonly FieldReference[];
}

export function configReference(): readonly SectionReference[] {
  const top: FieldReference[] = [];
  const found: SectionReference[] = [];
  for (const [name, schema] of Object.entries(configSchema.shape)) {
    const meta = fieldMeta.get(schema);
    if (meta !== undefined) top.push({ name, ...meta });
    else {
      found.push({ ...sectionOf(name, schema), repeated: isRepeated(schema) });
      for (const [field, inner] of Object.entries(shapeOf(schema) ?? {}))
        if (sections[`${name}.${field}`] !== undefined)
          found.push({ ...sectionOf(`${name}.${field}`, inner), repeated: false, within: true });
    }
  }
  return [{ name: '', about: '', repeated: false, fields: top }, ...found];
}

const sectionOf = (name: string, schema: Definition): Pick<SectionReference, 'name' | 'about' | 'fields'> => ({
  name,
  about: sections[name] ?? '',
  fields: Object.entries(shapeOf(schema) ?? {}).flatMap(([field, inner]) => {
    const known = fieldMeta.get(inner as never);
    return known === undefined ? [] : [{ name: field, ...known }];
  }),
});

/**
 * The text of the column "default", and of the commented line in the file that `sluis init` writes.
 */
export const initialText = (field: FieldReference): string | undefined =>
  field.initial === undefined ? undefined : writeValue(field.initial);

const WIDTH = 100;

/** Breaks a text into lines of a TOML comment. */
export function comment(text: string): string {
  const lines: string[] = [];
  let line = '#';
  for (const word of text.split(' ')) {
    if (line.length + 1 + word.length > WIDTH && line !== '#') {
      lines.push(line);
      line = '#';
    }
    line += ` ${word}`;
  }
  return [...lines, line].join('\n');
}
