/**
 * Metrics and health of a whole gateway, over HTTP: what they tell after real sessions, and that
 * what they tell is bounded.
 */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { endingFinding } from '../../src/admin/endings.ts';
import { makeDevelopmentCertificates } from '../../src/crypto/certificates/development-ca.ts';
import { Counts } from '../../src/domain/counts.ts';
import type { Clock } from '../../src/domain/effects.ts';
import type { PartnerServer } from '../../src/domain/partner.ts';
import { days, instant } from '../../src/domain/units.ts';
import { storeOptionsOf } from '../../src/gateway/store.ts';
import { postgresMetrics } from '../../src/gateway/postgres-health.ts';
import { MOST_PARTNERS, storeMetrics } from '../../src/gateway/store-metrics.ts';
import { exposition } from '../../src/http/exposition.ts';
import { nothingByKind } from '../../src/trail/erasure.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { type TestGateway, type TestGatewayOptions, addressOf, loginOf, startTestGateway } from '../support/gateway.ts';
import { MemoryLog } from '../support/log.ts';
import { ScriptedPartner } from '../support/partner.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { addTestPartner } from '../support/push.ts';
import { Scrape, get } from '../support/scrape.ts';
import { SmtpClient } from '../support/smtp-client.ts';
import { until } from '../support/until.ts';
import { openStoreAt } from '../support/store.ts';

async function open(t: TestContext, options: TestGatewayOptions = {}): Promise<TestGateway> {
  const gateway = await startTestGateway({ accounts: ['anna', 'bram'], ...options });
  t.after(() => gateway.remove());
  return gateway;
}

const letter = (to: string, id: string): Buffer =>
  Buffer.from(`From: ${addressOf('anna')}\r\nTo: ${to}\r\nMessage-ID: <${id}@group.test>\r\n\r\nBody.\r\n`);

const ready = async (gateway: TestGateway): Promise<{ readonly status: number; readonly body: string }> =>
  await get(gateway.http?.port ?? 0, '/ready');

test('what sessions do is told at /metrics', async (t) => {
  const gateway = await open(t, { configuration: '[auth]\nrefusal-grid = "0ms"\n' });
  const fresh = await Scrape.of(gateway);
  assert.equal(
    fresh.value('sluis_messages_total', { outcome: 'accepted' }),
    0,
    'a count begins at 0, not at its first event',
  );
  assert.equal(fresh.value('sluis_ready'), 1);

  await assert.rejects(SmtpClient.open(gateway.target('submission'), { login: addressOf('anna'), password: 'wrong' }));
  const smtp = await SmtpClient.open(gateway.target('submission'), loginOf('anna'));
  const [to] = [addressOf('bram')];
  await smtp.submit(addressOf('anna'), [to], letter(to, 'a'));
  await smtp.submit(addressOf('anna'), [to], letter(to, 'a'));
  await assert.rejects(smtp.submit(addressOf('anna'), [to], Buffer.from('From: x@elsewhere.test\r\n\r\nBody.\r\n')));
  await smtp.command(`MAIL FROM:<${addressOf('anna')}>`, '250');
  await assert.rejects(smtp.command('RCPT TO:<nobody@group.test>', '250'));
  const cut = await SmtpClient.open(gateway.target('submissions'), loginOf('anna'));
  await cut.begin(addressOf('anna'), [to], false);
  cut.wire.destroy();
  await until('the broken line is seen', () => gateway.log.names.includes('smtp.interrupted'));
  const pop3 = await Pop3Client.open(gateway.target('pop3s'), loginOf('bram'));
  await pop3.retrieve(1);

  const scrape = await Scrape.of(gateway);
  const { http: _, ...sessions } = { http: 0, submission: 'smtp', submissions: 'smtp', pop3: 'pop3', pop3s: 'pop3' };
  const open_ = { submission: 1, submissions: 0, pop3: 0, pop3s: 1 };
  for (const [listener, protocol] of Object.entries(sessions))
    assert.equal(
      scrape.value('sluis_sessions', { listener, protocol }),
      open_[listener as keyof typeof open_],
      listener,
    );
  const login = (protocol: string, way: string, outcome: string, reason = '') =>
    scrape.value('sluis_logins_total', { protocol, way, outcome, reason });
  assert.equal(login('smtp', 'password', 'refused', 'wrong'), 1);
  assert.equal(login('smtp', 'password', 'granted'), 1);
  assert.equal(login('smtp', 'remembered', 'granted'), 1);
  assert.equal(login('pop3', 'password', 'granted'), 1);
  const messages = (outcome: string) => scrape.value('sluis_messages_total', { outcome });
  assert.deepEqual(
    ['accepted', 'duplicate', 'refused-4yz', 'refused-5yz', 'interrupted'].map(messages),
    [1, 1, 0, 1, 1],
  );
  assert.equal(scrape.value('sluis_submitted_octets_total'), letter(to, 'a').length);
  assert.equal(scrape.value('sluis_smtp_refusals_total', { command: 'RCPT', class: '5yz' }), 1);
  assert.equal(scrape.value('sluis_smtp_refusals_total', { command: 'AUTH', class: '5yz' }), 1);
  assert.equal(scrape.value('sluis_collected_messages_total'), 1);
  assert.ok((scrape.value('sluis_collected_octets_total') ?? 0) > letter(to, 'a').length, 'with our trace line');
  assert.equal(scrape.value('sluis_password_wait_seconds_count'), 3);
  assert.equal(scrape.value('sluis_password_queue'), 0);
  assert.ok((scrape.value('sluis_store_commit_seconds_count') ?? 0) >= 3);
  assert.ok((scrape.value('sluis_store_group_size_sum') ?? 0) >= 3);
  assert.ok((scrape.value('sluis_store_used_octets') ?? 0) > 100_000);
  assert.ok((scrape.value('sluis_store_free_octets') ?? 0) > 0);
  assert.ok((scrape.value('sluis_event_loop_delay_seconds', { quantile: '1' }) ?? -1) >= 0);
  const left = scrape.value('sluis_certificate_days_left', { kind: 'listener', name: 'pop3s ec' });
  assert.ok(left !== undefined && left > 1, String(left));
  assert.equal(scrape.value('sluis_certificates_ending', { kind: 'certificate', days: '60' }), 0);
  await pop3.quit();
  await smtp.quit();
});

