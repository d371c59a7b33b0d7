/**
 * What a helpdesk does with a message and with the queue: what happens, who reads the reason, and
 * what stands in the trail.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type OperationName, runOperation } from '../../src/admin/operations.ts';
import type { Input } from '../../src/admin/input.ts';
import { OWNER_SAID } from '../../src/domain/roles.ts';
import { type Browser, type Seen, type TestConsole, operator, startConsole } from '../support/console.ts';
import { addressOf, loginOf } from '../support/gateway.ts';
import { freePort } from '../support/instance.ts';
import { fetchAll, send } from '../support/mail.ts';
import { until } from '../support/until.ts';

const run = async (console: TestConsole, name: OperationName, input: Input): Promise<unknown> => {
  const call = { actor: operator, who: OWNER_SAID, progress: () => undefined };
  return await runOperation(name, console.gateway.admin, input, call, console.gateway.log);
};
/** Opens the page of a deed, fills it in and sends it. */
const doIt = async (browser: Browser, path: string, fields: Readonly<Record<string, string>> = {}): Promise<Seen> =>
  await browser.post(path, { ...(await browser.get(path)).form(path), reason: 'verkeerde ontvanger', ...fields });
const submit = async ({ gateway }: TestConsole, ...to: string[]): Promise<string> =>
  await send(gateway.target('submission'), loginOf('anna'), {
    ...{ from: addressOf('anna'), to, content: `From: ${addressOf('anna')}\r\nSubject: geheim\r\n\r\nbody\r\n` },
  });
/** Rows of deeds in the trail, with how it was known who called. */
const asked = async ({ gateway }: TestConsole): Promise<readonly unknown[]> =>
  (await gateway.store.audit.read({ limit: 1000 })).flatMap(({ event, facts = {}, personal = {} }) =>
    event === 'operator.changed' && personal.actor !== operator.name
      ? [[facts.operation, facts.caller, personal.actor, personal.reason]]
      : [],
  );

test('a message is taken back, handed out again, and its evidence given out, each from its page', async (t) => {
  const console = await startConsole(t, { accounts: ['anna', 'bram', 'cees'] });
  const { gateway } = console;
  const id = await submit(console, addressOf('bram'), addressOf('cees'));
  const page = `/messages/${id}`;
  await fetchAll(gateway.target('pop3s'), loginOf('cees'), 'delete');
  const { browser: helpdesk } = await console.loggedIn('els', 'support');
  assert.doesNotMatch((await helpdesk.get(page)).body, /\/withdraw"|\/evidence"/, 'only what one may do is offered');
  assert.equal((await helpdesk.get(`${page}/withdraw`)).status, 403);
  const again = `${page}/mailboxes/cees%40group.test/again`;
  assert((await helpdesk.get(page)).body.includes(`href="${again}"`));
  const nobody = await doIt(helpdesk, again);
  assert.equal(nobody.status, 422, 'how it is known who calls is asked for');
  const handed = await doIt(helpdesk, again, { caller: 'called' });
  assert.equal(handed.to, `${page}?done=again`);
  const [first = '', ...letters] = await fetchAll(gateway.target('pop3s'), loginOf('cees'));
  assert.match(first, /geheim/);
  // The owner reads the reason, and not how the helpdesk knew who called.
  assert.match(letters.join(''), /verkeerde ontvanger/);
  assert.doesNotMatch(letters.join(''), /called back/);

  const { browser: security } = await console.loggedIn('zoe', 'security');
  const done = await doIt(security, `${page}/withdraw`, { caller: 'own' });
  assert.equal(done.status, 200);
  assert.match(
    done.body,
    /bram@group\.test: <span class="state good">taken back<.*cees@group\.test: <span class="state bad">too late</s,
  );
  assert.match((await security.get(page)).body, /It was taken back\. The addressee does not have it/);
  const told = (await fetchAll(gateway.target('pop3s'), loginOf('anna'))).join('');
  assert.match(told, /verkeerde ontvanger/);
  assert.doesNotMatch(told, /no caller/);

  const evidence = await doIt(security, `${page}/evidence`, { caller: 'known' });
  assert.equal(evidence.status, 200);
  assert.equal(evidence.headers['content-disposition'], `attachment; filename="evidence-${id}.eml"`);
  assert.match(evidence.body, /multipart\/signed/);
  assert.match(evidence.body, new RegExp(id));
  assert.doesNotMatch(evidence.body, /geheim/);
  assert.deepEqual(await asked(console), [
    ['mailbox.restore', 'called back', 'els', 'verkeerde ontvanger'],
    ['message.withdraw', 'none', 'zoe', 'verkeerde ontvanger'],
    ['trace.bundle', 'checked by questions', 'zoe', 'verkeerde ontvanger'],
  ]);
});

test('the queue says what each delivery waits for; one is held, released and refused', async (t) => {
  const console = await startConsole(t, { accounts: ['anna'] });
  await run(console, 'organisation.add', { name: 'umc', title: 'UMC', post: [] });
  const server = { host: '127.0.0.1', port: await freePort() };
  await run(console, 'partner.add', { name: 'umc', organisation: 'umc', ...server });
  await run(console, 'partner.domain.add', { name: 'umc', domain: 'umc.test' });
  const id = await submit(console, 'arts@umc.test');
  const { browser } = await console.loggedIn('els', 'support');
  const first = await browser.get('/queue');
  const [, number = ''] = /href="\/queue\/(\d+)"/.exec(first.body) ?? [];
  assert(first.body.includes(`href="/messages/${id}"`));
  await until('an attempt was made', async () => (await browser.get('/queue')).body.includes('Next attempt'));
  assert.match((await browser.get(`/messages/${id}`)).body, /mail server has not accepted it yet/);
  const path = `/queue/${number}`;
  assert.equal((await doIt(browser, `${path}/hold`)).to, `${path}?done=hold`);
  const held = await browser.get(`${path}?done=hold`);
  assert.match(held.body, /It is held\..*Somebody must release it or refuse it.*els held it: verkeerde ontvanger/s);
  assert.doesNotMatch(held.body, /\/refuse"/, 'the owner refuses');
  assert((await browser.get(`/messages/${id}`)).body.includes(`href="${path}/release"`));
  assert.equal((await doIt(browser, `${path}/release`)).to, `${path}?done=release`);
  const { browser: owner } = await console.loggedIn('jan', 'owner');
  const other = await doIt(owner, `${path}/refuse`, { confirm: '0' });
  assert.equal(other.status, 422);
  assert.equal((await doIt(owner, `${path}/refuse`, { confirm: number })).to, `${path}?done=refuse`);
  assert.match((await owner.get(path)).body, /refused.*It has ended/s);
  assert.match((await browser.get('/queue')).body, /Nothing waits/);
  const file = await browser.get('/queue.csv?inall=yes');
  assert.match(file.body, /^NUMBER,MESSAGE,.*\n\d+,.*arts@umc\.test,failed/);
  await browser.post('/language', { to: 'nl' });
  assert.match(
    (await browser.get(`/messages/${id}`)).body,
    /De helpdesk van dit berichtenverkeer heeft de bezorging gestopt/,
  );
});
