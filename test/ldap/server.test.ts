/**
 * The directory over LDAP on a whole gateway: who may ask, what is shown to whom, how much, and
 * what hostile clients get.
 */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import {
  type Encoded,
  Tag,
  context,
  encode,
  integer,
  octetString,
  sequence,
  value,
} from '../../src/crypto/certificates/der.ts';
import { probeTls } from '../../src/platform/tls-probe.ts';
import { addressOf, passwordOf } from '../support/gateway.ts';
import {
  type LdapClient,
  START_TLS,
  WHO_AM_I,
  actor,
  agree,
  and,
  anything,
  bindOf,
  connectLdap,
  control,
  equal,
  extendedOf,
  externalOf,
  like,
  messageOf,
  not,
  pages,
  present,
  searchOf,
  startLdap,
} from '../support/ldap.ts';
import { until } from '../support/until.ts';

const people = equal('objectClass', 'person');

async function asAnna(
  t: TestContext,
  ...given: Parameters<typeof startLdap> extends [TestContext, ...infer R] ? R : never
) {
  const gateway = await startLdap(t, ...given);
  const anna = await connectLdap(t, gateway);
  assert.equal(await anna.bind('anna'), 0);
  return { gateway, anna, store: gateway.store };
}

const mails = async (client: LdapClient, filter: Encoded = people): Promise<readonly string[]> =>
  (await client.search(filter)).entries.map(({ attributes }) => attributes.mail?.[0] ?? '').sort();

test('nobody is listed before the organisation agreed, and nobody who has ended or is suspended ever is', async (t) => {
  const { gateway, anna, store } = await asAnna(t, { listed: false, accounts: ['anna', 'bert', 'carl'] });
  assert.deepEqual(await mails(anna), []);
  await agree(gateway);
  assert.deepEqual(await mails(anna), ['anna', 'bert', 'carl'].map(addressOf));
  await store.registry.setAccountState(addressOf('bert'), 'suspended', actor);
  await store.registry.setAddressState(addressOf('carl'), 'suspended', actor);
  assert.deepEqual(await mails(anna), [addressOf('anna')]);
  for (const name of ['bert', 'carl']) {
    assert.deepEqual((await anna.search(equal('mail', addressOf(name)))).entries, []);
    const one = await anna.search(anything, { base: `mail=${addressOf(name)},o=directory`, scope: 0 });
    assert.equal(one.code, 32);
  }
});

test('an entry is an inetOrgPerson; what was asked for is shown, and nothing else', async (t) => {
  const { anna, store } = await asAnna(t);
  await store.registry.changeSettings(
    { scope: 'account', login: addressOf('bert') },
    { role: 'Huisarts', agb: '01234567', 'directory-telephone': '020-123 45 67' },
    actor,
  );
  const {
    entries: [bert, ...others],
  } = await anna.search(and(like('title', '*HUIS*'), not(equal('o', 'x'))));
  assert.deepEqual(others, []);
  assert.equal(bert?.name, `mail=${addressOf('bert')},o=directory`);
  assert.deepEqual(bert.attributes, {
    objectClass: bert.attributes.objectClass,
    mail: [addressOf('bert')],
    cn: ['Group (Huisarts)'],
    displayName: ['Group (Huisarts)'],
    sn: ['Group'],
    o: ['Group'],
    title: ['Huisarts'],
    description: ['01234567'],
    employeeNumber: ['01234567'],
    telephoneNumber: ['020-123 45 67'],
  });
  for (const written of ['0201234567', '020 1234567', '020-12-34-567'])
    assert.deepEqual(await mails(anna, equal('telephoneNumber', written)), [addressOf('bert')], written);
  assert.deepEqual(await mails(anna, equal('telephoneNumber', '0201234568')), []);
  assert.ok(bert.attributes.objectClass?.includes('inetOrgPerson'));
  const shown = async (attributes: readonly string[], typesOnly = false): Promise<unknown> =>
    (await anna.search(equal('mail', addressOf('bert')), { attributes, typesOnly })).entries[0]?.attributes;
  assert.deepEqual(await shown(['CN', 'rfc822Mailbox', 'uid']), {
    cn: ['Group (Huisarts)'],
    mail: [addressOf('bert')],
  });
  assert.deepEqual(await shown(['1.1']), {});
  assert.deepEqual(await shown(['cn'], true), { cn: [] });
});

