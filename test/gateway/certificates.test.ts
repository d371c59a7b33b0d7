/**
 * Certificates that are no account's, in a running gateway: all in one register, and each has a
 * warning before its end.
 */
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { rootCertificates } from 'node:tls';
import type { CertificateView } from '../../src/admin/cert-views.ts';
import { certificateFindings } from '../../src/admin/endings.ts';
import { type OperationName, type OperationResult, runOperation } from '../../src/admin/operations.ts';
import { certificatePem, readCertificate } from '../../src/crypto/certificates/certificate.ts';
import { makeDevelopmentCertificates } from '../../src/crypto/certificates/development-ca.ts';
import {
  GATEWAY_CERTIFICATE_KINDS,
  type GatewayCertificate,
  type GatewayCertificateKind,
  judgeReplaced,
} from '../../src/crypto/certificates/gateway-certificates.ts';
import { gatewayCertificates } from '../../src/gateway/certificates.ts';
import { warnOfGatewayCertificates } from '../../src/notices/gateway-certificates-end.ts';
import type { CertificatePin, PartnerServer } from '../../src/domain/partner.ts';
import { days, hours, instant, minutes } from '../../src/domain/units.ts';
import { pages } from '../../src/cli/pages.ts';
import { certificates } from '../../src/commands/cert.ts';
import { testCertificates } from '../support/certificates.ts';
import { makeClientAuthority } from '../support/client-certificates.ts';
import { FakeClock } from '../support/clock.ts';
import { type TestGateway, addressOf, loginOf, startTestGateway } from '../support/gateway.ts';
import type { LoggedEvent } from '../support/log.ts';
import { fetchAll, send, subjectsOf } from '../support/mail.ts';
import { ScriptedPartner } from '../support/partner.ts';
import { addTestPartner } from '../support/push.ts';
import { Scrape } from '../support/scrape.ts';
import { until } from '../support/until.ts';
import { OWNER_SAID } from '../../src/domain/roles.ts';

const actor = { name: 'j.smit', reason: 'trial' };
const CONFIGURATION = `
[notices]
operator = "anna@group.test"
[smime]
authorities = ["mail-ca.pem"]
[audit]
timestamp-authorities = ["stamps-ca.pem"]
`;

const run = <N extends OperationName>(
  gateway: TestGateway,
  name: N,
  input: Record<string, unknown> = {},
): Promise<OperationResult<N>> =>
  runOperation(name, gateway.admin, input, { actor, who: OWNER_SAID, progress: () => undefined }, gateway.log);

interface Scene {
  readonly gateway: TestGateway;
  readonly clock: FakeClock;
  readonly all: () => Promise<readonly GatewayCertificate[]>;
}

/** A gateway that has one of every kind, and a partner that it has pushed a message to. */
async function open(t: TestContext): Promise<Scene> {
  const clock = new FakeClock();
  const now = clock.now();
  const authorities = await Promise.all(
    ['logins', 'mail', 'stamps', 'partner'].map((n) => makeClientAuthority(n, now)),
  );
  const [logins, mail, stamps, partners] = authorities.map(({ root }) => root);
  const gateway = await startTestGateway({
    ...{ accounts: ['anna', 'bert'], clock, configuration: CONFIGURATION, clientAuthorities: logins ?? '' },
    prepare: (folder) => {
      writeFileSync(join(folder, 'mail-ca.pem'), mail ?? '');
      writeFileSync(join(folder, 'stamps-ca.pem'), stamps ?? '');
    },
  });
  t.after(() => gateway.remove());
  await run(gateway, 'ca.init', { name: 'Zorggroep', 'key-kind': 'p256' });
  await run(gateway, 'ca.renew-root', { 'key-kind': 'p256' });
  await gateway.admin.evidence.key(now);
  const { server, ca } = await makeDevelopmentCertificates(['127.0.0.1'], now);
  const partner = await ScriptedPartner.start({ key: server.key, certificate: server.certificate, tls: 'starttls' });
  t.after(() => partner.stop());
  const shown = await authorities[3]?.issue('sluis', { notAfter: now + days(80) });
  const at: PartnerServer = {
    ...{ host: '127.0.0.1', port: partner.port, tls: 'starttls', connections: 1 },
    authorities: `${ca.certificate}${partners ?? ''}`,
    certificate: shown?.certificate ?? '',
  };
  // Its key is not needed where nobody asks for the certificate; the record has it sealed.
  const sealed = await gateway.admin.partners.seals.seal('noord', { privateKey: shown?.key ?? '' });
  await addTestPartner(gateway.store, 'noord', at);
  await gateway.store.registry.changePartner(
    'noord',
    { server: at, ...(sealed === undefined ? {} : { sealed }) },
    actor,
  );
  await send(gateway.target('submission'), loginOf('anna'), {
    ...{ from: addressOf('anna'), to: ['ward@noord.test'] },
    content: `From: ${addressOf('anna')}\r\nTo: ward@noord.test\r\nSubject: x\r\n\r\nTekst.\r\n`,
  });
  await until('it was pushed', () => partner.taken.length === 1);
  return { gateway, clock, all: async () => (await gateway.admin.certificates()).certificates };
}

