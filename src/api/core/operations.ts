/** Describes one route as an operation of OpenAPI: its parameters, body and answers. */
import type { z } from '../../config/zod.ts';
import { defined } from '../../domain/defined.ts';
import type { SaidAnswer } from './answer.ts';
import { type Body, JSON_TYPE, typesOf } from './body.ts';
import type { Access } from './callers.ts';
import { type Route, successesOf } from './route.ts';
import type { Components, JsonSchema } from './schemas.ts';

const ref = (kind: string, name: string): JsonSchema => ({ $ref: `#/components/${kind}/${name}` });

/**
 * Answers that every route may give besides its own, and when. A text of the route replaces the one
 * here.
 */
function commonFailures({
  access,
  method,
  body,
  params,
  answers,
  idempotent,
}: Route): Readonly<Record<number, string>> {
  const offers = successesOf({ answers }).some(([, { json, stream }]) => json !== undefined || stream !== undefined);
  return {
    400: 'The request is malformed, or does not fit what is described here',
    ...(access.kind === 'nobody'
      ? {}
      : { 401: 'The login is missing, wrong or no longer valid', 403: 'This login may not do this' }),
    ...(Object.keys(params).length === 0 ? {} : { 404: 'It does not exist, or you may not see it' }),
    ...(offers ? { 406: 'None of the types in Accept can be given' } : {}),
    ...(body === undefined
      ? {}
      : {
          408: 'The body came too slowly',
          413: 'The body is too large',
          415: 'The type of the body is not accepted, or the body is compressed',
        }),
    ...(method === 'POST'
      ? {
          409: 'A request with this Idempotency-Key is under way, or its answer was not kept',
          422: 'The Idempotency-Key was used for another request, or a value cannot be used',
        }
      : {}),
    ...(method === 'PUT' || method === 'PATCH' || idempotent !== undefined ? { 422: 'A value cannot be used' } : {}),
    429: 'Too many requests',
    500: 'An internal error',
    503: 'Not available now, nothing was done; try again later',
  };
}

/** The shared response of a status: some have a header of their own. */
const responseOf = (status: number): string =>
  status === 401 ? 'Unauthorized' : [429, 503, 507].includes(status) ? 'TryAgain' : 'Problem';

const SECURITY: Readonly<Record<Access['kind'], readonly JsonSchema[]>> = {
  nobody: [],
  account: [{ basic: [] }, { certificate: [] }],
  operator: [{ token: [] }, { certificate: [] }],
  either: [{ basic: [] }, { token: [] }, { certificate: [] }],
};

const SCOPES = {
  send: 'an app password with the scope send does',
  fetch: 'an app password with the scope fetch does',
  any: 'any app password does',
};

function whoMay(access: Access): string {
  switch (access.kind) {
    case 'nobody':
      return 'Without a login.';
    case 'account':
      return `For accounts; ${SCOPES[access.scope]}.`;
    case 'operator':
      return `For operators with the right ${access.right}.`;
    case 'either':
      return `For accounts (${SCOPES[access.scope]}), and for operators with the right ${access.right}.`;
  }
}

export function operationOf(route: Route, components: Components): JsonSchema {
  const { id, tag, summary, description, access, body, deprecated } = route;
  const told =
    deprecated === undefined
      ? []
      : [`Deprecated since ${deprecated.since}, gone after ${deprecated.sunset}: use ${deprecated.instead}.`];
  return {
    operationId: id,
    tags: [tag],
    summary,
    description: [...(description === undefined ? [] : [description]), whoMay(access), ...told].join('\n\n'),
    ...(deprecated === undefined ? {} : { deprecated: true }),
    security: SECURITY[access.kind],
    parameters: parametersOf(route, components),
    ...(body === undefined ? {} : { requestBody: bodyOf(body, components) }),
    responses: responsesOf(route, components),
  };
}

function parametersOf({ method, params, query, headers }: Route, components: Components): readonly JsonSchema[] {
  const said = (of: Readonly<Record<string, z.ZodType>>, where: 'path' | 'query' | 'header'): readonly JsonSchema[] =>
    Object.entries(of).map(([name, type]) => {
      const { description, ...schema } = components.schemaOf(type, 'input');
      return {
        name: where === 'header' ? fieldName(name) : name,
        in: where,
        required: where === 'path' || !type.safeParse(undefined).success,
        ...defined({ description }),
        schema,
      };
    });
  return [
    ...said(params, 'path'),
    ...said(query, 'query'),
    ...said(headers, 'header'),
    ...(method === 'POST' ? [ref('parameters', 'IdempotencyKey')] : []),
  ];
}

