/**
 * The main paths of the web console in Debian's Firefox: a passkey that is registered, logs in and is asked for again, an account that is found and suspended, and
 * what is shown after the log-out. Chromium has all pages and states (peers/console-browser).
 */
// @beside
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { minutes } from '../../src/domain/units.ts';
import { LeapingClock, type TestConsole, operator, startConsole } from '../support/console.ts';
import { withoutProgram } from '../support/require.ts';
import { until } from '../support/until.ts';
import { Firefox } from './firefox.ts';

const skip = withoutProgram('firefox-esr', 'firefox-esr') || withoutProgram('certutil', 'libnss3-tools');
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

async function start(t: TestContext, { gateway }: TestConsole): Promise<Firefox> {
  const home = mkdtempSync(join(tmpdir(), 'sluis-firefox-'));
  t.after(() => rmSync(home, { recursive: true, force: true, maxRetries: 5 }));
  const firefox = await Firefox.start(home, 'mail.test', gateway.ca);
  t.after(() => firefox.stop());
  return firefox;
}

async function violations(firefox: Firefox): Promise<readonly string[]> {
  await firefox.ask(AXE);
  return await firefox.run<readonly string[]>(
    'const [rules] = args; return (await axe.run(document, { runOnly: rules })).violations.map(({ id }) => id);',
    RULES,
  );
}

test(
  'a passkey is registered, logs in and out, and is asked for again before what cannot be undone',
  { skip },
  async (t) => {
    const clock = new LeapingClock();
    const console = await startConsole(t, { accounts: ['anna'], clock });
    await console.gateway.store.operators.add({ name: 'els', role: 'support' }, operator);
    const firefox = await start(t, console);
    const arrives = (path: string): Promise<void> =>
      until(`the page is ${path}`, async () => (await firefox.path()) === path, 20_000);

    await firefox.go(`${console.origin}/register`);
    assert.equal(await firefox.ask('return document.documentElement.lang;'), 'nl');
    assert.deepEqual(await violations(firefox), []);
    await firefox.type('#code', await console.code('els'));
    await firefox.click('main button');
    await firefox.click('form[data-passkey] button');
    await arrives('/');
    assert.deepEqual(await violations(firefox), []);

    await firefox.click('header form[action="/logout"] button');
    await arrives('/goodbye');
    await firefox.back();
    await arrives('/login');
    await firefox.click('form[data-passkey] button');
    await arrives('/');

    // By the keyboard: found, and suspended with a reason.
    await firefox.go(`${console.origin}/search`);
    await firefox.type('#q', 'anna@group.test');
    await firefox.enter('#q');
    await firefox.enter('a[href$="/suspend"]');
    await firefox.type('#reason', 'zaak 7');
    await firefox.click('input[value="called"]');
    await firefox.enter('main form button');
    const says = (text: string): Promise<void> =>
      until(`it says "${text}"`, async () => (await firefox.text('main')).includes(text), 20_000);
    await says('Het account is opgeschort.');
    const { registry } = console.gateway.store;
    assert.equal((await registry.findAccount('anna@group.test'))?.account.state, 'suspended');

    clock.leap(minutes(6));
    await firefox.go(`${console.origin}/accounts/anna%40group.test/contain`);
    await arrives('/prove');
    await firefox.click('form[data-passkey] button');
    await firefox.type('#reason', 'gestolen, zaak 8');
    await firefox.click('input[value="called"]');
    await firefox.click('main form button');
    await says('Het account is afgesloten.');
    assert.deepEqual(await violations(firefox), []);
  },
);
