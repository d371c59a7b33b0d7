/**
 * Certificates of the listeners that a program renews: the printed hook beside a running gateway,
 * and what is said when renewal stops.
 */
import assert from 'node:assert/strict';
import { X509Certificate, createPrivateKey, randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { certificateFindings } from '../../src/admin/endings.ts';
import { issue, makeKeyPair, makeRoot } from '../../src/crypto/certificates/authority.ts';
import { certificatePem } from '../../src/crypto/certificates/certificate.ts';
import { type KeyAndCertificate, makeDevelopmentCertificates } from '../../src/crypto/certificates/development-ca.ts';
import { makeName } from '../../src/crypto/certificates/distinguished-name.ts';
import { warnOfGatewayCertificates } from '../../src/notices/gateway-certificates-end.ts';
import { type Milliseconds, days, instant, seconds } from '../../src/domain/units.ts';
import { gatewayCertificates } from '../../src/gateway/certificates.ts';
import { renewalFindings } from '../../src/gateway/renewal-findings.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { FakeClock } from '../support/clock.ts';
import { type TestGateway, type TestGatewayOptions, addressOf, loginOf, startTestGateway } from '../support/gateway.ts';
import { send } from '../support/mail.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { placeHook, runBeside, shownAt } from '../support/renewal.ts';
import { Scrape } from '../support/scrape.ts';
import { SmtpClient } from '../support/smtp-client.ts';

const HOST = 'mail.test';
const fingerprintOf = (pem: string): string => new X509Certificate(pem).fingerprint256;
const renewed = async (): Promise<KeyAndCertificate> =>
  (await makeDevelopmentCertificates([HOST], systemClock.now())).server;

async function open(t: TestContext, options: TestGatewayOptions = {}): Promise<TestGateway> {
  const gateway = await startTestGateway({ accounts: ['anna', 'bram'], ...options });
  t.after(() => gateway.remove());
  return gateway;
}

const placed = (gateway: TestGateway) =>
  placeHook(join(gateway.folder, 'renewal'), { host: HOST, tls: gateway.folder, config: gateway.config.file });

/**
 * As certbot keeps it: numbered files in archive/, links to the newest in live/. Gives what it puts
 * into RENEWED_LINEAGE.
 */
function asCertbot(gateway: TestGateway, number: number, { key, certificate }: KeyAndCertificate): string {
  const [archive, live] = ['archive', 'live'].map((name) => join(gateway.folder, 'letsencrypt', name, HOST));
  for (const folder of [archive!, live!]) mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const [name, text] of [
    ['privkey', key],
    ['fullchain', certificate],
  ] as const) {
    writeFileSync(join(archive!, `${name}${number}.pem`), text, { mode: 0o600 });
    const link = join(live!, `${name}.pem`);
    symlinkSync(join('..', '..', 'archive', HOST, `${name}${number}.pem`), `${link}.new`);
    renameSync(`${link}.new`, link);
  }
  return live!;
}

const letter = (subject: string): Buffer =>
  Buffer.from(`From: ${addressOf('anna')}\r\nTo: ${addressOf('bram')}\r\nSubject: ${subject}\r\n\r\nTekst.\r\n`);

test('the printed hook of certbot: sessions in the middle of their work go on, new ones get the new certificate', async (t) => {
  const gateway = await open(t);
  const { hook, env } = placed(gateway);
  await send(gateway.target('submission'), loginOf('anna'), {
    ...{ from: addressOf('anna'), to: [addressOf('bram')], content: letter('een').toString() },
  });
  const before = await shownAt(gateway.port('submissions'), HOST);
  const smtp = await SmtpClient.open(gateway.target('submission'), loginOf('anna'));
  const pop3 = await Pop3Client.open(gateway.target('pop3s'), loginOf('bram'));
  await pop3.retrieve(1);
  assert.match(await pop3.command('DELE 1'), /^\+OK/);

  const next = await renewed();
  const lineage = asCertbot(gateway, 2, next);
  const ran = await runBeside(hook, [], { ...env, RENEWED_LINEAGE: lineage, RENEWED_DOMAINS: HOST });
  assert.deepEqual([ran.code, ran.text.includes('New sessions get the certificate')], [0, true], ran.text);
  for (const port of ['submissions', 'pop3s'] as const)
    assert.equal(await shownAt(gateway.port(port), HOST), fingerprintOf(next.certificate));
  assert.notEqual(before, fingerprintOf(next.certificate));
  // A file of its own, not a link into what root alone reads; for the gateway's user alone.
  const key = join(gateway.folder, 'server-key.pem');
  assert.deepEqual([statSync(key).mode & 0o777, readFileSync(key, 'utf8')], [0o600, next.key]);

  // Both go on where they were.
  assert.match(await smtp.submit(addressOf('anna'), [addressOf('bram')], letter('twee')), /^250 /);
  await smtp.quit();
  await pop3.quit();
  const trust = {
    ...gateway.target('pop3s'),
    context: (await import('../support/wire.ts')).trusting(next.certificate),
  };
  await assert.rejects(Pop3Client.open(trust, loginOf('bram')), 'that it is of another authority is seen');
});