test('what waits, where it goes and what became of it is told for each partner', async (t) => {
  const { server, ca } = await makeDevelopmentCertificates(['127.0.0.1'], systemClock.now());
  const partner = await ScriptedPartner.start({
    ...{ key: server.key, certificate: server.certificate, tls: 'starttls' },
    act: (step) => (step === 'message' ? '554 5.7.1 no' : undefined),
  });
  t.after(() => partner.stop());
  const gateway = await open(t);
  const at: PartnerServer = {
    ...{ host: '127.0.0.1', port: partner.port, tls: 'starttls', connections: 2, authorities: ca.certificate },
  };
  await addTestPartner(gateway.store, 'works', at);
  await addTestPartner(gateway.store, 'dead', { ...at, port: 1 });
  const smtp = await SmtpClient.open(gateway.target('submission'), loginOf('anna'));
  for (const to of ['ward@works.test', 'ward@dead.test']) await smtp.submit(addressOf('anna'), [to], letter(to, to));
  await until('both were tried', () =>
    ['delivery.failed', 'partner.down'].every((event) => gateway.log.names.includes(event)),
  );
  const scrape = await Scrape.of(gateway);
  const of = (name: string, labels: Record<string, string>) => scrape.value(name, labels);
  assert.equal(of('sluis_push_attempts_total', { partner: 'works', outcome: 'failed' }), 1);
  assert.equal(of('sluis_notices_total', { kind: 'failed' }), 1);
  assert.equal(of('sluis_breaker_state', { partner: 'dead' }), 2);
  assert.equal(of('sluis_queue_waiting', { partner: 'dead' }), 1);
  assert.equal(of('sluis_queue_waiting', { partner: 'works' }), 0);
  assert.equal(of('sluis_queue_held', { partner: 'dead' }), 0);
  assert.ok((of('sluis_queue_oldest_age_seconds', { partner: 'dead' }) ?? 0) > 0);
  assert.equal(of('sluis_mailboxes_uncollected', {}), 1, 'the notice in the mailbox of its sender');
  assert.equal(of('sluis_uncollected_messages', {}), 1);
  assert.ok((of('sluis_mailbox_oldest_age_seconds', {}) ?? 0) > 0);
  await smtp.quit();
});

test('/ready says 503 with each reason by name, and /live goes on', async (t) => {
  let ahead = 0;
  let full = false;
  const clock: Clock = { ...systemClock, now: () => instant(systemClock.now() + ahead) };
  const gateway = await open(t, {
    clock,
    openStore: async (config, effects) =>
      await openStoreAt({
        ...(await storeOptionsOf(config, effects)),
        testing: { freeOctets: () => (full ? 0 : 1_000_000_000) },
      }),
  });
  assert.deepEqual((await ready(gateway)).body, 'ready\n');
  ahead = days(20_000);
  const ended = await ready(gateway);
  assert.equal(ended.status, 503);
  assert.match(ended.body, /^not ready\n(certificate: that of listener "\w+" ended on \d{4}-\d\d-\d\d\n){4}$/);
  ahead = 0;
  full = true;
  await until('the disk is looked at', async () => (await ready(gateway)).status === 503);
  assert.match((await ready(gateway)).body, /^not ready\ndisk-full: /);
  assert.equal((await get(gateway.http?.port ?? 0, '/live')).status, 200);
  assert.equal((await Scrape.of(gateway)).value('sluis_ready'), 0);
  full = false;
  await until('there is space again', async () => (await ready(gateway)).status === 200);
});

