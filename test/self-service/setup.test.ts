/**
 * What mail programs find that look for their settings: the same for every address, nothing of any
 * account, and never a question for a password.
 */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { zoneText } from '../../src/domain/dns-record.ts';
import { checkRecords } from '../../src/gateway/doctor-records.ts';
import { setupFindings, setupRecords } from '../../src/gateway/doctor-setup.ts';
import { ownRecords } from '../../src/gateway/own-records.ts';
import { discovered, readDiscover } from '../../src/self-service/setup/autodiscover.ts';
import { apiListener, freePorts } from '../support/instance.ts';
import { type TestGatewayOptions, addressOf, passwordOf } from '../support/gateway.ts';
import { type Asked, type PageAnswer, askPage } from '../support/page-client.ts';
import { Scrape } from '../support/scrape.ts';
import { startSelfService } from '../support/self-service.ts';

const FREE = '[auth]\nexempt-networks = ["127.0.0.0/8"]\nrefusal-grid = "0s"\n';
const DOMAINS = '[setup]\ndomains = ["group.test", "other.test"]\n';
const WELL_KNOWN = '/.well-known/autoconfig/mail/config-v1.1.xml';
const DISCOVER = '/autodiscover/autodiscover.xml';
const OUTLOOK = 'http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a';

const LIMITED = `[[listener]]
name = "inside"
protocol = "pop3"
address = "127.0.0.1"
port = 0
tls = "implicit"
hostname = "inside.test"
networks = ["10.0.0.0/8"]
[[listener]]
name = "one"
protocol = "smtp"
address = "127.0.0.1"
port = 0
tls = "implicit"
hostname = "one.test"
accounts = ["anna@group.test"]
`;

async function site(t: TestContext, { configuration = '', ...more }: TestGatewayOptions = {}) {
  const ports = await freePorts();
  const own = await startSelfService(t, {
    accounts: ['bert'],
    configuration: `${FREE}${configuration}`,
    ports,
    ...more,
  });
  const ask = (path: string, asked: Asked = {}): Promise<PageAnswer> =>
    askPage({ port: own.port, ca: own.gateway.ca }, path, asked);
  const discover = (body: string, path = DISCOVER): Promise<PageAnswer> =>
    ask(path, { body, headers: { 'content-type': 'text/xml; charset=utf-8' } });
  return { ...own, ports, ask, discover };
}

const question = (address: string, schema = OUTLOOK): string =>
  `<?xml version="1.0" encoding="utf-8"?>\n<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006"><Request><EMailAddress>${address}</EMailAddress><AcceptableResponseSchema>${schema}</AcceptableResponseSchema></Request></Autodiscover>`;
const of = (address: string): string => `${WELL_KNOWN}?emailaddress=${encodeURIComponent(address)}`;

test('every address of a domain of ours gets the same settings, at each name that programs ask, and no log tells whose', async (t) => {
  const { ask, gateway, ports } = await site(t, { configuration: `${DOMAINS}${LIMITED}` });
  const { registry } = gateway.store;
  await registry.setAccountState(addressOf('bert'), 'suspended', { name: 'test' });
  const known = await ask(of(addressOf('anna')));
  assert.equal(known.status, 200);
  assert.match(String(known.headers['content-type']), /^text\/xml/);
  for (const one of ['bert@group.test', 'nobody@group.test', 'ANNA@GROUP.TEST', '"<x>&"@group.test']) {
    const other = await ask(of(one));
    assert.deepEqual([other.status, other.body], [200, known.body], one);
    assert.deepEqual(Object.keys(other.headers), Object.keys(known.headers));
  }
  assert.equal((await ask(`/mail/config-v1.1.xml?emailaddress=nobody%40group.test`)).body, known.body);
  // By the name that was asked alone.
  for (const host of ['autoconfig.group.test', 'group.test', 'AUTOCONFIG.group.test:443'])
    assert.equal((await ask('/mail/config-v1.1.xml', { headers: { host } })).body, known.body, host);
  assert.match((await ask(of('x@other.test'))).body, /<domain>other\.test<\/domain>/);
  for (const one of ['anna@elsewhere.test', 'anna', '', 'anna@sub.group.test', 'anna@group.test.elsewhere.test'])
    assert.equal((await ask(of(one))).status, 404, one);
  assert.equal((await ask('/mail/config-v1.1.xml')).status, 404);
  assert.equal((await ask(of(`${'a'.repeat(2000)}@group.test`))).status, 400);
  assert.equal((await ask(of('x@group.test'), { method: 'HEAD' })).status, 200);

  const servers = [
    ...known.body.matchAll(
      /<(incoming|outgoing)Server type="(\w+)">\s*<hostname>(.*)<\/hostname>\s*<port>(\d+)<\/port>\s*<socketType>(\w+)</g,
    ),
  ];
  // TLS from the first octet goes first, and a listener for some is told nobody.
  assert.deepEqual(
    servers.map(([, way, protocol, host, port, socket]) => [way, protocol, host, Number(port), socket]),
    (
      [
        ['incoming', 'pop3', 'mail.test', ports.pop3s, 'SSL'],
        ['outgoing', 'smtp', 'mail.test', ports.submissions, 'SSL'],
        ['incoming', 'pop3', 'mail.test', ports.pop3, 'STARTTLS'],
        ['outgoing', 'smtp', 'mail.test', ports.submission, 'STARTTLS'],
      ] as const
    ).toSorted((a, b) => Number(a[4] === 'STARTTLS') - Number(b[4] === 'STARTTLS') || a[3] - b[3]),
  );
  assert.match(known.body, /<username>%EMAILADDRESS%<\/username>/);
  const written = gateway.log.events.map((event) => JSON.stringify(event)).join('\n');
  assert.doesNotMatch(written, /nobody|elsewhere|anna%40|emailaddress/);
  const scrape = await Scrape.of(gateway);
  assert.equal(scrape.value('sluis_setup_questions_total', { form: 'autoconfig', outcome: 'given' }), 11);
  assert.equal(scrape.value('sluis_setup_questions_total', { form: 'autoconfig', outcome: 'foreign' }), 6);
  assert.equal(scrape.value('sluis_setup_questions_total', { form: 'autoconfig', outcome: 'malformed' }), 1);
});

