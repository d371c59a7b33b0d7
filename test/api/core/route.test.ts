import assert from 'node:assert/strict';
import test from 'node:test';
import { z } from '../../../src/config/zod.ts';
import { eitherBody, jsonBody, streamBody } from '../../../src/api/core/body.ts';
import { accountId, flag, limit, messageId } from '../../../src/api/core/fields.ts';
import { route } from '../../../src/api/core/route.ts';
import type { ApiServices } from '../../../src/api/core/services.ts';

const said = {
  id: 'getThing',
  method: 'GET',
  tag: 'service',
  summary: 'Show a thing',
  access: { kind: 'nobody' },
} as const;

test('route() knows the types of what is asked and of what may be answered', () => {
  const made = route({
    id: 'putThing',
    method: 'POST',
    path: '/things/{accountId}/parts',
    tag: 'service',
    summary: 'Add a part',
    access: { kind: 'account', scope: 'send' },
    params: { accountId },
    query: { limit: limit(500), wide: flag('Wide.') },
    body: eitherBody(jsonBody(z.strictObject({ name: z.string() })), streamBody('text/plain', 'The part')),
    answers: { 201: { about: 'Made', json: z.object({ id: z.string() }) }, 404: 'No such thing' },
    run({ params, query, body, caller }, { hostname }: Pick<ApiServices, 'hostname'>) {
      const name: string = body.json?.name ?? body.stream?.type ?? '';
      const [id, most, wide]: readonly [number, number, boolean] = [params.accountId, query.limit, query.wide];
      return Promise.resolve({
        status: 201,
        json: { id: [caller.account.login, hostname, name, id, most, wide].join(' ') },
      });
    },
  });
  assert.equal(made.id, 'putThing');
  assert.deepEqual(Object.keys(made.query), ['limit', 'wide']);
});

test('route() refuses a declaration that contradicts itself', () => {
  const answers = { 200: { about: 'A thing', json: z.object({}) } };
  const run = (): Promise<never> => Promise.reject(new Error('not called'));
  const wrong = (text: RegExp, parts: object): void => {
    assert.throws(() => route({ ...said, path: '/things', answers, run, ...parts }), text);
  };
  wrong(/kebab-case/, { path: '/Things' });
  wrong(/kebab-case/, { path: '/things/' });
  wrong(/params are not those/, { path: '/things/{thingId}' });
  wrong(/params are not those/, { params: { thingId: z.string() } });
  wrong(/has no body/, { body: jsonBody(z.strictObject({})) });
  wrong(/POST alone/, { idempotent: 'own' });
  wrong(/camelCase/, { query: { 'changed-since': z.string() } });
  wrong(/lower case/, { headers: { 'If-Match': z.string() } });
  wrong(/no answer of success/, { answers: { 404: 'None' } });
});

test('fields read ids as texts, and nothing else', () => {
  assert.equal(accountId.parse('42'), 42);
  for (const text of ['0', '-1', '042', '1e3', '1'.repeat(16), ''])
    assert.equal(accountId.safeParse(text).success, false);
  assert.equal(messageId.safeParse('0123456789abc').success, true);
  assert.equal(messageId.safeParse('9123456789abc').success, false);
  assert.equal(limit(50).parse('9999'), 50);
  assert.equal(limit(50).parse(undefined), 50);
  assert.equal(limit(500).parse('7'), 7);
  assert.equal(limit(500).safeParse('0').success, false);
  assert.equal(flag('A switch.').parse('true'), true);
  assert.equal(flag('A switch.').safeParse('1').success, false);
});
