/**
 * Routes of the API that are made from the command table: a row with `api` is a route, so that
 * nothing is declared twice (decision 1803).
 */
import type { OperationName } from '../../admin/operations.ts';
import { inputOf } from '../../commands/core/operations.ts';
import type { AnyOperation } from '../../commands/core/row.ts';
import { operationRows } from '../../commands/core/subject.ts';
import type { InApi } from '../../commands/core/in-api.ts';
import { subjects } from '../../commands/table.ts';
import { z } from '../../config/zod.ts';
import { ROLE_ABOUT, mayDo } from '../../domain/roles.ts';
import type { Answer, Answers, SaidAnswer } from '../core/answer.ts';
import type { Streamed } from '../core/body.ts';
import type { OperatorCaller } from '../core/callers.ts';
import { ifNoneMatch, isCurrent, matches } from '../core/etags.ts';
import { cursor, limit } from '../core/fields.ts';
import { linkToNext } from '../core/next-page.ts';
import { malformed, notFound } from '../core/problem.ts';
import { type Asked, type Route, type Texts, route } from '../core/route.ts';
import type { ApiServices } from '../core/services.ts';
import { forPrograms } from '../core/wording.ts';
import { addIds, withIds } from './added-ids.ts';
import { Waiting, callOf, operate, reasonIn } from './call.ts';
import { type Form, formOf, formWith } from './form.ts';
import { type Found, type PlaceName, placeOf } from './ids.ts';
import { type Taken, takenOf, wireInput } from './input.ts';
import { openCursor, sealCursor } from './opaque.ts';
import { Turns, changedMeanwhile, etagOf } from './tags.ts';

type Services = Pick<ApiServices, 'store' | 'admin' | 'log' | 'random'>;

/** A row of the command table under one path. */
interface Resource {
  readonly operation: OperationName;
  readonly row: AnyOperation;
  readonly api: InApi;
  readonly taken: Taken;
  readonly form: Form;
}

/** Most entries of a page; `USUAL`: entries of a page if the client does not say how many. */
const MOST = 200;
const USUAL = 100;

const resources: readonly Resource[] = subjects.flatMap((subject) =>
  [...operationRows(subject)].flatMap(([name, row]) =>
    [row.api ?? []].flat().map((api: InApi) => ({
      operation: name as OperationName,
      row,
      api,
      taken: takenOf(row, api),
      form: formFor(row, api),
    })),
  ),
);

const readers = new Map(resources.filter(({ api }) => api.method === 'GET').map((one) => [one.api.path, one]));

/**
 * The resource that is read under the same path as one that is changed; undefined if there is none.
 */
const readerOf = ({ api, row }: Resource): Resource | undefined => {
  const reader = readers.get(api.path);
  return reader === undefined || reader.row.effect === 'lists' || row.effect === 'lists' ? undefined : reader;
};

const listOf = (item: z.ZodType): z.ZodType =>
  z.strictObject({
    items: z.array(item),
    next: z
      .string()
      .optional()
      .meta({ description: 'Where the next page begins: give it as `after`. Absent on the last page.' }),
  });

function formFor(row: AnyOperation, { drops, only, ids = {} }: InApi): Form {
  const form = formOf(formWith(row.out, { drops, only }));
  return { schema: withIds(form.schema, ids), of: form.of };
}

const isList = (schema: z.ZodType): boolean => (schema.def as { readonly type: string }).type === 'array';

const waiting = z
  .strictObject({
    approvalId: z.string().meta({
      description:
        'Id of the request for approval: two operators sign it below /approvals, then send it in Sluis-Approval.',
    }),
    detail: z.string(),
  })
  .meta({ id: 'WaitingForApproval' });

const HEADERS = {
  reason: z
    .string()
    .regex(/^[\x20-\x7e]{1,1600}$/)
    .optional()
    .meta({
      description: 'Why you do it, for the audit trail: one line. Percent-encode what is not ASCII, as UTF-8.',
    }),
  approval: z
    .string()
    .regex(/^[A-Za-z0-9-]{4,32}$/)
    .optional()
    .meta({ description: 'Id of the request for approval that two operators have signed.' }),
  tag: z
    .string()
    .regex(/^[\x20-\x7e]{1,1000}$/)
    .optional(),
};

