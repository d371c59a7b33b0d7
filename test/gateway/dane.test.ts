/**
 * What `check` and `doctor` say of the resolver for TLSA records, and that nothing is loaded or
 * asked where none is configured.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { daneMetrics, gatewayDane } from '../../src/gateway/dane.ts';
import { daneFindings } from '../../src/gateway/doctor-dane.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { aRecord, ScriptedDns } from '../support/dns.ts';
import { MemoryLog } from '../support/log.ts';

type Delivery = Parameters<typeof daneFindings>[0]['delivery'];
const withResolver = (at?: { readonly host: string; readonly port: number }) => ({
  delivery: { 'dane-resolver': at } as Delivery,
});

test('a resolver that validates the root is well; one that does not, or does not answer, is wrong', async (t) => {
  const dns = await ScriptedDns.start(t, () => ({}));
  assert.deepEqual(await daneFindings(withResolver(dns.at), systemClock), []);
  assert.deepEqual(dns.asked, ['SOA . udp']);
  dns.script = () => ({ secure: false });
  const [validates] = await daneFindings(withResolver(dns.at), systemClock);
  assert.match(validates?.what ?? '', /validates nothing.*no AD bit.*give unbound its trust anchor/);
  dns.script = () => ({ code: 2 });
  const [answers] = await daneFindings(withResolver(dns.at), systemClock);
  assert.match(answers?.what ?? '', /cannot be looked up \(the resolver answered SERVFAIL\).*start the resolver/);
  assert.deepEqual([validates?.severity, answers?.severity], ['failure', 'failure']);
});

test('without a resolver there is nothing: no finding, no metric, no source', async () => {
  assert.deepEqual(await daneFindings(withResolver(), systemClock), []);
  const dane = gatewayDane(withResolver(), { clock: systemClock, log: new MemoryLog() });
  assert.equal(dane, undefined);
  assert.deepEqual(daneMetrics(dane), []);
});

test('with one it is asked at the first look-up, and what was found is counted', async (t) => {
  const dns = await ScriptedDns.start(t, ({ name, type }) => (type === 'A' ? { answers: [aRecord(name)] } : {}));
  const dane = gatewayDane(withResolver(dns.at), { clock: systemClock, log: new MemoryLog() });
  assert.equal(dns.asked.length, 0);
  assert.equal((await dane!.source.find('mx.test', 25)).kind, 'none');
  assert.deepEqual(dns.asked, ['A mx.test udp', 'TLSA _25._tcp.mx.test udp']);
  const absent = dane!.counts.lookups.read().find(({ labels }) => labels.outcome === 'absent');
  assert.equal(absent?.value, 1);
  assert.equal(daneMetrics(dane).length, 2);
});