test('the printed hook of lego; one for another name is passed over, a pair that does not fit is told and not served', async (t) => {
  const gateway = await open(t);
  const { hook, env } = placed(gateway);
  const next = await renewed();
  const [key, chain] = ['mail.test.key', 'mail.test.crt'].map((name) => join(gateway.folder, name));
  const give = (pair: KeyAndCertificate): void => {
    // Some let a group read what the client keeps; the gateway's own file is its user's alone.
    writeFileSync(key!, pair.key, { mode: 0o644 });
    writeFileSync(chain!, pair.certificate);
  };
  const lego = (domain = HOST) =>
    runBeside(hook, [], { ...env, LEGO_CERT_DOMAIN: domain, LEGO_CERT_PATH: chain!, LEGO_CERT_KEY_PATH: key! });
  const before = await shownAt(gateway.port('pop3s'), HOST);
  give(next);
  assert.equal((await lego('www.test')).code, 0);
  assert.equal(await shownAt(gateway.port('pop3s'), HOST), before);
  assert.equal((await lego()).code, 0);
  assert.equal(await shownAt(gateway.port('pop3s'), HOST), fingerprintOf(next.certificate));

  give({ key: next.key, certificate: (await renewed()).certificate });
  const wrong = await lego();
  assert.ok(wrong.code !== 0 && wrong.text.includes('key'), wrong.text);
  assert.equal(await shownAt(gateway.port('pop3s'), HOST), fingerprintOf(next.certificate));
  assert.ok(createPrivateKey(next.key).asymmetricKeyType === 'ec');
});

// --- when it stops

async function living(whole: Milliseconds, clock: FakeClock): Promise<KeyAndCertificate> {
  const context = { now: clock.now(), random: randomBytes };
  const root = await makeRoot(
    { subject: makeName({ commonName: 'Short' }), keys: await makeKeyPair('p256'), lifetime: days(90) },
    context,
  );
  const { privateKey, publicKey } = await makeKeyPair('p256');
  const certificate = await issue(
    root,
    {
      ...{ use: 'server', subject: makeName({ commonName: HOST }), publicKey, emails: [], hosts: [HOST] },
      notAfter: instant(clock.now() + whole),
    },
    context,
  );
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    certificate: certificatePem(certificate),
  };
}

interface Told {
  readonly late: number | undefined;
  readonly left: boolean;
  readonly log: readonly string[];
  readonly findings: number;
  readonly check: number;
}

async function told(gateway: TestGateway, clock: FakeClock): Promise<Told> {
  const { store, log, admin } = gateway;
  // What a scrape found is remembered for ten seconds.
  clock.advance(seconds(11));
  const before = log.events.length;
  await warnOfGatewayCertificates({
    noticeWriter: admin.noticeWriter,
    store,
    clock,
    log,
    certificates: admin.certificates,
  });
  const scrape = await Scrape.of(gateway);
  const name = 'pop3s ec';
  return {
    late: scrape.value('sluis_certificate_renewal_late', { name }),
    left: scrape.value('sluis_certificate_days_left', { kind: 'listener', name }) !== undefined,
    log: log.events
      .slice(before)
      .flatMap(({ event, fields }) =>
        event === 'certificate.renewal-late'
          ? [`late ${String(fields.days)}`]
          : event === 'certificate.ends' && fields.kind === 'listener'
            ? [`ends ${String(fields.days)}`]
            : [],
      ),
    findings: certificateFindings(await admin.certificates(), clock.now()).filter(({ id }) => id === 'endings.listener')
      .length,
    check: renewalFindings(gateway.config, clock.now()).length,
  };
}

const OPERATOR = '[notices]\noperator = "anna@group.test"\n';

test('of 90 days the last 27 are late: in the metric, the log each day, check and doctor, and the operator has a letter', async (t) => {
  const clock = new FakeClock();
  const certificates = [await living(days(90), clock)];
  const gateway = await open(t, { clock, certificates, configuration: OPERATOR });
  const start = clock.now();
  const at = async (left: Milliseconds): Promise<Told> => {
    clock.setWall(instant(start + days(90) - left));
    return await told(gateway, clock);
  };
  assert.deepEqual(await at(days(28)), { late: 0, left: true, log: [], findings: 0, check: 0 });
  const late = { late: 1, left: true, findings: 0, check: 1 };
  assert.deepEqual(await at(days(26.5)), { ...late, log: ['late 26', 'ends 30'] });
  assert.deepEqual(await at(days(20.5)), { ...late, log: ['late 20'] });
  assert.deepEqual(await at(days(6.5)), { ...late, findings: 1, log: ['late 6', 'ends 7'] });
  assert.match(
    renewalFindings(gateway.config, clock.now())[0]?.what ?? '',
    /server\.pem ends at \S+ and was not renewed, though less than three tenths of its 90 days are left/,
  );
  clock.setWall(start);
});

test('one that lives for six days is told of when it is late and not before, and not at all where people renew it', async (t) => {
  const clock = new FakeClock();
  const certificates = [await living(days(6), clock)];
  const gateway = await open(t, { clock, certificates, configuration: OPERATOR });
  const start = clock.now();
  // A new one every three or four days would be warned of each time.
  clock.setWall(instant(start + days(4)));
  assert.deepEqual(await told(gateway, clock), { late: 0, left: false, log: [], findings: 0, check: 0 });
  clock.setWall(instant(start + days(4.5)));
  const late = await told(gateway, clock);
  assert.deepEqual(late, { late: 1, left: true, log: ['late 1', 'ends 7'], findings: 1, check: 1 });
  clock.setWall(start);

  const { config, store } = gateway;
  const byHand = { ...config, tls: { ...config.tls, renewal: 'hand' as const } };
  const found = await gatewayCertificates({ config: byHand, store, ca: { keys: { has: () => false } } })();
  assert.deepEqual(
    found.certificates.filter(({ kind, keyHeld }) => kind === 'listener' && keyHeld).map(({ renewed }) => renewed),
    [undefined, undefined, undefined, undefined],
  );
  assert.equal(certificateFindings(found, instant(start + days(4))).length, 1);
  assert.deepEqual(renewalFindings(byHand, instant(start + days(5.9))), []);
});