const idOf = ({ operation, api }: Resource): string => {
  if (api.id !== undefined) return api.id;
  const [verb = '', ...subject] = operation.split('.').toReversed();
  const words = [verb, ...subject.toReversed()].flatMap((word) => word.split('-'));
  return words.map((word, n) => (n === 0 ? word : word.slice(0, 1).toUpperCase() + word.slice(1))).join('');
};

const upper = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1);

const needsSecond = (row: AnyOperation): boolean => row.effect !== 'lists' && row.second !== undefined;

function headersOf(one: Resource): Texts {
  const { row, api } = one;
  const changes = row.effect !== 'reads' && row.effect !== 'lists';
  const { tag } = HEADERS;
  return {
    ...((changes || row.reason !== undefined) && { 'sluis-reason': HEADERS.reason }),
    ...(needsSecond(row) && { 'sluis-approval': HEADERS.approval }),
    ...(api.method === 'GET' && row.effect !== 'lists' && { 'if-none-match': ifNoneMatch }),
    ...(api.method !== 'GET' &&
      api.method !== 'POST' &&
      readerOf(one) !== undefined && {
        'if-match': tag.meta({
          description:
            'The ETag that you read. If the resource has changed since, the answer is 412 and nothing is done.',
        }),
      }),
  };
}

function answersOf(one: Resource): Answers {
  const { row, api, form } = one;
  const ok = (about: string, json: z.ZodType, headers: SaidAnswer['headers'] = {}): SaidAnswer => ({
    about,
    json,
    headers,
  });
  const etag = { ETag: 'The version that is shown; send it in If-Match or If-None-Match' };
  const answers: Record<number, SaidAnswer | string> = {
    422: 'A value cannot be used; the detail says which, and why',
  };
  if (row.effect === 'lists') answers[200] = ok('A page', listOf(form.schema), { Link: 'The next page, `rel="next"`' });
  else if (api.creates === true) answers[201] = ok('Created', form.schema, { Location: 'Where to find it' });
  else {
    const reader = api.method === 'PATCH' || api.method === 'PUT' ? readerOf(one) : undefined;
    const shown = reader?.form.schema ?? form.schema;
    const tagged = reader !== undefined || api.method === 'GET';
    answers[200] = ok(
      api.method === 'GET' || reader !== undefined ? 'As it is now' : 'Done',
      isList(shown) ? listOf(withoutArray(shown)) : shown,
      tagged ? etag : {},
    );
  }
  if (api.method === 'GET' && row.effect !== 'lists')
    answers[304] = { about: 'Not changed since If-None-Match', headers: etag };
  if (needsSecond(row)) answers[202] = { about: 'Nothing was done yet: two operators must sign first', json: waiting };
  if (api.path.includes('{') || one.taken.byId.length > 0) answers[404] = 'It does not exist, or you may not see it';
  if (row.effect !== 'reads' && row.effect !== 'lists')
    answers[409] = 'Something that exists is in the way; the detail says what';
  if (headersOf(one)['if-match'] !== undefined) answers[412] = 'It has changed since If-Match; nothing was done';
  return answers;
}

const withoutArray = (schema: z.ZodType): z.ZodType => (schema as z.ZodArray).element as z.ZodType;

const paged: Texts = { after: cursor.optional(), limit: limit(MOST, USUAL) };

const routeOf = (one: Resource): Route => ({
  ...route({
    id: idOf(one),
    method: one.api.method,
    path: one.api.path,
    tag: 'administration',
    summary: upper(forPrograms(one.api.about ?? one.row.about)),
    description: `Needs the right \`${one.row.right}\`: ${ROLE_ABOUT[one.row.right]}.`,
    access: { kind: 'operator', right: one.row.right },
    params: one.taken.params,
    query: { ...one.taken.query, ...(one.row.effect === 'lists' && paged) },
    headers: headersOf(one),
    ...(one.taken.body !== undefined && { body: one.taken.body }),
    ...(one.api.secret === true && { idempotent: 'secret' as const }),
    answers: answersOf(one),
    run: ((asked: Request, services: Services) => answerTo(one, asked, services)) as never,
  }),
  judge: (caller, services) => judged(one, caller, services),
});

