/**
 * The address book at the pages of accounts: those whose organisation agreed, and one count of what
 * is asked for, over every road to the directory.
 */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { API_LISTENER, basic } from '../support/api.ts';
import { type TestGatewayOptions, addressOf, loginOf } from '../support/gateway.ts';
import { actor, agree, connectLdap, equal, like } from '../support/ldap.ts';
import { askPage } from '../support/page-client.ts';
import { Scrape } from '../support/scrape.ts';
import { startSelfService } from '../support/self-service.ts';

const FREE = '[auth]\nexempt-networks = ["127.0.0.0/8"]\nrefusal-grid = "0s"\n';
const LDAPS = '[[listener]]\nname = "ldaps"\nprotocol = "ldap"\naddress = "127.0.0.1"\nport = 0\ntls = "implicit"\n';

async function site(t: TestContext, { configuration = '', ...more }: TestGatewayOptions = {}) {
  const own = await startSelfService(t, { ...more, configuration: `${FREE}${configuration}` });
  const browser = await own.loggedIn('anna');
  const find = (q: string, rest = '') => browser.get(`/directory?q=${encodeURIComponent(q)}${rest}`);
  const { registry } = own.gateway.store;
  const set = (name: string, settings: Readonly<Record<string, string | number>>) =>
    registry.changeSettings({ scope: 'account', login: addressOf(name) }, settings, actor);
  return { ...own, browser, find, registry, set };
}

const given = async (gateway: Parameters<typeof Scrape.of>[0]): Promise<number> =>
  (await Scrape.of(gateway)).value('sluis_directory_entries_total', { caller: 'account' }) ?? 0;

test('the address book finds those who agreed, by any part, and nobody who has left', async (t) => {
  const { gateway, browser, find, registry, set } = await site(t, { accounts: ['bert', 'carl'] });
  assert.doesNotMatch((await find('bert')).body, /bert@group\.test<\/td>/);
  await agree(gateway);
  await set('bert', {
    role: 'Huisarts <b>',
    agb: '01234567',
    'directory-telephone': '020 1234567',
    'edi-accepts': 'MEDLAB',
  });
  for (const q of ['BERT@', 'huisarts', '0123456', '0201234567']) {
    const { status, body } = await find(q);
    assert.equal(status, 200);
    assert.match(
      body,
      /<td>bert@group\.test<\/td><td>Group<\/td><td>Huisarts &lt;b&gt;<\/td><td>01234567<\/td><td>020 1234567<\/td><td>MEDLAB<\/td><td>no<\/td>/,
    );
    assert.doesNotMatch(body, /carl@group\.test/);
  }
  await registry.setAccountState(addressOf('bert'), 'suspended', actor);
  assert.match((await find('huisarts')).body, /Nobody was found/);
  // Wildcards of the store are letters here, and what no text holds is left out.
  for (const q of ['%', '_ert', 'c\u0000arl\n', '"><b>']) assert.equal((await find(q)).status, 200, q);
  assert.match((await find('c\u0000arl\n')).body, /carl@group\.test/);
  assert.doesNotMatch((await find('c_rl')).body, /carl@group\.test<\/td>/);
  const before = await given(gateway);
  const empty = await browser.get('/directory');
  assert.doesNotMatch(empty.body, /<td>/);
  assert.equal(await given(gateway), before, 'a form that nobody filled in counts for nothing');
  assert.equal((await browser.get(`/directory?q=${'x'.repeat(500)}&after=-1`)).status, 200);
});

test('pages of fifty follow each other, and each is counted', async (t) => {
  const names = Array.from({ length: 60 }, (_, n) => `p${n}`);
  const { gateway, browser, find } = await site(t, { accounts: names });
  await agree(gateway);
  const listed = ({ body }: { readonly body: string }): readonly string[] =>
    [...body.matchAll(/<td>(p\d+@group\.test)<\/td>/g)].map(([, one = '']) => one);
  const first = await find('group');
  const [, next = ''] = /rel="next" href="([^"]+)"/.exec(first.body) ?? [];
  const second = await browser.get(next.replaceAll('&amp;', '&'));
  assert.equal(new Set([...listed(first), ...listed(second)]).size, 60);
  assert.equal(listed(first).length + listed(second).length, 60);
  assert.doesNotMatch(second.body, /rel="next"/);
  assert.equal(await given(gateway), 62);
});

test('the hour is one for the page, the API and LDAP: what was asked for by one is missing at the others', async (t) => {
  const { gateway, find, set } = await site(t, { accounts: ['bert'], configuration: `${API_LISTENER}${LDAPS}` });
  await agree(gateway);
  const ldap = await connectLdap(t, gateway);
  assert.equal(await ldap.bind('anna'), 0);
  const { login, password } = loginOf('anna');
  const headers = { authorization: basic(login, password) };
  const roads = {
    page: async () => (await find('bert')).status,
    api: async () =>
      (await askPage({ port: gateway.port('api'), ca: gateway.ca }, '/v1/directory?q=bert', { headers })).status,
    ldap: async () => (await ldap.search(like('cn', 'nobody*'))).code,
  };
  const fine = { page: 200, api: 200, ldap: 0 };
  const full = { page: 429, api: 429, ldap: 11 };
  let most = 0;
  for (const by of ['page', 'api', 'ldap'] as const) {
    // One more than was asked for until now: the first road takes it, and all are closed.
    most += 1;
    await set('anna', { 'directory-entries-per-hour': most });
    assert.equal(await roads[by](), fine[by], by);
    for (const other of ['page', 'api', 'ldap'] as const)
      assert.equal(await roads[other](), full[other], `${by} ${other}`);
  }
  assert.match((await find('bert')).body, /You have reached the limit of searches for this hour/);
  assert.equal((await ldap.search(equal('mail', addressOf('bert')))).entries.length, 0);
  const limited = gateway.log.events.filter(({ event }) => event === 'directory.limited');
  assert.equal(limited.length, 11);
  assert.doesNotMatch(JSON.stringify(gateway.log.events), /bert/, 'no log says who was looked for');
});
