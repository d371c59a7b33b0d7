/**
 * The pages behind the login: what they show, in both languages, and that text of strangers stays
 * text.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runOperation } from '../../src/admin/operations.ts';
import { OWNER_SAID } from '../../src/domain/roles.ts';
import { startConsole } from '../support/console.ts';
import { loginOf } from '../support/gateway.ts';
import { SmtpClient } from '../support/smtp-client.ts';

const by = { name: 'test', reason: 'test' };

test('search leads to an account by its login or address, and to an organisation by its name', async (t) => {
  const console = await startConsole(t, { accounts: ['anna'] });
  const { registry } = console.gateway.store;
  const account = (await registry.findAccount('anna@group.test'))!;
  const { browser } = await console.loggedIn('els', 'support');
  for (const q of ['anna@group.test', ' ANNA@group.test '])
    assert.equal((await browser.get(`/search?q=${encodeURIComponent(q)}`)).to, '/accounts/anna%40group.test', q);
  assert.equal((await browser.get(`/search?q=${account.organisation}`)).to, `/organisations/${account.organisation}`);
  const none = await browser.get('/search?q=nobody');
  assert.equal(none.status, 200);
  assert.match(none.body, /Nothing was found/);
  assert.equal((await browser.get('/search')).status, 200);
});

test('an account shows who it is, its last login, and what it was refused in words for the caller', async (t) => {
  const console = await startConsole(t, { accounts: ['anna', 'bert'] });
  const { browser } = await console.loggedIn('els', 'support');
  const login = { ...loginOf('anna'), password: 'wrong-password' };
  await assert.rejects(SmtpClient.open(console.gateway.target('submission'), login));
  const page = await browser.get('/accounts/anna%40group.test');
  assert.equal(page.status, 200);
  assert.match(page.body, /anna@group\.test/);
  assert.match(page.body, /The password is wrong, or it has ended/);
  const dutch = await console.loggedIn('jan', 'support');
  await dutch.browser.post('/language', { to: 'nl' });
  const nl = await dutch.browser.get('/accounts/anna%40group.test');
  assert.match(nl.body, /<html lang="nl">/);
  assert.match(nl.body, /Het wachtwoord klopt niet, of het is verlopen/);
});

test('a helpdesk suspends an account, and somebody with the right resumes it; both leave who and why', async (t) => {
  const console = await startConsole(t, { accounts: ['anna'] });
  const { browser } = await console.loggedIn('els', 'support');
  const path = '/accounts/anna%40group.test';
  const empty = await browser.post(`${path}/suspend`, {
    ...(await browser.get(`${path}/suspend`)).form(`${path}/suspend`),
    reason: 'ticket <b>7</b>',
  });
  assert.equal(empty.status, 422);
  assert.match(empty.body, /value="ticket &lt;b&gt;7&lt;\/b&gt;"/, 'what was typed stays');
  const form = { ...empty.form(`${path}/suspend`), reason: 'ticket 7', caller: 'known' };
  const done = await browser.post(`${path}/suspend`, form);
  assert.equal(done.to, `${path}?done=suspend`);
  const page = await browser.get(done.to);
  assert.match(page.body, /The account is suspended/);
  assert.match(page.body, /by els: ticket 7 \(caller: checked by questions\)/);
  assert.doesNotMatch(page.body, /\/resume"/);
  const { browser: registry } = await console.loggedIn('jan', 'registry');
  const resume = await registry.get(`${path}/resume`);
  await registry.post(`${path}/resume`, { ...resume.form(`${path}/resume`), reason: 'ticket 8', caller: 'own' });
  assert.equal((await console.gateway.store.registry.findAccount('anna@group.test'))?.account.state, 'active');
  const rows = (await console.gateway.store.audit.read({ limit: 1000 })).filter(
    ({ event, facts }) =>
      event === 'operator.changed' && String((facts as { operation?: string }).operation).startsWith('account.'),
  );
  assert.deepEqual(
    rows.map(({ facts, personal }) => [
      (facts as { operation: string; proof: string }).operation,
      (facts as { proof: string }).proof,
      personal?.actor,
    ]),
    [
      ['account.suspend', 'passkey', 'els'],
      ['account.resume', 'passkey', 'jan'],
    ],
  );
});

test('an operator of one organisation sees its accounts and no other', async (t) => {
  const console = await startConsole(t, { accounts: ['anna'] });
  const { registry } = console.gateway.store;
  await registry.addOrganisation({ name: 'other', title: 'Other', language: 'nl' }, by);
  const { browser } = await console.loggedIn('els', 'support', { organisation: 'other' });
  assert.equal((await browser.get('/accounts/anna%40group.test')).status, 404);
  assert.match((await browser.get('/search?q=anna%40group.test')).body, /Nothing was found/);
  assert.equal((await browser.get('/organisations/other')).status, 200);
  const today = await browser.get('/');
  assert.equal(today.status, 200);
  assert.match(today.body, /href="\/organisations\/other"/);
  assert.doesNotMatch(today.body, /Connections/);
});

test('what strangers and operators wrote stands on pages as text', async (t) => {
  const hostile = '"><script>alert(1)</script><img src=x onerror=alert(2)>';
  const console = await startConsole(t, { accounts: ['anna'] });
  const { registry } = console.gateway.store;
  await registry.addOrganisation({ name: 'hostile', title: hostile, telephone: '088 1', language: 'nl' }, by);
  const { browser } = await console.loggedIn('els', 'support');
  const pages = [
    '/organisations/hostile',
    `/search?q=${encodeURIComponent(hostile)}`,
    `/accounts/${encodeURIComponent('anna@group.test')}?done=${encodeURIComponent(hostile)}`,
    `/login?to=${encodeURIComponent(hostile)}`,
    `/prove?to=${encodeURIComponent(hostile)}`,
    `/accounts/${encodeURIComponent('<script>')}`,
  ];
  for (const path of pages) {
    const page = await browser.get(path);
    assert.doesNotMatch(page.body, /<script>|<img/, path);
  }
  const typed = await console.browser().post('/register', { code: hostile });
  assert.doesNotMatch(typed.body, /<script>|<img/);
});

test('every answer has the headers, is not kept, and files are kept for a year', async (t) => {
  const console = await startConsole(t, { accounts: ['anna'] });
  const { browser } = await console.loggedIn('els', 'owner');
  for (const path of ['/', '/search', '/accounts/anna%40group.test', '/nothing', '/login', '/style', '/goodbye']) {
    const page = await browser.get(path);
    assert.match(String(page.headers['content-security-policy']), /default-src 'none'.*frame-ancestors 'none'/, path);
    assert.equal(page.headers['cache-control'], 'no-store', path);
    assert.equal(page.headers['x-frame-options'], 'DENY', path);
    assert(page.body.length < 60_000, path);
  }
  const { body } = await browser.get('/');
  const files = [...body.matchAll(/(?:href|src)="(\/files\/[^"]+)"/g)].map(([, path = '']) => path);
  assert.equal(files.length, 3);
  for (const path of files) {
    const file = await console.browser().get(path);
    assert.equal(file.status, 200);
    assert.match(String(file.headers['cache-control']), /immutable/);
    assert(file.body.length < 10_000);
  }
});

test('a new code goes to the contact of the organisation, and without one the page says why not', async (t) => {
  const console = await startConsole(t, { accounts: ['anna', 'bert'] });
  const { store, admin, log } = console.gateway;
  const { browser } = await console.loggedIn('els', 'support');
  const path = '/accounts/anna%40group.test/new-code';
  const typed = { reason: 'lost his password', caller: 'called' };
  const form = { ...(await browser.get(path)).form(path), ...typed };
  const none = await browser.post(path, form);
  assert.equal(none.status, 409);
  assert.match(none.body, /Something is in the way/);
  const { organisation = '' } = (await store.registry.findAccount('anna@group.test')) ?? {};
  const call = { actor: by, who: OWNER_SAID, progress: () => undefined };
  await runOperation('organisation.set', admin, { name: organisation, contact: 'bert@group.test' }, call, log);
  const done = await browser.post(path, form);
  assert.equal(done.to, '/accounts/anna%40group.test?done=new-code');
  const rows = (await store.audit.read({ limit: 1000 })).filter(({ event }) => event === 'password.code-issued');
  assert.deepEqual(
    [rows.length, rows[0]?.personal?.actor, rows[0]?.personal?.reason],
    [1, 'els', 'lost his password (caller: called back)'],
  );
});