test('scopes: the root, the directory, one entry', async (t) => {
  const { anna } = await asAnna(t);
  const names = async (base: string, scope: 0 | 1 | 2): Promise<readonly string[]> =>
    (await anna.search(anything, { base, scope })).entries.map(({ name }) => name).sort();
  const all = ['anna', 'bert'].map((name) => `mail=${addressOf(name)},o=directory`);
  assert.deepEqual(await names('', 1), ['o=directory']);
  assert.deepEqual(await names('', 2), [...all, 'o=directory'].sort());
  assert.deepEqual(await names('o=directory', 0), ['o=directory']);
  assert.deepEqual(await names('o=directory', 1), all);
  assert.deepEqual(await names(all[0]!, 2), [all[0]]);
  assert.deepEqual(await names(all[0]!, 1), []);
  assert.equal((await anna.search(anything, { base: 'dc=elsewhere' })).code, 32);
});

test('whoever has no login reads what the server can do, and nothing else', async (t) => {
  const gateway = await startLdap(t);
  const anyone = await connectLdap(t, gateway);
  assert.equal((await anyone.search(people)).code, 50);
  assert.equal((await anyone.search(anything, { base: '', scope: 2 })).code, 50);
  assert.equal((await anyone.search(anything, { scope: 0 })).code, 50);
  const root = { base: '', scope: 0 } as const;
  assert.deepEqual((await anyone.search(anything, root)).entries, [{ name: '', attributes: { objectClass: ['top'] } }]);
  const [all] = (await anyone.search(anything, { ...root, attributes: ['+'] })).entries;
  assert.deepEqual(all?.attributes.namingContexts, ['o=directory']);
  // Anonymous, and a name without a password, which a client would take for a login.
  assert.equal((await anyone.ask(bindOf('', ''))).code, 48);
  assert.equal((await anyone.ask(bindOf(addressOf('anna'), ''))).code, 53);
  assert.equal((await anyone.search(people)).code, 50);
  const who = await anyone.ask(extendedOf(WHO_AM_I));
  assert.equal(who.code, 0);
});

test('a bind takes a login or its name below the directory; one that fails leaves nobody logged in', async (t) => {
  const gateway = await startLdap(t);
  const client = await connectLdap(t, gateway);
  const [login, password] = [addressOf('anna'), passwordOf('anna')];
  for (const name of [login, `uid=${login},o=directory`, `MAIL=${login} , O=directory`]) {
    assert.equal((await client.ask(bindOf(name, password))).code, 0, name);
    assert.equal((await mails(client)).length, 2);
    assert.equal((await client.ask(bindOf(login, 'wrong'))).code, 49);
    assert.equal((await client.search(people)).code, 50);
  }
  // Another account on the same connection.
  assert.equal(await client.bind('bert'), 53);
  assert.equal((await client.search(people)).code, 50);
  const grants = gateway.log.events.filter(({ event }) => event === 'ldap.login');
  assert.equal(grants.length, 3);
  assert.deepEqual([grants[0]?.fields.account, grants[0]?.fields.by], [login, 'password']);
  const rows = await gateway.store.audit.read({ limit: 50 });
  assert.ok(
    rows.some(({ facts }) => facts?.protocol === 'ldap'),
    'the trail has the login',
  );
});

test('failed logins end the connection', async (t) => {
  const gateway = await startLdap(t, { configuration: '[ldap]\nfailed-logins = 2' });
  const client = await connectLdap(t, gateway);
  assert.equal(await client.bind('anna', 'wrong-1'), 49);
  assert.equal(await client.bind('anna', 'wrong-2'), 49);
  const notice = await client.answer();
  assert.deepEqual([notice?.id, notice?.code], [0, 51]);
  assert.equal(await client.answer(), undefined);
});

test('nothing is judged and nothing shown before TLS; StartTLS drops what came before it', async (t) => {
  const gateway = await startLdap(t);
  const client = await connectLdap(t, gateway, 'ldap');
  assert.equal(await client.bind('anna'), 13);
  assert.equal((await client.search(people)).code, 13);
  assert.deepEqual(
    gateway.log.names.filter((name) => name.startsWith('auth.')),
    [],
  );
  const [root] = (await client.search(anything, { base: '', scope: 0, attributes: ['supportedExtension'] })).entries;
  assert.ok(
    Object.values(root?.attributes ?? {})
      .flat()
      .includes(START_TLS),
  );
  await client.startTls();
  assert.equal(await client.bind('anna'), 0);
  assert.equal((await mails(client)).length, 2);
  assert.equal((await client.ask(extendedOf(START_TLS))).code, 1);

  // A bind that somebody put behind StartTLS in the clear is never read as said inside TLS.
  const injected = await connectLdap(t, gateway, 'ldap');
  const bind = messageOf(9, bindOf(addressOf('anna'), passwordOf('anna')));
  const write = injected.write.bind(injected);
  injected.write = (octets) => write(Buffer.concat([octets, bind]));
  await injected.startTls();
  injected.write = write;
  assert.equal((await injected.search(people)).code, 50);
  assert.ok(gateway.log.names.includes('ldap.injection'));
});

