/**
 * Partners, certificates, the trail and requests for a second person in the console, and that what
 * strangers wrote stands there as text.
 */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import Database from 'better-sqlite3';
import { type OperationName, runOperation } from '../../src/admin/operations.ts';
import type { Input } from '../../src/admin/input.ts';
import { approvalStatement, signApproval } from '../../src/crypto/trail/approval.ts';
import { certificatePem } from '../../src/crypto/certificates/certificate.ts';
import { fingerprintOf, spkiOf } from '../../src/crypto/trail/operator-key.ts';
import { OWNER_SAID } from '../../src/domain/roles.ts';
import { instant } from '../../src/domain/units.ts';
import type { RegisterPage } from '../../src/console/parts/register.ts';
import { CONSOLE_PAGES } from '../../src/console/table.ts';
import { makeClientAuthority } from '../support/client-certificates.ts';
import { type Browser, type Seen, type TestConsole, operator, startConsole } from '../support/console.ts';
import { addressOf } from '../support/gateway.ts';
import { freePort } from '../support/instance.ts';

const run = async (console: TestConsole, name: OperationName, input: Input): Promise<unknown> =>
  await runOperation(
    name,
    console.gateway.admin,
    input,
    { actor: operator, who: OWNER_SAID, progress: () => undefined },
    console.gateway.log,
  );

/** Opens the page of a deed, fills it in and sends it. */
const doIt = async (browser: Browser, path: string, fields: Readonly<Record<string, string>>): Promise<Seen> => {
  const [action = ''] = path.split('?');
  return await browser.post(action, { ...(await browser.get(path)).form(action), reason: 'ticket 5', ...fields });
};

const withPartner = async (t: TestContext, more = ''): Promise<TestConsole> => {
  const console = await startConsole(t, { accounts: ['anna'], configuration: more });
  await console.gateway.store.registry.addOrganisation({ name: 'umc', title: 'UMC', language: 'nl' }, operator);
  return console;
};

test('a partner is added, tested, stopped, resumed and ended from its page', async (t) => {
  const console = await withPartner(t);
  const { browser } = await console.loggedIn('jan', 'registry');
  const typed = { inname: 'umc', inorganisation: 'umc', inhost: '127.0.0.1', inport: String(await freePort()) };
  const wrong = await doIt(browser, '/new/partner', { ...typed, inport: '70000' });
  assert.equal(wrong.status, 422);
  assert.match(wrong.body, /Expected: a whole number from 1 to 65535/);
  assert.equal((await doIt(browser, '/new/partner', typed)).to, '/partners?done=partner');
  assert.match(
    (await browser.get('/partners?done=partner')).body,
    /The partner was added[\s\S]*href="\/partners\/umc"/,
  );
  const page = await browser.get('/partners/umc');
  const tested = await browser.post('/partners/umc/test', page.form('/partners/umc/test'));
  assert.match(tested.body, /cannot be reached in this way/);
  assert.match(tested.body, /check host, port and TLS mode/);
  await doIt(browser, '/partners/umc/suspend', { inrefuse: 'yes' });
  const stopped = await browser.get('/partners/umc');
  assert.match(stopped.body, /suspended, new mail refused/);
  assert.doesNotMatch(stopped.body, /href="\/partners\/umc\/suspend"/);
  await doIt(browser, '/partners/umc/resume', {});
  await doIt(browser, '/partners/umc/add-domain', { indomain: 'umc.example' });
  assert.match((await browser.get('/partners/umc')).body, /umc\.example/);
  // The plan before the deed, and the name typed.
  const end = await doIt(browser, '/partners/umc/end', { look: 'yes', ingrace: '60d' });
  assert.match(end.body, /every address of umc\.example/);
  assert.equal(end.form('/partners/umc/end').ingrace, '60d');
  const other = await doIt(browser, '/partners/umc/end', { confirm: 'umx' });
  assert.equal(other.status, 422);
  assert.match(other.body, /The name is not the same/);
  assert.equal(
    (await doIt(browser, '/partners/umc/end', { confirm: 'umc', ingrace: '60d' })).to,
    '/partners/umc?done=end',
  );
  assert.match((await browser.get('/partners/umc')).body, /ending/);
});