/**
 * Refuses a caller without the right before a body is read or an id is looked up. The operation
 * itself refuses, since it writes that into the trail.
 */
async function judged({ operation, row }: Resource, caller: OperatorCaller, services: Services): Promise<void> {
  if (mayDo(caller.role, row.right)) return;
  const { signal } = new AbortController();
  await operate(operation, {}, callOf(caller, {}, { signal }), { ...partsOf(services), pathAsIs: false });
  throw notFound();
}

/** `admin` is read only when it is used: it does not exist yet in the first moments of a start. */
const partsOf = ({ admin, log }: Services): Pick<ApiServices, 'admin' | 'log'> => ({ admin, log });

type Values = Readonly<Record<string, unknown>>;
type Request = Asked<Values, Values, Readonly<Record<string, string | undefined>>, unknown, OperatorCaller>;

async function answerTo(one: Resource, asked: Request, services: Services): Promise<Answer> {
  const { caller } = asked;
  const found = await foundIn(one, asked, services);
  const { json, upload } = bodyIn(asked.body);
  const { plain, byId, places } = one.taken;
  const given = { ...asked.query, ...json };
  const values: Record<string, unknown> = { ...one.api.fixed };
  for (const { key, name } of plain) values[key] = given[name];
  for (const [n, { key }] of places.entries()) if (key !== undefined) values[key] = found[n]?.value;
  for (const { name, key, place } of byId)
    if (asked.query[name] !== undefined)
      values[key] = (await find(place, asked.query[name], undefined, caller, services)).value;
  const reason = reasonIn(asked.headers['sluis-reason']);
  const approval = asked.headers['sluis-approval'];
  const said = { ...(reason !== undefined && { reason }), ...(approval !== undefined && { approval }) };
  const ask: Ask = { one, asked, services, values, said, ...(upload !== undefined && { upload }) };
  if (one.row.effect === 'lists') return await page(ask);
  const reader = one.api.method === 'GET' || one.api.method === 'POST' ? undefined : readerOf(one);
  if (reader === undefined) return await done(ask);
  return await turns.take(targetOf(asked, one.api.path), () => changed(ask, reader));
}

const turns = new Turns();
const targetOf = ({ params }: Pick<Request, 'params'>, path: string): string =>
  path.replaceAll(/\{(\w+)\}/g, (_all, name: string) => encodeURIComponent(String(params[name])));

interface Ask {
  readonly one: Resource;
  readonly asked: Request;
  readonly services: Services;
  readonly values: Values;
  readonly said: { readonly reason?: string; readonly approval?: string };
  readonly upload?: Streamed;
}

function bodyIn(body: unknown): { readonly json: Values; readonly upload?: Streamed } {
  const given = body as { readonly octets?: unknown; readonly stream?: Streamed; readonly json?: Values } | undefined;
  if (given === undefined) return { json: {} };
  if (given.octets !== undefined) return { json: {}, upload: given as Streamed };
  if (given.stream !== undefined) return { json: {}, upload: given.stream };
  return { json: given.json !== undefined && Object.keys(given).length === 1 ? given.json : given };
}

/** Finds what the path names, in its order, each below the previous one. */
async function foundIn({ taken: { places } }: Resource, asked: Request, services: Services): Promise<readonly Found[]> {
  const all: Found[] = [];
  for (const { place } of places) all.push(await find(place, asked.params[place], all.at(-1), asked.caller, services));
  return all;
}

/**
 * Finds one thing. The same 404 is thrown for what does not exist and for what belongs to another
 * organisation.
 */
async function find(
  place: PlaceName,
  id: unknown,
  above: Found | undefined,
  { organisation: own }: OperatorCaller,
  { store }: Services,
): Promise<Found> {
  const { asIs } = placeOf(place);
  if (asIs === true && own !== undefined) throw notFound();
  const found = await placeOf(place).find(store, id as never, above);
  if (found === undefined || (own !== undefined && found.owner !== own)) throw notFound();
  return found;
}

async function operated({ one, asked, services, values, said, upload }: Ask): Promise<unknown> {
  const pathAsIs = one.taken.places.some(({ place }) => placeOf(place).asIs === true);
  const call = callOf(asked.caller, said, asked, upload);
  return await operate(one.operation, wireInput(one.row, values), call, { ...partsOf(services), pathAsIs });
}

