/**
 * Requests that a server in front of us could read as other requests than we do: refused, the line
 * closed, nothing behind them answered; others are served meanwhile.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import { z } from '../../src/config/zod.ts';
import { streamBody } from '../../src/api/core/body.ts';
import { route } from '../../src/api/core/route.ts';
import { startBareApi } from '../support/bare-api.ts';
import { heard, raw, said, statusesOf } from '../support/raw-http.ts';
import { until } from '../support/until.ts';

const access = { kind: 'nobody' } as const;
const asked: string[] = [];
const note = route({
  id: 'getNote',
  method: 'GET',
  path: '/notes/{noteId}',
  tag: 'service',
  summary: 'Show a note',
  access,
  params: { noteId: z.string() },
  answers: { 200: { about: 'It', json: z.looseObject({}) } },
  run: ({ params }) => {
    asked.push(params.noteId);
    return Promise.resolve({ status: 200, json: params });
  },
});
const add = route({
  id: 'addNote',
  method: 'POST',
  path: '/notes',
  tag: 'service',
  summary: 'Add a note',
  access,
  idempotent: 'own',
  body: streamBody('text/plain', 'The note'),
  answers: { 200: { about: 'Its length', json: z.looseObject({}) } },
  run: async ({ body }) => {
    let octets = 0;
    for await (const piece of body.octets) octets += piece.length;
    return { status: 200, json: { octets } };
  },
});

const SMUGGLED = 'GET /v1/notes/smuggled HTTP/1.1\r\nHost: mail.test\r\n\r\n';
const HEAD = 'POST /v1/notes HTTP/1.1\r\nHost: mail.test\r\nContent-Type: text/plain\r\nIdempotency-Key: a\r\n';
const GET = 'GET /v1/notes/a HTTP/1.1\r\n';

const CASES: Readonly<Record<string, readonly [text: string, status: number]>> = {
  'a length and chunks': [`${HEAD}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${SMUGGLED}`, 400],
  'chunks and a length': [`${HEAD}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n${SMUGGLED}`, 400],
  'two lengths that differ': [`${HEAD}Content-Length: 5\r\nContent-Length: 50\r\n\r\nabcde${SMUGGLED}`, 400],
  'two lengths that agree': [`${HEAD}Content-Length: 5\r\nContent-Length: 5\r\n\r\nabcde${SMUGGLED}`, 400],
  'lengths in one field': [`${HEAD}Content-Length: 5, 5\r\n\r\nabcde${SMUGGLED}`, 400],
  'a length with a sign': [`${HEAD}Content-Length: +5\r\n\r\nabcde${SMUGGLED}`, 400],
  'a hexadecimal length': [`${HEAD}Content-Length: 0x5\r\n\r\nabcde${SMUGGLED}`, 400],
  'another coding': [`${HEAD}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n${SMUGGLED}`, 400],
  'chunked twice': [`${HEAD}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${SMUGGLED}`, 400],
  'a coding that is none': [`${HEAD}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${SMUGGLED}`, 400],
  'a coding behind a tab': [`${HEAD}Transfer-Encoding:\tchunked, identity\r\n\r\n0\r\n\r\n${SMUGGLED}`, 400],
  'a blank before the colon': [`${HEAD}Transfer-Encoding : chunked\r\nContent-Length: 5\r\n\r\nabcde${SMUGGLED}`, 400],
  'bare LF': [`${HEAD.replaceAll('\r\n', '\n')}Content-Length: 5\n\nabcde${SMUGGLED}`, 400],
  'one bare LF': [`${HEAD}X-A: b\nContent-Length: 5\r\n\r\nabcde${SMUGGLED}`, 400],
  'bare CR': [`${HEAD}X-A: b\rContent-Length: 50\r\nContent-Length: 5\r\n\r\nabcde${SMUGGLED}`, 400],
  'a folded header': [`${HEAD}X-A: b\r\n Content-Length: 50\r\nContent-Length: 5\r\n\r\nabcde${SMUGGLED}`, 400],
  'NUL in a header': [`${HEAD}X-A: b\0\r\nContent-Length: 5\r\n\r\nabcde${SMUGGLED}`, 400],
  'a chunk that is longer than it says': [
    `${HEAD}Transfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n${SMUGGLED}`,
    400,
  ],
  'a chunk with a bare LF': [`${HEAD}Transfer-Encoding: chunked\r\n\r\n1\na\r\n0\r\n\r\n${SMUGGLED}`, 400],
  'a chunk size with a sign': [`${HEAD}Transfer-Encoding: chunked\r\n\r\n-1\r\na\r\n0\r\n\r\n${SMUGGLED}`, 400],
  'two hosts': [`${GET}Host: mail.test\r\nHost: evil.test\r\n\r\n${SMUGGLED}`, 400],
  'no host': [`${GET}\r\n${SMUGGLED}`, 400],
  'a host with a path': [`${GET}Host: mail.test/x\r\n\r\n${SMUGGLED}`, 400],
  'two logins': [
    `${GET}Host: mail.test\r\nAuthorization: Basic YTpi\r\nAuthorization: Basic YTpj\r\n\r\n${SMUGGLED}`,
    400,
  ],
  'another header twice': [`${GET}Host: mail.test\r\nX-Any: a\r\nX-ANY: b\r\n\r\n${SMUGGLED}`, 400],
  'a body behind GET': [`${GET}Host: mail.test\r\nContent-Length: ${SMUGGLED.length}\r\n\r\n${SMUGGLED}`, 400],
  'chunks behind GET': [`${GET}Host: mail.test\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${SMUGGLED}`, 400],
  'an absolute URI': [`GET https://mail.test/v1/notes/a HTTP/1.1\r\nHost: mail.test\r\n\r\n${SMUGGLED}`, 400],
  'an asterisk': [`OPTIONS * HTTP/1.1\r\nHost: mail.test\r\n\r\n${SMUGGLED}`, 400],
  'a fragment': [`GET /v1/notes/a#b HTTP/1.1\r\nHost: mail.test\r\n\r\n${SMUGGLED}`, 400],
  'a backslash': [`GET /v1\\notes\\a HTTP/1.1\r\nHost: mail.test\r\n\r\n${SMUGGLED}`, 400],
  'HTTP/1.0': [`GET /v1/notes/a HTTP/1.0\r\nHost: mail.test\r\n\r\n${SMUGGLED}`, 505],
  'HTTP/0.9': [`GET /v1/notes/a\r\n\r\n${SMUGGLED}`, 505],
  'HTTP/2 without ALPN': [`PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${SMUGGLED}`, 400],
  'a header without a colon': [`${GET}Host: mail.test\r\nNothing\r\n\r\n${SMUGGLED}`, 400],
  'a header of 20,000 octets': [`${GET}Host: mail.test\r\nX-A: ${'a'.repeat(20_000)}\r\n\r\n${SMUGGLED}`, 431],
  '1,000 headers': [
    `${GET}Host: mail.test\r\n${Array.from({ length: 1000 }, (_, i) => `X-${i}: ${'a'.repeat(20)}\r\n`).join('')}\r\n${SMUGGLED}`,
    431,
  ],
};

test('what could be read in two ways is refused once, and nothing behind it is done', async (t) => {
  const api = await startBareApi(t, [note, add]);
  for (const [name, [text, status]] of Object.entries(CASES)) {
    const answer = await said(t, api, text);
    assert.deepEqual(statusesOf(answer), [status], `${name}: ${answer}`);
    assert.match(answer, /\r\nconnection: close\r\n/i, name);
    assert.match(answer, /\r\ncontent-type: application\/problem\+json\r\n/i, name);
  }
  assert.deepEqual(asked, []);
  assert.equal((await api.client.get('/notes/kept')).status, 200);
});

test('what comes behind a request before its answer is not answered; the line closes', async (t) => {
  const api = await startBareApi(t, [note, add]);
  const text = `${HEAD}Content-Length: 5\r\n\r\nabcde${SMUGGLED}${SMUGGLED}`;
  assert.deepEqual(statusesOf(await said(t, api, text)), [200]);
  assert.ok(!asked.includes('smuggled'));
});

test('an upgrade is not taken, and CONNECT leads nowhere', async (t) => {
  const api = await startBareApi(t, [note, add]);
  const upgrade = heard(
    await raw(
      t,
      api,
      `${GET}Host: mail.test\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n`,
    ),
  );
  await until('an answer', () => upgrade.text.endsWith('}'));
  assert.deepEqual(statusesOf(upgrade.text), [200]);
  const connect = await said(t, api, 'CONNECT mail.test:443 HTTP/1.1\r\nHost: mail.test\r\n\r\n');
  assert.doesNotMatch(connect, /^HTTP\/1\.1 2/);
});

test('one client sends a thousand requests on one connection, and others hold theirs open in the middle of a header', async (t) => {
  const api = await startBareApi(t, [note, add]);
  for (let i = 0; i < 20; i += 1) await raw(t, api, 'GET /v1/notes/a HTTP/1.1\r\nHost: mail.test\r\nX-Slow: a');
  for (let i = 0; i < 1000; i += 1) assert.equal((await api.client.get(`/notes/n${i}`)).status, 200);
  assert.equal(api.listener.sessions, 21);
});
