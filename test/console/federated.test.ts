/** Login at an OpenID provider, through a whole gateway and the real oidc-provider. */
import assert from 'node:assert/strict';
import { X509Certificate, createHash } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { minutes } from '../../src/domain/units.ts';
import { type Browser, LeapingClock, type Seen, type TestConsole, operator, startConsole } from '../support/console.ts';
import { testCertificates } from '../support/certificates.ts';
import { withProvider } from '../support/openid-console.ts';
import type { RealProvider } from '../support/openid.ts';

interface Federated {
  readonly console: TestConsole;
  readonly provider: RealProvider;
  readonly clock: LeapingClock;
  /** From the button to the page that the browser comes back to. */
  readonly through: (browser: Browser, to?: string) => Promise<Seen>;
}

async function start(t: TestContext): Promise<Federated> {
  const { provider, ...federated } = await withProvider(t);
  const clock = new LeapingClock();
  const console = await startConsole(t, { ...federated, clock, accounts: ['anna'], asks: true });
  const through = async (browser: Browser, to = '/'): Promise<Seen> => {
    const away = await browser.get(`/login/provider/begin?to=${encodeURIComponent(to)}`);
    assert.equal(away.status, 303, away.body);
    const back = await provider.visit(away.to ?? '');
    return await browser.get(back.pathname + back.search);
  };
  return { console, provider, clock, through };
}

/** Name and value of the cookie of a login that is under way. */
const absentDaysOf = ({ cookies }: Browser): readonly [string, string] =>
  [...cookies].find(([name]) => name.startsWith('__Host-sluis-oidc-')) ?? ['', ''];