const listedBy = (gateway: TestGateway, limit: number) =>
  pages(
    (page) => run(gateway, 'cert.list', page),
    (one) => certificates.rows.list.after(one),
    limit,
  );

const kindsOf = (all: Iterable<string>): readonly string[] => [...new Set(all)].sort();
const EVERY_KIND = kindsOf(GATEWAY_CERTIFICATE_KINDS);

test('every kind is in the list of certificates and in the metric, with the same end', async (t) => {
  const { gateway, all } = await open(t);
  const listed: CertificateView[] = [];
  // Pages of one: what is no account's has its place in each.
  for await (const page of listedBy(gateway, 1)) listed.push(...page);
  const others = listed.filter(({ account }) => account === '');
  assert.deepEqual(kindsOf(others.map(({ use }) => use)), EVERY_KIND);
  assert.equal(others.length, (await all()).length);
  assert.deepEqual(
    listed.map(({ ends }) => ends),
    listed.map(({ ends }) => ends).sort(),
  );
  const scrape = await Scrape.of(gateway);
  for (const { kind, name, certificate, replaced } of judgeReplaced(await all(), gateway.admin.clock.now())) {
    assert.equal((await run(gateway, 'cert.show', { serial: certificate.fingerprint })).use, kind);
    const left = scrape.value('sluis_certificate_days_left', { kind, name });
    const really = (certificate.notAfter - gateway.admin.clock.now()) / days(1);
    // What another has taken the place of raises no alarm: the row goes.
    if (replaced) assert.equal(left, undefined, `${kind} ${name}`);
    else assert.ok(left !== undefined && Math.abs(left - really) < 0.1, `${kind} ${name}: ${left}`);
  }
});

test('accounts and others share the pages of the list by their end', async (t) => {
  const { gateway, clock, all } = await open(t);
  const authority = await makeClientAuthority('uzi', clock.now());
  for (const n of [10, 70, 85, 95]) {
    const { leaf } = await authority.issue(`bert ${n}`, { notAfter: clock.now() + days(n) });
    const pem = `-----BEGIN CERTIFICATE-----\n${leaf.der.toString('base64')}\n-----END CERTIFICATE-----\n`;
    await run(gateway, 'account.certificate.add', { login: addressOf('bert'), pem, name: `b${n}` });
  }
  for (const limit of [1, 2, 3, 500]) {
    const seen: string[] = [];
    for await (const page of listedBy(gateway, limit)) {
      assert(page.length <= limit);
      seen.push(...page.map(({ ends, fingerprint }) => `${ends} ${fingerprint}`));
    }
    assert.deepEqual(seen, [...seen].sort(), `pages of ${limit}`);
    assert.equal(seen.length, 4 + (await all()).length, `pages of ${limit}`);
  }
  const ones = await run(gateway, 'cert.list', { account: addressOf('bert') });
  assert.equal(ones.length, 4);
});