test('certificates are listed by their end, narrowed by account, and one is revoked for good', async (t) => {
  const console = await startConsole(t, { accounts: ['anna'] });
  const { leaf } = await (await makeClientAuthority('uzi')).issue('<script>alert(1)</script>');
  const login = addressOf('anna');
  await run(console, 'account.certificate.add', { login, pem: certificatePem(leaf), name: 'laptop' });
  const { browser } = await console.loggedIn('zoe', 'security');
  const all = await browser.get('/certificates');
  assert.match(all.body, /a port of the gateway/);
  const mine = await browser.get(`/certificates?inaccount=${encodeURIComponent(login)}`);
  assert.doesNotMatch(mine.body, /a port of the gateway/);
  const path = `/certificates/${leaf.fingerprint}`;
  assert(mine.body.includes(`href="${path}"`));
  const shown = await browser.get(path);
  assert.match(shown.body, /&lt;script\\&gt;alert/);
  assert.equal((await browser.get('/certificates?inaccount=nobody')).status, 422);
  const revoked = await doIt(browser, `${path}/revoke`, { inwhy: 'keyCompromise', caller: 'called' });
  assert(revoked.status === 303 || revoked.body.includes('was revoked'), revoked.body);
  const after = await browser.get(path);
  assert.match(after.body, />revoked</);
  assert.doesNotMatch(after.body, /\/revoke"/);
});

test('the trail is narrowed, each look stands in it once, and it is proven by its anchors', async (t) => {
  const console = await startConsole(t, { accounts: ['anna'] });
  const { browser } = await console.loggedIn('zoe', 'security');
  const reads = async (): Promise<number> =>
    (await console.gateway.store.audit.read({ limit: 1000 })).filter(({ event }) => event === 'audit.read').length;
  const page = await browser.get('/trail?inevent=console.logged-in');
  assert.match(page.body, /<code>console\.logged-in<\/code>/);
  assert.doesNotMatch(page.body, /<code>registry\./);
  assert.equal(await reads(), 1);
  await browser.get('/trail?after=3');
  assert.equal(await reads(), 1, 'the pages of one list are one look');
  const file = await browser.get('/trail.csv?insince=yesterday');
  assert.match(file.body, /^ROW,TIME,EVENT,OUTCOME,ACCOUNT,MESSAGE,FACTS\n/);
  assert.equal(await reads(), 2);
  const mistyped = await browser.get('/trail?inevent=logon');
  assert.equal(mistyped.status, 422);
  assert.match(mistyped.body, /expected an event/);
  const check = async (): Promise<string> =>
    (await browser.post('/trail-check', (await browser.get('/trail-check')).form('/trail-check'))).body;
  await run(console, 'audit.anchor', {});
  assert.match(await check(), /Its signatures prove that/);
  assert.equal(await reads(), 3);

  // Somebody who can write to the disk changes a row: its number is said, and nothing of its
  // content.
  const db = new Database(join(console.gateway.config.data.folder, 'sluis.db'));
  const { changes } = db.prepare("UPDATE audit SET event = 'nothing' WHERE seq = 2").run();
  db.close();
  assert.equal(changes, 1);
  assert.match(await check(), /<p role="alert"><b>[^<]+<\/b><\/p><p lang="en">2: /);
});

test('what needs two signatures waits, and is done exactly so once two have signed', async (t) => {
  const console = await withPartner(t, '[operators]\nsecond-person = ["end"]');
  const { store, admin } = console.gateway;
  await run(console, 'partner.add', { name: 'umc', organisation: 'umc', host: 'mail.umc.example' });
  const keys = ['els', 'piet'].map((name) => ({ name, ...generateKeyPairSync('ed25519') }));
  for (const { name, publicKey } of keys)
    await run(console, 'operator.add', {
      name,
      'public-key': publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    });
  const { browser } = await console.loggedIn('jan', 'registry');
  const asked = await doIt(browser, '/partners/umc/end', { confirm: 'umc' });
  const [, path = ''] = /href="(\/approvals\/[^"]+)"/.exec(asked.body) ?? [];
  assert.match(asked.body, /waits for a second person/);
  const waiting = await browser.get(path);
  assert.match(waiting.body, /partner\.end[\s\S]*nobody yet/);
  assert.doesNotMatch(waiting.body, /\/run"/);
  const request = (await store.operators.request(path.slice('/approvals/'.length)))!;
  // Before two have signed nothing is done, whoever sends the form.
  const [, token = ''] = /name="token" value="([^"]+)"/.exec(waiting.body) ?? [];
  assert.equal((await browser.post(`${path}/run`, { token })).status, 409);
  assert.equal((await store.registry.findPartnerNamed('umc'))?.endsAt, undefined);
  for (const { name, privateKey, publicKey } of keys) {
    const at = instant(Date.now());
    const signature = signApproval(approvalStatement(admin.partners.hostname, request, name, at), privateKey);
    await run(console, 'approval.sign', {
      ...{ id: request.id, fingerprint: fingerprintOf(spkiOf(publicKey)), at },
      signature: signature.toString('base64'),
    });
  }
  // A helpdesk sees the request, and may not do what it asks.
  const { browser: support } = await console.loggedIn('kim', 'support');
  const seen = await support.get(path);
  assert.doesNotMatch(seen.body, /\/run"/);
  const [, his = ''] = /name="token" value="([^"]+)"/.exec(seen.body) ?? [];
  assert.equal((await support.post(`${path}/run`, { token: his })).status, 403);
  const signed = await browser.get(path);
  const done = await browser.post(`${path}/run`, signed.form(`${path}/run`));
  assert.match(done.body, /It was done/);
  assert((await store.registry.findPartnerNamed('umc'))?.endsAt !== undefined);
  assert.equal((await browser.get(path)).status, 404, 'it serves once');
});