test('somebody logs in at the provider, is what his groups say each time, and is shut out by his end', async (t) => {
  const { console, provider, clock, through } = await start(t);
  const { store } = console.gateway;
  const browser = console.browser();
  assert.match(
    (await browser.get('/login?to=%2Fsearch')).body,
    /href="\/login\/provider\/begin\?to=%2Fsearch"[^>]*>Log in with Test login/,
  );
  provider.person = {
    sub: 's-1',
    preferred_username: 'Els@hospital.example',
    groups: ['help', 'other'],
    amr: ['pwd', 'mfa'],
  };
  const back = await through(browser, '/search');
  assert.deepEqual([back.status, back.headers.refresh], [200, '0; url=/search']);
  assert.equal((await browser.get('/search')).status, 200);
  assert.match((await browser.get('/')).body, /Logged in as <b>els<\/b>/);
  assert.match(String(back.headers['set-cookie']), /__Host-sluis-oidc-[a-z2-7]+=; .*Max-Age=0/);
  const role = async (name: string): Promise<string | undefined> =>
    (await store.operators.list()).find((one) => one.name === name)?.role;
  assert.equal(await role('els'), 'support');

  // The way out of the console is not the one out of the provider, and says so.
  const goodbye = (await browser.get('/goodbye')).body;
  const [, there = ''] = /href="(https:[^"]+)"[^>]*>Log out at Test login/.exec(goodbye) ?? [];
  assert.equal(there.replaceAll('&amp;', '&').split('?')[0], `${provider.issuer}/session/end`);
  assert.doesNotMatch(there, /id_token|redirect/);

  // The same answer again, in the same browser and in another one.
  const away = await console.browser().get('/login/provider/begin');
  const stolen = await provider.visit(away.to ?? '');
  assert.equal((await browser.get(stolen.pathname + stolen.search)).status, 403, 'another browser');
  const replaying = console.browser();
  const away2 = await replaying.get('/login/provider/begin');
  const [name, cookie] = absentDaysOf(replaying);
  const answer = await provider.visit(away2.to ?? '');
  assert.equal((await replaying.get(answer.pathname + answer.search)).status, 200);
  replaying.cookies.set(name, cookie);
  assert.match((await replaying.get(answer.pathname + answer.search)).body, /not right|logged in with this answer/);
  // Nor with another way afterwards, or for a session, than it was begun for.
  const moved = console.browser();
  const away3 = await moved.get('/login/provider/begin?to=https%3A%2F%2Fevil.example');
  const [its, held] = absentDaysOf(moved);
  const [secret = '', , path = ''] = held.split('.');
  assert.equal(Buffer.from(path, 'base64url').toString(), '/', 'nobody is sent elsewhere');
  moved.cookies.set(its, `${secret}..${Buffer.from('/search').toString('base64url')}`);
  const third = await provider.visit(away3.to ?? '');
  assert.match((await moved.get(third.pathname + third.search)).body, /began in another browser/);
  const late = console.browser();
  const away4 = await late.get('/login/provider/begin');
  const fourth = await provider.visit(away4.to ?? '');
  clock.leap(minutes(11));
  assert.match((await late.get(fourth.pathname + fourth.search)).body, /took too long/);

  // Other groups: another role at the next login, and what was begun with the one before is over.
  provider.person = { ...provider.person, groups: ['chiefs', 'help'] };
  assert.equal((await browser.get('/')).status, 200);
  assert.equal((await through(console.browser())).status, 200);
  assert.equal(await role('els'), 'security');
  assert.equal((await browser.get('/')).to, '/login');
  await assert.rejects(store.operators.set('els', { role: 'owner' }, operator), /groups decide/);
  await assert.rejects(console.code('els'), /groups decide/);

  // Weak, in no group, or ended: refused with what helps.
  const person = provider.person;
  const refused = async (change: Partial<RealProvider['person']>): Promise<string> => {
    provider.person = { ...person, ...change };
    const page = await through(console.browser());
    assert.equal(page.status, 403);
    return page.body;
  };
  assert.match(await refused({ sub: 's-2', amr: ['pwd'] }), /did not use two factors/);
  assert.match(await refused({ sub: 's-3', groups: ['other'] }), /no group that may work here/);
  // A name that somebody has here makes nobody that somebody.
  provider.person = { ...person, sub: 's-4' };
  const other = console.browser();
  await through(other);
  assert.match((await other.get('/')).body, /Logged in as <b>els-[a-z0-9]+<\/b>/);
  await store.operators.end('els', operator);
  assert.match(await refused({ sub: 's-1' }), /Your access has ended/);
  assert.equal(await role('els'), undefined);
  const [identity] = (await store.identities.list()).filter(({ operator: name }) => name === 'els');
  await store.identities.release(identity?.id ?? '', operator);
  provider.person = person;
  const again = console.browser();
  await through(again);
  assert.match((await again.get('/')).body, /Logged in as <b>els<\/b>/);

  console.gateway.admin.gateway?.writeCounted();
  const rows = await store.audit.read({ limit: 1000 });
  const whys = rows
    .filter(({ event }) => event === 'console.refused')
    .map(({ facts }) => (facts as { why: string }).why);
  assert.deepEqual([...new Set(whys)].sort(), ['ended', 'groups', 'provider', 'state', 'strength']);
  const entered = rows.filter(({ event }) => event === 'console.logged-in');
  assert(entered.every(({ facts }) => (facts as { means: string }).means === 'oidc'));
  assert.doesNotMatch(JSON.stringify(console.gateway.log.events), new RegExp(provider.secret));
});

test('what cannot be undone sends to the provider once more, and what was typed stays', async (t) => {
  const { console, provider, clock, through } = await start(t);
  provider.person = { sub: 's-1', preferred_username: 'els', groups: ['help'], amr: ['mfa'] };
  const browser = console.browser();
  await through(browser);
  const path = '/accounts/anna%40group.test/contain';
  const form = (await browser.get(path)).form(path);
  clock.leap(minutes(6));
  const late = await browser.post(path, { ...form, reason: 'stolen', caller: 'called' });
  assert.match(late.body, /href="\/prove\/provider"[^>]*>Confirm at Test login/);
  const typed = late.form(path);
  assert.equal(typed.reason, 'stolen');
  // Going on without having been there shows the same again.
  assert.match((await browser.post(path, typed)).body, /Confirm at Test login/);
  const before = provider.asked();
  const away = await browser.get('/prove/provider');
  assert.match(away.to ?? '', /prompt=login/);
  // Somebody else at the provider proves nothing.
  provider.person = { ...provider.person, sub: 's-9' };
  const other = await provider.visit(away.to ?? '');
  assert.equal((await browser.get(other.pathname + other.search)).status, 403);
  provider.person = { ...provider.person, sub: 's-1' };
  const back = await provider.visit((await browser.get('/prove/provider')).to ?? '');
  // As a browser comes back: without the cookie of the session, which is Strict.
  const kept = browser.cookies.get('__Host-sluis') ?? '';
  browser.cookies.delete('__Host-sluis');
  assert.match((await browser.get(back.pathname + back.search)).body, /Confirmed/);
  browser.cookies.set('__Host-sluis', kept);
  assert.equal(provider.asked(), before + 2, 'the provider has asked again');
  assert.equal((await browser.post(path, typed)).to, '/accounts/anna%40group.test?done=contain');
  const [row] = (await console.gateway.store.audit.read({ limit: 1000 })).filter(
    ({ event, facts }) =>
      event === 'operator.changed' && (facts as { operation: string }).operation === 'account.contain',
  );
  assert.equal((row?.facts as { proof: string }).proof, 'oidc');
});

