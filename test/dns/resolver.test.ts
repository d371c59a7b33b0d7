/**
 * A resolver is asked so that a slow, lying, flooding or broken one costs a bounded wait, and is
 * never taken for "there is none".
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createSocket } from 'node:dgram';
import { test } from 'node:test';
import { milliseconds } from '../../src/domain/units.ts';
import { DnsFailed } from '../../src/dns/packet.ts';
import { Resolver } from '../../src/dns/resolver.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { FakeClock } from '../support/clock.ts';
import { type Script, ScriptedDns, aRecord } from '../support/dns.ts';
import type { Cleanup } from '../support/store.ts';
import { until } from '../support/until.ts';

async function bench(t: Cleanup, script: Script): Promise<{ readonly dns: ScriptedDns; readonly resolver: Resolver }> {
  const dns = await ScriptedDns.start(t, script);
  return { dns, resolver: new Resolver({ at: dns.at, clock: systemClock }) };
}
const failsWith = (what: RegExp) => (error: unknown) => error instanceof DnsFailed && what.test(error.message);

test('an answer tells its code, whether it was validated, and its records', async (t) => {
  const { dns, resolver } = await bench(t, ({ name }) =>
    name === 'mx.test' ? { answers: [aRecord('MX.Test', '192.0.2.1')] } : { code: 3, secure: false },
  );
  assert.deepEqual(await resolver.ask('mx.test', 'A'), {
    code: 'NOERROR',
    secure: true,
    records: [{ name: 'mx.test', type: 'A', ttl: 300, data: '192.0.2.1' }],
  });
  assert.deepEqual(await resolver.ask('other.test', 'A'), { code: 'NXDOMAIN', secure: false, records: [] });
  assert.deepEqual(dns.asked, ['A mx.test udp', 'A other.test udp']);
});

test('what is cut off is asked for again by TCP', async (t) => {
  const { dns, resolver } = await bench(t, ({ name }, by) =>
    by === 'udp'
      ? { truncated: true }
      : { answers: Array.from({ length: 200 }, (_, i) => aRecord(name, `10.0.0.${i}`)) },
  );
  assert.equal((await resolver.ask('mx.test', 'A')).records.length, 200);
  assert.deepEqual(dns.asked, ['A mx.test udp', 'A mx.test tcp']);
});

test('SERVFAIL and every other error is no answer, and is not asked for twice', async (t) => {
  for (const code of [1, 2, 4, 5, 9]) {
    const { dns, resolver } = await bench(t, () => ({ code }));
    await assert.rejects(resolver.ask('mx.test', 'TLSA'), failsWith(/the resolver answered/), `code ${code}`);
    assert.equal(dns.asked.length, 1);
  }
});

test('answers with another id, to another question, and questions are passed over until the right one comes', async (t) => {
  const { resolver } = await bench(t, (question) => [
    { otherId: 1, code: 3 },
    { question: { ...question, name: 'evil.test' }, code: 3 },
    { question: { ...question, type: 'AAAA' }, code: 3 },
    { raw: () => Buffer.alloc(3) },
    { answers: [aRecord('mx.test')] },
  ]);
  assert.equal((await resolver.ask('mx.test', 'A')).records.length, 1);
});

test('a flood of answers to something else ends the try', async (t) => {
  const { dns, resolver } = await bench(t, () => Array.from({ length: 20 }, () => ({ otherId: 1 })));
  await assert.rejects(resolver.ask('mx.test', 'A'), failsWith(/does not answer/));
  assert.equal(dns.asked.length, 2);
});

test('octets that are no packet are told as broken, and nothing is thrown into the process', async (t) => {
  const broken: readonly ((id: number) => Buffer)[] = [
    // It promises 65,535 records.
    (id) => Buffer.concat([idOf(id), Buffer.from('8000000100ffff00000000'.padEnd(20, '0'), 'hex')]),
    // A name that points at itself.
    (id) => Buffer.concat([idOf(id), Buffer.from('80000001000000000000c00c00010001', 'hex')]),
  ];
  for (const raw of broken) {
    const { resolver } = await bench(t, () => ({ raw }));
    await assert.rejects(resolver.ask('mx.test', 'A'), failsWith(/broken/));
  }
});
const idOf = (id: number): Buffer => Buffer.from([id >> 8, id & 0xff]);

test('an answer by TCP that says it is longer than 16 KiB is refused before it is there', async (t) => {
  const { resolver } = await bench(t, (_, by) =>
    by === 'udp' ? { truncated: true } : { raw: () => Buffer.from([0x40, 0x01]) },
  );
  await assert.rejects(resolver.ask('mx.test', 'A'), failsWith(/16385 octets, more than 16384/));
});

test('a silent resolver costs two tries of three seconds, and one that falls silent by TCP three seconds more', async (t) => {
  const clock = new FakeClock();
  const dns = await ScriptedDns.start(t, () => undefined);
  const resolver = new Resolver({ at: dns.at, clock });
  let ended: unknown;
  const asked = resolver.ask('mx.test', 'A').catch((error: unknown) => (ended = error));
  await until('it was asked', () => dns.asked.length === 1);
  clock.advance(2999);
  assert.equal(dns.asked.length, 1);
  clock.advance(1);
  await until('it was asked again', () => dns.asked.length === 2);
  clock.advance(3000);
  await asked;
  assert.ok(failsWith(/does not answer/)(ended), String(ended));

  dns.script = (_, by) => (by === 'udp' ? { truncated: true } : { raw: () => Buffer.from([0]) });
  const tcp = resolver.ask('mx.test', 'A').catch((error: unknown) => (ended = error));
  await until('it was asked by TCP', () => dns.asked.at(-1)?.endsWith('tcp') === true);
  clock.advance(3000);
  await until('it was asked once more by UDP and TCP', () => dns.asked.length === 6);
  clock.advance(3000);
  await tcp;
  assert.ok(failsWith(/does not answer/)(ended), String(ended));
});

test('a port where nobody listens is told at once', async () => {
  const free = createSocket('udp4');
  free.bind(0, '127.0.0.1');
  await once(free, 'listening');
  const { port } = free.address();
  free.close();
  const resolver = new Resolver({ at: { host: '127.0.0.1', port }, clock: systemClock, patience: milliseconds(5000) });
  await assert.rejects(resolver.ask('mx.test', 'A'), failsWith(/port \d+ does not answer \(ECONNREFUSED\)/));
});

test('what is no name is not asked for', async (t) => {
  const { dns, resolver } = await bench(t, () => ({}));
  for (const name of ['a..b', `${'x'.repeat(64)}.test`, 'a b.test', '-x.test', `${'x.'.repeat(130)}test`, 'é.test'])
    await assert.rejects(resolver.ask(name, 'A'), failsWith(/is not a name/), name);
  assert.equal(dns.asked.length, 0);
});
