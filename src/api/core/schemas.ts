/**
 * Turns zod types into JSON Schema of draft 2020-12, for the document.
 *
 * A type with `.meta({ id: 'Message' })` stands under that name among the components, and every use
 * refers to it. What JSON Schema cannot say (checks by code, dates as objects) is left out: the
 * answer to a request that breaks it is a 400 or a 422.
 */
import { z } from '../../config/zod.ts';

export type JsonSchema = Readonly<Record<string, unknown>>;

/** `input`: what is sent to us. `output`: what we send. */
export type Io = 'input' | 'output';

/** Members that are maps: their names are free, and their values are schemas. */
const MAPS = new Set(['properties', 'patternProperties', '$defs']);
/** Members that are values, not schemas. */
const VALUES = new Set(['const', 'default', 'enum', 'examples', 'required']);

export class Components {
  readonly #schemas = new Map<string, { readonly schema: JsonSchema; readonly text: string }>();

  /** All named schemas that were met, by name. */
  get schemas(): Readonly<Record<string, JsonSchema>> {
    const entries = [...this.#schemas].map(([name, { schema }]) => [name, schema] as const);
    return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  /**
   * The schema of a type. Throws if two different types have the same name: one would be described
   * as the other.
   */
  schemaOf(type: z.ZodType, io: Io): JsonSchema {
    const made = z.toJSONSchema(type, {
      io,
      unrepresentable: 'any',
      override: ({ jsonSchema }) => mend(jsonSchema),
    }) as JsonSchema;
    const { $defs = {}, $schema: _, ...whole } = made;
    for (const [name, schema] of Object.entries($defs as Readonly<Record<string, JsonSchema>>))
      this.#add(name, rewritten(schema));
    const name = type.meta()?.id;
    if (name === undefined || '$ref' in whole) return rewritten(whole);
    this.#add(name, rewritten(whole));
    return { $ref: `#/components/schemas/${name}` };
  }

  #add(name: string, schema: JsonSchema): void {
    if (!/^[A-Z][A-Za-z0-9]*$/.test(name)) throw new Error(`The schema ${name} is not named in PascalCase`);
    const text = JSON.stringify(schema);
    const known = this.#schemas.get(name);
    if (known !== undefined && known.text !== text)
      throw new Error(`Two schemas are called ${name}:\n${known.text}\n${text}`);
    this.#schemas.set(name, { schema, text });
  }
}

/**
 * Changes the schema of a day or a time that may be null: the linter of the design rules wants its
 * format beside the type, not inside a choice.
 */
function mend(schema: Record<string, unknown>): void {
  const { anyOf } = schema as { anyOf?: readonly Readonly<Record<string, unknown>>[] };
  if (anyOf?.length !== 2) return;
  const [of, nothing] = anyOf;
  if (nothing?.type !== 'null' || of?.type !== 'string' || of.format === undefined) return;
  delete schema.anyOf;
  Object.assign(schema, of, { type: ['string', 'null'] });
}

/** The schema without the names that zod gave, and with references to the components. */
function rewritten(schema: JsonSchema): JsonSchema {
  const entries = Object.entries(schema).flatMap(([name, value]): readonly (readonly [string, unknown])[] => {
    if (name === 'id' || name === '$schema' || name === '$defs') return [];
    if (name === '$ref') return [[name, String(value).replace('#/$defs/', '#/components/schemas/')]];
    if (VALUES.has(name)) return [[name, value]];
    // A pattern of ours is JavaScript with its flag u; JSON Schema has no flags.
    if (MAPS.has(name)) return [[name, mapOf(value as Readonly<Record<string, JsonSchema>>)]];
    return [[name, valueOf(value)]];
  });
  return Object.fromEntries(entries);
}

const mapOf = (map: Readonly<Record<string, JsonSchema>>): JsonSchema =>
  Object.fromEntries(Object.entries(map).map(([name, schema]) => [name, rewritten(schema)]));

function valueOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(valueOf);
  return typeof value === 'object' && value !== null ? rewritten(value as JsonSchema) : value;
}
