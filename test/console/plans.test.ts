/**
 * Deeds in three steps: what is asked, the plan of the operation itself, and the deed with exactly
 * that input.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type OperationName, runOperation } from '../../src/admin/operations.ts';
import type { Input } from '../../src/admin/input.ts';
import { OWNER_SAID } from '../../src/domain/roles.ts';
import { type Browser, type Seen, type TestConsole, operator, startConsole } from '../support/console.ts';
import { addressOf, loginOf } from '../support/gateway.ts';
import { send } from '../support/mail.ts';

const run = async (console: TestConsole, name: OperationName, input: Input): Promise<unknown> => {
  const call = { actor: operator, who: OWNER_SAID, progress: () => undefined };
  return await runOperation(name, console.gateway.admin, input, call, console.gateway.log);
};
type Typed = Readonly<Record<string, string>>;
const look = async (browser: Browser, path: string, typed: Typed): Promise<Seen> =>
  await browser.post(path, { ...(await browser.get(path)).form(path), ...typed, look: 'yes' });
const WHY = { reason: 'melding 9', caller: 'called' };

test('an account moves by the plan that was shown: the day that was typed stays the moment that it meant', async (t) => {
  const console = await startConsole(t, { accounts: ['anna', 'bram'] });
  const { registry, audit } = console.gateway.store;
  await run(console, 'organisation.add', { name: 'west', title: 'West', post: [] });
  const content = `From: ${addressOf('anna')}\r\n\r\nx\r\n`;
  const sent = { from: addressOf('anna'), to: [addressOf('bram')], content };
  await send(console.gateway.target('submission'), loginOf('anna'), sent);
  const { browser } = await console.loggedIn('els', 'registry');
  const path = '/accounts/bram%40group.test/move';
  assert((await browser.get('/accounts/bram%40group.test')).body.includes(`href="${path}"`));
  const missing = await look(browser, path, { inorganisation: '', insince: '2h' });
  assert.equal(missing.status, 422);
  assert.match(missing.body, /Fill this in/);
  const nowhere = await look(browser, path, { inorganisation: 'nowhere', insince: '2h' });
  assert.equal(nowhere.status, 422);
  assert.match(nowhere.body, /nowhere.*value="nowhere"/s);
  const plan = await look(browser, path, { inorganisation: 'west', insince: '2h', ingrace: '10d' });
  assert.equal(plan.status, 200);
  assert.match(plan.body, /Nothing has changed yet/);
  assert.match(plan.body, /1 message/);
  const { insince = '', ingrace } = plan.form(path);
  assert.match(insince, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  assert.equal(ingrace, '10d');
  assert.equal((await registry.findAccount(addressOf('bram')))?.organisation, 'group');
  // Back to what was filled in, and on without a reason: the plan is shown again.
  const back = await browser.post(path, { ...plan.form(path), look: 'no' });
  assert.match(back.body, /value="west"/);
  const without = await browser.post(path, plan.form(path));
  assert.equal(without.status, 422);
  assert.match(without.body, /Say why.*Nothing has changed yet/s);
  assert.equal(
    (await browser.post(path, { ...without.form(path), ...WHY })).to,
    '/accounts/bram%40group.test?done=move',
  );
  assert.equal((await registry.findAccount(addressOf('bram')))?.organisation, 'west');
  const rows = (await audit.read({ limit: 1000 })).filter(
    ({ event, facts, outcome }) =>
      event === 'operator.changed' && facts?.operation === 'account.move' && outcome === 'success',
  );
  assert.deepEqual(
    rows.map(({ facts, personal }) => [facts?.['dry-run'] === true, personal?.actor, personal?.reason]),
    [...[true, true].map((dry) => [dry, 'els', undefined]), [false, 'els', 'melding 9 (caller: called back)']],
  );
});

test('an organisation becomes part of another by its plan; where two must sign, the request has the input of the plan', async (t) => {
  const console = await startConsole(t, {
    accounts: ['anna'],
    configuration: '[operators]\nsecond-person = ["address-move"]',
  });
  await run(console, 'organisation.add', { name: 'west', title: 'West', post: [] });
  const { browser } = await console.loggedIn('els', 'registry');
  // A colleague whose role may not do it is none who could approve it.
  await console.loggedIn('kim', 'support');
  const path = '/organisations/group/merge';
  assert((await browser.get('/organisations/group')).body.includes(`href="${path}"`));
  const plan = await look(browser, path, { ininto: 'west', inkeepsettings: 'yes' });
  assert.match(plan.body, /1 account would belong to west/);
  const form = plan.form(path);
  assert.deepEqual([form.ininto, form.inkeepsettings, form.inrevoke], ['west', 'yes', '']);
  const alone = await browser.post(path, { ...form, ...WHY });
  assert.match(alone.body, /fewer than two operators/);
  await console.loggedIn('jan', 'owner');
  const asked = await browser.post(path, { ...form, ...WHY });
  assert.match(asked.body, /waits for a second person/);
  const [request] = await console.gateway.store.operators.waiting();
  const input = JSON.parse(request?.input ?? '') as Readonly<Record<string, unknown>>;
  assert.deepEqual([input.name, input.into, input['keep-settings']], ['group', 'west', true]);
  assert.equal((await console.gateway.store.registry.findAccount(addressOf('anna')))?.organisation, 'group');
});

test('what ends is shown with its plan, typed by its name, and taken back; a wrong successor stays typed', async (t) => {
  const console = await startConsole(t, { accounts: ['anna', 'bram', 'carl'] });
  const { registry } = console.gateway.store;
  const { browser } = await console.loggedIn('els', 'registry');
  const state = async (of: string): Promise<unknown> => (await registry.findAccount(addressOf(of)))?.account.state;
  const ends = [
    ['/accounts/anna%40group.test', 'anna@group.test', '/accounts/anna%40group.test'],
    ['/addresses/bram%40group.test', 'bram@group.test', '/addresses'],
    ['/organisations/group', 'group', '/organisations/group'],
  ] as const;
  for (const [of, name, back] of ends) {
    const path = `${of}/end`;
    assert((await browser.get(back)).body.includes(`href="${path}"`), path);
    const unknown = await look(browser, path, { insuccessor: 'no address' });
    assert(unknown.status === 422 && unknown.body.includes('value="no address"'), path);
    const successor = name === 'group' ? {} : { insuccessor: addressOf('carl') };
    const plan = await look(browser, path, { ingrace: '10d', ...successor });
    assert.match(plan.body, /Nothing has changed yet.*(?:carl@group\.test|accounts)/s, path);
    const other = await browser.post(path, { ...plan.form(path), ...WHY, confirm: 'other' });
    assert(other.status === 422 && other.body.includes('not the same'), path);
    const done = await browser.post(path, { ...other.form(path), ...WHY, confirm: name });
    assert.equal(done.to, `${back}?done=end`);
    assert.match((await browser.get(done.to)).body, /is ending/);
    const resume = `${of}/resume`;
    assert((await browser.get(back)).body.includes(`href="${resume}"`), resume);
    const taken = await browser.post(resume, { ...(await browser.get(resume)).form(resume), ...WHY });
    assert.equal(taken.to, `${back}?done=resume`);
    assert(!(await browser.get(back)).body.includes(`href="${resume}"`), resume);
  }
  assert.equal(await state('anna'), 'active');
});

test('an address moves to another mailbox by its plan, and to one place alone', async (t) => {
  const console = await startConsole(t, { accounts: ['anna', 'bram'] });
  const { browser } = await console.loggedIn('els', 'registry');
  const path = '/addresses/bram%40group.test/move';
  const none = await look(browser, path, {});
  assert.equal(none.status, 422);
  const plan = await look(browser, path, { intoaccount: addressOf('anna') });
  assert.match(plan.body, /1 address would move/);
  assert.equal((await browser.post(path, { ...plan.form(path), ...WHY })).to, '/addresses?done=move');
  const found = await console.gateway.store.registry.findAccount(addressOf('anna'));
  assert.equal(found?.addresses.length, 2);
});

test('a new organisation leads on to its accounts, and an account to a letter that is shown once', async (t) => {
  const console = await startConsole(t, { accounts: ['anna'] });
  const { browser } = await console.loggedIn('els', 'registry');
  const add = '/new/organisation';
  assert((await browser.get('/organisations')).body.includes(`href="${add}"`));
  const made = await browser.post(add, {
    ...(await browser.get(add)).form(add),
    ...{ inname: 'west', intitle: 'West', ...WHY },
  });
  assert.match(made.body, /href="\/organisations\/west".*href="\/imports\/accounts"/s);
  const letter = '/accounts/anna%40group.test/letter';
  const printed = await browser.post(letter, { ...(await browser.get(letter)).form(letter), ...WHY });
  assert.match(printed.body, /<pre class="card letter"[^>]*>[^<]*\b(?:[0-9a-z]{4}-){5}[0-9a-z]{4}\b/);
});

test('an operator of one organisation is offered nothing that is about the whole gateway', async (t) => {
  const console = await startConsole(t, { accounts: ['anna'] });
  const { browser } = await console.loggedIn('els', 'registry', { organisation: 'group' });
  const { body } = await browser.get('/accounts/anna%40group.test');
  assert.match(body, /\/suspend"/);
  assert.doesNotMatch(body, /\/move"|\/messages"/);
  assert.doesNotMatch((await browser.get('/organisations/group')).body, /\/merge"|\/accounts"/);
});
