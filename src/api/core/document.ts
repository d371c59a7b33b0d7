/**
 * The OpenAPI document (3.1.1) of the API, made from its routes: what is not declared is not
 * served, and what is served stands here.
 *
 * The form is what the linter of the Dutch government's REST API Design Rules asks for: contact,
 * version and `/v1` of the server, API-Version on every answer of success, problems of RFC 9457.
 */
import { type WebhookSaid, operationOf, webhookOf } from './operations.ts';
import { API_VERSION, PROBLEM_TYPE } from './respond.ts';
import type { Route, Tag } from './route.ts';
import { Components, type JsonSchema } from './schemas.ts';

export interface DocumentFacts {
  readonly routes: readonly Route[];
  readonly webhooks: readonly WebhookSaid[];
  /** URL at which clients find the API, with `/v1`. */
  readonly url: string;
  readonly contact: { readonly name: string; readonly email: string; readonly url: string };
}

export type ApiDocument = JsonSchema;

const TAGS: Readonly<Record<Tag, string>> = {
  messages: 'Sending, and what became of it',
  mailbox: 'Fetching messages',
  directory: 'Who is in the group',
  webhooks: 'Being told of what happens',
  account: 'What an account manages itself',
  administration: 'For operators: what is registered, and what the gateway does',
  service: 'The API itself',
};

const ABOUT = `Mail of a closed user group in health care, for systems that do not speak SMTP and POP3. What is sent and fetched here takes the same way as mail.

Accounts log in with HTTP Basic: login and password, or an app password. Operators send a token. Either may show a client certificate where the listener asks for one.

Refusals are problems (RFC 9457); \`type\` names the kind, \`code\` is the status of RFC 3463 where mail has one. Not listed with each operation: 405 (not by this method), 414 (the path is too long), 417 (nothing but 100-continue can be expected), 431 (the headers are too large) and 505 (HTTP/1.1 is needed).

Every POST carries an Idempotency-Key. Send the same one when you try again after a broken line: the gateway does nothing twice.`;

const text = (description: string, example: string): JsonSchema => ({
  description,
  schema: { type: 'string', examples: [example] },
});

const HEADERS: JsonSchema = {
  ApiVersion: text('Full version of the API.', API_VERSION),
  RateLimit: text(
    'How many requests are left, and in how many seconds all are available again.',
    '"caller";r=5999;t=1',
  ),
  RateLimitPolicy: text('How many requests a caller may make, and in how many seconds.', '"caller";q=6000;w=60'),
  RetryAfter: text('Try again after so many seconds.', '60'),
  WwwAuthenticate: text('How to log in.', 'Basic realm="Sluis", charset="UTF-8"'),
  Deprecation: text('Since when it is deprecated (RFC 9745).', '@1795824000'),
  Sunset: text('When it will be gone (RFC 8594).', 'Sun, 28 Nov 2027 00:00:00 GMT'),
};

const PROBLEM: JsonSchema = {
  type: 'object',
  required: ['type', 'title', 'status', 'detail'],
  properties: {
    type: { type: 'string', format: 'uri', description: 'The kind of problem: urn:sluis:problem: and a name.' },
    title: { type: 'string', description: 'The kind in words.' },
    status: { type: 'integer', minimum: 400, maximum: 599 },
    detail: { type: 'string', description: 'What is wrong here, and what to do.' },
    code: { type: 'string', description: 'Status of RFC 3463, where the refusal is one that mail has too.' },
    recipients: {
      type: 'array',
      description: 'When all recipients are refused: why, for each of them.',
      items: {
        type: 'object',
        required: ['address', 'accepted'],
        properties: {
          address: { type: 'string' },
          accepted: { type: 'boolean' },
          reply: { type: 'integer' },
          code: { type: 'string' },
          detail: { type: 'string' },
        },
      },
    },
    request: { type: 'string', description: 'Id of the request that waits for a second person.' },
    errors: {
      type: 'array',
      description: 'What is wrong, and where: a pointer into the body, or the name of a parameter.',
      items: {
        type: 'object',
        required: ['at', 'detail'],
        properties: { at: { type: 'string' }, detail: { type: 'string' } },
      },
    },
  },
};

const problemResponse = (description: string, more: JsonSchema = {}): JsonSchema => ({
  description,
  headers: { 'API-Version': { $ref: '#/components/headers/ApiVersion' }, ...more },
  content: { [PROBLEM_TYPE]: { schema: { $ref: '#/components/schemas/Problem' } } },
});

/**
 * How many routes are made in one turn: all of them at once would hold the event loop for longer
 * than a message should wait.
 */
const AT_ONCE = 4;

/** Makes the document. Throws for routes that contradict each other. */
export async function documentOf(
  { routes, webhooks, url, contact }: DocumentFacts,
  turn: () => Promise<void>,
): Promise<ApiDocument> {
  const components = new Components();
  const paths: Record<string, Record<string, JsonSchema>> = {};
  for (const [at, route] of routes.entries()) {
    if (at % AT_ONCE === AT_ONCE - 1) await turn();
    (paths[route.path] ??= {})[route.method.toLowerCase()] = operationOf(route, components);
  }
  const sent = webhooks.map((webhook) => [webhook.name, webhookOf(webhook, components)] as const);
  const tags = (Object.keys(TAGS) as Tag[]).map((name) => ({ name, description: TAGS[name] }));
  return {
    openapi: '3.1.1',
    info: { title: 'Sluis API', version: API_VERSION, description: ABOUT, contact },
    servers: [{ url }],
    tags,
    paths,
    ...(sent.length === 0 ? {} : { webhooks: Object.fromEntries(sent) }),
    components: {
      schemas: { Problem: PROBLEM, ...components.schemas },
      responses: {
        Problem: problemResponse('A problem (RFC 9457).'),
        Unauthorized: problemResponse('A problem: log in first.', {
          'WWW-Authenticate': { $ref: '#/components/headers/WwwAuthenticate' },
        }),
        TryAgain: problemResponse('A problem that passes: try again later.', {
          'Retry-After': { $ref: '#/components/headers/RetryAfter' },
        }),
      },
      parameters: {
        IdempotencyKey: {
          name: 'Idempotency-Key',
          in: 'header',
          required: true,
          description: 'Chosen by the client, for this request alone; kept for 24 hours.',
          schema: { type: 'string', minLength: 1, maxLength: 64, pattern: '^[\\x21-\\x7e]{1,64}$' },
        },
      },
      headers: HEADERS,
      securitySchemes: {
        basic: {
          type: 'http',
          scheme: 'basic',
          description: 'Login of the account, and its password or an app password.',
        },
        token: { type: 'http', scheme: 'bearer', description: 'Token of an operator (sluis operator token add).' },
        certificate: {
          type: 'mutualTLS',
          description: 'A registered client certificate, where the listener asks for one.',
        },
      },
    },
  };
}
