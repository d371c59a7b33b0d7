/**
 * Which TLSA records hold: every way to read "there are none" out of an answer that does not say
 * so, and out of one that somebody forged.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Answer } from 'dns-packet';
import { systemClock } from '../../src/platform/clock.ts';
import { DnsFailed } from '../../src/dns/packet.ts';
import { Resolver } from '../../src/dns/resolver.ts';
import { tlsaText } from '../../src/dns/tlsa.ts';
import { RememberedTlsa } from '../../src/dns/tlsa-source.ts';
import { newTlsaCounts } from '../../src/dns/tlsa-counts.ts';
import { findTlsa } from '../../src/dns/tlsa-lookup.ts';
import { FakeClock } from '../support/clock.ts';
import { type Said, ScriptedDns, aRecord, alias, tlsaRecord } from '../support/dns.ts';
import { MemoryLog } from '../support/log.ts';
import type { Cleanup } from '../support/store.ts';

const key = Buffer.alloc(32, 7);
const tlsa = (name: string, ttl?: number): Answer => tlsaRecord(name, [3, 1, 1], key, ttl);
const MX = '_25._tcp.mx.test';

/** `TYPE name` to what is said; SERVFAIL where nothing is. */
type Zone = Readonly<Record<string, Said>>;

async function look(t: Cleanup, zone: Zone, host = 'mx.test'): Promise<string> {
  const dns = await ScriptedDns.start(t, ({ type, name }) => zone[`${type} ${name}`] ?? { code: 2 });
  try {
    const found = await findTlsa(new Resolver({ at: dns.at, clock: systemClock }), host, 25);
    return found.kind === 'none' ? found.why : `${found.base}: ${found.records.map(tlsaText).join(', ')}`;
  } catch (error) {
    if (error instanceof DnsFailed) return 'failed';
    throw error;
  }
}

const secureHost: Zone = { 'A mx.test': { answers: [aRecord('mx.test')] } };

test('validated records of a validated host hold', async (t) => {
  assert.equal(await look(t, { ...secureHost, [`TLSA ${MX}`]: { answers: [tlsa(MX)] } }), 'mx.test: 3 1 1');
  const six: Zone = { 'A mx.test': {}, 'AAAA mx.test': {}, [`TLSA ${MX}`]: { answers: [tlsa(MX)] } };
  assert.equal(await look(t, six, 'MX.test.'), 'mx.test: 3 1 1');
});

test('a validated "there are none" is none', async (t) => {
  assert.equal(await look(t, { ...secureHost, [`TLSA ${MX}`]: {} }), 'absent');
  assert.equal(await look(t, { ...secureHost, [`TLSA ${MX}`]: { code: 3 } }), 'absent');
  assert.equal(await look(t, { 'A mx.test': { code: 3 } }), 'no-host');
});

test('SERVFAIL at any question is no answer', async (t) => {
  assert.equal(await look(t, {}), 'failed');
  assert.equal(await look(t, secureHost), 'failed');
  assert.equal(await look(t, { 'A mx.test': {} }), 'failed', 'of AAAA');
  assert.equal(
    await look(t, { 'A mx.test': { secure: false, answers: [alias('mx.test', 'x.test')] } }),
    'failed',
    'of CNAME',
  );
  const aliased: Zone = { 'A mx.test': { answers: [alias('mx.test', 'x.test'), aRecord('x.test')] } };
  assert.equal(await look(t, { ...aliased, 'TLSA _25._tcp.x.test': {} }), 'failed', 'of the second name');
});

test('records that were not validated count for nothing', async (t) => {
  assert.equal(await look(t, { ...secureHost, [`TLSA ${MX}`]: { secure: false, answers: [tlsa(MX)] } }), 'insecure');
});

test('below a host that was not validated nothing is asked for', async (t) => {
  const zone: Zone = {
    'A mx.test': { secure: false, answers: [aRecord('mx.test')] },
    [`TLSA ${MX}`]: { answers: [tlsa(MX)] },
  };
  assert.equal(await look(t, zone), 'insecure');
});

test('a name that an unsigned alias leads to has no say, however well it is signed itself', async (t) => {
  const zone: Zone = {
    'A mx.test': { secure: false, answers: [alias('mx.test', 'evil.test'), aRecord('evil.test')] },
    'CNAME mx.test': { secure: false, answers: [alias('mx.test', 'evil.test')] },
    'TLSA _25._tcp.evil.test': { answers: [tlsa('_25._tcp.evil.test')] },
  };
  assert.equal(await look(t, zone), 'insecure');
});

test('a signed alias has its records also where what it leads to is not signed', async (t) => {
  const zone: Zone = {
    'A mx.test': { secure: false, answers: [alias('mx.test', 'plain.test'), aRecord('plain.test')] },
    'CNAME mx.test': { answers: [alias('mx.test', 'plain.test')] },
    [`TLSA ${MX}`]: { answers: [tlsa(MX)] },
    'TLSA _25._tcp.plain.test': { answers: [tlsa('_25._tcp.plain.test')] },
  };
  assert.equal(await look(t, zone), 'mx.test: 3 1 1');
});