/** Name of a header as RFC 9110 writes it: If-None-Match. */
const fieldName = (name: string): string => name.replace(/(?<=^|-)[a-z]/g, (letter) => letter.toUpperCase());

function bodyOf(body: Body, components: Components): JsonSchema {
  const json = body.kind === 'json' ? body : body.kind === 'either' ? body.json : undefined;
  const streams = body.kind === 'stream' ? [body] : body.kind === 'either' ? body.streams : [];
  const abouts = [
    ...(json?.about === undefined ? [] : [json.about]),
    ...streams.map(({ type, about }) => `${type}: ${about}`),
  ];
  return {
    ...(abouts.length === 0 ? {} : { description: abouts.join('; ') }),
    required: json?.optional !== true,
    content: Object.fromEntries(
      typesOf(body).map((type) => [
        type,
        type === JSON_TYPE && json !== undefined ? { schema: components.schemaOf(json.schema, 'input') } : {},
      ]),
    ),
  };
}

function responsesOf(route: Route, components: Components): JsonSchema {
  const own = Object.entries(route.answers as Readonly<Record<string, SaidAnswer | string>>);
  const failures = {
    ...commonFailures(route),
    ...Object.fromEntries(own.filter((entry): entry is [string, string] => typeof entry[1] === 'string')),
  };
  return {
    ...Object.fromEntries(successesOf(route).map(([status, said]) => [status, success(route, said, components)])),
    ...Object.fromEntries(
      Object.entries(failures).map(([status, about]) => [
        status,
        { ...ref('responses', responseOf(Number(status))), description: about },
      ]),
    ),
  };
}

function success(
  { deprecated, access }: Route,
  { about, json, stream = [], headers = {} }: SaidAnswer,
  components: Components,
): JsonSchema {
  const streams = [stream].flat().filter((type) => json === undefined || type !== JSON_TYPE);
  const content = {
    ...(json === undefined ? {} : { [JSON_TYPE]: { schema: components.schemaOf(json, 'output') } }),
    ...Object.fromEntries(streams.map((type) => [type, {}])),
  };
  return {
    description: about,
    headers: {
      'API-Version': ref('headers', 'ApiVersion'),
      ...(access.kind === 'nobody'
        ? {}
        : { RateLimit: ref('headers', 'RateLimit'), 'RateLimit-Policy': ref('headers', 'RateLimitPolicy') }),
      ...(deprecated === undefined
        ? {}
        : { Deprecation: ref('headers', 'Deprecation'), Sunset: ref('headers', 'Sunset') }),
      ...Object.fromEntries(
        Object.entries(headers).map(([name, text]) => [name, { description: text, schema: { type: 'string' } }]),
      ),
    },
    ...(Object.keys(content).length === 0 ? {} : { content }),
  };
}

/** A message that we send to a receiver of webhooks. */
export interface WebhookSaid {
  /** Name of the event, such as `message.received`. */
  readonly name: string;
  readonly summary: string;
  readonly description?: string;
  readonly json: z.ZodType;
  /** Headers that it carries: what each says. */
  readonly headers: Readonly<Record<string, string>>;
}

export const webhookOf = (
  { name, summary, description, json, headers }: WebhookSaid,
  components: Components,
): JsonSchema => ({
  post: {
    operationId: `on${name.replace(/(?:^|[.-])[a-z]/g, (part) => part.slice(-1).toUpperCase())}`,
    tags: ['webhooks'],
    summary,
    ...defined({ description }),
    security: [],
    parameters: Object.entries(headers).map(([field, about]) => ({
      name: field,
      in: 'header',
      required: true,
      description: about,
      schema: { type: 'string' },
    })),
    requestBody: { required: true, content: { [JSON_TYPE]: { schema: components.schemaOf(json, 'output') } } },
    responses: {
      204: { description: 'Taken', headers: { 'API-Version': ref('headers', 'ApiVersion') } },
      400: {
        ...ref('responses', 'Problem'),
        description: 'Not accepted: the gateway sends it again later, as after every other status',
      },
    },
  },
});
