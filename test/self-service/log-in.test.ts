/**
 * Getting into the pages of accounts, and who does not: through a whole gateway, the code read
 * where it was sent.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runOperation } from '../../src/admin/operations.ts';
import { registrationOf } from '../../src/crypto/certificates/certificate-register.ts';
import { OWNER_SAID } from '../../src/domain/roles.ts';
import { SELF_SERVICE_IDLE, MAILED_LIFE } from '../../src/domain/self-service.ts';
import { minutes } from '../../src/domain/units.ts';
import { value } from '../crypto/support.ts';
import { makeClientAuthority } from '../support/client-certificates.ts';
import { Browser, LeapingClock, operator } from '../support/console.ts';
import { addressOf, loginOf, passwordOf } from '../support/gateway.ts';
import { freePort } from '../support/instance.ts';
import { fetchAll } from '../support/mail.ts';
import { type TestSelfService, logIn, selfServiceListener, startSelfService } from '../support/self-service.ts';

const FREE = '[auth]\nexempt-networks = ["127.0.0.0/8"]\nrefusal-grid = "0s"';
const SESSION = '__Host-sluis-account';

const eventsOf = async ({ gateway }: TestSelfService, event: string) => {
  gateway.admin.gateway?.writeCounted();
  return (await gateway.store.audit.read({ limit: 1000 })).filter((row) => row.event === event);
};

test('an account logs in with its password and a code that somebody else gets, and logs out', async (t) => {
  const own = await startSelfService(t);
  const browser = own.browser();
  assert.equal((await browser.get('/messages?id=x')).to, '/login?to=%2Fmessages%3Fid%3Dx');
  const page = await browser.get('/login?to=%2Fprogram');
  const sent = await browser.post('/login', { ...page.form('/login'), ...loginOf('anna') });
  assert.equal(sent.status, 200);
  assert.match(sent.body, /sent a code to <b>contact@group\.test<\/b>/);
  assert.equal(browser.cookies.has(SESSION), false, 'the password alone opens nothing');
  assert.match((await browser.get('/')).to ?? '', /^\/login/);
  const codes = await own.codes();
  assert.equal(codes.length, 1);
  const [code = ''] = codes;
  const done = await browser.post('/login/code', {
    ...sent.form('/login/code'),
    code: `${code.slice(0, 4)} ${code.slice(4)}`,
  });
  assert.deepEqual([done.status, done.to], [303, '/program']);
  const home = await browser.get('/');
  assert.equal(home.status, 200);
  assert.match(home.body, /Logged in as <b>anna@group\.test<\/b>/);
  assert.deepEqual([home.headers['cache-control'], home.headers['x-frame-options']], ['no-store', 'DENY']);
  const [granted] = await eventsOf(own, 'self-service.logged-in');
  assert.equal(granted?.personal?.actor, 'anna@group.test');
  // It serves once, also in the browser that it was for.
  const again = own.browser();
  again.cookies.set('__Host-sluis-code', browser.cookies.get('__Host-sluis-code') ?? '');
  assert.equal((await again.post('/login/code', { code, to: '/' })).status, 403);
  const cookie = browser.cookies.get(SESSION) ?? '';
  const out = await browser.post('/logout', home.form('/logout'));
  assert.deepEqual([out.status, out.to, browser.cookies.has(SESSION)], [303, '/goodbye', false]);
  const thief = own.browser();
  thief.cookies.set(SESSION, cookie);
  assert.equal((await thief.get('/')).to, '/login');
});

test('a listener for some accounts lets nobody else in: neither by password, code or letter, nor with a session of another listener', async (t) => {
  const port = await freePort();
  const some = selfServiceListener(port, `accounts = ["${addressOf('contact')}"]\n`).replace('"own"', '"some"');
  const own = await startSelfService(t, { configuration: `${FREE}\n${some}` });
  const origin = `https://mail.test:${port}`;
  const there = (): Browser => new Browser({ port, ca: own.gateway.ca }, origin, 'en');
  const refused = there();
  const form = (await refused.get('/login')).form('/login');
  const right = await refused.post('/login', { ...form, ...loginOf('anna') });
  const wrong = await there().post('/login', { ...form, ...loginOf('anna'), password: 'Some-other-password' });
  const text = ({ body }: { readonly body: string }): string => body.replaceAll(/name="token" value="[^"]*"/g, '');
  assert.deepEqual([right.status, text(right)], [wrong.status, text(wrong)]);
  assert.equal((await own.codes()).length, 0, 'no code was sent');
  const its = there();
  await logIn(its, loginOf('contact'), async () => (await own.codes('anna')).at(-1) ?? '');
  assert.equal((await its.get('/')).status, 200);
  // A session that began at the listener for all, and a code that was sent there.
  const anna = await own.loggedIn('anna');
  assert.equal((await anna.get('/')).status, 200);
  const moved = there();
  moved.cookies.set(SESSION, anna.cookies.get(SESSION) ?? '');
  assert.match((await moved.get('/')).to ?? '', /^\/login/);
  const sending = own.browser();
  const sent = await sending.post('/login', { ...(await sending.get('/login')).form('/login'), ...loginOf('anna') });
  const other = there();
  for (const [name, secret] of sending.cookies) other.cookies.set(name, secret);
  await other.post('/login/code', { ...sent.form('/login/code'), code: (await own.codes()).at(-1) ?? '' });
  assert.match((await other.get('/')).to ?? '', /^\/login/);
  // The page of codes of the same listener.
  const owner = { actor: operator, who: OWNER_SAID, progress: () => undefined };
  const { admin, log } = own.gateway;
  await runOperation('account.reset', admin, { login: [addressOf('anna')], by: 'contact' }, owner, log);
  const letters = await fetchAll(own.gateway.target('pop3s'), loginOf('contact'));
  const code = /[a-z2-9]{4}(?:-[a-z2-9]{4}){5}/.exec(letters.join(''))?.[0] ?? '';
  assert.equal((await there().post('/code', { login: addressOf('anna'), code })).status, 403);
  assert.equal(
    (await own.browser().post('/code', { login: addressOf('anna'), code })).status,
    200,
    'it holds at the other',
  );
});

test('nobody learns who has an account: unknown, wrong, suspended and app password look the same', async (t) => {
  const own = await startSelfService(t, { accounts: ['bert'], configuration: FREE });
  const { registry } = own.gateway.store;
  await registry.setAccountStates([addressOf('bert')], 'suspended', operator);
  const refused = async (login: string, password: string): Promise<string> => {
    const page = await own.browser().post('/login', { to: '/', login, password });
    assert.equal(page.status, 403, login);
    assert.deepEqual(page.headers['set-cookie'], undefined);
    return page.body.replace(login.replace(/[<>"]/g, ''), 'LOGIN');
  };
  const bodies = [
    await refused(addressOf('anna'), 'not-the-password'),
    await refused('nobody@group.test', 'not-the-password'),
    await refused(addressOf('bert'), passwordOf('bert')),
  ];
  assert.equal(new Set(bodies).size, 1);
  const hostile = await own.browser().post('/login', { to: '/', login: '"><script>x</script>', password: 'x' });
  assert.doesNotMatch(hostile.body, /<script>x/);
  const { makeAppPassword } = await import('../../src/crypto/passwords/app-password.ts');
  const { token, id, hash } = makeAppPassword();
  await registry.addAppPassword(addressOf('anna'), { id, hash, name: 'program', scope: 'both' }, operator);
  assert.equal(await refused(addressOf('anna'), token), bodies[0]);
  assert.equal((await own.codes()).length, 0, 'nobody was sent a code');
});

test('who is refused hears so at one time, whether there is such an account or not', async (t) => {
  const GRID = 600;
  const configuration = `[auth]\nexempt-networks = ["127.0.0.0/8"]\nrefusal-grid = "${GRID}ms"`;
  const own = await startSelfService(t, { configuration });
  const took = async (login: string): Promise<number> => {
    const from = performance.now();
    assert.equal((await own.browser().post('/login', { to: '/', login, password: 'not-the-password' })).status, 403);
    return performance.now() - from;
  };
  const all = await Promise.all([addressOf('anna'), 'nobody@group.test', 'no address at all'].map(took));
  for (const ms of all) assert(ms >= GRID - 5, `${ms} ms`);
});

test('guessing of passwords is slowed down as for mail, and a code has five tries', async (t) => {
  const own = await startSelfService(t, { configuration: '[auth]\nrefusal-grid = "0s"' });
  const browser = own.browser();
  const sent = await browser.post('/login', { to: '/', ...loginOf('anna') });
  const [code = ''] = await own.codes();
  const statuses: number[] = [];
  const wrong = (n: number): string => String((Number(code) + 1 + n) % 100_000_000).padStart(8, '0');
  for (let n = 0; n < 8; n += 1)
    statuses.push((await browser.post('/login/code', { ...sent.form('/login/code'), code: wrong(n) })).status);
  assert(statuses.includes(429), `the network is slowed down: ${statuses.join(' ')}`);
  for (let n = 0; n < 14; n += 1)
    statuses.push(
      (await own.browser().post('/login', { to: '/', login: addressOf('anna'), password: `wrong ${n}` })).status,
    );
  assert.equal(statuses.at(-1), 429, statuses.join(' '));
});

test('the sixth try finds a code void, also the right one, and so does a code that is too old or of another browser', async (t) => {
  const clock = new LeapingClock();
  const own = await startSelfService(t, { clock, configuration: FREE });
  const asked = async () => {
    const browser = own.browser();
    const sent = await browser.post('/login', { to: '/', ...loginOf('anna') });
    assert.equal(sent.status, 200);
    const code = (await own.codes()).at(-1) ?? '';
    assert.match(code, /^\d{8}$/);
    return { browser, form: sent.form('/login/code'), code };
  };
  const first = await asked();
  for (let n = 1; n <= 5; n += 1) {
    const code = String((Number(first.code) + n) % 100_000_000).padStart(8, '0');
    assert.equal((await first.browser.post('/login/code', { ...first.form, code })).status, 403);
  }
  assert.equal((await first.browser.post('/login/code', { ...first.form, code: first.code })).status, 403, 'void');
  const second = await asked();
  for (const bad of ['', 'x', '1234567', second.code.slice(1), `${second.code}0`, '１２３４５６７８'])
    assert.equal((await second.browser.post('/login/code', { ...second.form, code: bad })).status, 403, bad);
  const stranger = own.browser();
  assert.equal((await stranger.post('/login/code', { ...second.form, code: second.code })).status, 403, 'no cookie');
  const third = await asked();
  assert.equal(
    (await third.browser.post('/login/code', { ...third.form, code: second.code })).status,
    403,
    'another browser',
  );
  clock.leap(MAILED_LIFE);
  assert.equal((await third.browser.post('/login/code', { ...third.form, code: third.code })).status, 403, 'too old');
  await asked();
  await asked();
  const sixth = await own.browser().post('/login', { to: '/', ...loginOf('anna') });
  assert.equal(sixth.status, 429);
  assert.match(sixth.body, /Too many codes/);
  assert.equal((await own.codes()).length, 0, 'no letter');
  clock.leap(minutes(61));
  const last = await asked();
  assert.equal((await last.browser.post('/login/code', { ...last.form, code: last.code })).status, 303);
});

test('a code never goes where the same password reads it', async (t) => {
  const own = await startSelfService(t);
  const { registry } = own.gateway.store;
  const other = await own.browser().post('/login', { to: '/', ...loginOf('contact') });
  assert.match(other.body, /<b>anna@group\.test<\/b>/, 'the contact itself: somebody else of the organisation');
  await registry.setAccountStates([addressOf('anna')], 'suspended', operator);
  const alone = await own.browser('nl').post('/login', { to: '/', ...loginOf('contact') });
  assert.equal(alone.status, 409);
  assert.match(alone.body, /Bel de helpdesk/);
});

test('a session ends at once with its password, its account, its network, and its time', async (t) => {
  const clock = new LeapingClock();
  const own = await startSelfService(t, { clock, configuration: FREE });
  const { registry } = own.gateway.store;
  const still = async (browser: Awaited<ReturnType<TestSelfService['loggedIn']>>): Promise<boolean> =>
    (await browser.get('/')).status === 200;
  const first = await own.loggedIn('anna');
  assert(await still(first));
  const elsewhere = own.browser('en', undefined, '127.9.9.9');
  elsewhere.cookies.set(SESSION, first.cookies.get(SESSION) ?? '');
  assert.equal((await elsewhere.get('/')).to, '/login');
  assert.equal(await still(first), false, 'used from elsewhere: ended for all');
  assert.equal((await eventsOf(own, 'self-service.refused')).length, 1);
  const second = await own.loggedIn('anna');
  await registry.setAccountStates([addressOf('anna')], 'suspended', operator);
  assert.equal(await still(second), false);
  await registry.setAccountStates([addressOf('anna')], 'active', operator);
  assert.equal(await still(second), false, 'it stays ended');
  const third = await own.loggedIn('anna');
  clock.leap(SELF_SERVICE_IDLE);
  assert.equal(await still(third), false);
  const fourth = await own.loggedIn('anna');
  await registry.changeSettings({ scope: 'account', login: addressOf('anna') }, { login: 'certificate' }, operator);
  assert.equal(await still(fourth), false, 'it logs in with a certificate alone now');
  await registry.changeSettings({ scope: 'account', login: addressOf('anna') }, { login: null }, operator);
  const fifth = await own.loggedIn('anna');
  await registry.revokePassword(addressOf('anna'), 'first', operator);
  assert.equal(await still(fifth), false);
});

test('a form of another page, without token, or of another session does nothing, and a cookie from outside is not taken over', async (t) => {
  const own = await startSelfService(t);
  const fixed = own.browser();
  fixed.cookies.set(SESSION, 'A'.repeat(43));
  const sent = await fixed.post('/login', { to: '/', ...loginOf('anna') });
  await fixed.post('/login/code', { ...sent.form('/login/code'), code: (await own.codes()).at(-1) ?? '' });
  assert.notEqual(fixed.cookies.get(SESSION), 'A'.repeat(43));
  const home = await fixed.get('/');
  const { token = '' } = home.form('/logout');
  const foreign = await fixed.post('/logout', { token }, { origin: 'https://evil.example' });
  assert.equal(foreign.status, 403);
  assert.equal((await fixed.post('/logout', { token }, { 'sec-fetch-site': 'cross-site' })).status, 403);
  for (const bad of ['', 'x', token.slice(1)]) assert.equal((await fixed.post('/logout', { token: bad })).status, 403);
  assert.equal((await fixed.get('/', { host: 'evil.example' })).status, 421);
  assert.equal(
    (await fixed.post('/login', { to: '/', ...loginOf('anna') }, { origin: 'https://evil.example' })).status,
    403,
  );
  assert.equal((await fixed.get('/')).status, 200);
  const away = await own.browser().post('/login', { to: '//evil.example/', ...loginOf('anna') });
  assert.equal(away.form('/login/code').to, '/');
});

test('a client certificate of the account is the second factor beside the password, and alone it opens nothing', async (t) => {
  const authority = await makeClientAuthority('Ours');
  const own = await startSelfService(t, { asks: true, clientAuthorities: authority.root, configuration: FREE });
  const { registry } = own.gateway.store;
  const [its, other] = [await authority.issue('anna'), await authority.issue('bert')];
  const { leaf } = its;
  const found = value(registrationOf(leaf, { match: 'pin' }));
  await registry.addCertificate(addressOf('anna'), { ...found, name: 'laptop' }, operator);
  const browser = own.browser('en', its);
  assert.match((await browser.get('/')).to ?? '', /^\/login/, 'the certificate alone');
  const done = await browser.post('/login', { to: '/', ...loginOf('anna') });
  assert.deepEqual([done.status, done.to], [303, '/']);
  assert.equal((await browser.get('/')).status, 200);
  assert.equal((await own.codes()).length, 0, 'no code was sent');
  // The session rests on it: without it, or when it is revoked, it is over.
  const without = own.browser('en', other);
  without.cookies.set(SESSION, browser.cookies.get(SESSION) ?? '');
  assert.equal((await without.get('/')).to, '/login');
  const next = own.browser('en', its);
  await next.post('/login', { to: '/', ...loginOf('anna') });
  assert.equal((await next.get('/')).status, 200);
  // Of six logins the last five are left.
  const six = [];
  for (let n = 0; n < 6; n += 1) {
    const one = own.browser('en', its);
    await one.post('/login', { to: '/', ...loginOf('anna') });
    six.push(one);
  }
  const held: number[] = [];
  for (const one of six) held.push((await one.get('/')).status);
  assert.deepEqual(held, [303, 200, 200, 200, 200, 200]);
  assert.equal((await next.get('/')).to, '/login');
  await registry.revokeCertificate(addressOf('anna'), 'laptop', operator);
  for (const one of six) assert.equal((await one.get('/')).to, '/login');
  const stranger = await own.browser('en', other).post('/login', { to: '/', ...loginOf('anna') });
  assert.match(stranger.body, /sent a code/, 'a certificate of somebody else is not a factor');
});
