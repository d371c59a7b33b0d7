/** What an operator reads of a look at a partner's server. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testOf } from '../../src/commands/partner/test.ts';
import { testText } from '../../src/commands/partner/test.ts';
import type { ProbeReport } from '../../src/push/courier.ts';
import type { AccountId, OrganisationId, PartnerId } from '../../src/domain/ids.ts';
import type { Partner } from '../../src/domain/partner.ts';
import { days, instant, octets } from '../../src/domain/units.ts';

const now = instant(Date.UTC(2026, 10, 25, 12));
const partner: Partner = {
  id: 1 as PartnerId,
  name: 'hospital',
  account: 1 as AccountId,
  login: 'hospital',
  organisation: 1 as OrganisationId,
  state: 'active',
  server: { host: 'mx.hospital.test', port: 25, tls: 'starttls', connections: 2 },
  domains: [],
};
const good: ProbeReport = {
  ok: true,
  login: 'none',
  addresses: ['192.0.2.7'],
  greeting: '220 mx.hospital.test ESMTP',
  extensions: ['PIPELINING', 'SIZE 20971520', 'DSN', '8BITMIME'],
  maxMessage: octets(20 * 1024 * 1024),
  tlsVersion: 'TLSv1.3',
  cipher: 'TLS_AES_256_GCM_SHA384',
  certificate: {
    subject: 'CN=mx.hospital.test',
    issuer: 'CN=Authority',
    names: ['mx.hospital.test'],
    notAfter: instant(now + days(200)),
    fingerprint: 'ab'.repeat(32),
    publicKey: 'cd'.repeat(32),
  },
};
const steps = (report: ProbeReport, about = partner): string =>
  testOf(about, report, now)
    .checks.map(({ step, result }) => `${step} ${result}`)
    .join(', ');

test('a partner that can be reached reads so, step by step, with its pins', () => {
  assert.equal(
    testText(testOf(partner, good, now)),
    `STEP         RESULT  WHAT
name         ok      192.0.2.7
connection   ok      220 mx.hospital.test ESMTP
tls          ok      TLSv1.3, TLS_AES_256_GCM_SHA384
certificate  ok      verified by a public authority, for mx.hospital.test; valid until 2027-06-13
extensions   ok      SIZE 20MiB, DSN, 8BITMIME; without SMTPUTF8, REQUIRETLS
login        ok      none is set

Certificate: CN=mx.hospital.test
Issued by:   CN=Authority
Names:       mx.hospital.test
Ends:        2027-06-13
As a pin:    cert:${'ab'.repeat(32)}
             key:${'cd'.repeat(32)}

EHLO: PIPELINING, SIZE 20971520, DSN, 8BITMIME

Partner hospital can be reached; nothing was sent.`,
  );
});

test('each failure stands at its step, what follows was not reached, and there is something to do', () => {
  const bare = { ok: false, problem: 'why' };
  const upTo = (keys: readonly (keyof ProbeReport)[]) => Object.fromEntries(keys.map((key) => [key, good[key]]));
  const cases: readonly (readonly [ProbeReport, string])[] = [
    [{ ...bare, met: { lost: 'unreachable' } }, 'name'],
    [{ ...bare, met: { lost: 'unreachable' }, ...upTo(['addresses']) }, 'connection'],
    [{ ...bare, met: { lost: 'timeout' }, ...upTo(['addresses']) }, 'connection'],
    [{ ...bare, met: { refused: 'greeting' }, ...upTo(['addresses', 'greeting']) }, 'connection'],
    [{ ...bare, met: { lost: 'closed' }, ...upTo(['addresses', 'greeting']) }, 'tls'],
    [{ ...bare, met: { refused: 'starttls' }, ...upTo(['addresses', 'greeting']) }, 'tls'],
    [{ ...bare, met: { lost: 'tls' }, ...upTo(['addresses', 'greeting']) }, 'tls'],
    // The certificate is shown all the same, from a connection that verified nothing.
    [{ ...good, ...bare, met: { lost: 'certificate' } }, 'certificate'],
    [{ ...bare, met: { lost: 'garbage' }, ...upTo(['addresses', 'greeting', 'tlsVersion']) }, 'extensions'],
    [{ ...bare, met: { refused: 'ehlo' }, ...upTo(['addresses', 'greeting', 'tlsVersion']) }, 'extensions'],
    [{ ...good, ...bare, login: 'refused', met: { refused: 'login' } }, 'login'],
  ];
  for (const [report, step] of cases) {
    const { checks, usable } = testOf(partner, report, now);
    assert.equal(usable, false);
    const at = checks.findIndex((c) => c.result === 'failed');
    assert.equal(checks[at]?.step, step);
    assert.equal(checks[at].what, 'why');
    assert.ok((checks[at].remedy ?? '').length > 20);
    assert.ok(checks.slice(0, at).every((c) => c.result === 'ok'));
    assert.ok(checks.slice(at + 1).every((c) => c.result === 'skipped'));
    assert.match(testText(testOf(partner, report, now)), new RegExp(`To do \\(${step}\\): `));
  }
});

test('a certificate near its end, a smaller SIZE and a lacking 8BITMIME are warned of', () => {
  const ending = { ...good, certificate: { ...good.certificate!, notAfter: instant(now + days(29)) } };
  assert.match(steps(ending), /certificate warning/);
  const larger = { ...partner, server: { ...partner.server, maxMessage: octets(50_000_000) } };
  assert.match(steps(good, larger), /extensions warning/);
  assert.match(steps({ ...good, extensions: ['DSN'] }), /extensions warning/);
  assert.doesNotMatch(steps(good), /warning/);
});

test('what a TLSA record has verified is not said to be verified by an authority', () => {
  const what = (report: ProbeReport, server: Partial<Partner['server']> = {}): string | undefined =>
    testOf({ ...partner, server: { ...partner.server, ...server } }, report, now).checks.find(
      ({ step }) => step === 'certificate',
    )?.what;
  const met = { ...good, tlsa: '3 1 1' };
  assert.equal(what(met), 'verified by its TLSA record 3 1 1; valid until 2027-06-13');
  assert.equal(
    what(met, { authorities: 'PEM', serverName: 'mx.test' }),
    'verified by its TLSA record 3 1 1, the authority given, for mx.test; valid until 2027-06-13',
  );
});

test('a look-up of TLSA records that failed is told at the name, with what to do about it', () => {
  const { tlsVersion: _, certificate: __, greeting: ___, extensions: ____, ...rest } = good;
  const report: ProbeReport = { ...rest, ok: false, met: { lost: 'lookup' }, problem: 'cannot be looked up: SERVFAIL' };
  const [name, connection] = testOf(partner, report, now).checks;
  assert.deepEqual(
    [name?.result, name?.what, connection?.result],
    ['failed', 'cannot be looked up: SERVFAIL', 'skipped'],
  );
  assert.match(name?.remedy ?? '', /delivery\.dane-resolver.*--dane off only after speaking to it/);
});