/** The part of the row's answer that the API shows. */
async function shown({ api, form }: Resource, answer: unknown, { store }: Services): Promise<unknown> {
  const json = await addIds(store, form.of(answer), api.ids ?? {});
  if (json === undefined) throw notFound();
  return isList(form.schema) ? { items: json } : json;
}

async function done(ask: Ask): Promise<Answer> {
  const { one, asked, services } = ask;
  const answer = await operated(ask);
  if (answer instanceof Waiting) return { status: 202, json: { approvalId: answer.approvalId, detail: answer.detail } };
  const json = await shown(one, answer, services);
  if (one.api.creates === true) return { status: 201, json, headers: locationOf(one, asked, json) };
  if (one.api.method !== 'GET') return { status: 200, json };
  const etag = etagOf(json);
  const headers = { ETag: etag };
  return isCurrent(asked.headers['if-none-match'], etag) ? { status: 304, headers } : { status: 200, json, headers };
}

/** Changes something that can be read under the same path. */
async function changed(ask: Ask, reader: Resource): Promise<Answer> {
  const { asked, one } = ask;
  const ifMatch = asked.headers['if-match'];
  if (ifMatch !== undefined && !matches(ifMatch, etagOf(await read(ask, reader)))) throw changedMeanwhile();
  const answer = await done(ask);
  if (answer.status !== 200 || one.api.method === 'DELETE') return answer;
  const json = await read(ask, reader);
  return { status: 200, json, headers: { ETag: etagOf(json) } };
}

/**
 * The present state. It is compared, or shown after a change, so it leaves no row of its own in the
 * trail.
 */
async function read({ asked, services }: Ask, reader: Resource): Promise<unknown> {
  const { row } = reader;
  if (row.effect === 'lists') throw new Error(`${reader.operation} is a list`);
  const named = reader.taken.places.flatMap(({ place, key }) => (key === undefined ? [] : [[place, key] as const]));
  const found = await foundIn(reader, asked, services);
  const input = Object.fromEntries(
    named.map(([place, key]) => [key, found[reader.taken.places.findIndex((one) => one.place === place)]?.value]),
  );
  const read = inputOf(row, wireInput(row, input));
  return await shown(reader, await row.run(services.admin, read, callOf(asked.caller, {}, asked)), services);
}

async function page(ask: Ask): Promise<Answer> {
  const { one, asked, services, values } = ask;
  const { row } = one;
  if (row.effect !== 'lists') throw new Error(`${one.operation} is not a list`);
  const { store, random } = services;
  const of = `${one.operation} ${JSON.stringify(Object.entries(asked.params).map(([name, value]) => [name, String(value)]))}`;
  const { after: given, limit: most } = asked.query as { readonly after?: string; readonly limit: number };
  const after = given === undefined ? undefined : openCursor(store, of, given);
  if (given !== undefined && after === undefined)
    throw malformed(
      'The cursor in "after" does not belong to this list; take `next` of the page before, or leave it out',
    );
  const rows = (await operated({ ...ask, values: { ...values, limit: most, after } })) as readonly unknown[];
  const items = (await addIds(store, rows.map(one.form.of), one.api.ids ?? {})) as readonly unknown[];
  const last = rows.length < most ? undefined : rows.at(-1);
  if (last === undefined) return { status: 200, json: { items } };
  const next = sealCursor(store, random, of, row.after(last));
  const headers = linkToNext(targetOf(asked, one.api.path), asked.query, next);
  return { status: 200, json: { items, next }, headers };
}

/** Says where a new thing can be read: below the path, by its id in the answer. */
function locationOf({ api }: Resource, asked: Request, json: unknown): { readonly Location?: string } {
  const below = [...readers.keys()].find((path) => path.startsWith(`${api.path}/{`) && path.endsWith('}'));
  const id = below === undefined ? undefined : (json as Values)[below.slice(api.path.length + 2, -1)];
  return typeof id === 'string' ? { Location: `/v1${targetOf(asked, api.path)}/${id}` } : {};
}

export const administrationRoutes: readonly Route[] = resources.map(routeOf);