test('autodiscover answers the same for every address, takes what Outlook sends, and nothing larger or stranger', async (t) => {
  const { discover, ask, gateway, ports } = await site(t, { configuration: DOMAINS });
  const known = await discover(question(addressOf('anna')));
  assert.equal(known.status, 200);
  assert.match(
    known.body,
    new RegExp(
      `<Type>POP3</Type>\\s*<Server>mail\\.test</Server>\\s*<Port>${ports.pop3s}</Port>\\s*<LoginName>anna@group\\.test<`,
    ),
  );
  assert.match(known.body, /<Type>SMTP<\/Type>[^]*<UsePOPAuth>on</);
  const other = await discover(question('nobody@group.test'), '/Autodiscover/Autodiscover.xml');
  assert.equal(other.body.replaceAll('nobody@', 'anna@'), known.body);
  assert.deepEqual(Object.keys(other.headers), Object.keys(known.headers));
  // A program that sends the password along is answered like any other, and it stands nowhere.
  const authorization = `Basic ${Buffer.from(`${addressOf('anna')}:${passwordOf('anna')}`).toString('base64')}`;
  assert.equal(
    (await ask(DISCOVER, { body: question(addressOf('anna')), headers: { authorization } })).body,
    known.body,
  );

  const strange = await discover(question('a&lt;b&amp;&#34;@group.test'));
  assert.match(strange.body, /<LoginName>a&lt;b&amp;&quot;@group\.test<\/LoginName>/);
  assert.equal((await discover(question('x@elsewhere.test'))).status, 404);
  assert.match((await discover(question('x@group.test', 'http://mobilesync'))).body, /<ErrorCode>601</);
  const entities = `<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>${question('&e;@group.test')}`;
  assert.match((await discover(entities)).body, /<LoginName>&amp;e;@group\.test</, 'no entity is read');
  for (const body of ['', '<', question(''), question(`${'a'.repeat(300)}@group.test`), '<EMailAddress>'.repeat(800)])
    assert.match((await discover(body)).body, /<ErrorCode>600</, body.slice(0, 40));
  assert.equal((await discover('x'.repeat(20_000))).status, 413);
  assert.equal((await discover('x'.repeat(300_000))).status, 413);
  for (const path of ['/autodiscover/autodiscover.json', '/autodiscover/autodiscover.json/v1.0/x', DISCOVER])
    assert.equal((await ask(path)).status, 404, path);
  assert.doesNotMatch(gateway.log.events.map((event) => JSON.stringify(event)).join('\n'), /nobody|Basic|elsewhere/);
});