test('a gateway that drains is not ready, and tells so until its last session has ended', async (t) => {
  const gateway = await open(t);
  const smtp = await SmtpClient.open(gateway.target('submission'), loginOf('anna'));
  await smtp.begin(addressOf('anna'), [addressOf('bram')], false);
  const stopped = gateway.stop();
  const answer = await ready(gateway);
  assert.deepEqual([answer.status, answer.body.split(':')[0]], [503, 'not ready\ndraining']);
  assert.equal((await Scrape.of(gateway)).value('sluis_sessions', { listener: 'submission', protocol: 'smtp' }), 1);
  smtp.wire.send(`${letter(addressOf('bram'), 'late').toString()}.\r\n`);
  await smtp.expect('250');
  await stopped;
  await assert.rejects(ready(gateway), /ECONNREFUSED/);
});

test('a failed store is told of', async (t) => {
  const gateway = await open(t, {
    openStore: async (config, effects) =>
      await openStoreAt({ ...(await storeOptionsOf(config, effects)), testing: { failCommit: 6 } }),
  });
  for (let n = 0; n < 10 && !gateway.store.health().failed; n += 1)
    await gateway.store.registry
      .addOrganisation({ name: `o${n}`, title: 'O', language: 'nl' }, { name: 'test' })
      .catch(() => undefined);
  assert.match((await ready(gateway)).body, /^not ready\nstore-failed: /);
  assert.equal((await Scrape.of(gateway)).value('sluis_store_failed'), 1);
});

test('certificates that accounts must renew are counted, those that were replaced or revoked are not', async (t) => {
  const gateway = await open(t);
  const now = systemClock.now();
  const certificate = (n: number, end: number, replaces?: string) => ({
    fingerprint: n.toString(16).padStart(64, '0'),
    ...{ serial: n.toString(16), issuer: 'CN=Test', use: 'mail' as const, subject: `CN=${n}`, emails: [] },
    notBefore: instant(now - days(1)),
    notAfter: instant(now + end),
    der: Buffer.from([n]),
    ...(replaces === undefined ? {} : { replaces }),
  });
  const actor = { name: 'test' };
  const { certificates } = gateway.store;
  const add = (...args: Parameters<typeof certificate>) =>
    certificates.addCertificate(addressOf('anna'), certificate(...args), 'imported', actor);
  for (const [n, end] of [5, 6, 29, 59, 61, -0.5].entries()) await add(n + 1, days(end));
  await add(20, days(6.5));
  await certificates.revokeCertificate(certificate(20, 0).fingerprint, 'superseded', actor);
  await add(21, days(700), certificate(2, 0).fingerprint);
  const pgp = (who: string, digit: string, end: number) =>
    gateway.store.pgpKeys.add(
      addressOf(who),
      {
        ...{ fingerprint: digit.repeat(40), algorithm: 'ed25519legacy', userIds: [who], emails: [addressOf(who)] },
        ...{ createdAt: instant(now - days(1)), encryptsUntil: instant(now + end), signsUntil: instant(now + end) },
        ...{ revoked: false, packets: Buffer.from(digit) },
      },
      'imported',
      actor,
    );
  // The second of bram's outlives his first.
  await pgp('anna', 'a', days(6));
  await pgp('bram', 'b', days(5));
  await pgp('bram', 'c', days(50));
  await pgp('bram', 'd', days(4));
  await gateway.store.pgpKeys.revoke('d'.repeat(40), 'superseded', actor);
  const scrape = await Scrape.of(gateway);
  const ending = (kind: string): unknown[] =>
    ['7', '30', '60'].map((within) => scrape.value('sluis_certificates_ending', { kind, days: within }));
  assert.deepEqual(ending('certificate'), [1, 2, 3]);
  assert.deepEqual(ending('pgp-key'), [1, 1, 2]);
  assert.equal(
    (await endingFinding(gateway.store, now))?.what,
    '1 certificate ("sluis cert list --expiring 7d") and 1 OpenPGP key ("sluis pgp key list --expiring 7d") of accounts end within a week and have no successor',
  );
  assert.equal(await endingFinding(gateway.store, instant(now + days(900))), undefined);
});

