/**
 * Records to publish, how they stand in the DNS, and internet.nl's mail test judged from here: each
 * verdict once right and once wrong.
 */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { RecordsReport } from '../../src/commands/doctor-records.ts';
import { recordsText } from '../../src/commands/doctor-records.ts';
import { dkimFile, makeDkimKey } from '../../src/crypto/dkim/dkim-keys.ts';
import { DnsFailed, type DnsAnswer } from '../../src/dns/packet.ts';
import { type CheckedRecord, type WantedRecord, zoneText } from '../../src/domain/dns-record.ts';
import { MAIL_TESTS, type MailTest } from '../../src/domain/mail-test.ts';
import { asking, checkRecords } from '../../src/gateway/doctor-records.ts';
import { mailTests } from '../../src/gateway/doctor-mail-test.ts';
import { judgeOffer } from '../../src/gateway/doctor-report.ts';
import { mtaStsPolicy, ownRecords } from '../../src/gateway/own-records.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { testCertificates } from '../support/certificates.ts';
import { sluisHere } from '../support/command-line.ts';
import { ScriptedDns } from '../support/dns.ts';
import { type TestGateway, startTestGateway } from '../support/gateway.ts';

const certificates = await testCertificates();

async function gatewayWithKeys(t: TestContext, more = ''): Promise<TestGateway> {
  const ed25519 = await makeDkimKey('ed25519');
  const gateway = await startTestGateway({
    configuration: `[delivery]\ndkim-keys = "dkim"\n${more}`,
    prepare: (folder) => {
      mkdirSync(join(folder, 'dkim'));
      writeFileSync(join(folder, 'dkim', dkimFile('s1', 'mail.test')), ed25519, { mode: 0o600 });
      writeFileSync(join(folder, 'dkim', `${dkimFile('s2', 'praktijk.test')}.new`), ed25519, { mode: 0o600 });
    },
  });
  t.after(() => gateway.remove());
  return gateway;
}
/** As an operator would have it: with the ports that were given. */
const configOf = ({ config, listeners }: TestGateway) => ({
  ...config,
  listener: config.listener.map((one) => ({
    ...one,
    port: listeners.find(({ spec }) => spec.name === one.name)?.port ?? 0,
  })),
});

/**
 * `TYPE name` to what is there; nothing is there where nothing is said, and what is undefined is no
 * answer.
 */
type Zone = Readonly<Record<string, (Partial<DnsAnswer> & { readonly data?: readonly unknown[] }) | undefined>>;
const askOf = (zone: Zone) =>
  asking({
    ask: (name, type) => {
      const key = `${type} ${name}`;
      if (key in zone && zone[key] === undefined) return Promise.reject(new DnsFailed('SERVFAIL'));
      const { code = 'NOERROR', secure = true, data = [] } = zone[key] ?? {};
      return Promise.resolve({ code, secure, records: data.map((one) => ({ name, type, ttl: 60, data: one })) });
    },
  });
const tlsaData = (text: string) => {
  const [usage, selector, matchingType, hex = ''] = text.split(' ');
  return {
    ...{ usage: Number(usage), selector: Number(selector) },
    matchingType: Number(matchingType),
    certificate: Buffer.from(hex, 'hex'),
  };
};
const zoneOf = (records: readonly WantedRecord[]): Record<string, Zone[string]> => {
  const zone: Record<string, Zone[string]> = {};
  for (const { name, type, value } of records) {
    const key = `${type} ${name.slice(0, -1)}`;
    zone[key] = {
      data: [
        ...(zone[key]?.data ?? []),
        type === 'TLSA' ? tlsaData(value) : (value.match(/.{1,50}/g) ?? []).map((part) => Buffer.from(part)),
      ],
    };
  }
  return zone;
};
const statesOf = (found: readonly CheckedRecord[]): readonly string[] =>
  found.map(({ kind, state }) => `${kind} ${state}`);