test('whoever looks for an address book or a calendar is never asked for a password, whatever is configured', async (t) => {
  const { ask, gateway } = await site(t, { configuration: apiListener(0) });
  const api = { port: gateway.port('api'), ca: gateway.ca };
  for (const path of ['/.well-known/carddav', '/.well-known/caldav', '/', '/dav/', '/.well-known/caldav/'])
    for (const method of ['PROPFIND', 'OPTIONS', 'REPORT', ...(path.startsWith('/.') ? ['GET', 'POST'] : [])]) {
      const answer = await ask(path, { method });
      assert.equal(answer.status, 404, `${method} ${path}`);
      const atApi = await askPage(api, path, { method });
      assert.equal(atApi.status, 404, `${method} ${path} of the API`);
      for (const { headers } of [answer, atApi]) assert.equal(headers['www-authenticate'], undefined);
    }
  // Off: programs find the login of people, as they did before.
  assert.equal((await ask(of('anna@group.test'))).headers.location?.startsWith('/login'), true);
  assert.equal((await ask(DISCOVER)).status, 303);
  assert.deepEqual(setupRecords(gateway.config), []);
  assert.deepEqual(setupFindings(gateway.config), []);
});

test('doctor prints the records of RFC 6186 and 8314 for each domain, and tells which names a certificate lacks', async (t) => {
  const { gateway, port, ports } = await site(t, { configuration: DOMAINS });
  const wanted = ownRecords(gateway.config).filter(({ kind }) => kind === 'setup');
  const records = wanted.map(zoneText);
  assert.equal(records.length, 18);
  const srv = (service: string, value: string): string => `${service}._tcp.group.test. IN SRV ${value}`;
  // TLS from the first octet has the lower number, which goes first.
  assert.deepEqual(
    [...records.slice(0, 9)].sort(),
    [
      srv('_submissions', `0 1 ${ports.submissions} mail.test.`),
      srv('_pop3s', `0 1 ${ports.pop3s} mail.test.`),
      srv('_pop3', `10 1 ${ports.pop3} mail.test.`),
      srv('_submission', `10 1 ${ports.submission} mail.test.`),
      srv('_imaps', '0 0 0 .'),
      srv('_imap', '0 0 0 .'),
      srv('_autodiscover', `0 1 ${port} mail.test.`),
      'autoconfig.group.test. IN CNAME mail.test.',
      'autodiscover.group.test. IN CNAME mail.test.',
    ].sort(),
  );
  // As they stand in the DNS: found with the name in capitals, with another's IMAP, led elsewhere,
  // and not there.
  const data = (value: string, target = ''): unknown => {
    const [priority, weight, port, host = ''] = value.split(' ');
    return host === '' ? value : { ...{ priority, weight, port }, target: target || host.toUpperCase() };
  };
  let asking = 0;
  let most = 0;
  const stands = await checkRecords(wanted, async (name, type) => {
    most = Math.max(most, ++asking);
    await new Promise(setImmediate);
    asking--;
    const one = wanted.find((record) => record.name === `${name}.` && record.type === type)!;
    const elsewhere = name.startsWith('_imap.') || name.startsWith('_pop3s') ? 'other.test' : '';
    const records = name.startsWith('autodiscover') ? [] : [{ name, type, ttl: 60, data: data(one.value, elsewhere) }];
    return { code: 'NOERROR', secure: false, records };
  });
  assert.deepEqual(
    stands
      .filter(({ state }) => state !== 'published')
      .map(({ name, state, remedy }) => `${name} ${state}: ${remedy ?? ''}`),
    ['group', 'other'].flatMap((domain) => [
      `_pop3s._tcp.${domain}.test. differs: it leads mail programs elsewhere; publish this one`,
      `autodiscover.${domain}.test. missing: publish it, or addresses of the same host`,
    ]),
  );
  const many = Array.from({ length: 9 }, () => wanted).flat();
  await checkRecords(many, async () => {
    most = Math.max(most, ++asking);
    await new Promise(setImmediate);
    asking--;
    return undefined;
  });
  assert.equal(most, 20, 'so many questions at once');
  const [finding, ...others] = setupFindings(gateway.config);
  assert.deepEqual([finding?.id, finding?.severity, others], ['setup.certificate', 'warning', []]);
  assert.match(
    finding?.what ?? '',
    /does not name autoconfig\.group\.test, autodiscover\.group\.test, autoconfig\.other\.test/,
  );
});

test('a request is read as text: prefixes and attributes are taken, nesting and length are not', () => {
  const prefixed =
    '<a:EMailAddress x="1">b@c.test</a:EMailAddress><a:AcceptableResponseSchema>s</a:AcceptableResponseSchema>';
  assert.deepEqual(readDiscover(prefixed), { address: 'b@c.test', schema: 's' });
  assert.equal(readDiscover('<EMailAddress><b/></EMailAddress>'), undefined);
  const began = performance.now();
  readDiscover(`<${'EMailAddress '.repeat(1200)}`);
  readDiscover('<a:'.repeat(5000));
  assert.ok(performance.now() - began < 50, 'in time that grows with its length');
  assert.doesNotMatch(discovered('</LoginName><x>', []), /<x>/);
});
