/** What is sent again under a key: through the store, with routes that count how often they run. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import type { Answer } from '../../../src/api/core/answer.ts';
import { MAX_COLLECTED, REPLAYED, answeredOnce } from '../../../src/api/core/idempotency.ts';
import { Problem, problem } from '../../../src/api/core/problem.ts';
import type { Asked, Route } from '../../../src/api/core/route.ts';
import { MAX_KEPT_ANSWER } from '../../../src/store/idempotency.ts';
import { AdminError } from '../../../src/admin/error.ts';
import { MemoryLog } from '../../support/log.ts';
import { type Cleanup, openTestStore } from '../../support/store.ts';

const post: Pick<Route, 'method' | 'path' | 'idempotent'> = { method: 'POST', path: '/things' };
const sent = (key: string, body = 'a', more: Partial<Asked> = {}): Asked => ({
  id: 'r1',
  params: {},
  query: {},
  headers: {},
  body: undefined,
  caller: { kind: 'operator', name: 'anna', role: 'owner', proof: 'token' },
  accepts: 'application/json',
  idempotencyKey: key,
  digest: createHash('sha256').update(body).digest('hex'),
  signal: new AbortController().signal,
  remote: { session: 's', address: '192.0.2.1', network: '192.0.2.1', listener: 'api', tls: 'TLSv1.3' },
  stands: () => Promise.resolve(true),
  ...more,
});

async function scene(t: Cleanup) {
  const opened = await openTestStore(t);
  const services = { store: opened.store, random: randomBytes, log: new MemoryLog() };
  let runs = 0;
  const once = (asked: Asked, answer: Answer | Error = made(), route = post): Promise<Answer> =>
    answeredOnce(route, asked, services, async () => {
      runs += 1;
      await Promise.resolve();
      if (answer instanceof Error) throw answer;
      return answer;
    });
  return { opened, services, once, runs: () => runs };
}
const made = (): Answer => ({ status: 201, json: { id: '7' }, headers: { Location: '/v1/things/7' } });
const refusedAs =
  (status: number, kind: string) =>
  (error: unknown): true => {
    assert(error instanceof Problem);
    assert.deepEqual([error.status, error.kind], [status, kind]);
    return true;
  };

test('the same again gets the same answer and runs nothing; another body is refused, another caller is another', async (t) => {
  const { once, runs } = await scene(t);
  assert.deepEqual(await once(sent('k')), made());
  assert.deepEqual(await once(sent('k')), { ...made(), headers: { Location: '/v1/things/7', [REPLAYED]: 'true' } });
  assert.equal(runs(), 1);
  await assert.rejects(once(sent('k', 'b')), refusedAs(422, 'key-reused'));
  await once(sent('k', 'a', { caller: { kind: 'operator', name: 'bert', role: 'owner', proof: 'token' } }));
  assert.equal(runs(), 2);
  await once(
    sent('k', 'a', {
      caller: { kind: 'operator', name: 'bert', role: 'owner', proof: 'token', organisation: 'North' },
    }),
  );
  assert.equal(runs(), 3);
});

test('while the first runs the second hears so, and both after the end get its answer', async (t) => {
  const { services } = await scene(t);
  let end = (): void => undefined;
  const ended = new Promise<void>((resolve) => (end = resolve));
  let begun = (): void => undefined;
  const running = new Promise<void>((resolve) => (begun = resolve));
  const first = answeredOnce(post, sent('k'), services, async () => {
    begun();
    await ended;
    return made();
  });
  await running;
  await assert.rejects(
    answeredOnce(post, sent('k'), services, () => Promise.reject(new Error('it ran twice'))),
    (error) => refusedAs(409, 'still-running')(error),
  );
  end();
  assert.equal((await first).status, 201);
});

test('what did nothing may be sent again, what may have done something may not', async (t) => {
  const { once, runs } = await scene(t);
  const nothing = [
    problem(409, 'x', 'x', 'x'),
    problem(503, 'x', 'x', 'x'),
    new AdminError('invalid', 'x'),
    new AdminError('unavailable', 'x'),
  ];
  for (const [n, error] of nothing.entries()) {
    await assert.rejects(once(sent(`n${n}`), error));
    assert.equal((await once(sent(`n${n}`, 'corrected'))).status, 201);
  }
  assert.equal(runs(), 2 * nothing.length);
  for (const [n, error] of [new Error('bug'), new AdminError('failed', 'x'), problem(502, 'x', 'x', 'x')].entries()) {
    await assert.rejects(once(sent(`f${n}`), error));
    await assert.rejects(once(sent(`f${n}`)), refusedAs(409, 'outcome-unknown'));
  }
  assert.equal(runs(), 2 * nothing.length + 3);
});

test('what waits for a second person is asked again, and done when they have signed', async (t) => {
  const { once, runs } = await scene(t);
  assert.equal((await once(sent('k'), { status: 202, json: {} })).status, 202);
  assert.equal((await once(sent('k'))).status, 201);
  assert.equal(runs(), 2);
});

test('what a process began that is gone is unknown to the next one', async (t) => {
  const { opened, services } = await scene(t);
  void answeredOnce(post, sent('k'), services, () => new Promise(() => undefined));
  await opened.store.audit.head();
  const { store } = await opened.reopen();
  await assert.rejects(
    answeredOnce(post, sent('k'), { ...services, store }, () => Promise.reject(new Error('it ran twice'))),
    refusedAs(409, 'outcome-unknown'),
  );
});

test('a secret, a stream and an answer of more than 64 KiB are not kept', async (t) => {
  const { once, runs, opened } = await scene(t);
  const secret = { status: 201, json: { token: 'sluis_very-secret' } } as const;
  await once(sent('secret'), secret, { ...post, idempotent: 'secret' });
  const large = { status: 200, json: 'x'.repeat(MAX_KEPT_ANSWER) } as const;
  await once(sent('large'), large);
  for (const key of ['secret', 'large']) await assert.rejects(once(sent(key)), refusedAs(409, 'already-done'));
  await once(sent('fits'), { status: 200, json: 'x'.repeat(MAX_KEPT_ANSWER - 100) });
  assert.equal((await once(sent('fits'))).status, 200);
  assert.equal(runs(), 3);
  const kept = await opened.store.idempotency.begin({
    caller: 'operator:anna:',
    key: createHash('sha256').update('secret').digest(),
    request: Buffer.from(sent('secret').digest ?? '', 'hex'),
    run: 'x',
  });
  assert.deepEqual(kept, { kind: 'done' });
});

test('a route that keeps its keys itself, and what is no POST, are left alone', async (t) => {
  const { once, runs } = await scene(t);
  for (let n = 0; n < 2; n += 1) {
    await once(sent('k'), made(), { ...post, idempotent: 'own' });
    await once(sent('k'), made(), { ...post, method: 'PATCH' });
  }
  assert.equal(runs(), 4);
});

const fileOf = (...pieces: readonly Buffer[]): Asked => {
  const octets = (async function* () {
    for (const piece of pieces) yield await Promise.resolve(piece);
  })();
  const { digest: _, ...asked } = sent('k', '', { body: { type: 'text/csv', parameters: new Map(), octets } });
  return asked;
};

test('a file that is streamed is told apart by its octets, however they come', async (t) => {
  const { services } = await scene(t);
  const once = (...pieces: readonly string[]): Promise<Answer> =>
    answeredOnce(post, fileOf(...pieces.map((piece) => Buffer.from(piece))), services, async ({ body }) => {
      const read: string[] = [];
      for await (const piece of (body as { octets: AsyncIterable<Buffer> }).octets) read.push(piece.toString());
      return { status: 200, json: read.join('') };
    });
  assert.deepEqual(await once('a,b\n', '1,2\n'), { status: 200, json: 'a,b\n1,2\n' });
  assert.equal((await once('a,b\n1,', '2\n')).headers?.[REPLAYED], 'true');
  await assert.rejects(once('a,b\n1,3\n'), refusedAs(422, 'key-reused'));
});

test('a file beyond the limit is refused', async (t) => {
  const { services } = await scene(t);
  const half = Buffer.alloc(MAX_COLLECTED / 2 + 1);
  await assert.rejects(
    answeredOnce(post, fileOf(half, half), services, () => Promise.reject(new Error('it ran'))),
    refusedAs(413, 'too-large'),
  );
});
