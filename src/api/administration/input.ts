/**
 * Turns the inputs of a row into those of the API: ids in the path, the rest in the query or the
 * body. And turns what a request gives back into the input that command line, console and API
 * share.
 */
import type { Input } from '../../admin/input.ts';
import type { Kind } from '../../commands/core/kind.ts';
import { MAX_LIST, type Param, nameOf } from '../../commands/core/params.ts';
import type { AnyOperation } from '../../commands/core/row.ts';
import type { InApi } from '../../commands/core/in-api.ts';
import { z } from '../../config/zod.ts';
import { type Body, eitherBody, jsonBody, maybeJsonBody, streamBody } from '../core/body.ts';
import { flag } from '../core/fields.ts';
import type { Texts } from '../core/route.ts';
import { forPrograms } from '../core/wording.ts';
import { MAX_COLLECTED } from '../core/idempotency.ts';
import { type PlaceName, placeOf, placesIn } from './ids.ts';

/** Ids that stand in a query in place of a name: which parameter of ids.ts reads each. */
const BY_ID: Readonly<Record<string, PlaceName>> = {
  account: 'accountId',
  organisation: 'organisationId',
  partner: 'partnerId',
  message: 'messageId',
};
/** Kinds of values that reveal who somebody is. They are not accepted in a query. */
const PERSONAL: readonly string[] = ['address', 'operator', 'other'];
/** Words of kinds that may stand in a query all the same. */
const HARMLESS: readonly string[] = ['month', 'moment'];

const isPersonal = ({ of, word }: Kind<unknown, never>): boolean =>
  of !== undefined && PERSONAL.includes(of) && !HARMLESS.includes(word);

export interface Taken {
  readonly params: Texts;
  readonly query: Texts;
  readonly body?: Body;
  /** Parameters of the path, each with the input that it fills; undefined: none. */
  readonly places: readonly { readonly place: PlaceName; readonly key: string | undefined }[];
  /** Input of the query by its name there, and what finds it. */
  readonly byId: readonly { readonly name: string; readonly key: string; readonly place: PlaceName }[];
  /** Inputs that come in the query or the body as they are, each with its name there. */
  readonly plain: readonly { readonly key: string; readonly name: string }[];
}

/** Throws for an `api` that does not fit its row. */
export function takenOf(row: AnyOperation, api: InApi): Taken {
  const params = row.in as Readonly<Record<string, Param>>;
  const places = placesIn(api.path).map((place) => ({ place, key: fillsOf(place, row, api) }));
  const gone = new Set([...places.map(({ key }) => key), ...Object.keys(api.fixed ?? {}), ...(api.without ?? [])]);
  const left = Object.entries(params).filter(([key]) => !gone.has(key));
  const path = Object.fromEntries(places.map(({ place }) => [place, placeOf(place).schema]));
  const inQuery = api.method === 'GET' || api.method === 'DELETE';
  if (inQuery) return { params: path, places, ...queryOf(api, left) };
  const plain = left.map(([key]) => ({ key, name: api.names?.[key] ?? key }));
  const json = Object.fromEntries(left.map(([key, param]) => [api.names?.[key] ?? key, memberOf(param)]));
  return { params: path, places, query: {}, byId: [], plain, ...bodyOf(row, api, json) };
}

function fillsOf(place: PlaceName, row: AnyOperation, api: InApi): string | undefined {
  const said = api.fills?.[place];
  if (said !== undefined) return said === '' ? undefined : said;
  return placeOf(place).fills.find((key) => Object.hasOwn(row.in, key));
}

function bodyOf(
  row: AnyOperation,
  { without = [] }: InApi,
  shape: Readonly<Record<string, z.ZodType>>,
): { body?: Body } {
  const schema = z.strictObject(shape);
  const optional = Object.values(shape).every((one) => one.safeParse(undefined).success);
  const about = row.effect === 'lists' || without.includes('upload') ? undefined : row.upload?.about;
  if (about !== undefined && Object.keys(shape).length === 0)
    return { body: streamBody('text/csv', about, () => MAX_COLLECTED) };
  const json = optional ? maybeJsonBody(schema) : jsonBody(schema);
  if (about !== undefined)
    return {
      body: eitherBody(
        json,
        streamBody('text/csv', about, () => MAX_COLLECTED),
      ),
    };
  return Object.keys(shape).length === 0 ? {} : { body: json };
}

