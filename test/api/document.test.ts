/** The OpenAPI document: what it says, its form, and that it is the same for everybody. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { z } from '../../src/config/zod.ts';
import { documentOf } from '../../src/api/core/document.ts';
import { Components } from '../../src/api/core/schemas.ts';
import { API_ROUTES, API_WEBHOOKS } from '../../src/api/table.ts';
import { documentPage } from '../../src/api/service/page.ts';
import { startApi } from '../support/api.ts';
import { remarksOn } from '../support/api-rules.ts';

const GOLDEN = join(import.meta.dirname, '..', '..', 'test', 'golden', 'openapi.json');
const facts = {
  routes: API_ROUTES,
  webhooks: API_WEBHOOKS,
  url: 'https://mail.example/v1',
  contact: { name: 'Helpdesk', email: 'helpdesk@mail.example', url: 'https://mail.example/' },
};
let turns = 0;
const document = await documentOf(facts, () => {
  turns += 1;
  return Promise.resolve();
});

/**
 * One line for each operation and each schema: what changed of the API is what changed of the
 * lines.
 */
function inLines(value: unknown, depth: number): string {
  if (depth === 0 || typeof value !== 'object' || value === null || Array.isArray(value)) return JSON.stringify(value);
  const members = Object.entries(value).map(
    ([name, member]) => `${JSON.stringify(name)}: ${inLines(member, depth - 1)}`,
  );
  return members.length === 0 ? '{}' : `{\n${members.join(',\n')}\n}`;
}

test('the document is the one of test/golden (WRITE_GOLDEN=1 writes it anew: read the difference)', () => {
  const text = `${inLines(document, 3)}\n`;
  assert.deepEqual(JSON.parse(text), JSON.parse(JSON.stringify(document)));
  if (process.env.WRITE_GOLDEN === '1') writeFileSync(GOLDEN, text);
  // A whole document of 400 KB in the report of a failure would show nobody what changed.
  const [now, before] = [text, readFileSync(GOLDEN, 'utf8')].map((whole) => whole.split('\n'));
  const only = (of: readonly string[] = [], other: readonly string[] = []): readonly string[] => {
    const known = new Set(other);
    return of.filter((line) => !known.has(line)).map((line) => line.slice(0, 100));
  };
  assert.deepEqual({ added: only(now, before), gone: only(before, now) }, { added: [], gone: [] });
  assert.ok(text === readFileSync(GOLDEN, 'utf8'), 'the lines are the same, their order is not');
});

test('the document keeps the design rules, as far as a short look sees', () => {
  assert.deepEqual(remarksOn(document), []);
});

test('the look at the design rules finds what breaks them', () => {
  const api = ['paths', '/openapi.json', 'get'];
  const dated = { properties: { endDate: { type: 'string', format: 'date-time' } } };
  const cases: readonly (readonly [rule: string, at: readonly string[], value?: unknown])[] = [
    ['contact', ['info', 'contact', 'email']],
    ['version', ['info', 'version'], '1'],
    ['server', ['servers', '0', 'url'], 'http://mail.example/v1'],
    ['server', ['servers', '0', 'url'], 'https://mail.example/'],
    ['path', ['paths', '/Some_Thing'], {}],
    [
      'method',
      ['paths', '/openapi.json', 'head'],
      { operationId: 'headDocument', responses: { 400: { $ref: '#/components/responses/Problem' } } },
    ],
    ['API-Version', [...api, 'responses', '200', 'headers', 'API-Version']],
    ['400', [...api, 'responses', '400']],
    ['problem', [...api, 'responses', '400'], { headers: { 'API-Version': {} }, content: { 'text/plain': {} } }],
    ['operationId', [...api, 'operationId'], 'getDocumentPage'],
    ['query', [...api, 'parameters', '0'], { name: 'not-camel', in: 'query', schema: {} }],
    ['schema', ['components', 'schemas', 'some'], {}],
    ['date', ['components', 'schemas', 'Some'], dated],
  ];
  for (const [rule, at, value] of cases) {
    const copy: object = structuredClone(document);
    const holder = at.slice(0, -1).reduce<object>((of, name) => Reflect.get(of, name) as object, copy);
    const last = at.at(-1) ?? '';
    if (value === undefined) Reflect.deleteProperty(holder, last);
    else Reflect.set(holder, last, value);
    assert.deepEqual(
      [...new Set(remarksOn(copy as typeof document).map((remark) => remark.split(':')[0]))],
      [rule],
      at.join(' '),
    );
  }
});

test('it is made a few routes at a time, and two schemas of one name are refused', () => {
  assert.ok(turns >= Math.floor(API_ROUTES.length / 4), String(turns));
  const components = new Components();
  components.schemaOf(z.object({ a: z.string() }).meta({ id: 'Thing' }), 'output');
  components.schemaOf(z.object({ of: z.object({ a: z.string() }).meta({ id: 'Thing' }) }), 'output');
  assert.deepEqual(Object.keys(components.schemas), ['Thing']);
  assert.throws(() => components.schemaOf(z.object({ b: z.string() }).meta({ id: 'Thing' }), 'output'), /called Thing/);
  assert.deepEqual(components.schemaOf(z.iso.date().nullable(), 'output'), {
    type: ['string', 'null'],
    format: 'date',
    pattern: (z.toJSONSchema(z.iso.date()) as { readonly pattern: string }).pattern,
  });
});

test('the page shows every operation, and text of the document stays text', () => {
  const page = documentPage(document);
  for (const { id, path } of API_ROUTES) assert.ok(page.includes(`<h3 id="${id}"`) && page.includes(path), id);
  assert.doesNotMatch(page, /<script|javascript:|\son\w+=|src=|@import|url\(/i);
  const evil = documentPage({ ...document, info: { ...(document.info as object), title: '<script>"&' } });
  assert.ok(evil.includes('&lt;script&gt;&quot;&amp;') && !evil.includes('<script>'));
});

test('the gateway serves document and page to everybody, and to whom it knows neither again', async (t) => {
  const { anyone } = await startApi(t, {
    configuration: '[api]\ncontact-name = "Zorgpost"\nurl = "https://api.group.test/"',
  });
  const got = await anyone.get('/openapi.json');
  const served = got.json as typeof document & {
    readonly info: { readonly contact: object };
    readonly servers: unknown;
  };
  assert.deepEqual(served.paths, JSON.parse(JSON.stringify(document.paths)));
  assert.deepEqual(served.servers, [{ url: 'https://api.group.test/v1' }]);
  assert.deepEqual(served.info.contact, { name: 'Zorgpost', email: 'postmaster@mail.test', url: 'https://mail.test/' });
  assert.deepEqual(
    [got.headers['access-control-allow-origin'], got.headers['content-type']],
    ['*', 'application/json'],
  );
  const page = await anyone.get('/');
  assert.match(
    page.headers['content-security-policy'] as string,
    /^default-src 'none'; style-src 'sha256-[^']+'; frame-ancestors 'none'/,
  );
  assert.equal(page.headers['content-type'], 'text/html; charset=utf-8');
  assert.equal(page.headers['access-control-allow-origin'], undefined);
  for (const [path, { headers }] of [
    ['/openapi.json', got],
    ['/', page],
  ] as const) {
    const again = await anyone.get(path, { headers: { 'if-none-match': headers.etag! } });
    assert.deepEqual([again.status, again.body.length, again.headers.etag], [304, 0, headers.etag]);
  }
});
