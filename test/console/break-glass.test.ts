/**
 * The account for emergencies, through a whole gateway: made by its command, used, told of, and
 * worth nothing for whoever has half of it.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runOperation } from '../../src/admin/operations.ts';
import { fromBase32 } from '../../src/crypto/keys/base32.ts';
import { stepAt, totpCode } from '../../src/crypto/passwords/totp.ts';
import { BREAK_GLASS_AGE } from '../../src/domain/console.ts';
import { OWNER_SAID, type Standing } from '../../src/domain/roles.ts';
import { hours, minutes, seconds } from '../../src/domain/units.ts';
import { LeapingClock, startConsole } from '../support/console.ts';
import { loginOf } from '../support/gateway.ts';
import { fetchAll, subjectsOf } from '../support/mail.ts';

test('the account for emergencies lets in with password and code, each code once, and its use is told', async (t) => {
  const clock = new LeapingClock();
  const console = await startConsole(t, {
    clock,
    accounts: ['anna'],
    configuration:
      '[auth]\nexempt-networks = ["127.0.0.0/8"]\nrefusal-grid = "0s"\n[notices]\noperator = "anna@group.test"',
  });
  const { admin, log, store } = console.gateway;
  const call = (who: Standing = OWNER_SAID) => ({
    actor: { name: 'test', reason: 'test' },
    who,
    progress: () => undefined,
  });
  const make = () => runOperation('operator.break-glass.make', admin, {}, call(), log);
  const findings = async (): Promise<string> =>
    JSON.stringify(await runOperation('gateway.findings', admin, {}, call(), log));
  const code = (key: string, ahead = 0): string =>
    totpCode(fromBase32(key) ?? Buffer.alloc(0), stepAt(clock.now()) + ahead);
  const browser = console.browser();
  const tried = async (password: string, typed: string) =>
    await browser.post('/break-glass', { password, code: typed });

  assert.match((await browser.get('/login')).body, /href="\/break-glass"/);
  assert.equal((await tried('k7wq-2mhx-9npc-4drt-8sve-6yfz', '123456')).status, 403, 'there is none');
  assert.match(await findings(), /there is no break-glass account/);
  // Whoever may do less than the account makes none.
  await assert.rejects(
    runOperation('operator.break-glass.make', admin, {}, call({ role: 'security', proof: 'token' }), log),
    /Cannot give or change the role "owner"/,
  );
  const made = await make();
  assert.match(await findings(), /nobody has tried the break-glass account/);
  const { sealed } = (await store.breakGlass.record()) ?? {};
  assert(sealed !== undefined && !Buffer.from(sealed).includes('argon2'), 'sealed at rest');

  assert.equal((await tried(made.password, '000000')).status, 403);
  assert.equal((await tried('k7wq-2mhx-9npc-4drt-8sve-6yfz', code(made.key))).status, 403);
  assert.equal((await tried(made.password, code(made.key, 5))).status, 403, 'a code of another time');
  // Each password takes 19 MiB and a while: two are verified at one time, and the third is told to
  // wait.
  const atOnce = await Promise.all(
    [1, 2, 3].map(async () => await console.browser().post('/break-glass', { password: 'none', code: '000000' })),
  );
  assert.deepEqual(atOnce.map(({ status }) => status).sort(), [403, 403, 429]);
  const done = await tried(made.password, code(made.key));
  assert.deepEqual([done.status, done.to], [303, '/']);
  assert.match((await browser.get('/')).body, /Logged in as <b>break-glass<\/b>/);
  assert.equal(
    (await console.browser().post('/break-glass', { password: made.password, code: code(made.key) })).status,
    403,
    'the same code again',
  );
  assert.doesNotMatch(await findings(), /break-glass/);

  // Told of: in the log, in the trail, and by a letter.
  assert(log.events.some(({ level, event }) => level === 'error' && event === 'console.break-glass'));
  const rows = await store.audit.read({ limit: 1000 });
  assert(rows.some(({ event }) => event === 'console.break-glass'));
  const letters = await fetchAll(console.gateway.target('pop3'), loginOf('anna'));
  assert.deepEqual(subjectsOf(letters), ['Er is ingelogd met het noodaccount van de console']);
  const secrets = new RegExp(`${made.password}|${made.key}`);
  assert.doesNotMatch(JSON.stringify([log.events, rows]), secrets);

  // What cannot be undone asks for another code, which counts once too.
  const path = '/accounts/anna%40group.test/contain';
  const form = (await browser.get(path)).form(path);
  clock.leap(minutes(6));
  const late = await browser.post(path, { ...form, reason: 'stolen', caller: 'called' });
  assert.match(late.body, /Confirm with a new code/);
  const typed = late.form(path);
  assert.equal((await browser.post(path, { ...typed, credential: '000000' })).status, 403);
  const contained = await browser.post(path, { ...typed, credential: code(made.key) });
  assert.equal(contained.to, '/accounts/anna%40group.test?done=contain');
  clock.leap(minutes(6));
  const used = code(made.key);
  assert.equal(
    (await browser.post('/prove', { ...(await browser.get('/prove?to=%2F')).form('/prove'), credential: used })).status,
    303,
  );
  assert.equal(
    (await browser.post('/prove', { ...typed, to: '/', credential: used })).status,
    403,
    'the same code again',
  );

  // A short session, and none with the secrets of before.
  for (let n = 0; n < 3; n += 1) {
    clock.leap(minutes(17));
    assert.equal((await browser.get('/')).status, n < 2 ? 200 : 303);
  }
  clock.leap(seconds(60));
  assert.equal((await tried(made.password, code(made.key))).status, 303);
  const renewed = await make();
  assert.equal((await browser.get('/')).to, '/login');
  clock.leap(seconds(60));
  assert.equal((await tried(made.password, code(made.key))).status, 403);
  assert.equal((await tried(renewed.password, code(renewed.key))).status, 303);
  clock.leap(BREAK_GLASS_AGE);
  assert.match(await findings(), /more than a year old/);
  await store.operators.end('break-glass', { name: 'test', reason: 'test' });
  assert.equal(await store.breakGlass.record(), undefined);
  clock.leap(hours(1));
  assert.equal((await tried(renewed.password, code(renewed.key))).status, 403);
});
