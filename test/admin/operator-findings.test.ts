/**
 * What `check` and `doctor` say of operators: who gets into the console, who is known by nothing,
 * who has not come for long, and the account for emergencies.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runOperation } from '../../src/admin/operations.ts';
import {
  type OperatorWays,
  breakGlassFindings,
  consoleFindings,
  operatorFindings,
} from '../../src/admin/operator-findings.ts';
import { BREAK_GLASS_AGE, BREAK_GLASS_TRIAL, CONSOLE_CODE_LIFE, CONSOLE_IDLE } from '../../src/domain/console.ts';
import type { DoctorFinding } from '../../src/domain/doctor.ts';
import { OWNER_SAID } from '../../src/domain/roles.ts';
import { type Instant, instant } from '../../src/domain/units.ts';
import { LeapingClock, operator, startConsole } from '../support/console.ts';

const NOW = instant(2_000_000_000_000);
const before = (time: number): Instant => instant(NOW - time);
const ids = (findings: readonly DoctorFinding[]): readonly string[] => findings.map(({ id }) => id);
const one = (more: Partial<OperatorWays> = {}): OperatorWays => ({ addedAt: before(CONSOLE_IDLE), used: [], ...more });
const in1 = one({ used: [before(1)] });

test('nobody who gets in, and one alone, are told; two are enough', () => {
  assert.match(consoleFindings([], NOW)[0]?.what ?? '', /nobody can log in .*sluis operator add NAME --role owner/);
  assert.match(consoleFindings([in1], NOW)[0]?.what ?? '', /one operator alone/);
  assert.deepEqual(consoleFindings([in1, in1], NOW), []);
});

test('whoever is known by nothing is counted once the code for a passkey is over; a certificate or a key is something', () => {
  const fresh = one({ addedAt: instant(before(CONSOLE_CODE_LIFE) + 1) });
  assert.deepEqual(consoleFindings([in1, in1, fresh], NOW), []);
  const known = [one({ certificate: 'a' }), one({ fingerprint: 'b' })];
  assert.deepEqual(consoleFindings([in1, in1, ...known], NOW), []);
  const [found] = consoleFindings([in1, in1, one(), one({ addedAt: before(CONSOLE_CODE_LIFE) })], NOW);
  assert.equal(found?.id, 'operators.factor');
  assert.match(found.what, /^2 operators have neither passkey/);
});

test('whoever has not come for 90 days, with anything that lets in, is counted', () => {
  const idle = one({ used: [before(CONSOLE_IDLE), before(CONSOLE_IDLE + 5)] });
  const [found] = consoleFindings([in1, idle], NOW);
  assert.equal(found?.id, 'operators.idle');
  assert.match(found.what, /^1 operator has not logged in to the console for more than 90 days/);
  assert.deepEqual(consoleFindings([in1, one({ used: [before(CONSOLE_IDLE), before(CONSOLE_IDLE - 1)] })], NOW), []);
});

test('the account for emergencies: untried, tried, used, old', () => {
  const record = (madeAt: Instant, triedAt?: Instant): string =>
    breakGlassFindings(
      { role: 'owner', sealed: new Uint8Array(), madeAt, ...(triedAt !== undefined && { triedAt }) },
      NOW,
    )[0]?.what ?? '';
  assert.match(record(before(1)), /nobody has tried/);
  assert.equal(record(before(BREAK_GLASS_TRIAL), NOW), '');
  assert.match(record(before(BREAK_GLASS_TRIAL + 1), NOW), /was used, so its envelope is open/);
  assert.match(record(before(BREAK_GLASS_AGE), before(BREAK_GLASS_AGE)), /more than a year old/);
});

test('a gateway with a console tells of them, by names of nobody; what was mended is told no more', async (t) => {
  const clock = new LeapingClock();
  const console = await startConsole(t, { clock });
  const { admin, log, store } = console.gateway;
  const call = { actor: operator, who: OWNER_SAID, progress: () => undefined };
  const findings = async (): Promise<readonly DoctorFinding[]> =>
    (await runOperation('gateway.findings', admin, {}, call, log)).filter(({ id }) =>
      /^operators|^break-glass/.test(id),
    );
  assert.deepEqual(ids(await findings()), ['operators.log-in', 'break-glass']);
  await console.loggedIn('els', 'owner');
  assert.deepEqual(ids(await findings()), ['operators.log-in', 'break-glass']);
  await store.operators.add({ name: 'piet', role: 'read' }, operator);
  const jan = await console.loggedIn('jan', 'support');
  assert.match((await jan.browser.get('/')).body, /there is no break-glass account/, 'Today has it');
  await runOperation('operator.break-glass.make', admin, {}, call, log);
  assert.match((await findings())[0]?.what ?? '', /nobody has tried the break-glass account/);
  clock.leap(CONSOLE_IDLE);
  const late = await findings();
  assert.deepEqual(ids(late), ['operators.factor', 'operators.idle', 'break-glass']);
  assert.doesNotMatch(JSON.stringify(late), /els|jan|piet/);
  // Whose passkey has ended, or who has ended himself, gets in no more.
  const [passkey] = await store.console.passkeys();
  await store.console.endPasskey(passkey?.id ?? '', operator);
  await store.operators.end('piet', operator);
  assert.deepEqual(ids(await findings()), ['operators.log-in', 'operators.factor', 'operators.idle', 'break-glass']);
});

test('without a console nothing is said of who gets into one', async (t) => {
  const { store } = (await startConsole(t)).gateway;
  assert.deepEqual(await operatorFindings({ store, secondPerson: [], page: undefined, now: NOW }), []);
  const two = await operatorFindings({ store, secondPerson: ['end'], page: undefined, now: NOW });
  assert.deepEqual(ids(two), ['operators']);
});
