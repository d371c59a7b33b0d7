/**
 * What an account sees and does at its own pages, through a whole gateway: with what is its own, as
 * itself in the trail, in both languages.
 */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { runOperation } from '../../src/admin/operations.ts';
import { makeName } from '../../src/crypto/certificates/distinguished-name.ts';
import { makeCertificateRequest } from '../../src/crypto/certificates/certificate-request.ts';
import { OWNER_SAID } from '../../src/domain/roles.ts';
import { autoconfig, mobileconfig } from '../../src/self-service/pages/program-files.ts';
import { SELF_SERVICE_PAGES } from '../../src/self-service/table.ts';
import { operator } from '../support/console.ts';
import { addressOf, loginOf, passwordOf } from '../support/gateway.ts';
import { fetchAll, send } from '../support/mail.ts';
import { done, startSelfService } from '../support/self-service.ts';
import { SmtpClient } from '../support/smtp-client.ts';

const FREE = '[auth]\nexempt-networks = ["127.0.0.0/8"]\nrefusal-grid = "0s"';
const own = (t: TestContext) => startSelfService(t, { accounts: ['bert'], configuration: FREE });
const content = 'From: <anna@group.test>\r\nSubject: Secret subject\r\n\r\nSecret content\r\n';

/** DER, with a key of the test's own. */
async function derRequest(): Promise<Buffer> {
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return await makeCertificateRequest(keys, { subject: makeName({ commonName: 'anna' }) });
}