test('what strangers and operators wrote stands in every register and its pages as text', async (t) => {
  const hostile = '"><script>alert(1)</script><img src=x onerror=alert(2)>';
  const console = await startConsole(t, { accounts: ['anna'] });
  const { registry } = console.gateway.store;
  await registry.addOrganisation({ name: 'hostile', title: hostile, telephone: '088 1', language: 'nl' }, operator);
  const { leaf } = await (await makeClientAuthority('uzi')).issue(hostile);
  await run(console, 'account.certificate.add', { login: addressOf('anna'), pem: certificatePem(leaf), name: hostile });
  const url = 'https://hooks.example.nl/%3Cscript%3E';
  const { id } = (await run(console, 'webhook.add', { name: hostile, url })) as { readonly id: string };
  await run(console, 'organisation.set', { name: 'hostile', title: hostile, reason: hostile });
  const { browser } = await console.loggedIn('els', 'owner');
  const lists = CONSOLE_PAGES.filter((page): page is RegisterPage => 'register' in page && !page.path.endsWith('.csv'));
  let told = 0;
  for (const path of [
    ...lists.map((page) => page.path),
    `/webhooks/${id}`,
    `/certificates/${leaf.fingerprint}`,
    '/organisations/hostile',
    ...lists.flatMap(({ path, register }) =>
      (register.filters ?? []).map((name) => `${path}?in${name}=${encodeURIComponent(hostile)}`),
    ),
    ...lists.map((page) => `${page.path}?after=${encodeURIComponent(hostile)}&done=${encodeURIComponent(hostile)}`),
  ]) {
    const { body, status } = await browser.get(path);
    assert(status < 500, `${path}: ${status}`);
    assert.doesNotMatch(body, /<script>|<img/, path);
    assert(body.length < 60_000, `${path} has ${body.length}`);
    if (body.includes('&lt;script')) told += 1;
  }
  assert(told >= 8, `it is on ${told} pages`);
  // A spreadsheet takes nothing of it for a formula.
  await registry.addOrganisation({ name: 'formula', title: '=HYPERLINK("https://x")', language: 'nl' }, operator);
  assert.match((await browser.get('/organisations.csv')).body, /"'=HYPERLINK/);
});

test('a webhook is added with a secret that is shown once, and paused', async (t) => {
  const console = await startConsole(t, { accounts: ['anna'] });
  const { browser } = await console.loggedIn('jan', 'registry');
  const typed = { inname: 'poort', inurl: 'https://hooks.example.nl/x', inaccount: addressOf('anna') };
  const wrong = await doIt(browser, '/new/webhook', { ...typed, inevent: 'message.received\nmessage.lost' });
  assert.match(wrong.body, /Expected: message\.received or/);
  const added = await doIt(browser, '/new/webhook', { ...typed, inevent: 'message.received\nmessage.failed' });
  const [, secret = ''] = /<output>([^<]+)<\/output>/.exec(added.body) ?? [];
  assert(secret.length > 20);
  const [, path = ''] = /href="(\/webhooks\/[^"?]+)"/.exec((await browser.get('/webhooks')).body) ?? [];
  await doIt(browser, `${path}/pause`, {});
  const page = await browser.get(path);
  assert.match(page.body, /paused[\s\S]*message\.failed/);
  assert(!page.body.includes(secret));
  assert.doesNotMatch(page.body, /\/pause"/);
});
