/**
 * Turns what a row of the command table answers into the form of the API: moments are named `...At`
 * and days `...Date`, and numbers that name something are texts. The form is made once, from the
 * row's own `out`: a schema, and a function that turns an answer into it.
 */
import { z } from '../../config/zod.ts';

/** A schema, and a function that makes its values from what the row answered. */
export interface Form {
  readonly schema: z.ZodType;
  readonly of: (value: unknown) => unknown;
}

/**
 * Members that hold a moment, by the names that rows have for them. `at` is not among them: it also
 * says at which command something was refused.
 */
const MOMENTS: Readonly<Record<string, string>> = {
  accepted: 'acceptedAt',
  addedAt: 'addedAt',
  askedAt: 'askedAt',
  begins: 'beginsAt',
  closes: 'closesAt',
  codeExpires: 'codeExpiresAt',
  created: 'createdAt',
  delayed: 'delayedAt',
  due: 'dueAt',
  ended: 'endedAt',
  ends: 'endsAt',
  endsAt: 'endsAt',
  expires: 'expiresAt',
  failingSince: 'failingSinceAt',
  given: 'givenAt',
  lastSuccess: 'lastSuccessAt',
  lastUsed: 'lastUsedAt',
  mergedAt: 'mergedAt',
  missedUntil: 'missedUntilAt',
  nextTry: 'nextTryAt',
  oldSecretUntil: 'oldSecretUntilAt',
  oldest: 'oldestAt',
  received: 'receivedAt',
  restored: 'restoredAt',
  revoked: 'revokedAt',
  settled: 'settledAt',
};
/** Members that are numbers and name something. */
const NUMBERED: readonly string[] = ['id'];

/** The part of zod's schemas that is looked at. */
interface Def {
  readonly type: string;
  readonly format?: string;
  readonly innerType?: z.ZodType;
  readonly element?: z.ZodType;
  readonly shape?: Readonly<Record<string, z.ZodType>>;
  readonly options?: readonly z.ZodType[];
  readonly valueType?: z.ZodType;
}
const defOf = (schema: z.ZodType): Def => schema.def;

/** What is inside optional, nullable and readonly. */
function bare(schema: z.ZodType): Def {
  const def = defOf(schema);
  return def.innerType === undefined ? def : bare(def.innerType);
}

export function formOf(schema: z.ZodType): Form {
  const form = shapeOf(defOf(schema), schema);
  const description = schema.description;
  return description === undefined ? form : { ...form, schema: form.schema.meta({ description }) };
}

function shapeOf(def: Def, schema: z.ZodType): Form {
  switch (def.type) {
    case 'optional':
    case 'readonly': {
      const inner = formOf(def.innerType ?? schema);
      return def.type === 'optional'
        ? { schema: inner.schema.optional(), of: (value) => (value === undefined ? undefined : inner.of(value)) }
        : inner;
    }
    case 'nullable': {
      const inner = formOf(def.innerType ?? schema);
      return { schema: inner.schema.nullable(), of: (value) => (value === null ? null : inner.of(value)) };
    }
    case 'array': {
      const inner = formOf(def.element ?? schema);
      return { schema: z.array(inner.schema), of: (value) => (value as readonly unknown[]).map(inner.of) };
    }
    case 'object':
      return objectOf(def.shape ?? {});
    case 'union':
      return unionOf(def.options ?? []);
    case 'record': {
      const inner = formOf(def.valueType ?? schema);
      return {
        schema: z.record(z.string(), inner.schema),
        of: (value) => Object.fromEntries(Object.entries(value as object).map(([name, one]) => [name, inner.of(one)])),
      };
    }
    default:
      return { schema, of: (value) => value };
  }
}

function objectOf(shape: Readonly<Record<string, z.ZodType>>): Form {
  const members = Object.entries(shape).map(([name, schema]) => ({ name, ...memberOf(name, schema) }));
  return {
    schema: z.strictObject(Object.fromEntries(members.map(({ as, form }) => [as, form.schema]))),
    of: (value) => {
      const given = value as Readonly<Record<string, unknown>>;
      return Object.fromEntries(
        members.flatMap(({ name, as, form }) => (given[name] === undefined ? [] : [[as, form.of(given[name])]])),
      );
    },
  };
}

function memberOf(name: string, schema: z.ZodType): { readonly as: string; readonly form: Form } {
  const { type, format } = bare(schema);
  const optional = (made: z.ZodType): z.ZodType => (defOf(schema).type === 'optional' ? made.optional() : made);
  const described = (made: z.ZodType): z.ZodType =>
    schema.description === undefined ? made : made.meta({ description: schema.description });
  const same = (value: unknown): unknown => value;
  if (type === 'string' && format === 'date')
    return { as: `${name}Date`, form: { schema: optional(described(z.iso.date())), of: same } };
  const moment = Object.hasOwn(MOMENTS, name) ? MOMENTS[name] : undefined;
  if (type === 'string' && format === undefined && moment !== undefined)
    return { as: moment, form: { schema: optional(described(z.iso.datetime({ offset: true }))), of: same } };
  if (type === 'number' && NUMBERED.includes(name))
    return { as: name, form: { schema: optional(described(z.string())), of: String } };
  return { as: name, form: formOf(schema) };
}

function unionOf(options: readonly z.ZodType[]): Form {
  const forms = options.map((option) => ({ option, form: formOf(option) }));
  return {
    schema: z.union(forms.map(({ form }) => form.schema)),
    of: (value) => {
      // The first option that accepts the value counts, as in zod. A value that fits none is a
      // mistake in the row.
      const fits = forms.find(({ option }) => option.safeParse(value).success);
      if (fits === undefined) throw new Error('An answer fits none of the forms that its row says');
      return fits.form.of(value);
    },
  };
}

/** A schema without some members of its objects, or with only these. */
export function formWith(
  schema: z.ZodType,
  { drops, only }: { readonly drops?: readonly string[] | undefined; readonly only?: readonly string[] | undefined },
): z.ZodType {
  if (drops === undefined && only === undefined) return schema;
  const def = defOf(schema);
  if (def.type === 'union') return z.union((def.options ?? []).map((option) => formWith(option, { drops, only })));
  const kept = Object.entries(def.shape ?? {}).filter(
    ([name]) => drops?.includes(name) !== true && (only === undefined || only.includes(name)),
  );
  return z.object(Object.fromEntries(kept));
}