test('behind signed aliases the last name is asked first, then the first', async (t) => {
  const zone: Zone = {
    'A mx.test': { answers: [alias('mx.test', 'b.test'), alias('b.test', 'c.test'), aRecord('c.test')] },
  };
  const c = '_25._tcp.c.test';
  assert.equal(await look(t, { ...zone, [`TLSA ${c}`]: { answers: [tlsa(c)] } }), 'c.test: 3 1 1');
  const first: Zone = { ...zone, [`TLSA ${c}`]: { code: 3 }, [`TLSA ${MX}`]: { answers: [tlsa(MX)] } };
  assert.equal(await look(t, first), 'mx.test: 3 1 1');
});

test('records behind an alias of their own are found, those of another name are not', async (t) => {
  const behind = { answers: [alias(MX, '_dane.test'), tlsa('_dane.test')] };
  assert.equal(await look(t, { ...secureHost, [`TLSA ${MX}`]: behind }), 'mx.test: 3 1 1');
  assert.equal(await look(t, { ...secureHost, [`TLSA ${MX}`]: { answers: [tlsa('_25._tcp.evil.test')] } }), 'absent');
});

test('aliases in a circle, too many of them, and one to no name are no answer', async (t) => {
  const circle = { answers: [alias('mx.test', 'b.test'), alias('b.test', 'mx.test')] };
  assert.equal(await look(t, { 'A mx.test': circle, 'AAAA mx.test': circle }), 'failed');
  const many = Array.from({ length: 10 }, (_, i) => alias(i === 0 ? 'mx.test' : `n${i}.test`, `n${i + 1}.test`));
  assert.equal(await look(t, { 'A mx.test': { answers: [...many, aRecord('n10.test')] } }), 'failed');
  const odd = { answers: [alias('mx.test', 'a b.test'), aRecord('a b.test')] };
  assert.equal(await look(t, { 'A mx.test': odd, 'AAAA mx.test': odd }), 'failed');
});

test('a set without a usable record is told as such', async (t) => {
  const of = (...what: readonly (readonly [number, number, number, Buffer])[]): Said => ({
    answers: what.map(([usage, selector, matching, data]) => tlsaRecord(MX, [usage, selector, matching], data)),
  });
  const unusable = of(
    [0, 1, 1, key],
    [1, 1, 1, key],
    [3, 2, 1, key],
    [3, 1, 3, key],
    [3, 1, 1, key.subarray(1)],
    [255, 1, 1, key],
  );
  assert.equal(await look(t, { ...secureHost, [`TLSA ${MX}`]: unusable }), 'unusable');
  const stronger = of([3, 1, 1, key], [3, 1, 2, Buffer.alloc(64)], [2, 0, 1, key], [3, 0, 0, Buffer.from('x')]);
  assert.equal(await look(t, { ...secureHost, [`TLSA ${MX}`]: stronger }), 'mx.test: 3 1 2, 2 0 1, 3 0 0');
});

test('an answer is remembered as long as it says and five minutes at most, a failure not at all', async (t) => {
  const clock = new FakeClock();
  let ttl = 100;
  const dns = await ScriptedDns.start(t, ({ type, name }) =>
    type === 'A' ? { answers: [aRecord(name)] } : name === MX ? { answers: [tlsa(MX, ttl)] } : { code: 2 },
  );
  const counts = newTlsaCounts();
  const log = new MemoryLog();
  const source = new RememberedTlsa({ dns: new Resolver({ at: dns.at, clock: systemClock }), clock, log, counts });
  const asks = async (host = 'mx.test'): Promise<number> => {
    const before = dns.asked.length;
    await Promise.all([source.find(host, 25), source.find(host, 25)]);
    return dns.asked.length - before;
  };
  assert.equal(await asks(), 2, 'two who ask at a time share one look-up');
  clock.advance(99_000);
  assert.equal(await asks(), 0);
  ttl = 86_400;
  clock.advance(1000);
  assert.equal(await asks(), 2);
  clock.advance(299_000);
  assert.equal(await asks(), 0);
  clock.advance(1000);
  assert.equal(await asks(), 2);

  assert.equal(await asks('bad.test'), 2);
  assert.equal(await asks('bad.test'), 2);
  assert.deepEqual(await source.find('bad.test', 25), {
    kind: 'failed',
    text: 'its TLSA records cannot be looked up: the resolver answered SERVFAIL',
  });
  assert.deepEqual(log.names, ['dane.lookup-failed', 'dane.lookup-failed', 'dane.lookup-failed']);
  const told = counts.lookups.read().filter(({ value }) => value > 0);
  assert.deepEqual(
    told.map(({ labels, value }) => `${labels.outcome} ${value}`),
    ['records 3', 'failed 3'],
  );
});

test('no more than a thousand hosts are remembered', async () => {
  const dns = { ask: () => Promise.resolve({ code: 'NXDOMAIN', secure: true, records: [] } as const) };
  const source = new RememberedTlsa({ dns, clock: new FakeClock(), log: new MemoryLog(), counts: newTlsaCounts() });
  for (let i = 0; i < 1100; i++) await source.find(`h${i}.test`, 25);
  assert.equal(source.remembered, 1000);
});
