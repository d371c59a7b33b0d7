/**
 * What the server does with any route: forms, types, limits, deadlines; whoever breaks them leaves
 * the others served.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import { z } from '../../src/config/zod.ts';
import { eitherBody, jsonBody, maybeJsonBody, streamBody } from '../../src/api/core/body.ts';
import { cursor, flag } from '../../src/api/core/fields.ts';
import { problem } from '../../src/api/core/problem.ts';
import { type Route, route } from '../../src/api/core/route.ts';
import { milliseconds, seconds } from '../../src/domain/units.ts';
import { startBareApi } from '../support/bare-api.ts';
import { heard, raw, said, statusesOf } from '../support/raw-http.ts';
import { until } from '../support/until.ts';

const nobody = { kind: 'nobody' } as const;
const ok = { 200: { about: 'What was read', json: z.looseObject({}) } };

const things: Route = route({
  id: 'getThings',
  method: 'GET',
  path: '/things',
  tag: 'service',
  summary: 'List things',
  access: nobody,
  query: { after: cursor.optional(), wide: flag('Wide.') },
  answers: ok,
  run: ({ query }) => Promise.resolve({ status: 200, json: { ...query } }),
});
const thing = route({
  id: 'getThing',
  method: 'GET',
  path: '/things/{thingId}',
  tag: 'service',
  summary: 'Show a thing',
  access: nobody,
  params: { thingId: z.string().regex(/^[a-z0-9.~_-]+$/) },
  headers: { 'if-none-match': z.string().optional() },
  answers: { ...ok, 304: { about: 'As it was' } },
  run: ({ params, headers }) =>
    Promise.resolve(
      headers['if-none-match'] === '"1"'
        ? { status: 304, headers: { etag: '"1"' } }
        : { status: 200, json: { ...params } },
    ),
});
const addThing = route({
  id: 'addThing',
  method: 'POST',
  path: '/things',
  tag: 'service',
  summary: 'Add a thing',
  idempotent: 'own',
  access: nobody,
  body: jsonBody(z.strictObject({ name: z.string(), parts: z.array(z.int()).optional() })),
  answers: { 201: { about: 'Added', json: z.looseObject({}) } },
  run: ({ body, digest, idempotencyKey }) =>
    Promise.resolve({ status: 201, json: { ...body, digest, idempotencyKey } }),
});
const touch = route({
  id: 'touchThing',
  method: 'POST',
  path: '/things/{thingId}/touches',
  tag: 'service',
  summary: 'Touch a thing',
  idempotent: 'own',
  access: nobody,
  params: { thingId: z.string() },
  body: maybeJsonBody(z.strictObject({ hard: z.boolean() })),
  answers: { 204: { about: 'Touched' } },
  run: ({ body }) => {
    if (body?.hard === true) throw problem(409, 'fragile', 'It is fragile', 'Touch it softly', { retryAfter: 7 });
    return Promise.resolve({ status: 204 });
  },
});

let read = 0;
const upload = route({
  id: 'addUpload',
  method: 'POST',
  path: '/uploads',
  tag: 'service',
  summary: 'Count octets',
  access: nobody,
  idempotent: 'own',
  body: eitherBody(jsonBody(z.strictObject({ text: z.string() })), streamBody('message/rfc822', 'A message')),
  answers: ok,
  async run({ body }) {
    let octets = 0;
    if (body.stream === undefined) octets = body.json.text.length;
    else for await (const piece of body.stream.octets) octets += read = piece.length;
    return { status: 200, json: { octets } };
  },
});
const refuseUpload = route({
  id: 'refuseUpload',
  method: 'POST',
  path: '/refused-uploads',
  tag: 'service',
  summary: 'Refuse octets',
  access: nobody,
  idempotent: 'own',
  body: streamBody('message/rfc822', 'A message'),
  answers: { 204: { about: 'Never' } },
  run: () => Promise.reject(problem(422, 'refused', 'No', 'Not this one')),
});
const download = route({
  id: 'getDownload',
  method: 'GET',
  path: '/downloads/{size}',
  tag: 'service',
  summary: 'Give octets',
  access: nobody,
  params: { size: z.string().regex(/^\d+$/).transform(Number) },
  query: { short: flag('Stops in the middle.'), broken: flag('Fails in the middle.') },
  answers: { 200: { about: 'Octets', stream: 'application/octet-stream' } },
  run: ({ params: { size }, query }) =>
    Promise.resolve({ status: 200, type: 'application/octet-stream', length: size, stream: octets(size, query) }),
});
async function* octets(
  size: number,
  { short, broken }: { readonly short: boolean; readonly broken: boolean },
): AsyncGenerator<Buffer> {
  for (let at = 0; at < size; at += 10_000) {
    await Promise.resolve();
    if (at > size / 2 && short) return;
    if (at > size / 2 && broken) throw new Error('the disk is gone');
    yield Buffer.alloc(Math.min(10_000, size - at), 'x');
  }
}
const breaks = route({
  id: 'getBreak',
  method: 'GET',
  path: '/breaks',
  tag: 'service',
  summary: 'Fail',
  access: nobody,
  answers: ok,
  run: () => Promise.reject(new Error('a secret of the store')),
});
const slow = route({
  id: 'getSlow',
  method: 'GET',
  path: '/slow',
  tag: 'service',
  summary: 'Wait',
  access: nobody,
  answers: ok,
  run: async ({ signal }) => {
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    return { status: 200, json: {} };
  },
});
const old = route({
  id: 'getOld',
  method: 'GET',
  path: '/old',
  tag: 'service',
  summary: 'An old one',
  access: nobody,
  deprecated: { since: '2026-11-28', sunset: '2027-11-28', instead: '/things' },
  answers: ok,
  run: () => Promise.resolve({ status: 200, json: {} }),
});
const ROUTES = [things, thing, addThing, touch, upload, refuseUpload, download, breaks, slow, old];

test('paths are compared as they came, and a wrong method hears which there are', async (t) => {
  const { client } = await startBareApi(t, ROUTES);
  for (const path of [
    ...[
      '/nothing',
      '/things/',
      '//things',
      '/things//a',
      '/./things',
      '/things/..',
      '/things/.',
      '/Things',
      '/things/%61',
    ],
    ...['/%74hings', '/things/a%2fb', '/things/a/b', '/things;x=1', '/things/a/../a', '/../v1/things', ''],
  ]) {
    const { status, headers, json } = await client.get(path);
    assert.equal(status, 404, path);
    assert.equal(headers['content-type'], 'application/problem+json');
    assert.deepEqual(json, {
      type: 'urn:sluis:problem:not-found',
      title: 'Not found',
      status: 404,
      detail: 'It does not exist, or you may not see it; correct the path or the id in it',
    });
  }
  assert.equal((await client.get('/things/a.b')).status, 200);
  const wrong = await client.delete('/things');
  assert.deepEqual([wrong.status, wrong.headers.allow], [405, 'GET, HEAD, POST']);
  assert.equal((await client.ask('OPTIONS', '/things')).status, 405);
  assert.equal((await client.ask('TRACE', '/things')).status, 405);
});

test('HEAD is GET without the body; every answer carries the version and what keeps browsers out', async (t) => {
  const { client } = await startBareApi(t, ROUTES);
  const got = await client.get('/things/a');
  const head = await client.ask('HEAD', '/things/a');
  assert.deepEqual(
    [head.status, head.body.length, head.headers['content-length']],
    [200, 0, got.headers['content-length']],
  );
  const large = await client.ask('HEAD', '/downloads/1000000');
  assert.deepEqual([large.status, large.body.length, large.headers['content-length']], [200, 0, '1000000']);
  const unchanged = await client.get('/things/a', { headers: { 'if-none-match': '"1"' } });
  for (const { headers } of [got, head, large, unchanged, await client.get('/nothing'), await client.get('/breaks')]) {
    assert.equal(headers['api-version'], '1.0.0');
    assert.equal(headers['cache-control'], 'no-store');
    assert.equal(headers['x-content-type-options'], 'nosniff');
    assert.equal(headers['strict-transport-security'], 'max-age=31536000');
    assert.equal(headers['content-security-policy'], "default-src 'none'; frame-ancestors 'none'");
  }
  assert.deepEqual([unchanged.status, unchanged.headers['content-length']], [304, undefined]);
  const { headers } = await client.get('/old');
  assert.deepEqual([headers.deprecation, headers.sunset], ['@1795824000', 'Sun, 28 Nov 2027 00:00:00 GMT']);
});

test('a query is read strictly: each name once, no unknown one, no control character', async (t) => {
  const { client } = await startBareApi(t, ROUTES);
  assert.deepEqual((await client.get('/things?wide=true&after=abc')).json, { wide: true, after: 'abc' });
  for (const query of [
    'x=1',
    'wide=yes',
    'wide=true&wide=true',
    'after=%00',
    'after=%C3',
    'after=%',
    '__proto__=1',
    'after=',
    '=',
    '&',
  ])
    assert.equal((await client.get(`/things?${query}`)).status, 400, query);
  assert.equal((await client.get(`/things?${'a=1&'.repeat(40)}`)).status, 400);
  const { status, headers } = await client.get(`/things?after=${'a'.repeat(5000)}`);
  assert.deepEqual([status, headers.connection], [414, 'close']);
});

test('a body is of a type that is taken, whole JSON in UTF-8, and fits its schema', async (t) => {
  const { client } = await startBareApi(t, ROUTES);
  const good = await client.post('/things', { name: 'x' }, { key: 'k-1' });
  assert.equal(good.status, 201);
  assert.deepEqual((good.json as { readonly idempotencyKey: string }).idempotencyKey, 'k-1');
  const post = async (body: string | Buffer, type = 'application/json', headers = {}): Promise<number> =>
    (await client.ask('POST', '/things', { body, headers: { 'content-type': type, ...headers } })).status;
  assert.equal(await post('{"name":"x"}', 'Application/JSON; charset="UTF-8"'), 201);
  for (const type of [
    'text/json',
    'application/json; charset=latin1',
    'application/json, text/plain',
    'x',
    '',
    'multipart/form-data',
  ])
    assert.equal(await post('{"name":"x"}', type), 415, type);
  for (const encoding of ['gzip', 'br', 'deflate', 'gzip, identity'])
    assert.equal(await post('{"name":"x"}', 'application/json', { 'content-encoding': encoding }), 415);
  for (const body of [
    '{',
    '{"name":"x"}}',
    '[]',
    '{"name":"\\ud800"}',
    '{"name":1}',
    '{"name":"x","more":1}',
    'null',
    '{"name":"x","__proto__":1}',
    '\ufeff{"name":"x"}',
  ])
    assert.equal(await post(body), 400, body);
  assert.equal(await post(Buffer.from('7b226e616d65223a22ff227d', 'hex')), 400);
  assert.equal(await post('['.repeat(500_000)), 400);
  assert.equal(await post(`{"name":"x","parts":${'['.repeat(200_000)}${']'.repeat(200_000)}}`), 400);
  for (const [text, why] of [
    [`{"name":"x","parts":${'['.repeat(31)}"[[[\\"[[["${']'.repeat(31)}}`, /does not fit/],
    [`{"name":"x","parts":${'['.repeat(33)}${']'.repeat(33)}}`, /nested deeper than 32/],
    [`{"name":"x","parts":[0.5,${'0,'.repeat(19_990)}0]}`, /does not fit/],
    [`{"name":"x","parts":[${'0,'.repeat(20_000)}0]}`, /more than 20000 values/],
    [`{"name":"${','.repeat(30_000)}","parts":1}`, /does not fit/],
  ] as const) {
    const { json } = await client.ask('POST', '/things', {
      body: text,
      headers: { 'content-type': 'application/json' },
    });
    assert.match((json as { readonly detail: string }).detail, why, text.slice(0, 60));
  }
  const twice = await client.ask('POST', '/things', {
    body: '{"name":"x","parts":[],"n\\u0061me":"y"}',
    headers: { 'content-type': 'application/json' },
  });
  assert.equal(twice.status, 400);
  assert.deepEqual(
    (twice.json as { readonly errors: readonly { readonly at: string }[] }).errors.map(({ at }) => at),
    ['#/name'],
  );
  const wrong = await client.post('/things', { name: 1, more: 2 });
  assert.deepEqual(
    (wrong.json as { readonly errors: readonly { readonly at: string }[] }).errors.map(({ at }) => at).sort(),
    ['#', '#/name'],
  );
  assert.equal((await client.ask('POST', '/things')).status, 400);
  assert.equal((await client.ask('POST', '/things/a/touches')).status, 204);
  const fragile = await client.post('/things/a/touches', { hard: true });
  assert.deepEqual([fragile.status, fragile.headers['retry-after']], [409, '7']);
});

test('a POST has an Idempotency-Key of printable characters', async (t) => {
  const { client } = await startBareApi(t, ROUTES);
  for (const key of [null, '', 'a b', 'x'.repeat(65), 'é'])
    assert.equal((await client.post('/things', { name: 'x' }, { key })).status, 400, String(key));
  assert.equal((await client.post('/things', { name: 'x' }, { key: 'x'.repeat(64) })).status, 201);
});

test('what the client would not take is a 406', async (t) => {
  const { client } = await startBareApi(t, ROUTES);
  const get = async (accept: string): Promise<number> => (await client.get('/things', { headers: { accept } })).status;
  for (const accept of ['*/*', 'application/*', 'text/html, application/json;q=0.1', ''])
    assert.equal(await get(accept), 200, accept);
  for (const accept of ['text/html', 'application/json;q=0', 'image/*']) assert.equal(await get(accept), 406, accept);
});

test('bodies beyond the limit are a 413, told by their length or found while reading, and the answer arrives', async (t) => {
  const { client } = await startBareApi(t, ROUTES, { message: 100_000 });
  const headers = { 'content-type': 'message/rfc822' };
  const chunks = (count: number): Buffer[] => Array.from({ length: count }, () => Buffer.alloc(10_000, 'x'));
  assert.deepEqual((await client.ask('POST', '/uploads', { headers, body: chunks(10) })).json, { octets: 100_000 });
  assert.equal((await client.ask('POST', '/uploads', { headers, body: chunks(11) })).status, 413);
  assert.equal((await client.ask('POST', '/uploads', { headers, body: Buffer.alloc(100_001) })).status, 413);
  assert.equal((await client.post('/uploads', { text: 'x'.repeat(1_048_576) })).status, 413);
  assert.deepEqual((await client.post('/uploads', { text: 'abc' })).json, { octets: 3 });
  // Refused by the route before it was read: the client hears why although it goes on sending.
  assert.equal((await client.ask('POST', '/refused-uploads', { headers, body: Buffer.alloc(100_000) })).status, 422);
});

test('who expects 100-continue is judged before the body is asked for', async (t) => {
  const api = await startBareApi(t, ROUTES, { message: 1000 });
  const head = (path: string, length: number, more = ''): string =>
    `POST /v1${path} HTTP/1.1\r\nHost: mail.test\r\nContent-Type: message/rfc822\r\nIdempotency-Key: a\r\nExpect: 100-continue\r\nContent-Length: ${length}\r\n${more}\r\n`;
  for (const [text, status] of [
    [head('/uploads', 1001), 413],
    [head('/uploads', 10, 'Content-Encoding: gzip\r\n'), 415],
    [head('/refused-uploads', 10), 422],
    [head('/nothing', 10), 404],
  ] as const)
    assert.deepEqual(statusesOf(await said(t, api, text)), [status]);
  const socket = await raw(t, api, head('/uploads', 10));
  const told = heard(socket);
  await until('what the server does', () => told.text.includes('\r\n\r\n'));
  assert.equal(told.text, 'HTTP/1.1 100 Continue\r\n\r\n');
  socket.write('0123456789');
  await until('what the server does', () => told.text.endsWith('{"octets":10}'));
  const other = `GET /v1/things HTTP/1.1\r\nHost: mail.test\r\nExpect: tea\r\n\r\n`;
  assert.deepEqual(statusesOf(await said(t, api, other)), [417]);
});

test('a stream has its length, and one that breaks is cut where it broke', async (t) => {
  const api = await startBareApi(t, ROUTES);
  const whole = await api.client.get('/downloads/1000000');
  assert.deepEqual([whole.body.length, whole.headers['content-length']], [1_000_000, '1000000']);
  await assert.rejects(api.client.get('/downloads/1000000?short=true'), /aborted|hang up/);
  await assert.rejects(api.client.get('/downloads/1000000?broken=true'), /aborted|hang up/);
  assert.equal((await api.client.get('/things')).status, 200);
  assert.equal(api.log.events.filter(({ event }) => event === 'https.broken').length, 2);
});

test('what nobody expected is a 500 that tells its number and nothing else', async (t) => {
  const api = await startBareApi(t, ROUTES);
  const { status, body } = await api.client.get('/breaks');
  assert.equal(status, 500);
  assert.doesNotMatch(body.toString(), /secret|store/);
  const { fields } = api.log.events.find(({ event }) => event === 'https.error')!;
  assert.match(String(fields.error), /a secret of the store/);
  assert.ok(body.toString().includes(String(fields.request)));
});

test('requests are counted, told in headers, and refused beyond what a minute allows', async (t) => {
  const api = await startBareApi(t, ROUTES, { perMinute: 60 });
  const first = await api.client.get('/things');
  assert.deepEqual(
    [first.headers['ratelimit-policy'], first.headers.ratelimit],
    ['"caller";q=60;w=60', '"caller";r=59;t=1'],
  );
  for (let i = 1; i < 60; i += 1) assert.equal((await api.client.get('/things')).status, 200);
  const over = await api.client.get('/things');
  assert.deepEqual([over.status, over.headers['retry-after'], over.headers.ratelimit], [429, '1', '"caller";r=0;t=1']);
  api.clock.advance(seconds(1));
  assert.equal((await api.client.get('/things')).status, 200);
  assert.equal((await api.client.get('/things')).status, 429);
});

test('a kept connection ends when nothing comes, and a slow header or body ends it too; others are served meanwhile', async (t) => {
  const api = await startBareApi(t, ROUTES);
  const silent = heard(await raw(t, api, ''));
  const header = heard(await raw(t, api, 'GET /v1/things HTTP/1.1\r\nHost: mail.test\r\nX-A'));
  const kept = await raw(t, api, 'GET /v1/things HTTP/1.1\r\nHost: mail.test\r\n\r\n');
  const idle = heard(kept);
  await until('what the server does', () => idle.text.includes('false'));
  const body = heard(
    await raw(
      t,
      api,
      'POST /v1/uploads HTTP/1.1\r\nHost: mail.test\r\nContent-Type: message/rfc822\r\nIdempotency-Key: a\r\nContent-Length: 5000\r\n\r\n',
    ),
  );
  const before = read;
  const trickling = await raw(
    t,
    api,
    'POST /v1/uploads HTTP/1.1\r\nHost: mail.test\r\nContent-Type: message/rfc822\r\nIdempotency-Key: a\r\nContent-Length: 50000\r\n\r\n0123456',
  );
  const trickle = heard(trickling);
  await until('what the server does', () => read !== before);
  await until('what the server does', () => api.listener.sessions === 5);
  api.clock.advance(seconds(19));
  assert.equal((await api.client.get('/things')).status, 200);
  api.clock.advance(seconds(2));
  await Promise.all([silent.closed, header.closed, idle.closed]);
  assert.equal(silent.text + header.text, '');
  await until('what the server does', () => body.text !== '' && trickle.text !== '');
  assert.deepEqual([statusesOf(body.text), statusesOf(trickle.text)], [[408], [408]]);
  api.clock.advance(seconds(3));
  await Promise.all([body.closed, trickle.closed]);
  await until('what the server does', () => api.listener.sessions <= 1);
  assert.equal((await api.client.get('/things')).status, 200);
});

test('a client that does not read its answer is cut', async (t) => {
  const api = await startBareApi(t, ROUTES);
  const socket = await raw(t, api, 'GET /v1/downloads/900000000 HTTP/1.1\r\nHost: mail.test\r\n\r\n');
  socket.pause();
  await until('what the server does', () => api.listener.sessions === 1);
  await until('what the server does', () => {
    api.clock.advance(seconds(10));
    return api.listener.sessions === 0;
  });
});

test('a stop lets what was asked be answered, says that the line closes, and cuts what waits', async (t) => {
  const api = await startBareApi(t, ROUTES);
  const idle = heard(await raw(t, api, ''));
  const sending = await raw(
    t,
    api,
    'POST /v1/uploads HTTP/1.1\r\nHost: mail.test\r\nContent-Type: message/rfc822\r\nIdempotency-Key: a\r\nContent-Length: 3\r\n\r\n',
  );
  const sent = heard(sending);
  const waiting = heard(await raw(t, api, 'GET /v1/slow HTTP/1.1\r\nHost: mail.test\r\n\r\n'));
  await until('what the server does', () => api.listener.sessions === 3);
  await new Promise((resolve) => setImmediate(resolve));
  const stopped = api.listener.stop(seconds(5));
  await idle.closed;
  sending.write('abc');
  await sent.closed;
  assert.match(sent.text, /^HTTP\/1\.1 200[\s\S]*\r\nconnection: close\r\n[\s\S]*\{"octets":3\}$/i);
  api.clock.advance(milliseconds(5001));
  await Promise.all([waiting.closed, stopped]);
  assert.equal(waiting.text, '');
});
