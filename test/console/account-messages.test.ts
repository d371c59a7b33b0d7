/** The way from an account to what it sent and got, and a receipt that is sent again. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Browser, type Seen, type TestConsole, startConsole } from '../support/console.ts';
import { addressOf, loginOf } from '../support/gateway.ts';
import { fetchAll, send } from '../support/mail.ts';

const submit = async ({ gateway }: TestConsole, fields = '', ...to: string[]): Promise<string> =>
  await send(gateway.target('submission'), loginOf('anna'), {
    from: addressOf('anna'),
    to,
    content: `From: ${addressOf('anna')}\r\nSubject: geheim\r\n${fields}\r\nbody\r\n`,
  });
const doIt = async (browser: Browser, path: string, fields: Readonly<Record<string, string>> = {}): Promise<Seen> =>
  await browser.post(path, {
    ...(await browser.get(path)).form(path),
    reason: 'melding 7',
    caller: 'called',
    ...fields,
  });

test('the page of an account leads to what it sent and got, and to each time line', async (t) => {
  const console = await startConsole(t, { accounts: ['anna', 'bram', 'cees'] });
  const { gateway } = console;
  const first = await submit(console, '', addressOf('bram'));
  await fetchAll(gateway.target('pop3s'), loginOf('bram'), 'delete');
  const second = await submit(console, '', addressOf('bram'), addressOf('cees'));
  const { browser } = await console.loggedIn('els', 'support');
  const page = '/accounts/bram%40group.test/messages';
  assert((await browser.get('/accounts/bram%40group.test')).body.includes(`href="${page}"`));
  const got = (await browser.get(page)).body;
  assert.match(got, new RegExp(`href="/messages/${second}".*waits.*href="/messages/${first}".*deleted by the`, 's'));
  assert.match(got, /This account sent nothing/);
  assert.doesNotMatch(got, /geheim/);
  const sent = (await browser.get('/accounts/anna%40group.test/messages')).body;
  assert.match(sent, new RegExp(`href="/messages/${second}".*bram@group\\.test, cees@group\\.test`, 's'));
  assert.match(sent, /Nothing came into this mailbox/);
  assert.equal((await browser.get(`/messages/${second}`)).status, 200);
  // Whoever may not trace messages is not led there, and finds nothing by typing the address.
  const { browser: reader } = await console.loggedIn('jan', 'read');
  assert.doesNotMatch((await reader.get('/accounts/bram%40group.test')).body, /\/messages"/);
  assert.equal((await reader.get(page)).status, 403);
});

test('a receipt is sent again as a repetition, five times at most, and the trail tells of each', async (t) => {
  const console = await startConsole(t, { accounts: ['anna', 'bram', 'cees'] });
  const { gateway } = console;
  const id = await submit(console, 'Sluis-Receipt: collected\r\n', addressOf('bram'), addressOf('cees'));
  const { browser } = await console.loggedIn('els', 'support');
  const path = `/messages/${id}/receipt`;
  assert(!(await browser.get(`/messages/${id}`)).body.includes(path), 'nothing was told yet');
  assert.match((await doIt(browser, path)).body, /it was not collected yet/);
  await fetchAll(gateway.target('pop3s'), loginOf('bram'), 'delete');
  const receipts = async (): Promise<readonly string[]> => await fetchAll(gateway.target('pop3s'), loginOf('anna'));
  const [receipt = '', ...none] = await receipts();
  assert.equal(none.length, 0);
  assert.doesNotMatch(receipt, /X-Sluis-Repeated/);
  assert((await browser.get(`/messages/${id}`)).body.includes(`href="${path}"`));
  // Of two addressees the one has it: the page says so of the other.
  const partly = await doIt(browser, path);
  assert.equal(partly.status, 200);
  assert.match(partly.body, /bram@group\.test: .*>sent<.*cees@group\.test: .*>not fetched yet</s);
  const [again = '', ...more] = await receipts();
  assert.equal(more.length, 0);
  assert.match(again, /X-Sluis-Repeated: yes/);
  assert.match(again, /Dit is een herhaling, omdat daarom is gevraagd/);
  const collected = (text: string): string | undefined => /X-Sluis-Collected: (.*)/.exec(text)?.[1]?.slice(0, 22);
  assert.equal(collected(again), collected(receipt), 'the time of then');
  assert.doesNotMatch(again, /X-Sluis-Confirmed/, 'the trail does not say how it was confirmed');
  const one = { inrecipient: addressOf('bram') };
  for (let n = 2; n <= 5; n += 1) assert.equal((await doIt(browser, path, one)).to, `/messages/${id}?done=receipt`);
  assert.match((await doIt(browser, path, one)).body, /sent again 5 times/);
  assert.match((await doIt(browser, path, { inrecipient: addressOf('anna') })).body, /it was not sent there/);
  assert.equal((await receipts()).length, 4);
  assert.match((await browser.get(`/messages/${id}`)).body, /The sender was told once more that it was collected/);
  const rows = await gateway.store.audit.read({ limit: 1000 });
  const told = rows.flatMap(({ event, facts }) => (event === 'notice.filed' ? [facts?.again === true] : []));
  assert.deepEqual(told, [false, true, true, true, true, true]);
  const asked = rows.filter(
    ({ event, facts }) => event === 'operator.changed' && facts?.operation === 'message.receipt',
  );
  assert.deepEqual(
    asked.map(({ outcome, personal }) => [outcome, personal?.actor, personal?.reason]),
    ['failure', ...Array.from({ length: 5 }, () => 'success'), 'failure', 'failure'].map((outcome) => [
      outcome,
      'els',
      'melding 7 (caller: called back)',
    ]),
  );
});

test('nobody is told of what was not asked for, or not confirmed; what was confirmed and never told is told', async (t) => {
  const console = await startConsole(t, { accounts: ['anna', 'bram'] });
  const { gateway } = console;
  const { browser } = await console.loggedIn('els', 'support');
  const unasked = await submit(console, '', addressOf('bram'));
  await fetchAll(gateway.target('pop3s'), loginOf('bram'), 'delete');
  assert.match((await doIt(browser, `/messages/${unasked}/receipt`)).body, /its sender asked for no receipt/);
  const asked = await submit(console, 'Sluis-Receipt: collected\r\n', addressOf('bram'));
  await fetchAll(gateway.target('pop3s'), loginOf('bram'), 'drop');
  assert.match((await doIt(browser, `/messages/${asked}/receipt`)).body, /has not confirmed that/);
  assert.equal((await fetchAll(gateway.target('pop3s'), loginOf('anna'))).length, 0);
  // The disk was full when it was confirmed: the receipt was not written.
  const { store } = gateway;
  const usedKeys = store.deliveries.usedKeys.bind(store.deliveries);
  Object.assign(store.deliveries, { usedKeys: () => Promise.reject(new Error('no space')) });
  await fetchAll(gateway.target('pop3s'), loginOf('bram'), 'delete');
  Object.assign(store.deliveries, { usedKeys });
  assert.equal((await doIt(browser, `/messages/${asked}/receipt`)).status, 303);
  const [first = '', ...more] = await fetchAll(gateway.target('pop3s'), loginOf('anna'));
  assert.equal(more.length, 0);
  assert.match(first, /X-Sluis-Collected-By/);
  assert.doesNotMatch(first, /X-Sluis-Repeated/, 'it is the first');
});
