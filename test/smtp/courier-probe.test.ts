/** What `partner test` shows of a partner's server. */
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { makeDevelopmentCertificates } from '../../src/crypto/certificates/development-ca.ts';
import type { Destination, ProbeReport } from '../../src/push/courier.ts';
import type { PartnerId } from '../../src/domain/ids.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createCourierProbe } from '../../src/smtp/courier-probe.ts';
import { testCertificates } from '../support/certificates.ts';
import { FakeClock } from '../support/clock.ts';
import { type ScriptOptions, ScriptedPartner } from '../support/partner.ts';
import { until } from '../support/until.ts';

const certificates = await testCertificates();

let ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends) await end();
  ends = [];
});

interface Looked {
  readonly partner: ScriptedPartner;
  readonly clock: FakeClock;
  readonly report: Promise<ProbeReport>;
}

async function look(script: Partial<ScriptOptions> = {}, to: Partial<Destination> = {}): Promise<Looked> {
  const partner = await ScriptedPartner.start({ ...certificates.server, tls: 'starttls', ...script });
  ends.push(() => partner.stop());
  const clock = new FakeClock();
  const report = createCourierProbe({ clock }).probe({
    partner: 1 as PartnerId,
    host: '127.0.0.1',
    port: partner.port,
    tls: 'starttls',
    authorities: [certificates.ca.certificate],
    helo: 'gateway.test',
    connections: 2,
    ...to,
  });
  return { partner, clock, report };
}

test('a partner that would take mail is shown with all it promises, and nothing was sent', async () => {
  const { partner, report } = await look();
  const { certificate, ...rest } = await report;
  assert.equal(rest.ok, true);
  assert.equal(rest.login, 'none');
  assert.deepEqual(rest.addresses, ['127.0.0.1']);
  assert.equal(rest.greeting, '220 partner.test ESMTP');
  assert.equal(rest.maxMessage, 50_000_000);
  assert.ok(rest.extensions?.includes('DSN') && rest.extensions.includes('SIZE 50000000'));
  assert.match(`${rest.tlsVersion} ${rest.cipher}`, /^TLSv1\.3 TLS_AES/);
  assert.deepEqual(certificate?.names, ['mail.test', 'localhost', '127.0.0.1']);
  await until('it said QUIT', () => partner.lines.at(-1) === 'QUIT');
  assert.deepEqual(
    partner.lines.map((line) => line.slice(0, 4)),
    ['EHLO', 'STAR', 'EHLO', 'QUIT'],
  );
});

test('a certificate that is not accepted is shown, and no password is sent to its owner', async () => {
  const strangers = await makeDevelopmentCertificates(['127.0.0.1'], systemClock.now());
  const { partner, report } = await look(strangers.server, { login: { name: 'us', password: 'secret' } });
  const { ok, met, certificate, problem } = await report;
  assert.equal(ok, false);
  assert.deepEqual(met, { lost: 'certificate' });
  assert.match(problem ?? '', /cannot be trusted/);
  assert.match(certificate?.fingerprint ?? '', /^[0-9a-f]{64}$/);
  assert.ok(!partner.lines.some((line) => /^(?:AUTH|MAIL)/.test(line)));
});

test('a refused login is told', async () => {
  const { report } = await look(
    { extensions: ['AUTH PLAIN'], act: (step) => (step === 'AUTH' ? '535 5.7.8 no' : undefined) },
    { login: { name: 'us', password: 'secret' } },
  );
  const { ok, login, problem, certificate } = await report;
  assert.deepEqual([ok, login, problem], [false, 'refused', '535 5.7.8 no']);
  assert.ok(certificate !== undefined);
});

test('a silent server costs half a minute', async () => {
  let reached = false;
  const { clock, report } = await look({
    act: () => {
      reached = true;
      return 'stall';
    },
  });
  await until('it is connected', () => reached);
  clock.advance(32_000);
  assert.deepEqual((await report).met, { lost: 'timeout' });
});

test('a client certificate that OpenSSL cannot use is told and does not throw', async () => {
  const { report } = await look({}, { clientCertificate: { key: 'no key', certificate: 'no certificate' } });
  assert.equal((await report).ok, false);
});