test('the operator is told of every kind before its end, once for each day of warning, and doctor says it', async (t) => {
  const { gateway, clock, all } = await open(t);
  const { store, log, admin } = gateway;
  const parts = { noticeWriter: admin.noticeWriter, store, clock, log, certificates: admin.certificates };
  const start = clock.now();
  const byKind = new Map<GatewayCertificateKind, GatewayCertificate>();
  // Of the two roots and issuers the current one.
  for (const one of await all()) if (one.replaced !== true) byKind.set(one.kind, one);
  assert.deepEqual(kindsOf(byKind.keys()), EVERY_KIND);
  const byEnd = [...byKind].sort(([, a], [, b]) => a.certificate.notAfter - b.certificate.notAfter);
  for (const [kind, { certificate, name }] of byEnd) {
    clock.setWall(instant(certificate.notAfter - days(6)));
    await warnOfGatewayCertificates(parts);
    const its = log.events.filter(
      ({ event, fields }) =>
        event === 'certificate.ends' && fields.fingerprint === certificate.fingerprint && fields.kind === kind,
    );
    assert.deepEqual(
      its.map(({ fields }) => fields.days),
      // At the end of a partner's a program should have renewed that of the listeners.
      kind === 'listener' ? [30, 7] : [7],
      kind,
    );
    assert.ok(String(its[0]?.fields.names).includes(name), kind);
    assert.equal(await warnOfGatewayCertificates(parts), 0, `${kind}: twice`);
    const found = certificateFindings(await admin.certificates(), clock.now());
    assert.match(found.find(({ id }) => id === `endings.${kind}`)?.what ?? '', new RegExp(`[ ,]${name} on `));
    const listed = await run(gateway, 'cert.list', { expiring: 7 });
    assert.ok(listed.some(({ use, fingerprint }) => use === kind && fingerprint === certificate.fingerprint));
  }
  clock.setWall(start);
});

test('a certificate that we show to a partner is warned of 60, 30 and 7 days before, in a letter to the operator', async (t) => {
  const { gateway, clock, all } = await open(t);
  const { store, log, admin } = gateway;
  const parts = { noticeWriter: admin.noticeWriter, store, clock, log, certificates: admin.certificates };
  const start = clock.now();
  const told: number[] = [];
  for (const left of [61, 59, 58, 29, 6, 5, -1]) {
    clock.setWall(instant(start + days(80) - days(left) - hours(1)));
    const before = log.events.length;
    await warnOfGatewayCertificates(parts);
    const lines = log.events
      .slice(before)
      .filter(({ event, fields }) => event === 'certificate.ends' && fields.kind === 'partner-certificate');
    for (const { fields } of lines) told.push(Number(fields.days));
  }
  assert.deepEqual(told, [60, 30, 7]);
  clock.setWall(start);
  const letters = subjectsOf(await fetchAll(gateway.target('pop3s'), loginOf('anna')));
  assert.deepEqual(
    letters.filter((subject) => subject.includes('wij een partner tonen')),
    [59, 29, 6].map((n) => `Een certificaat dat wij een partner tonen verloopt over ${n} dagen`),
  );
  assert.equal((await all()).filter(({ kind }) => kind === 'partner-certificate').length, 2, 'its chain too');
});

test('a pinned certificate is warned of early, one that is not pinned late', async (t) => {
  const { gateway, clock, all } = await open(t);
  const its = (await all()).find(({ kind }) => kind === 'partner-server');
  assert.ok(its?.pinned === false);
  const { admin, store, log } = gateway;
  const parts = { noticeWriter: admin.noticeWriter, store, clock, log, certificates: admin.certificates };
  const tellsOf = async (left: number): Promise<boolean> => {
    clock.setWall(instant(its.certificate.notAfter - days(left)));
    const before = log.events.length;
    await warnOfGatewayCertificates(parts);
    return log.events.slice(before).some(({ fields }) => fields.kind === 'partner-server');
  };
  assert.equal(await tellsOf(50), false);
  const { server } = (await store.registry.findPartnerNamed('noord'))!;
  const pin: CertificatePin = { of: 'certificate', sha256: its.certificate.fingerprint };
  await store.registry.changePartner('noord', { server: { ...server, pins: [pin] } }, actor);
  assert.equal(await tellsOf(50), true);
});