test('sizes: what the client allows, what the gateway allows, and pages through all of it', async (t) => {
  const names = ['anna', ...Array.from({ length: 12 }, (_, i) => `p${i}`)];
  const { anna } = await asAnna(t, { accounts: names, configuration: '[ldap]\nsearch-entries = 5' });
  const limited = await anna.search(people, { sizeLimit: 3 });
  assert.deepEqual([limited.code, limited.entries.length], [4, 3]);
  const most = await anna.search(people);
  assert.deepEqual([most.code, most.entries.length], [4, 5]);
  // Every page, with the directory's own entry among them; then a limit over all pages.
  for (const [size, sizeLimit] of [
    [3, 0],
    [1, 0],
    [100, 0],
    [3, 7],
  ] as const) {
    const found: string[] = [];
    let cookie: Buffer | undefined = Buffer.alloc(0);
    let code = 0;
    for (let page = 0; cookie !== undefined && page < 20; page += 1) {
      const answer = await anna.search(anything, { sizeLimit, controls: [pages(size, cookie)] });
      assert.ok(answer.entries.length <= Math.min(size, 5));
      found.push(...answer.entries.map(({ name }) => name));
      code = answer.code;
      cookie = answer.cookie?.length === 0 ? undefined : answer.cookie;
      if (code !== 0) break;
    }
    assert.equal(code, sizeLimit === 0 ? 0 : 4);
    assert.equal(new Set(found).size, found.length);
    assert.equal(found.length, sizeLimit === 0 ? names.length + 1 : sizeLimit, `pages of ${size}`);
  }
  // A page that addresses are named for, an estimate, and a cookie that somebody made up.
  const named = await anna.search(equal('mail', addressOf('p3')), { controls: [pages(1)] });
  assert.deepEqual([named.entries.length, named.cookie?.length], [1, 0]);
  assert.equal((await anna.search(people, { controls: [pages(0)] })).code, 0);
  assert.equal((await anna.search(people, { controls: [pages(2, Buffer.from('1; drop'))] })).code, 2);
  const beyond = await anna.search(people, { controls: [pages(2, Buffer.from('999999999999999.3'))] });
  assert.deepEqual([beyond.code, beyond.entries.length], [0, 0]);
});

test('an hour holds so many entries for an account, over all its connections; then searches are refused', async (t) => {
  const { anna, store, gateway } = await asAnna(t);
  const login = addressOf('anna');
  await store.registry.changeSettings({ scope: 'account', login }, { 'directory-entries-per-hour': 5 }, actor);
  const client = await connectLdap(t, gateway);
  assert.equal(await client.bind('anna'), 0);
  for (let i = 0; i < 2; i += 1) assert.equal((await client.search(people)).entries.length, 2);
  // One that finds nothing counts as one.
  assert.equal((await client.search(like('cn', 'nobody*'))).code, 0);
  const refused = await client.search(people);
  assert.deepEqual([refused.code, refused.entries], [11, []]);
  assert.equal((await anna.search(equal('mail', addressOf('bert')))).entries.length, 0);
  assert.ok(gateway.log.names.includes('directory.limited'));
});

test('a suspension ends the session, and those of others go on', async (t) => {
  const { anna, store, gateway } = await asAnna(t);
  const bert = await connectLdap(t, gateway);
  assert.equal(await bert.bind('bert'), 0);
  await store.registry.setAccountState(addressOf('anna'), 'suspended', actor);
  await anna.answer();
  assert.equal(await anna.answer(), undefined);
  assert.equal((await mails(bert)).length, 1);
  const ended = gateway.log.events.find(({ event }) => event === 'ldap.ended');
  assert.equal(ended?.fields.ending, 'account-closed');
});

