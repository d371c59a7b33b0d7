/**
 * The main paths in Debian's Firefox. The web console: a passkey that is registered, logs in and is
 * asked for again, search, a support call with what became of a message, an account that is
 * suspended, and what is shown after the log-out. The page of a practice: password and code, a
 * password for a program, the settings, and the way out. Chromium has all pages and states
 * (peers/console-browser).
 */
// @beside
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { minutes } from '../../src/domain/units.ts';
import { LeapingClock, operator, startConsole } from '../support/console.ts';
import { addressOf, loginOf } from '../support/gateway.ts';
import { fetchAll, send } from '../support/mail.ts';
import { startSelfService } from '../support/self-service.ts';
import { SmtpClient } from '../support/smtp-client.ts';
import { until } from '../support/until.ts';
import { type Firefox, firefoxFor, withoutFirefox } from './firefox.ts';

const skip = withoutFirefox;
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

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
    const firefox = await firefoxFor(t, 'mail.test', console.gateway.ca);
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

test(
  'search finds what a caller reads out, and a support call goes from the account to a message and a new code',
  { skip },
  async (t) => {
    const console = await startConsole(t, { accounts: ['anna', 'bram'] });
    const { gateway } = console;
    const { registry } = gateway.store;
    const content = `From: ${addressOf('anna')}\r\nSubject: Secret\r\nMessage-ID: <9@his.test>\r\n\r\nx\r\n`;
    const id = await send(gateway.target('submission'), loginOf('anna'), {
      ...{ from: addressOf('anna'), to: [addressOf('bram')], content },
    });
    await fetchAll(gateway.target('pop3s'), loginOf('bram'), 'quit');
    const { organisation = '' } = (await registry.findAccount(addressOf('bram'))) ?? {};
    const telephone = '020 123 45 67';
    await registry.changeOrganisation(organisation, { contact: addressOf('anna'), telephone }, operator);
    await gateway.store.operators.add({ name: 'els', role: 'support' }, operator);
    const firefox = await firefoxFor(t, 'mail.test', console.gateway.ca);
    const arrives = (path: string): Promise<void> =>
      until(`the page is ${path}`, async () => (await firefox.path()) === path, 20_000);
    await firefox.go(`${console.origin}/register`);
    await firefox.type('#code', await console.code('els'));
    await firefox.click('main button');
    await firefox.click('form[data-passkey] button');
    await arrives('/');
    const account = `/accounts/${encodeURIComponent(addressOf('bram'))}`;
    for (const [typed, to] of [
      ['9@his.test', `/messages/${id}`],
      ['+31 20 1234567', `/organisations/${organisation}`],
      [addressOf('bram'), account],
    ] as const) {
      await firefox.go(`${console.origin}/search`);
      await firefox.type('#q', typed);
      await firefox.enter('#q');
      await arrives(to);
      assert.deepEqual(await violations(firefox), [], to);
    }
    await firefox.click(`a[href="${account}/messages"]`);
    await arrives(`${account}/messages`);
    assert.deepEqual(await violations(firefox), []);
    await firefox.click(`main table a[href="/messages/${id}"]`);
    await arrives(`/messages/${id}`);
    assert.match(await firefox.text('main'), /opgehaald/i);
    assert.doesNotMatch(await firefox.text('main'), /Secret/);
    await firefox.go(`${console.origin}${account}`);
    await firefox.click('a[href$="/new-code"]');
    await firefox.type('#reason', 'wachtwoord kwijt, zaak 9');
    await firefox.click('input[value="called"]');
    await firefox.click('main form:not([role]) button');
    await until(
      'it says that it was sent',
      async () => (await firefox.text('main')).includes('De code is verstuurd'),
      20_000,
    );
    assert.deepEqual(await violations(firefox), []);
    const rows = await gateway.store.audit.read({ limit: 1000 });
    const row = rows.find(({ facts }) => facts?.operation === 'account.reset');
    assert.deepEqual(
      [row?.personal?.actor, String(row?.personal?.reason).slice(0, 24)],
      ['els', 'wachtwoord kwijt, zaak 9'],
    );
  },
);

test(
  'a practice logs in at its own page, makes a password for a program, and is out after the log-out',
  { skip },
  async (t) => {
    const own = await startSelfService(t);
    const firefox = await firefoxFor(t, 'mail.test', own.gateway.ca);
    const arrives = (path: string): Promise<void> =>
      until(`the page is ${path}`, async () => (await firefox.path()) === path, 20_000);
    await firefox.go(`${own.origin}/login`);
    assert.equal(await firefox.ask('return document.documentElement.lang;'), 'nl');
    assert.deepEqual(await violations(firefox), []);
    await firefox.type('#login', addressOf('anna'));
    await firefox.type('#password', loginOf('anna').password);
    await firefox.enter('#password');
    await firefox.type('#code', (await codeOf(own.codes)) ?? '');
    await firefox.enter('#code');
    await arrives('/');
    assert.deepEqual(await violations(firefox), []);
    await firefox.go(`${own.origin}/passwords/new`);
    await firefox.type('#inname', 'telefoon');
    await firefox.enter('main form button');
    await until('the password is shown', async () => (await firefox.text('main output')) !== '', 20_000);
    assert.deepEqual(await violations(firefox), []);
    const password = await firefox.text('main output');
    await (await SmtpClient.open(own.gateway.target('submissions'), { login: addressOf('anna'), password })).quit();
    for (const path of ['/passwords', '/passwords/certificate', '/absence', '/messages', '/program']) {
      await firefox.go(`${own.origin}${path}`);
      assert.deepEqual(await violations(firefox), [], path);
    }
    assert.equal(
      await firefox.ask("return document.querySelectorAll('main svg').length;"),
      1,
      'the settings as a QR code',
    );
    await firefox.click('header form[action="/logout"] button');
    await arrives('/goodbye');
    await firefox.back();
    await arrives('/login');
  },
);

/** The last one that was sent, once there is one. */
async function codeOf(codes: () => Promise<readonly string[]>): Promise<string | undefined> {
  let sent: readonly string[] = [];
  await until('a code was sent', async () => (sent = await codes()).length > 0, 20_000);
  return sent.at(-1);
}