/** PEM. */
async function requestOf(): Promise<string> {
  const der = await derRequest();
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE REQUEST-----\n${lines.join('\n')}\n-----END CERTIFICATE REQUEST-----\n`;
}

test('every page stands in both languages, asks for a login, and is small', async (t) => {
  const site = await own(t);
  const id = await send(site.gateway.target('submissions'), loginOf('anna'), {
    from: addressOf('anna'),
    to: [addressOf('bert')],
    content,
  });
  const [dutch, english] = [await site.loggedIn('anna', 'nl'), await site.loggedIn('anna', 'en')];
  const behind = SELF_SERVICE_PAGES.filter(({ access }) => access !== 'nobody');
  assert(behind.length >= 15);
  for (const { method, path, access } of behind) {
    const at = path.replace('{id}', id);
    const stranger = method === 'GET' ? await site.browser().get(at) : await site.browser().post(at, {});
    assert.match(stranger.to ?? '', /^\/login/, `${method} ${path}`);
    if (method === 'POST' || access === 'contact' || /\.\w+$/.test(path)) continue;
    const [nl, en] = [await dutch.get(at), await english.get(at)];
    assert.deepEqual([nl.status, en.status], [200, 200], path);
    assert.match(nl.body, /<html lang="nl">/);
    const texts = [nl, en].map(({ body }) => /<main[^]*<\/main>/.exec(body)?.[0]);
    assert.notEqual(texts[0], texts[1], path);
    assert(Math.max(nl.body.length, en.body.length) < 60_000, path);
    assert.doesNotMatch(en.body, /Secret subject|Secret content/);
    assert.equal(en.headers['cache-control'], 'no-store');
    assert.match(String(en.headers['content-security-policy']), /default-src 'none'/);
  }
});

test('the overview says who empties the mailbox, and a sender sees what became of a message', async (t) => {
  const site = await own(t);
  const browser = await site.loggedIn('anna');
  assert.match((await browser.get('/')).body, /Nobody has ever opened this mailbox/);
  await fetchAll(site.gateway.target('pop3s'), loginOf('anna'));
  assert.match((await browser.get('/')).body, /127\.0\.0\.1/);
  const id = await send(site.gateway.target('submissions'), loginOf('anna'), {
    from: addressOf('anna'),
    to: [addressOf('bert')],
    content,
  });
  assert.match((await browser.get('/messages')).body, new RegExp(`/messages/${id}`));
  assert.equal((await browser.get(`/messages?id=${id}`)).to, `/messages/${id}`);
  const waits = await browser.get(`/messages/${id}`);
  assert.match(waits.body, /bert@group\.test/);
  assert.match(waits.body, /It is in the mailbox/);
  await fetchAll(site.gateway.target('pop3s'), loginOf('bert'));
  assert.match((await browser.get(`/messages/${id}`)).body, /has collected it/);
  // What another account sent is not there, by whichever road it is asked for.
  const other = await site.loggedIn('bert');
  assert.equal((await other.get(`/messages/${id}`)).status, 404);
  assert.equal((await other.get(`/messages?id=${id}`)).to, `/messages/${id}`);
  assert.doesNotMatch((await other.get('/messages')).body, new RegExp(id));
  assert.equal((await other.get('/messages?id=%3Cx%40y%3E')).status, 404);
});

test('an app password is made, shown once, used and ended by the account itself', async (t) => {
  const site = await own(t);
  const browser = await site.loggedIn('anna');
  const wrong = await done(browser, '/passwords/new', { inname: '', inscope: 'both' });
  assert.equal(wrong.status, 422);
  const name = 'Dossier "<b>"';
  const bad = await done(browser, '/passwords/new', { inname: name, inscope: 'both', inends: 'never' });
  assert.equal(bad.status, 422);
  assert.match(bad.body, /value="Dossier &quot;&lt;b&gt;&quot;"/, 'what was typed stays');
  const made = await done(browser, '/passwords/new', { inname: name, inscope: 'both', inends: '365d' });
  assert.equal(made.status, 200);
  const [, password = ''] = /<output>(sluisapp_[^<]+)<\/output>/.exec(made.body) ?? [];
  const login = { login: addressOf('anna'), password };
  await (await SmtpClient.open(site.gateway.target('submissions'), login)).quit();
  assert.equal((await done(browser, '/passwords/new', { inname: name, inscope: 'both' })).status, 409, 'once a name');
  const list = await browser.get('/passwords');
  assert.doesNotMatch(list.body, /sluisapp_/);
  assert.match(list.body, /Dossier &quot;&lt;b&gt;&quot;/);
  const ended = await done(browser, `/passwords/end?name=${encodeURIComponent(name)}`);
  assert.equal(ended.to, '/passwords?done=ended');
  await assert.rejects(SmtpClient.open(site.gateway.target('submissions'), login));
  assert.equal((await done(browser, `/passwords/end?name=${encodeURIComponent(name)}`)).status, 404);
  const rows = await site.gateway.store.audit.read({ limit: 1000 });
  const added = rows.find(({ event }) => event === 'registry.app-password-added');
  assert.equal(added?.personal?.actor, addressOf('anna'));
  const asked = rows.find(
    ({ event, facts }) => event === 'operator.changed' && JSON.stringify(facts).includes('app-password.add'),
  );
  assert.equal((asked?.facts as { proof?: string }).proof, 'log-in');
});

test('what another account holds is not there, whatever a form says, and nothing else can be set', async (t) => {
  const site = await own(t);
  const { registry } = site.gateway.store;
  const browser = await site.loggedIn('anna');
  const form = (await browser.get('/passwords/new')).form('/passwords/new');
  // Fields of other names are nobody's: whose it is the session says.
  const made = await browser.post('/passwords/new', {
    ...form,
    ...{
      inname: 'mine',
      inscope: 'both',
      login: addressOf('bert'),
      inlogin: addressOf('bert'),
      which: addressOf('bert'),
    },
  });
  assert.equal(made.status, 200);
  assert.equal((await registry.findAccount(addressOf('bert')))?.appPasswords.length, 0);
  assert.equal((await registry.findAccount(addressOf('anna')))?.appPasswords.length, 1);
  const away = { ...(await browser.get('/absence/new?address=x')).form('/absence/new'), which: addressOf('bert') };
  const refused = await browser.post('/absence/new', { ...away, inuntil: '14d', inrefuse: 'yes' });
  assert.equal(refused.status, 404);
  const nobody = await browser.post('/absence/new', {
    ...away,
    which: 'nobody@group.test',
    inuntil: '14d',
    inrefuse: 'yes',
  });
  assert.equal(nobody.status, 404);
  const body = ({ body: text }: typeof nobody, whose: string): string => text.replaceAll(whose, 'X');
  assert.equal(body(refused, addressOf('bert')), body(nobody, 'nobody@group.test'), 'another’s looks like nobody’s');
  assert.equal((await browser.get('/organisation')).status, 403, 'it is not the contact');
  const as = (name: string, input: object) =>
    runOperation(
      name as 'account.show',
      site.gateway.admin,
      input as never,
      {
        actor: { name: addressOf('anna') },
        who: { role: 'owner', proof: 'log-in', account: addressOf('anna') },
        progress: () => undefined,
      },
      site.gateway.log,
    );
  for (const [name, input] of [
    ['account.suspend', { login: [addressOf('anna')] }],
    ['account.list', {}],
    ['account.show', { login: addressOf('anna'), all: true }],
    ['cert.issue', { account: addressOf('anna'), use: 'mail', request: 'x' }],
    ['audit.list', {}],
  ] as const)
    await assert.rejects(as(name, input), { kind: 'forbidden' }, name);
  for (const [name, input] of [
    ['account.show', { login: addressOf('bert') }],
    ['account.show', { login: 'nobody@group.test' }],
    ['account.list', { organisation: 'group' }],
    ['account.app-password.end', { login: addressOf('bert'), name: 'x' }],
  ] as const)
    await assert.rejects(as(name, input), { kind: 'unknown' }, name);
});

test('somebody agrees to stand in, the other is away, and comes back', async (t) => {
  const site = await own(t);
  const [anna, bert] = [await site.loggedIn('anna'), await site.loggedIn('bert')];
  const away = { inuntil: '14d', insubstitute: addressOf('bert') };
  const early = await done(anna, `/absence/new?address=${addressOf('anna')}`, away);
  assert(early.status >= 400, 'nobody is made a substitute who did not agree');
  // Neither a colleague nor a refusal is the commonest slip: the page says to choose one of the
  // two.
  const neither = await done(anna, `/absence/new?address=${addressOf('anna')}`, { inuntil: '14d' });
  assert.match(neither.body, /Choose a colleague who agreed here, or have mail refused/);
  const agreed = await done(bert, `/absence/agree?substitute=${addressOf('bert')}`, { infor: addressOf('anna') });
  assert.equal(agreed.to, '/absence?done=agreed');
  assert.equal((await done(anna, `/absence/new?address=${addressOf('anna')}`, away)).to, '/absence?done=noted');
  assert.match((await anna.get('/absence')).body, /mail goes to bert@group\.test/);
  assert.equal((await done(anna, `/absence/end?address=${addressOf('anna')}`)).to, '/absence?done=back');
  const { registry } = site.gateway.store;
  await registry.addOrganisation({ name: 'other', title: 'Other', language: 'nl' }, operator);
  await registry.addAccount(
    { login: 'far@group.test', organisation: 'other', kind: 'mail', addresses: [addressOf('far')] },
    operator,
  );
  const far = await done(anna, `/absence/new?address=${addressOf('anna')}`, {
    inuntil: '14d',
    insubstitute: 'far@group.test',
  });
  assert.equal(far.status, 404, 'a substitute of another organisation');
});

test('the settings of a mail program stand there as text, as files and as a picture, and no password', async (t) => {
  const site = await own(t);
  const browser = await site.loggedIn('anna');
  const page = await browser.get('/program');
  assert.match(page.body, /Sending \(SMTP\): mail\.test, port \d+, SSL\/TLS/);
  assert.match(page.body, /<svg class="qr" viewBox="0 0 \d+ \d+" role="img" aria-labelledby="qr-says">/);
  const thunderbird = await browser.get('/program/thunderbird.xml');
  assert.match(String(thunderbird.headers['content-disposition']), /attachment; filename="config-v1\.1\.xml"/);
  assert.match(thunderbird.body, /<incomingServer type="pop3">\s+<hostname>mail\.test<\/hostname>/);
  assert.match(thunderbird.body, /<username>anna@group\.test<\/username>/);
  const apple = await browser.get('/program/apple.mobileconfig');
  assert.equal(apple.headers['content-type'], 'application/x-apple-aspen-config');
  assert.match(apple.body, /<key>EmailAddress<\/key><string>anna@group\.test<\/string>/);
  for (const { body } of [page, thunderbird, apple]) assert(!body.includes(passwordOf('anna')));
});

test('what stands in these files stays text', () => {
  const hostile = {
    ...{ login: '<a&"b>', address: '"<x>"@group.test', gateway: '</string><true/>' },
    servers: [
      { protocol: 'pop3', host: 'a<b', port: 995, tls: 'implicit' },
      { protocol: 'smtp', host: 'a<b', port: 465, tls: 'implicit' },
    ] as const,
  };
  for (const text of [autoconfig(hostile), mobileconfig(hostile) ?? '']) {
    assert.match(text, /&lt;a&amp;&quot;b&gt;/);
    assert.doesNotMatch(text, /<\/string><true\/><|a<b/);
  }
});

test('the contact of an organisation sees who is in it, and of no other', async (t) => {
  const site = await own(t);
  const { registry } = site.gateway.store;
  await registry.addOrganisation({ name: 'other', title: 'Other', language: 'nl' }, operator);
  await registry.addAccount({ login: 'far@group.test', organisation: 'other', kind: 'mail', addresses: [] }, operator);
  const contact = await site.loggedIn('contact');
  const page = await contact.get('/organisation');
  assert.equal(page.status, 200);
  assert.match(page.body, /bert@group\.test/);
  assert.doesNotMatch(page.body, /far@group\.test/);
  assert.match((await contact.get('/')).body, /href="\/organisation"/);
});

test('an account gets a certificate for its own request, and ends it; one that nobody can read keeps what was typed', async (t) => {
  const site = await own(t);
  const owner = { actor: operator, who: OWNER_SAID, progress: () => undefined };
  await runOperation('ca.init', site.gateway.admin, { name: 'Group', 'key-kind': 'p256' }, owner, site.gateway.log);
  const browser = await site.loggedIn('anna');
  const bad = await done(browser, '/passwords/certificate', { inrequest: 'no <request>' });
  assert(bad.status >= 400);
  assert.match(bad.body, /no &lt;request&gt;<\/textarea>/);
  const issued = await done(browser, '/passwords/certificate', { inrequest: await requestOf() });
  assert.equal(issued.status, 200, issued.body);
  assert.match(issued.body, /<pre>-----BEGIN CERTIFICATE-----/);
  const [held] = (await site.gateway.store.registry.findAccount(addressOf('anna')))?.certificates ?? [];
  const path = `/passwords/revoke?name=${encodeURIComponent(held?.name ?? '')}`;
  assert((await browser.get('/passwords')).body.includes(`href="${path}"`));
  assert.equal((await done(browser, path)).to, '/passwords?done=revoked');
  const [ended] = (await site.gateway.store.registry.findAccount(addressOf('anna')))?.certificates ?? [];
  assert.notEqual(ended?.revokedAt, undefined);
});

test('a request for a certificate may be a file, DER or PEM, or DER in base64, on the page and over operations', async (t) => {
  const site = await own(t);
  const { admin, log } = site.gateway;
  const owner = { actor: operator, who: OWNER_SAID, progress: () => undefined };
  await runOperation('ca.init', admin, { name: 'Group', 'key-kind': 'p256' }, owner, log);
  const browser = await site.loggedIn('anna');
  const path = '/passwords/certificate';
  const page = await browser.get(path);
  assert.match(page.body, /enctype="multipart\/form-data"/);
  assert.doesNotMatch(page.body, /<textarea[^>]* required/, 'a file alone is sent');
  const upload = async (file: string | Buffer, typed = '') =>
    await browser.upload(path, { ...page.form(path), inrequest: typed }, file);
  for (const file of [await derRequest(), Buffer.from(await requestOf())]) {
    const issued = await upload(file);
    assert.equal(issued.status, 200, issued.body);
    assert.match(issued.body, /<pre>-----BEGIN CERTIFICATE-----/);
  }
  // What was typed counts where both are there; neither is told at the field; half a file is no
  // request.
  assert.equal((await upload(await derRequest(), 'no request')).status, 422);
  const neither = await upload('');
  assert.equal(neither.status, 422);
  assert.match(neither.body, /id="inrequest-wrong">Fill this in/);
  assert.equal((await upload((await derRequest()).subarray(0, 100))).status, 422);
  assert.equal((await upload(Buffer.alloc(17_000, 0x30))).status, 413);
  assert.equal((await browser.upload(path, { token: 'x' }, await derRequest())).status, 403);
  const request = (await derRequest()).toString('base64');
  const issue = async (text: string) =>
    await runOperation('cert.issue', admin, { account: addressOf('bert'), use: 'login', request: text }, owner, log);
  assert.match((await issue(request)).pem, /BEGIN CERTIFICATE/);
  assert.match((await issue(request.replaceAll(/.{64}/g, '$&\r\n'))).pem, /BEGIN CERTIFICATE/);
  await assert.rejects(issue(request.slice(0, 40)), /certificate request/);
});

test('a code of a letter gives a password on a page of the same frame; an error keeps what was typed', async (t) => {
  const site = await own(t);
  const owner = { actor: operator, who: OWNER_SAID, progress: () => undefined };
  const login = addressOf('anna');
  await runOperation('account.reset', site.gateway.admin, { login: [login], by: 'contact' }, owner, site.gateway.log);
  const letters = await fetchAll(site.gateway.target('pop3s'), loginOf('contact'));
  const code = /[a-z2-9]{4}(?:-[a-z2-9]{4}){5}/.exec(letters.join(''))?.[0] ?? '';
  const browser = site.browser();
  assert.match((await browser.get('/login')).body, /href="\/code"/);
  const page = await browser.get('/code');
  assert.match(page.body, /aria-describedby="code-hint"/);
  assert.doesNotMatch(page.body, /<textarea/, 'the certificate has a page of its own');
  const wrong = await browser.post('/code', { login: '"><script>1</script>', code: 'x', password: 'Some-password-1' });
  assert.equal(wrong.status, 403);
  assert.match(wrong.body, /role="alert"/);
  assert.match(wrong.body, /value="&quot;&gt;&lt;script&gt;1&lt;\/script&gt;"/);
  assert.doesNotMatch(wrong.body, /Some-password-1/);
  const weak = await browser.post('/code', { login, code, password: 'short' });
  assert.equal(weak.status, 422);
  assert(weak.body.includes(`value="${code}"`), 'the code is still good, and still there');
  const bad = await browser.post('/code/certificate', { login, code, request: 'no request' });
  assert.equal(bad.status, 422);
  assert.match(bad.body, /no request<\/textarea>/);
  assert.equal((await browser.post('/code', { login, code }, { origin: 'https://evil.example' })).status, 403);
  const given = await browser.post('/code', { login, code });
  assert.equal(given.status, 200);
  const [, password = ''] = /<output>([^<]+)<\/output>/.exec(given.body) ?? [];
  await (await SmtpClient.open(site.gateway.target('submissions'), { login, password })).quit();
  assert.equal((await browser.post('/code', { login, code })).status, 403, 'it serves once');
});
