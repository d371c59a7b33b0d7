/**
 * Getting into the console, and who does not: through a whole gateway, with an authenticator of the
 * test's own.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { minutes } from '../../src/domain/units.ts';
import { LeapingClock, startConsole } from '../support/console.ts';
import { askPage } from '../support/page-client.ts';
import { SoftPasskey } from '../support/passkey.ts';

const eventsOf = async (
  audit: { read(query: { limit: number }): Promise<readonly { event: string; facts?: object }[]> },
  event: string,
) => (await audit.read({ limit: 1000 })).filter((row) => row.event === event);

test('an operator registers a passkey with a code, logs out, and logs in with it', async (t) => {
  const console = await startConsole(t);
  const { browser, passkey } = await console.loggedIn('els', 'support');
  const today = await browser.get('/');
  assert.equal(today.status, 200);
  assert.match(today.body, /All is well/);
  assert.match(today.body, /Logged in as <b>els<\/b>/);
  const out = await browser.post('/logout', today.form('/logout'));
  assert.deepEqual([out.status, out.to, browser.cookies.size], [303, '/goodbye', 0]);
  assert.equal((await browser.get('/accounts/x')).to, '/login?to=%2Faccounts%2Fx');
  const page = await browser.get('/login?to=%2Fsearch');
  const done = await browser.post('/login', { ...page.form('/login'), credential: passkey.get(page.options) });
  assert.deepEqual([done.status, done.to], [303, '/search']);
  assert.equal((await browser.get('/search')).status, 200);
  // Whoever took the cookie of the session before has nothing.
  const events = await eventsOf(console.gateway.store.audit, 'console.logged-in');
  assert.equal(events.length, 2);
});

test('the cookie of a session that was ended is worth nothing, in whatever way it was ended', async (t) => {
  const console = await startConsole(t);
  const { store } = console.gateway;
  const { browser, passkey } = await console.loggedIn('els', 'support');
  const cookie = browser.cookies.get('__Host-sluis') ?? '';
  const stolen = (): ReturnType<typeof browser.get> => {
    const thief = console.browser();
    thief.cookies.set('__Host-sluis', cookie);
    return thief.get('/');
  };
  assert.equal((await stolen()).status, 200);
  await store.operators.set('els', { role: 'read' }, { name: 'test', reason: 'test' });
  assert.equal((await stolen()).to, '/login');
  const page = await browser.get('/login');
  await browser.post('/login', { ...page.form('/login'), credential: passkey.get(page.options) });
  // A new session has a new secret: nobody can give somebody else a session to log in to.
  assert.notEqual(browser.cookies.get('__Host-sluis'), cookie);
  await store.operators.end('els', { name: 'test', reason: 'test' });
  assert.equal((await browser.get('/')).to, '/login');
  for (const bad of ['', 'x', 'A'.repeat(43), `${cookie}x`]) {
    const guess = console.browser();
    guess.cookies.set('__Host-sluis', bad);
    assert.equal((await guess.get('/')).to, '/login', bad);
  }
});

test('a passkey is refused that is unknown, of another page, without verification, replayed, or copied', async (t) => {
  const console = await startConsole(t, {
    configuration: '[auth]\nexempt-networks = ["127.0.0.0/8"]\nrefusal-grid = "0s"',
  });
  const { passkey } = await console.loggedIn('els', 'support');
  const browser = console.browser();
  const tried = async (answer: (options: string) => string): Promise<number> => {
    const page = await browser.get('/login');
    return (await browser.post('/login', { to: '/', credential: answer(page.options) })).status;
  };
  const other = new SoftPasskey(console.origin);
  assert.equal(await tried((options) => other.get(options)), 403);
  assert.equal(await tried((options) => passkey.get(options, { origin: 'https://evil.example' })), 403);
  assert.equal(await tried((options) => passkey.get(options, { flags: 1 })), 403, 'present, not verified');
  assert.equal(await tried((options) => passkey.get(options, { counter: 1 })), 403, 'a counter that did not rise');
  assert.equal(
    await tried((options) => passkey.get(JSON.stringify({ ...(JSON.parse(options) as object), rpId: 'evil.example' }))),
    403,
  );
  assert.equal(
    await tried((options) => passkey.get(JSON.stringify({ ...(JSON.parse(options) as object), challenge: 'AAAA' }))),
    403,
  );
  for (const bad of ['', '{}', 'x', 'null', '[]', '{"id":"a","rawId":"b"}', `"${'x'.repeat(20_000)}"`])
    assert([403, 413].includes(await tried(() => bad)), bad.slice(0, 20));
  assert.equal(await tried((options) => passkey.get(options)), 303);
  // One that counts nothing: only that it was answered before tells.
  const { passkey: synced } = await console.loggedIn('jan', 'support', { synced: true });
  const page = await console.browser().get('/login');
  const credential = synced.get(page.options);
  assert.equal((await console.browser().post('/login', { to: '/', credential })).status, 303);
  assert.equal((await console.browser().post('/login', { to: '/', credential })).status, 403, 'the same answer again');
  console.gateway.admin.gateway?.writeCounted();
  const facts = (await eventsOf(console.gateway.store.audit, 'console.refused')).map(
    (row) => (row.facts as { why: string }).why,
  );
  assert.deepEqual([...new Set(facts)].sort(), ['challenge', 'counter', 'passkey', 'replayed']);
});

test('a code is refused that is wrong or used, and a passkey of another page uses none up', async (t) => {
  const console = await startConsole(t, {
    configuration: '[auth]\nexempt-networks = ["127.0.0.0/8"]\nrefusal-grid = "0s"',
  });
  await console.gateway.store.operators.add({ name: 'els', role: 'support' }, { name: 'test', reason: 'test' });
  const browser = console.browser();
  for (const bad of ['', 'x', 'k7wq-2mhx-9npc-4drt-8sve-6yfz']) {
    const page = await browser.post('/register', { code: bad });
    assert.equal(page.status, 403);
    assert.match(page.body, /This code does not work/);
  }
  const code = await console.code('els');
  const passkey = new SoftPasskey(console.origin);
  const made = await browser.post('/register', { code });
  assert.match(made.body, /<b>els<\/b>/);
  const wrong = await browser.post('/register/passkey', {
    code,
    credential: passkey.create(made.options, { origin: 'https://evil.example' }),
  });
  assert.equal(wrong.status, 403);
  const unverified = await browser.post('/register/passkey', {
    code,
    credential: passkey.create(made.options, { flags: 1 }),
  });
  assert.equal(unverified.status, 403);
  const log = await browser.get('/login');
  assert.equal(
    (
      await browser.post('/register/passkey', {
        code,
        credential: passkey.create(
          JSON.stringify({
            ...(JSON.parse(made.options) as object),
            challenge: (JSON.parse(log.options) as { challenge: string }).challenge,
          }),
        ),
      })
    ).status,
    403,
    'a challenge of the login',
  );
  const done = await browser.post('/register/passkey', { code, credential: passkey.create(made.options) });
  assert.deepEqual([done.status, done.to], [303, '/']);
  assert.equal((await console.browser().post('/register', { code })).status, 403);
});

test('guesses from one network are slowed down, and codes and passkeys of others are not', async (t) => {
  const console = await startConsole(t, { configuration: '[auth]\nrefusal-grid = "0s"\nfree-per-network = 3' });
  const browser = console.browser();
  let busy: Awaited<ReturnType<typeof browser.post>> | undefined;
  for (let n = 0; n < 20 && busy === undefined; n += 1) {
    const page = await browser.post('/login', { credential: `${n}` });
    if (page.status === 429) busy = page;
  }
  assert.match(busy?.body ?? '', /went wrong too often/);
});

test('a form of another page does nothing', async (t) => {
  const console = await startConsole(t, { accounts: ['anna'] });
  const { browser } = await console.loggedIn('els', 'support');
  const path = '/accounts/anna%40group.test/suspend';
  const form: Record<string, string> = { ...(await browser.get(path)).form(path), reason: 'test', caller: 'own' };
  const state = async (): Promise<string | undefined> =>
    (await console.gateway.store.registry.findAccount('anna@group.test'))?.account.state;
  const foreign = [
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { origin: `http://mail.test:${console.port}` },
    { origin: 'https://mail.test:1' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
  ];
  for (const headers of foreign)
    assert.equal((await browser.post(path, form, headers)).status, 403, JSON.stringify(headers));
  for (const token of ['', 'x', form.token?.slice(1) ?? ''])
    assert.equal((await browser.post(path, { ...form, token })).status, 403);
  // The token of somebody else's session.
  const { browser: other } = await console.loggedIn('jan', 'owner');
  assert.equal((await other.post(path, form)).status, 403);
  assert.equal(await state(), 'active');
  assert.equal((await browser.post(path, form)).status, 303);
  assert.equal(await state(), 'suspended');
});

test('a host that is not ours, a path that is not there and a method are refused, and nobody learns which paths there are', async (t) => {
  const console = await startConsole(t);
  const target = { port: console.port, ca: console.gateway.ca };
  assert.equal((await askPage(target, '/login', { headers: { host: `evil.example:${console.port}` } })).status, 421);
  const stranger = console.browser();
  for (const path of ['/', '/nothing', '/accounts/a', '/style', '/accounts/a/contain'])
    assert.match((await stranger.get(path)).to ?? '', /^\/login/, path);
  const { browser } = await console.loggedIn('els', 'support');
  assert.equal((await browser.get('/nothing')).status, 404);
  assert.equal((await browser.get('/logout')).status, 405);
  assert.equal((await browser.get('/accounts/nobody')).status, 404);
});

test('a right that an operator does not have is refused by its path as well as by its button', async (t) => {
  const console = await startConsole(t, { accounts: ['anna', 'bert'] });
  const { browser } = await console.loggedIn('els', 'read');
  const page = await browser.get('/accounts/anna%40group.test');
  assert.equal(page.status, 200);
  assert.doesNotMatch(page.body, /Suspend|Last logins/);
  const { token = '' } = page.form('/logout');
  for (const deed of ['suspend', 'contain', 'new-code', 'resume', 'end-sessions']) {
    const path = `/accounts/anna%40group.test/${deed}`;
    assert.equal((await browser.get(path)).status, 403, deed);
    assert.equal((await browser.post(path, { token, reason: 'x', caller: 'own' })).status, 403, deed);
  }
  const { browser: support } = await console.loggedIn('jan', 'support');
  assert.equal((await support.get('/accounts/anna%40group.test/resume')).status, 403);
});

test('what cannot be undone asks for the key again when it was not touched of late', async (t) => {
  const clock = new LeapingClock();
  const console = await startConsole(t, { accounts: ['anna'], clock });
  const { browser, passkey } = await console.loggedIn('els', 'support');
  const path = '/accounts/anna%40group.test/contain';
  assert.equal((await browser.get(path)).status, 200);
  const form = (await browser.get(path)).form(path);
  clock.leap(minutes(6));
  const asked = await browser.get(path);
  assert.equal(asked.to, `/prove?to=${encodeURIComponent(path)}`);
  const prove = await browser.get(asked.to);
  const { passkey: others } = await console.loggedIn('jan', 'owner');
  const foreign = await browser.post('/prove', { ...prove.form('/prove'), credential: others.get(prove.options) });
  assert.equal(foreign.status, 403, 'the key of somebody else');
  const done = await browser.post('/prove', { ...prove.form('/prove'), credential: passkey.get(foreign.options) });
  assert.deepEqual([done.status, done.to], [303, path]);
  // A form that was shown in time and sent too late: what was typed goes along with the touch, and
  // comes to nothing without it.
  clock.leap(minutes(6));
  const late = await browser.post(path, { ...form, reason: 'stolen "x"', caller: 'called' });
  assert.match(late.body, /Touch your key/);
  const typed = late.form(path);
  assert.deepEqual([typed.reason, typed.caller], ['stolen "x"', 'called']);
  assert.equal((await console.gateway.store.registry.findAccount('anna@group.test'))?.account.state, 'active');
  const wrong = await browser.post(path, { ...typed, credential: others.get(late.options) });
  assert.deepEqual([wrong.status, wrong.form(path)], [403, typed], 'the key of somebody else');
  assert.equal((await browser.post(path, { ...typed, token: 'x', credential: 'x' })).status, 403);
  const contained = await browser.post(path, { ...wrong.form(path), credential: passkey.get(wrong.options) });
  assert.deepEqual([contained.status, contained.to], [303, '/accounts/anna%40group.test?done=contain']);
  assert.match((await browser.get('/accounts/anna%40group.test?done=contain')).body, /The account is contained/);
  const [row] = (await console.gateway.store.audit.read({ limit: 1000 })).filter(
    ({ event }) => event === 'registry.account-contained',
  );
  assert.deepEqual([row?.personal?.actor, row?.personal?.reason], ['els', 'stolen "x" (caller: called back)']);
});

test('a session ends after half an hour without a request, and after ten hours', async (t) => {
  const clock = new LeapingClock();
  const console = await startConsole(t, { clock });
  const { browser } = await console.loggedIn('els', 'support');
  clock.leap(minutes(29));
  assert.equal((await browser.get('/')).status, 200);
  clock.leap(minutes(29));
  assert.equal((await browser.get('/')).status, 200);
  clock.leap(minutes(31));
  assert.equal((await browser.get('/')).to, '/login');
  assert.equal(browser.cookies.size, 0);
  const { browser: other } = await console.loggedIn('jan', 'support');
  for (let n = 0; n < 21; n += 1) {
    clock.leap(minutes(28));
    assert.equal((await other.get('/')).status, 200, String(n));
  }
  clock.leap(minutes(13));
  assert.equal((await other.get('/')).to, '/login');
});

test('a session that is used from another range of networks ends, for whoever has its cookie', async (t) => {
  const console = await startConsole(t);
  const { browser } = await console.loggedIn('els', 'support');
  const cookie = browser.cookies.get('__Host-sluis') ?? '';
  // Of the same /24.
  const beside = console.browser('en', '127.0.0.9');
  beside.cookies.set('__Host-sluis', cookie);
  assert.equal((await beside.get('/')).status, 200);
  const thief = console.browser('en', '127.0.9.1');
  thief.cookies.set('__Host-sluis', cookie);
  assert.equal((await thief.get('/')).to, '/login');
  assert.equal((await browser.get('/')).to, '/login');
  console.gateway.admin.gateway?.writeCounted();
  const [refused] = await eventsOf(console.gateway.store.audit, 'console.refused');
  assert.deepEqual(refused?.facts, { why: 'network', count: 1 });
});