test('more partners than have rows of their own are told of together', async (t) => {
  const gateway = await open(t);
  const partners = Array.from({ length: MOST_PARTNERS + 50 }, (_, n) => ({ id: n + 1, name: `p${n + 1}` }));
  const queue = (partner: number, oldest: number) => ({ partner, waiting: 2, held: 1, oldest: instant(oldest) });
  const many = {
    registry: { listPartners: ({ limit }: { limit: number }) => Promise.resolve(partners.slice(0, limit)) },
    deliveries: {
      ...{ queues: () => Promise.resolve(partners.map(({ id }) => queue(id, systemClock.now() - id * 1000))) },
      uncollected: () => Promise.resolve([]),
    },
    certificates: gateway.store.certificates,
    health: () => gateway.store.health(),
    counts: gateway.store.counts,
  };
  const trail = { erased: nothingByKind(), anchors: { failed: 0, stamped: 0, last: 0 } };
  const parts = {
    store: many as never,
    clock: systemClock,
    certificates: () => Promise.resolve({ certificates: [], unread: [] }),
    trail,
    ended: { held: 3 },
    unsent: new Counts(['why']),
  };
  const metrics = storeMetrics(parts);
  const scrape = new Scrape(await exposition(metrics, new MemoryLog()).text());
  assert.equal(scrape.value('sluis_retention_removed_total', { kind: 'held' }), 3);
  assert.equal(scrape.rows('sluis_retention_removed_total'), 5);
  assert.equal(scrape.rows('sluis_queue_waiting'), MOST_PARTNERS + 1);
  assert.equal(scrape.value('sluis_queue_waiting', { partner: 'other' }), 100);
  assert.equal(scrape.value('sluis_queue_held', { partner: 'p1' }), 1);
  const oldest = scrape.value('sluis_queue_oldest_age_seconds', { partner: 'other' }) ?? 0;
  assert.ok(oldest >= MOST_PARTNERS + 50 && oldest < MOST_PARTNERS + 60, String(oldest));
});

test('without the section, health and metrics are on loopback; switched off, there is no port', async (t) => {
  const gateway = await open(t);
  assert.equal(gateway.http?.address, '127.0.0.1');
  assert.ok(
    gateway.log.events.some(({ event, fields }) => event === 'http.open' && fields.port === gateway.http?.port),
  );
  const off = await open(t, { configuration: '[http]\nenabled = "no"\n' });
  assert.equal(off.http, undefined);
  assert.ok(!off.log.names.includes('http.open'));
});

/**
 * Told of where the store is kept in PostgreSQL, and by gateways that speak to others: their own
 * tests have them.
 */
const OF_SEVERAL: ReadonlySet<string> = new Set(
  postgresMetrics({ judgement: { alone: false, pairOnly: false, warnings: [] }, servers: () => [] }).map(
    ({ name }) => name,
  ),
);
const isOfOne = (name: string): boolean => !OF_SEVERAL.has(name) && !name.startsWith('sluis_cluster_');

/** A scanner and a resolver that are not there have metrics too, and a folder without keys. */
const SCANNING = {
  configuration:
    '[scan]\nclamd = "/nowhere/clamd.ctl"\n[delivery]\ndane-resolver = "127.0.0.1:1"\ndkim-keys = "dkim"\n',
  prepare: (folder: string) => mkdirSync(join(folder, 'dkim')),
};

test('every metric that the dashboard and the alarms name is told of by a gateway', async (t) => {
  const { names } = await Scrape.of(await open(t, SCANNING));
  const page = (name: string): string => readFileSync(join(import.meta.dirname, '..', '..', 'docs', name), 'utf8');
  for (const file of ['grafana-dashboard.json', 'alerts.yml']) {
    const named = [...new Set(page(file).match(/\b(?:sluis|process)_[a-z0-9_]+\b/g))];
    assert.ok(named.length > 10, `${file} names metrics`);
    assert.deepEqual(
      named.filter((name) => isOfOne(name) && !names.has(name)),
      [],
      file,
    );
  }
  const dashboard = JSON.parse(page('grafana-dashboard.json')) as { panels: { title: string; targets?: unknown[] }[] };
  assert.ok(dashboard.panels.every(({ title }) => title !== ''));
});

test('docs/signals.md lists every metric, and none that is not there', async (t) => {
  const scrape = await Scrape.of(await open(t, SCANNING));
  const families = [...scrape.text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name ?? '').sort();
  const signals = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'signals.md'), 'utf8');
  const listed = [...signals.matchAll(/^\| `((?:sluis|process)_[a-z_]+)`/gm)].map(([, name]) => name ?? '').sort();
  assert.deepEqual(listed.filter(isOfOne), families);
  assert.deepEqual(
    listed.filter((name) => OF_SEVERAL.has(name)),
    [...OF_SEVERAL].sort(),
  );
});
