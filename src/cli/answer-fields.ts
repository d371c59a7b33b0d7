/** Describes the fields of what a command answers with `--json`, from its row. */
import { type AnyRow, printedOf } from '../commands/core/row.ts';
import { z } from '../config/zod.ts';

/** The part of JSON Schema that zod writes for answers. */
interface Schema {
  readonly type?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
}

export function answerLines(row: AnyRow): string[] {
  const schema = z.toJSONSchema(printedOf(row), { unrepresentable: 'any' }) as Schema;
  const lines = fieldLines(schema, '');
  if (lines.length === 0) return [];
  return ['', row.effect === 'lists' ? 'Each row of `--json`:' : '`--json`:', '', ...lines];
}

/**
 * Fields without a description stand together on one line; each of the others has a line of its
 * own.
 */
function fieldLines(schema: Schema, indent: string): string[] {
  const object = objectIn(schema);
  if (object === undefined) return [];
  const fields = Object.entries(object.properties ?? {}).map(([name, field]) => ({
    name: `\`${name}\`${object.required?.includes(name) === true ? '' : ' (optional)'}`,
    field,
    inner: fieldLines(field, `${indent}  `),
  }));
  const plain = fields.filter(({ field, inner }) => aboutOf(field) === '' && inner.length === 0);
  return [
    ...(plain.length > 0 ? [`${indent}- ${plain.map(({ name }) => name).join(', ')}`] : []),
    ...fields
      .filter((one) => !plain.includes(one))
      .flatMap(({ name, field, inner }) => [
        `${indent}- ${name}${isList(field) ? ', a list' : ''}${aboutOf(field) === '' ? '' : `: ${aboutOf(field)}`}`,
        ...inner,
      ]),
  ];
}

const isList = ({ type }: Schema): boolean => type === 'array';

/**
 * The object in a schema: the schema itself, what a list contains, or the first choice that has
 * fields.
 */
function objectIn(schema: Schema): Schema | undefined {
  if (schema.properties !== undefined) return schema;
  if (schema.items !== undefined) return objectIn(schema.items);
  return schema.anyOf?.map(objectIn).find((one) => one !== undefined);
}

function aboutOf({ description = '', enum: values }: Schema): string {
  const chosen = values === undefined ? '' : values.map((value) => `\`${String(value)}\``).join(', ');
  return [description.replace(/\.$/, ''), chosen].filter((part) => part !== '').join('; ');
}