test('what changes or compares is refused; unknown critical controls and operations too', async (t) => {
  const { anna } = await asAnna(t);
  const dn = octetString(Buffer.from('o=directory'));
  for (const [tag, answer] of [
    [0x66, 0x67],
    [0x68, 0x69],
    [0x6c, 0x6d],
    [0x6e, 0x6f],
  ] as const) {
    const refused = await anna.ask(value(tag, dn));
    assert.deepEqual([refused.tag, refused.code], [answer, 53]);
  }
  assert.equal((await anna.ask(value(0x4a, Buffer.from('o=directory')))).code, 53);
  assert.equal((await anna.search(people, { controls: [control('1.2.3', true)] })).code, 12);
  assert.equal((await anna.search(people, { controls: [control('1.2.3', false)] })).code, 0);
  assert.equal((await anna.search(people, { controls: [control('2.16.840.1.113730.3.4.2', true)] })).code, 0);
  assert.equal((await anna.ask(extendedOf('1.2.3'))).code, 2);
  assert.equal((await anna.ask(externalOf())).code, 49);
});

test('hostile requests get an answer or the end of their connection, and others are served meanwhile', async (t) => {
  const { anna, gateway } = await asAnna(t);
  let deep: Encoded = anything;
  for (let i = 0; i < 40; i += 1) deep = not(deep);
  assert.equal((await anna.search(deep)).code, 11);
  const wide = value(context(1), ...Array.from({ length: 2000 }, () => present('cn')));
  assert.equal((await anna.search(wide)).code, 11);
  assert.equal((await anna.ask(value(0x63, octetString(Buffer.from('x'))))).code, 2);
  assert.equal((await anna.search(value(0xaf))).code, 2);
  const bad: readonly Buffer[] = [
    Buffer.from('GET / HTTP/1.1\r\n\r\n'),
    Buffer.from([0x30, 0x84, 0x7f, 0xff, 0xff, 0xff]),
    Buffer.from([0x30, 0x80, 0x02, 0x01]),
    encode(sequence(integer(0), value(0x42))),
    encode(sequence(integer(1), value(0x61, integer(0, Tag.enumerated)))),
    Buffer.from([0x30, 0x03, 0x02, 0x05, 0x01]),
  ];
  for (const octets of bad) {
    const client = await connectLdap(t, gateway);
    client.write(octets);
    const notice = await client.answer();
    assert.deepEqual([notice?.id, notice?.code, notice?.tag], [0, 2, 0x78], octets.toString('hex').slice(0, 20));
    assert.equal(await client.answer(), undefined);
  }
  // Cut off in the middle of a message.
  const cut = connect(gateway.port('ldap'));
  cut.end(messageOf(1, bindOf('x', 'y')).subarray(0, 9));
  cut.resume();
  // A flood that nobody reads the answers of.
  const flood = await connectLdap(t, gateway);
  assert.equal(await flood.bind('bert'), 0);
  flood.pause();
  const request = messageOf(7, searchOf(people));
  flood.write(Buffer.concat(Array.from({ length: 20_000 }, () => request)));
  for (let i = 0; i < 20; i += 1) assert.equal((await mails(anna)).length, 2);
  flood.close();
  await until('all but one have gone', () => gateway.listeners.reduce((sum, l) => sum + l.sessions, 0) === 1);
});

test('an abandoned search has no answer, and one behind it is answered; pipelined requests keep their order', async (t) => {
  const { anna } = await asAnna(t);
  const abandon = (id: number): Encoded => value(0x50, Buffer.from([id]));
  anna.write(
    Buffer.concat([
      messageOf(40, searchOf(people)),
      messageOf(41, searchOf(people)),
      messageOf(42, searchOf(people)),
      messageOf(43, abandon(41)),
    ]),
  );
  const ids: number[] = [];
  while (!ids.includes(42)) {
    const answer = await anna.answer();
    if (answer?.tag === 0x65) ids.push(answer.id);
  }
  assert.deepEqual(ids, [40, 42]);
});

test('doctor examines TLS behind StartTLS', async (t) => {
  const gateway = await startLdap(t);
  const target = { protocol: 'ldap', host: '127.0.0.1', servername: 'mail.test' } as const;
  const offer = await probeTls({ ...target, tls: 'starttls', port: gateway.port('ldap') });
  assert.deepEqual(offer.versions, ['TLSv1.2', 'TLSv1.3']);
});

test('nobody holds a place by talking, or by saying nothing', async (t) => {
  const gateway = await startLdap(t, { configuration: '[ldap]\nlogin-time = "1s"\nidle-time = "1s"' });
  const silent = await connectLdap(t, gateway);
  const idle = await connectLdap(t, gateway);
  assert.equal(await idle.bind('anna'), 0);
  for (const client of [silent, idle]) {
    const notice = await client.answer();
    assert.deepEqual([notice?.id, notice?.code], [0, 52]);
    assert.equal(await client.answer(), undefined);
  }
});