test('the running gateway looks by itself, also at the chain of a listener, and says what it cannot read', async (t) => {
  const clock = new FakeClock();
  const authority = await makeClientAuthority('listeners', clock.now());
  const intermediate = certificatePem(authority.issuing.certificate);
  const { server } = await testCertificates();
  const gateway = await startTestGateway({
    ...{ accounts: ['anna'], clock, configuration: CONFIGURATION },
    certificates: [{ key: server.key, certificate: `${server.certificate}${intermediate}${authority.root}` }],
    prepare: (folder) => {
      writeFileSync(join(folder, 'mail-ca.pem'), authority.root);
      writeFileSync(join(folder, 'stamps-ca.pem'), authority.root);
    },
  });
  t.after(() => gateway.remove());
  const { log } = gateway;
  const chain = (await gateway.admin.certificates()).certificates.filter(
    ({ kind, certificate }) => kind === 'listener' && certificate.fingerprint !== fingerprintOf(server.certificate),
  );
  // A root at the end of it says nothing to clients.
  assert.deepEqual(
    chain.map(({ name, certificate }) => [name, certificate.fingerprint]),
    ['submission', 'submissions', 'pop3', 'pop3s'].map((listener) => {
      const { fingerprint } = authority.issuing.certificate;
      return [`${listener} ${fingerprint.slice(0, 16)}`, fingerprint];
    }),
  );
  rmSync(join(gateway.folder, 'stamps-ca.pem'));
  clock.setWall(instant(authority.issuing.certificate.notAfter - days(3)));
  clock.advance(minutes(2));
  const lines = (): readonly LoggedEvent[] =>
    log.events.filter(({ event, fields }) => event === 'certificate.ends' && fields.kind === 'listener');
  await until('the letter about the chain was filed', () =>
    lines().some(({ fields }) => String(fields.names).startsWith('submission ')),
  );
  const its = lines().filter(({ fields }) => fields.fingerprint === authority.issuing.certificate.fingerprint);
  assert.equal(its.length, 1, 'one line for four listeners');
  const unread = log.events.find(({ event }) => event === 'certificate.unread');
  assert.equal(unread?.fields.kind, 'time-stamp-authority');
  const found = certificateFindings(await gateway.admin.certificates(), clock.now());
  assert.match(found.find(({ id }) => id === 'unread.time-stamp-authority')?.what ?? '', /nobody can tell .*stamps-ca/);
});

test('partners with bundles of authorities are read a file a turn, and again only where a file changed', async () => {
  const bundle = (n: number): string => `${rootCertificates.slice(0, 20).join('\n')}\n# partner ${n}\n`;
  const partners = Array.from({ length: 30 }, (_, n) => ({
    ...{ id: n, name: `p${String(n).padStart(2, '0')}`, state: 'active', domains: [] },
    server: { host: 'mx.test', port: 25, tls: 'starttls', connections: 1, authorities: bundle(n) },
  }));
  const look = gatewayCertificates({
    config: {
      listener: [],
      smime: { authorities: [] },
      audit: { 'timestamp-authorities': [] },
      keys: { folder: '' },
    } as never,
    store: {
      certificates: { listAuthorities: () => Promise.resolve([]) },
      registry: {
        listPartners: ({ after }: { after?: string }) => Promise.resolve(after === undefined ? partners : []),
      },
    } as never,
    tls: { material: new Map(), authorities: [] },
    ca: { keys: { has: () => false } },
  });
  const turnsOf = async (): Promise<number> => {
    let turns = 0;
    let running = true;
    const count = (): void => {
      turns += 1;
      if (running) setImmediate(count);
    };
    setImmediate(count);
    assert.equal((await look()).certificates.length, 30 * 20);
    running = false;
    return turns;
  };
  assert.ok((await turnsOf()) >= 30, 'others had their turn between two');
  assert.ok((await turnsOf()) < 5, 'nothing is read again');
});

const fingerprintOf = (pem: string): string => {
  const read = readCertificate(pem);
  return read.ok ? read.value.fingerprint : '';
};
