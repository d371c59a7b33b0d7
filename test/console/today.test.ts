/**
 * Today: the age of the last backup, mailboxes that nobody empties, and what waits for partners.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runOperation } from '../../src/admin/operations.ts';
import { OWNER_SAID } from '../../src/domain/roles.ts';
import { days } from '../../src/domain/units.ts';
import { LeapingClock, operator, startConsole } from '../support/console.ts';
import { addressOf, loginOf } from '../support/gateway.ts';
import { send } from '../support/mail.ts';

test('today shows how old the last backup is, and whose mail waits though nobody has logged in for a week', async (t) => {
  const clock = new LeapingClock();
  const console = await startConsole(t, {
    accounts: ['anna', 'bram', 'cees'],
    clock,
    configuration: '[backup]\nfolder = "backups"\n',
  });
  const { gateway } = console;
  const one = { from: addressOf('anna'), to: [addressOf('bram')], content: `From: ${addressOf('anna')}\r\n\r\nx\r\n` };
  await send(gateway.target('submission'), loginOf('anna'), one);
  const { browser } = await console.loggedIn('els', 'read');
  const first = await browser.get('/');
  assert.match(first.body, /the last 24 hours: 1 together\. The busiest hour had 1\./);
  assert.equal(first.body.match(/<svg class="bars"/g)?.length, 2);
  assert.equal(first.body.match(/<rect /g)?.length, 24 + 30);
  assert.match(first.body, /Active accounts by day, 30 days\. Today 1,/);
  assert.match(first.body, /No backup was found/);
  assert.match(first.body, /Every mailbox with mail was looked into/);
  assert.match(first.body, /Nothing waits for a partner/);
  assert.doesNotMatch(first.body, /href="\/queue"/, 'only what one may see is offered');
  const call = { actor: operator, who: OWNER_SAID, progress: () => undefined };
  await runOperation('backup.take', gateway.admin, {}, call, gateway.log);
  assert.match((await browser.get('/')).body, /Newest.*in time/s);
  clock.leap(days(9));
  const { browser: later } = await console.loggedIn('jan', 'support');
  const { body } = await later.get('/');
  assert.match(body, /24 hours: 0 together.*Today 0, on the busiest day 1\./s);
  assert.match(body, /Newest.*older than a day/s);
  assert.match(body, /<a href="\/accounts\/bram%40group\.test">bram@group\.test<\/a>: 1 wait, quiet since \d{4}-/);
  assert.doesNotMatch(body, /href="\/accounts\/(?:anna|cees)/, 'no mail waits for them');
  assert.match(body, /href="\/queue"/);
  const all = await later.get('/accounts?inidle=7d&inwaiting=yes');
  assert.match(all.body, /bram@group\.test/);
  assert.doesNotMatch(all.body, /cees@group\.test/);
  assert.equal((await later.get('/accounts?inwaiting=yes')).status, 422);
});