test('the client certificate of an operator is the second factor beside a password at the provider, and nothing alone', async (t) => {
  const { console, provider, through } = await start(t);
  const { store } = console.gateway;
  const { server: shows } = await testCertificates();
  const certificate = createHash('sha256').update(new X509Certificate(shows.certificate).raw).digest('hex');
  await store.operators.add({ name: 'mia', role: 'read', certificate }, operator);
  await store.identities.add('mia', { issuer: provider.issuer, subject: 's-7' }, 'IDENTITY', operator);
  const come = async (person: RealProvider['person'], shown?: typeof shows): Promise<number> => {
    provider.person = { groups: ['help'], ...person };
    const browser = console.browser('en', undefined, shown);
    const page = await through(browser);
    if (page.status === 200) assert.match((await browser.get('/')).body, /Logged in as <b>mia<\/b>/);
    else assert.match(page.body, /did not use two factors/);
    return page.status;
  };
  assert.equal(await come({ sub: 's-7', amr: ['pwd'] }), 403, 'the password alone');
  assert.equal(await come({ sub: 's-7', amr: ['swk'] }, shows), 403, 'a key beside a key');
  assert.equal(await come({ sub: 's-8', amr: ['pwd'] }, shows), 403, 'the certificate of somebody else');
  assert.equal(await come({ sub: 's-7', amr: ['pwd'] }, shows), 200);
  assert.equal((await console.browser('en', undefined, shows).get('/')).to, '/login', 'the certificate alone');
  const [row] = (await store.audit.read({ limit: 1000 })).filter(({ event }) => event === 'console.logged-in');
  assert.equal((row?.facts as { certificate?: string }).certificate, certificate);
});

test('logins of many tabs at a time end each where it began, and the ninth of a browser makes room for itself', async (t) => {
  const { console, provider } = await start(t);
  provider.person = { sub: 's-1', preferred_username: 'els', groups: ['help'], amr: ['mfa'] };
  const tabs = Array.from({ length: 8 }, (_, n) => `/search?q=${n}`);
  const begin = async (browser: Browser, to: string): Promise<string> =>
    (await browser.get(`/login/provider/begin?to=${encodeURIComponent(to)}`)).to ?? '';
  const visit = async (to: string): Promise<string> => {
    const { pathname, search } = await provider.visit(to);
    return pathname + search;
  };
  // Two operators, four tabs each, in no order.
  const browsers = [console.browser(), console.browser()];
  const away: (readonly [Browser, string, string])[] = [];
  for (const [n, to] of tabs.entries()) away.push([browsers[n % 2]!, to, await begin(browsers[n % 2]!, to)]);
  const back: (readonly [Browser, string, string])[] = [];
  for (const [browser, to, at] of away.toReversed()) back.push([browser, to, await visit(at)]);
  const ended = await Promise.all(back.map(async ([browser, to, at]) => [to, await browser.get(at)] as const));
  for (const [to, page] of ended) assert.equal(page.headers.refresh, `0; url=${to}`, `${page.status} ${page.body}`);
  for (const browser of browsers) assert.equal((await browser.get('/search')).status, 200);
  assert.deepEqual(
    browsers.map((browser) => absentDaysOf(browser)[0]),
    ['', ''],
    'nothing of them is left',
  );
  // More than a browser may have under way: the first one hears what to do, the others go on.
  const many = console.browser();
  const begun: string[] = [];
  for (const to of [...tabs, '/queue']) begun.push(await begin(many, to));
  assert.equal(many.cookies.size, 8);
  const first = await many.get(await visit(begun[0]!));
  assert.match(first.body, /began in another browser, or it took too long\. Start again/);
  assert.equal((await many.get(await visit(begun[1]!))).headers.refresh, `0; url=${tabs[1]}`);
  assert.equal((await many.get(await visit(begun[8]!))).headers.refresh, '0; url=/queue');
});