test('every record that the gateway should have is told, for itself and for the domains of its keys', async (t) => {
  const gateway = await gatewayWithKeys(t);
  const config = configOf(gateway);
  const records = ownRecords(config);
  const smtp = config.listener.filter(({ protocol }) => protocol === 'smtp');
  assert.deepEqual(
    records.filter(({ kind }) => kind === 'tlsa').map(({ name }) => name),
    smtp.map(({ port }) => `_${port}._tcp.mail.test.`),
  );
  const lines = records.filter(({ kind }) => kind !== 'tlsa').map(zoneText);
  assert.match(lines.join('\n'), /^_mta-sts\.mail\.test\. IN TXT "v=STSv1; id=[0-9a-f]{16}"$/m);
  assert.ok(lines.includes('mail.test. IN TXT "v=spf1 a -all"'));
  assert.ok(lines.includes('praktijk.test. IN TXT "v=spf1 a:mail.test -all"'));
  assert.match(lines.join('\n'), /^s2\._domainkey\.praktijk\.test\. IN TXT "v=DKIM1; k=ed25519; p=/m);
  assert.ok(lines.includes('_dmarc.mail.test. IN TXT "v=DMARC1; p=reject"'));
  assert.match(mtaStsPolicy('mail.test'), /^version: STSv1\r\nmode: enforce\r\nmx: mail\.test\r\nmax_age: \d+\r\n$/);
});

test('what stands in the DNS is compared by what it does; what is wrong is told with what to do', async (t) => {
  const records = ownRecords(configOf(await gatewayWithKeys(t)));
  const all = zoneOf(records);
  assert.ok(statesOf(await checkRecords(records, askOf(all))).every((state) => state.endsWith(' published')));
  assert.ok(statesOf(await checkRecords(records, askOf({}))).every((state) => state.endsWith(' missing')));
  const none = Object.fromEntries(Object.keys(all).map((key) => [key, undefined]));
  assert.ok(statesOf(await checkRecords(records, askOf(none))).every((state) => state.endsWith(' unknown')));

  const [tlsa] = records;
  const one = async (kind: WantedRecord['kind'], ...data: readonly unknown[]): Promise<string> => {
    const wanted = kind === 'tlsa' ? tlsa! : records.find((record) => record.kind === kind)!;
    const [found] = await checkRecords([wanted], askOf({ [`${wanted.type} ${wanted.name.slice(0, -1)}`]: { data } }));
    return `${found?.state ?? ''}: ${found?.remedy ?? ''}`;
  };
  assert.match(await one('tlsa', tlsaData(`3 1 1 ${'00'.repeat(32)}`)), /^differs: publish it now/);
  assert.equal(await one('tlsa', tlsaData(`3 1 1 ${'00'.repeat(32)}`), tlsaData(tlsa!.value)), 'published: ');
  assert.equal(await one('mta-sts', 'v=STSv1; id=1'), 'published: ');
  assert.match(await one('mta-sts', 'v=STSv1; id=1', 'v=STSv1; id=2'), /^differs: one such record/);
  assert.equal(await one('spf', 'other=1', 'V=SPF1 ip4:192.0.2.1 ~all'), 'published: ');
  assert.match(await one('spf', 'v=spf1 a ?all'), /^differs: end it with -all/);
  assert.match(await one('spf', 'v=spf1 a -all', 'v=spf1 mx -all'), /^differs: one such record .* or none counts/);
  assert.match(await one('dkim', 'v=DKIM1; k=ed25519; p=AAAA'), /^differs: it is another key/);
  assert.equal(await one('dmarc', 'v=DMARC1; p=quarantine; rua=mailto:x@y.test'), 'published: ');
  assert.match(await one('dmarc', 'v=DMARC1; p=none'), /^differs: set p=reject/);
});

const offered = (changes: Partial<Parameters<typeof judgeOffer>[0]> = {}) =>
  judgeOffer(
    {
      ...{ versions: ['TLSv1.2', 'TLSv1.3'], suites: ['TLS_AES_256_GCM_SHA384', 'ECDHE-ECDSA-AES256-GCM-SHA384'] },
      ...{ curves: ['X25519'], renegotiates: false, signsSha1: false, unprobed: [] },
      certificates: [new X509Certificate(certificates.server.certificate)],
      ...changes,
    },
    { listener: 'a', profile: 'modern', until: undefined, hostname: 'mail.test', now: systemClock.now() },
  );

async function judged(
  zone: Zone,
  report: ReturnType<typeof offered> | 'silent' | undefined = offered(),
  authorities: readonly string[] = [],
): Promise<Record<MailTest, string>> {
  const ask = askOf(zone);
  const tests = await mailTests({
    hostname: 'mail.test',
    listener: { port: 25, report, certificates: certificates.server.certificate },
    records: await checkRecords(WANTED, ask),
    ask,
    authorities,
    now: systemClock.now(),
  });
  assert.deepEqual(
    tests.map(({ name }) => name),
    [...MAIL_TESTS],
  );
  return Object.fromEntries(tests.map(({ name, result }) => [name, result])) as Record<MailTest, string>;
}
const VALUE = `3 1 1 ${'ab'.repeat(32)}`;
const WANTED: readonly WantedRecord[] = [{ kind: 'tlsa', name: '_25._tcp.mail.test.', type: 'TLSA', value: VALUE }];
const GOOD: Zone = {
  'SOA ': {},
  'A mail.test': { data: ['192.0.2.1'] },
  'AAAA mail.test': { data: ['2001:db8::1'] },
  'NS mail.test': { data: ['ns1.test', 'ns2.test'] },
  'AAAA ns1.test': { data: ['2001:db8::2'] },
  'AAAA ns2.test': { data: ['2001:db8::3'] },
  'TXT mail.test': { data: ['v=spf1 a -all'] },
  'TXT _dmarc.mail.test': { data: ['v=DMARC1; p=reject'] },
  'TLSA _25._tcp.mail.test': { data: [tlsaData(VALUE), tlsaData(`3 1 1 ${'cd'.repeat(32)}`)] },
};

test("all of internet.nl's names are judged: pass where it is right, unknown where only somebody outside can tell", async () => {
  const found = await judged(GOOD);
  const of = (result: string): readonly string[] => MAIL_TESTS.filter((name) => found[name] === result);
  assert.deepEqual(of('unknown'), [
    ...['mail_ipv6_ns_reach', 'mail_ipv6_mx_reach', 'mail_rpki_exist', 'mail_rpki_valid'],
    ...['mail_ns_rpki_exist', 'mail_ns_rpki_valid', 'mail_mx_ns_rpki_exist', 'mail_mx_ns_rpki_valid'],
  ]);
  // The authority of the test is nobody's.
  assert.deepEqual(of('fail'), ['mail_starttls_cert_chain']);
  const known = await judged(GOOD, offered(), [certificates.ca.certificate]);
  assert.equal(known.mail_starttls_cert_chain, 'pass');
});

test('each fails where what it asks for is not so', async () => {
  const cases: readonly (readonly [string, Zone, Parameters<typeof judged>[1]?])[] = [
    ['mail_ipv6_ns_address', { ...GOOD, 'AAAA ns2.test': {} }],
    ['mail_ipv6_mx_address', { ...GOOD, 'MX mail.test': { data: [{ preference: 1, exchange: 'mx.test' }] } }],
    ['mail_dnssec_mailto_exist', { ...GOOD, 'A mail.test': { secure: false } }],
    ['mail_dnssec_mailto_valid', { ...GOOD, 'A mail.test': undefined }],
    [
      'mail_dnssec_mx_exist',
      { ...GOOD, 'MX mail.test': { data: [{ exchange: 'mx.test' }] }, 'A mx.test': { secure: false } },
    ],
    ['mail_dnssec_mx_valid', { ...GOOD, 'A mail.test': undefined }],
    ['mail_auth_dmarc_exist', { ...GOOD, 'TXT _dmarc.mail.test': {} }],
    ['mail_auth_dmarc_policy', { ...GOOD, 'TXT _dmarc.mail.test': { data: ['v=DMARC1; p=none'] } }],
    ['mail_auth_dkim_exist', { ...GOOD, 'TXT _domainkey.mail.test': { code: 'NXDOMAIN' } }],
    ['mail_auth_spf_exist', { ...GOOD, 'TXT mail.test': { data: ['v=spf1 a -all', 'v=spf1 -all'] } }],
    ['mail_auth_spf_policy', { ...GOOD, 'TXT mail.test': { data: ['v=spf1 a'] } }],
    ['mail_starttls_tls_version', GOOD, offered({ versions: ['TLSv1', 'TLSv1.2'] })],
    ['mail_starttls_tls_ciphers', GOOD, offered({ suites: ['RC4-SHA'] })],
    [
      'mail_starttls_tls_cipherorder',
      GOOD,
      offered({ suites: ['DHE-RSA-AES256-SHA', 'ECDHE-ECDSA-AES256-GCM-SHA384'] }),
    ],
    ['mail_starttls_tls_keyexchange', GOOD, offered({ curves: ['secp224r1'] })],
    ['mail_starttls_tls_keyexchangehash', GOOD, offered({ signsSha1: true })],
    ['mail_starttls_dane_exist', { ...GOOD, 'TLSA _25._tcp.mail.test': {} }],
    ['mail_starttls_dane_exist', { ...GOOD, 'TLSA _25._tcp.mail.test': { secure: false, data: [tlsaData(VALUE)] } }],
    [
      'mail_starttls_dane_valid',
      { ...GOOD, 'TLSA _25._tcp.mail.test': { data: [tlsaData(`3 1 1 ${'cd'.repeat(32)}`)] } },
    ],
    ['mail_starttls_dane_rollover', { ...GOOD, 'TLSA _25._tcp.mail.test': { data: [tlsaData(VALUE)] } }],
  ];
  for (const [name, zone, report] of cases) assert.equal((await judged(zone, report))[name as MailTest], 'fail', name);
  const other = judgeOffer(
    {
      ...{ versions: [], suites: [], curves: [], renegotiates: true, signsSha1: false, unprobed: [] },
      certificates: [new X509Certificate(certificates.server.certificate)],
    },
    { listener: 'a', profile: 'modern', until: undefined, hostname: 'other.test', now: systemClock.now() },
  );
  const found = await judged(GOOD, other);
  assert.equal(found.mail_starttls_cert_domain, 'fail');
  assert.equal((await judged(GOOD, 'silent')).mail_starttls_tls_available, 'unknown');
  const without = await mailTests({
    hostname: 'mail.test',
    listener: undefined,
    records: [],
    ask: askOf(GOOD),
    authorities: [],
    now: systemClock.now(),
  });
  assert.equal(without.find(({ name }) => name === 'mail_starttls_tls_available')?.result, 'fail');
});

test('a resolver that validates nothing, or says nothing, judges nothing', async () => {
  const blind = await judged({ ...GOOD, 'SOA ': { secure: false } });
  assert.deepEqual([blind.mail_dnssec_mailto_exist, blind.mail_dnssec_mx_valid], ['unknown', 'unknown']);
  const silent = await judged(Object.fromEntries(Object.keys(GOOD).map((key) => [key, undefined])));
  assert.deepEqual([silent.mail_auth_spf_exist, silent.mail_starttls_dane_exist], ['unknown', 'unknown']);
});

test('the command prints them, and fails where a record is there and wrong', async (t) => {
  const dns = await ScriptedDns.start(t, ({ name, type }) => {
    const text = name === 'mail.test' && type === 'TXT' ? 'v=spf1 a -all' : undefined;
    return text === undefined ? {} : { answers: [{ name, type: 'TXT', class: 'IN', ttl: 60, data: text }] };
  });
  const gateway = await gatewayWithKeys(t, `dane-resolver = "127.0.0.1:${dns.at.port}"`);
  const file = join(gateway.folder, 'ports.toml');
  let text = readFileSync(gateway.config.file, 'utf8');
  for (const { spec, port } of gateway.listeners)
    text = text.replace(new RegExp(`(name = "${spec.name}"\n[^[]*?port = )0`), `$1${port}`);
  writeFileSync(file, text);
  const said = await sluisHere(['doctor', '--records', '--json', '--config', file]);
  assert.equal(said.code, 0, said.stderr);
  const report = JSON.parse(said.stdout) as RecordsReport;
  assert.equal(report.records.find(({ kind }) => kind === 'spf')?.state, 'published');
  assert.equal(report.tests.find(({ name }) => name === 'mail_starttls_tls_version')?.result, 'pass');
  const shown = recordsText(report);
  assert.match(shown, /^s1\._domainkey\.mail\.test\. IN TXT "v=DKIM1/m);
  assert.match(shown, /mail_auth_spf_exist +pass +v=spf1 a -all/);
  assert.match(shown, /\d+ pass, \d+ fail, \d+ cannot be judged from here\.$/);

  dns.script = ({ name, type }) =>
    type === 'TXT' && name === 'mail.test'
      ? { answers: [{ name, type, class: 'IN', ttl: 60, data: 'v=spf1 +all' }] }
      : {};
  const wrong = await sluisHere(['doctor', '--records', '--config', file]);
  assert.equal(wrong.code, 5, wrong.stdout);
});

test('a resolver that is away is asked once', async () => {
  let asked = 0;
  const away = Object.assign(new Error('it does not answer'), { name: 'NoAnswer' });
  const ask = asking({ ask: () => Promise.reject((asked++, away)) });
  for (const name of ['a.test', 'b.test', 'c.test']) assert.equal(await ask(name, 'A'), undefined);
  assert.equal(asked, 1);
});