function queryOf(api: InApi, left: readonly (readonly [string, Param])[]): Omit<Taken, 'params' | 'places'> {
  const query: Record<string, z.ZodType> = {};
  const byId: { name: string; key: string; place: PlaceName }[] = [];
  const plain: { key: string; name: string }[] = [];
  for (const [key, param] of left) {
    const { kind, optional } = param;
    const place = kind?.of === undefined ? undefined : BY_ID[kind.of];
    const wanted = (schema: z.ZodType): z.ZodType => (optional ? schema.optional() : schema);
    if (place !== undefined) {
      query[place] = wanted(placeOf(place).schema);
      byId.push({ name: place, key, place });
    } else if ((kind !== undefined && isPersonal(kind)) || param.as === 'rest' || param.as === 'many') {
      if (!optional) throw new Error(`${api.method} ${api.path}: "${key}" tells of somebody, and cannot be in a query`);
    } else {
      query[key] = param.as === 'flag' || param.as === 'no' ? flag(aboutOf(param)) : wanted(textOf(param));
      plain.push({ key, name: key });
    }
  }
  return { query, byId, plain };
}

/** zod's schema of a value as it is sent, before it is transformed. */
const wireOf = ({ schema }: Kind<unknown, never>): z.ZodType =>
  (schema.def as unknown as { readonly in?: z.ZodType }).in ?? schema;

const isNumber = (kind: Kind<unknown, never>): boolean =>
  (wireOf(kind).def as { readonly type: string }).type === 'number';

/** What a row says about an input, with what is expected if the schema does not say that. */
function aboutOf({ about: given, kind, as, optional }: Param): string {
  // The row's own text is for a command line, which asks for the password or has a switch for none.
  if (as === 'secret') return optional ? 'A password; left out: none.' : 'The password.';
  const about = forPrograms(given.replace(/[;,] (?:it )?(?:may be given several times|several times for several)/, ''));
  if (kind === undefined) return `${upper(about)}.`;
  if (kind.choices === undefined) return `${upper(about)}: ${forPrograms(kind.expected.en)}.`;
  return `${kind.choices.some((one) => about.startsWith(`${one}:`)) ? about : upper(about)}.`;
}

/** Word of the kind that is KEY=VALUE on a command line. */
const SETTING = 'setting';

const upper = (text: string): string => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;

/** Schema of a query parameter, where everything is text. */
function textOf(param: Param): z.ZodType {
  const { kind } = param;
  if (kind === undefined) return z.string().max(0);
  if (isNumber(kind))
    return z
      .string()
      .regex(/^[0-9]{1,15}$/)
      .meta({ description: aboutOf(param) })
      .transform(Number);
  return (kind.choices === undefined ? z.string().max(512) : z.enum(kind.choices as [string, ...string[]])).meta({
    description: aboutOf(param),
  });
}

/** Schema of a member of a JSON body. */
function memberOf(param: Param): z.ZodType {
  const { as, kind, most = MAX_LIST } = param;
  if (as === 'flag' || as === 'no' || kind === undefined)
    return z
      .boolean()
      .optional()
      .meta({ description: aboutOf(param) });
  if (kind.word === SETTING)
    return z
      .record(z.string().regex(/^[a-z][a-z0-9-]{0,63}$/), z.string().max(512))
      .optional()
      .meta({ description: 'Settings by their names, as texts: `{"quota": "5GiB"}`; "default" takes one back.' });
  const one = valueOf(kind);
  const schema = as === 'rest' || as === 'many' ? z.array(one).max(most) : one;
  const described = schema.meta({ description: aboutOf(param) });
  return param.optional ? described.optional() : described;
}

function valueOf(kind: Kind<unknown, never>): z.ZodType {
  if (kind.choices !== undefined) return z.enum(kind.choices as [string, ...string[]]);
  const wire = wireOf(kind);
  return isNumber(kind) ? z.int().min(0) : kind.secret === true ? wire.meta({ writeOnly: true }) : wire;
}

/**
 * The input that command line, console and API share: by the names of the command line, without
 * what was left out.
 */
export function wireInput(row: AnyOperation, values: Readonly<Record<string, unknown>>): Input {
  const params = row.in as Readonly<Record<string, Param>>;
  return Object.fromEntries(
    Object.entries(values).flatMap(([key, value]) => {
      const { as, kind } = params[key] ?? {};
      if (kind?.word === SETTING)
        return value === undefined
          ? []
          : [[nameOf(key), Object.entries(value as object).map(([name, one]) => `${name}=${String(one)}`)]];
      // A switch that is off is the same as one that was not named.
      if (value === undefined || (as === 'flag' && value === false)) return [];
      const list = (as === 'rest' || as === 'many') && !Array.isArray(value);
      return [[nameOf(key), list ? [value] : value]];
    }),
  );
}
