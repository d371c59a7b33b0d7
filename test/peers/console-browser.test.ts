/**
 * The web console in Debian's Chromium, with a virtual authenticator: the main paths, in both
 * languages, each page judged by axe (WCAG 2.2 AA), on a phone and in the dark. With
 * SLUIS_PICTURES=FOLDER it keeps a picture of each page.
 */
// @beside
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'puppeteer-core';
import { runOperation } from '../../src/admin/operations.ts';
import { OWNER_SAID } from '../../src/domain/roles.ts';
import { minutes } from '../../src/domain/units.ts';
import { judge } from '../support/axe.ts';
import { ask, pageWithKey, press, register, startBrowser, textOf, withoutChromium } from '../support/chromium.ts';
import { LeapingClock, operator, startConsole } from '../support/console.ts';
import { effort } from '../support/effort.ts';
import { addressOf, loginOf } from '../support/gateway.ts';
import { send } from '../support/mail.ts';
import { withProvider } from '../support/openid-console.ts';
import { startSelfService } from '../support/self-service.ts';
import { until } from '../support/until.ts';

const skip = withoutChromium;

for (const language of effort<readonly ('en' | 'nl')[]>(['nl'], ['en', 'nl']))
  test(`every page is without a violation, in both themes and on a phone (${language})`, { skip }, async (t) => {
    const clock = new LeapingClock();
    const { provider, ...federated } = await withProvider(t);
    const console = await startConsole(t, { ...federated, accounts: ['anna'], clock });
    const sent = {
      from: addressOf('anna'),
      to: [addressOf('anna')],
      content: `From: ${addressOf('anna')}\r\n\r\nx\r\n`,
    };
    const message = await send(console.gateway.target('submission'), loginOf('anna'), sent);
    await console.gateway.store.operators.add({ name: 'els', role: 'owner' }, operator);
    const browser = await startBrowser(t, console);
    const page = await pageWithKey(await browser.createBrowserContext());
    const { organisation = '' } = (await console.gateway.store.registry.findAccount('anna@group.test')) ?? {};
    const see = async (path: string, name: string): Promise<void> => {
      await page.goto(`${console.origin}${path}`);
      assert.equal(await ask(page, 'document.documentElement.lang'), language, name);
      await judge(page, `${name}-${language}`);
    };
    if (language === 'nl') {
      await page.goto(`${console.origin}/login`);
      await press(page, 'header button');
      assert.equal(new URL(page.url()).pathname, '/login', 'back to where the reader was');
    }
    await see('/login', 'login');
    await see('/register', 'register');
    await page.type('#code', await console.code('els'));
    await press(page, 'main button');
    await judge(page, `passkey-${language}`);
    await press(page, 'main button');
    await see('/', 'today');
    await see('/search', 'search');
    await see('/search?q=nobody', 'search-nothing');
    await see('/accounts/anna%40group.test', 'account');
    await see('/accounts/anna%40group.test/suspend', 'deed');
    await see('/accounts/anna%40group.test/contain', 'deed-final');
    await see('/accounts/anna%40group.test/messages', 'account-messages');
    await see('/accounts/anna%40group.test/move', 'deed-asks');
    await page.type('#inorganisation', organisation);
    await page.type('#insince', '2h');
    await press(page, 'button[name=look]');
    await judge(page, `deed-plan-${language}`);
    await see(`/organisations/${organisation}`, 'organisation');
    await see(`/messages/${message}`, 'message');
    await see(`/messages/${message}/withdraw`, 'withdraw');
    await see('/queue', 'queue');
    await see('/registers', 'registers');
    await see('/operators/els', 'operator');
    await see('/new/operator', 'deed-fields');
    await see('/certificates?inexpiring=x', 'register-wrong');
    await see('/trail', 'trail');
    await see('/style', 'style');
    await see('/nothing', 'problem');
    clock.leap(minutes(6));
    await see('/accounts/anna%40group.test/contain', 'prove');
    await see('/goodbye', 'goodbye');
    await see('/login/provider', 'provider-refused');
    await see('/break-glass', 'break-glass');
    // By way of the provider, whose page comes between: the way back is a page of ours, from which
    // the browser goes on with its Strict cookie.
    provider.person = { sub: 's-1', preferred_username: 'jan', groups: ['help'], amr: ['mfa'] };
    const other = await (await browser.createBrowserContext()).newPage();
    await other.goto(`${console.origin}/login?to=%2Fsearch`);
    await other.click('a[href^="/login/provider/begin"]');
    await other.waitForSelector('main [role="search"]');
    assert.match(await textOf(other, 'header'), /jan/);
    clock.leap(minutes(6));
    await other.goto(`${console.origin}/accounts/anna%40group.test/contain`);
    await judge(other, `prove-provider-${language}`);
    const opened = new Promise<Page | null>((resolve) => other.once('popup', resolve));
    await other.click('a[href="/prove/provider"]');
    const popup = await opened;
    await popup?.waitForSelector('main [role="status"]');
    await popup?.close();
    await other.bringToFront();
    await press(other, 'main form button');
    assert.equal(new URL(other.url()).pathname, '/accounts/anna%40group.test/contain');
  });

test(
  'a passkey logs in and out, the key is asked for again, and going back after the way out shows nothing',
  { skip },
  async (t) => {
    const clock = new LeapingClock();
    const console = await startConsole(t, { accounts: ['anna'], clock });
    await console.gateway.store.operators.add({ name: 'els', role: 'support' }, operator);
    const browser = await startBrowser(t, console);
    const page = await pageWithKey(await browser.createBrowserContext());
    const errors: string[] = [];
    page.on('console', (line) => {
      if (line.type() === 'error' && !/status of 4\d\d/.test(line.text())) errors.push(line.text());
    });
    page.on('pageerror', (error) => errors.push(String(error)));
    await register(console, page, 'els');
    await press(page, 'header form[action="/logout"] button');
    assert.equal(new URL(page.url()).pathname, '/goodbye');
    await page.goBack();
    // Chromium keeps the page that was left alive, for all its no-store: it is asked for again as
    // soon as it is shown.
    await until('the way in is shown', () => new URL(page.url()).pathname === '/login');
    await page.waitForSelector('form[action="/login"]');
    await press(page, 'main button');
    assert.equal(new URL(page.url()).pathname, '/');
    // An account by its address, and what cannot be undone: six presses, and the key once more.
    clock.leap(minutes(6));
    await page.goto(`${console.origin}/search`);
    await page.type('#q', 'anna@group.test');
    await press(page, 'main button');
    await press(page, 'a[href$="/contain"]');
    assert.equal(new URL(page.url()).pathname, '/prove');
    await press(page, 'main button');
    await page.type('#reason', 'stolen, ticket 4711');
    await page.click('input[value="called"]');
    await press(page, 'main form button');
    assert.match(await textOf(page, 'main'), /The account is contained/);
    assert.equal((await console.gateway.store.registry.findAccount('anna@group.test'))?.account.state, 'suspended');
    assert.deepEqual(errors, [], 'neither the policy nor the script complains');
  },
);

test('the keyboard alone finds and suspends an account, and the script is not needed for it', { skip }, async (t) => {
  const console = await startConsole(t, { accounts: ['anna'] });
  await console.gateway.store.operators.add({ name: 'els', role: 'support' }, operator);
  const browser = await startBrowser(t, console);
  const page = await pageWithKey(await browser.createBrowserContext());
  await register(console, page, 'els');
  await page.setJavaScriptEnabled(false);
  await page.goto(`${console.origin}/search`);
  /** Presses Tab until what has the focus fits, as a person does. */
  const tabTo = async (selector: string): Promise<void> => {
    for (let n = 0; n < 60; n += 1) {
      await page.keyboard.press('Tab');
      const there = await ask<boolean>(page, `document.activeElement.matches(${JSON.stringify(selector)})`);
      if (!there) continue;
      const outline = await ask(page, 'getComputedStyle(document.activeElement).outlineStyle');
      assert.notEqual(outline, 'none', `${selector} shows that it has the focus`);
      return;
    }
    assert.fail(`Tab does not reach ${selector}`);
  };
  const enter = async (): Promise<void> => {
    await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
  };
  await tabTo('.skip');
  await tabTo('#q');
  await page.keyboard.type('anna@group.test');
  await enter();
  await tabTo('a[href$="/suspend"]');
  await enter();
  await tabTo('#reason');
  await page.keyboard.type('ticket 7');
  await tabTo('input[type=radio]');
  await page.keyboard.press('Space');
  await tabTo('main form button');
  await enter();
  assert.match(await textOf(page, 'main'), /The account is suspended/);
});

test('a page of somebody else neither shows the console in a frame nor sends its forms', { skip }, async (t) => {
  const console = await startConsole(t, { accounts: ['anna'] });
  await console.gateway.store.operators.add({ name: 'els', role: 'support' }, operator);
  const browser = await startBrowser(t, console);
  const page = await pageWithKey(await browser.createBrowserContext());
  await register(console, page, 'els');
  const path = '/accounts/anna%40group.test/suspend';
  await page.goto(`${console.origin}${path}`);
  const token = await ask<string>(page, "document.querySelector('main input[name=token]').value");
  // Even with the token, which no other page knows, from another site.
  await page.goto(
    `data:text/html,<form method=post action="${console.origin}${path}"><input name=token value="${token}"><input name=reason value=x><input name=caller value=own><button>x</button></form>`,
  );
  await press(page, 'button');
  assert.equal((await console.gateway.store.registry.findAccount('anna@group.test'))?.account.state, 'active');
  await page.goto(`data:text/html,<iframe src="${console.origin}/login"></iframe>`);
  const frame = page.frames().find((one) => one.url().startsWith(console.origin));
  const shown = frame === undefined ? '' : await ask<string>(frame, 'document.body.textContent').catch(() => '');
  assert.doesNotMatch(shown, /passkey/);
});

test('the pages of accounts are without a violation, and are used with a keyboard alone', { skip }, async (t) => {
  const own = await startSelfService(t);
  const page = await (await startBrowser(t, own)).newPage();
  await page.goto(`${own.origin}/login`);
  await judge(page, 'own-log-in');
  await page.focus('#login');
  await page.keyboard.type(addressOf('anna'));
  await page.keyboard.press('Tab');
  await page.keyboard.type(loginOf('anna').password);
  await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
  await page.focus('#code');
  await page.keyboard.type((await own.codes()).at(-1) ?? '');
  await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
  for (const path of effort(
    ['passwords/new', 'program'],
    ['', 'passwords', 'passwords/new', 'absence', 'program', 'messages', 'code'],
  )) {
    await page.goto(`${own.origin}/${path}`);
    await judge(page, `own-${path.replace('/', '-')}`);
  }
});

for (const language of effort<readonly ('en' | 'nl')[]>(['nl'], ['en', 'nl']))
  test(
    `two operators in two browsers: one asks, the other approves or refuses with a touch (${language})`,
    { skip },
    async (t) => {
      const console = await startConsole(t, { configuration: '[operators]\nsecond-person = ["end"]' });
      const { store } = console.gateway;
      for (const name of ['jan', 'els']) await store.operators.add({ name, role: 'owner' }, operator);
      await store.registry.addOrganisation({ name: 'umc', title: 'UMC', language: 'nl' }, operator);
      const browser = await startBrowser(t, console);
      const [jan, els] = [
        await pageWithKey(await browser.createBrowserContext()),
        await pageWithKey(await browser.createBrowserContext()),
      ];
      for (const [page, name] of [
        [jan, 'jan'],
        [els, 'els'],
      ] as const) {
        await register(console, page, name);
        if (language === 'nl') await press(page, 'header button[lang=nl]');
      }
      const pathOf = (page: Page): string => new URL(page.url()).pathname;
      /** Answers the path of the request. */
      const askFor = async (partner: string): Promise<string> => {
        const call = { actor: operator, who: OWNER_SAID, progress: () => undefined };
        const input = { name: partner, organisation: 'umc', host: `${partner}.example` };
        await runOperation('partner.add', console.gateway.admin, input, call, console.gateway.log);
        await jan.goto(`${console.origin}/partners/${partner}/end`);
        await press(jan, 'button[name=look]');
        await jan.type('#confirm', partner);
        await jan.type('#reason', 'ticket 5');
        await press(jan, 'main form button:not([name])');
        await press(jan, 'main a.button[href^="/approvals/"]');
        return pathOf(jan);
      };
      const decide = async (path: string, verdict: 'approved' | 'rejected'): Promise<void> => {
        await els.goto(console.origin);
        await press(els, `main a[href="${path}"]`);
        if (verdict === 'approved') await judge(els, `request-${language}`);
        await els.type('#reason', 'jan gebeld');
        await els.click('input[name=caller][value=called]');
        await press(els, `button[name=verdict][value=${verdict}]`);
        if (verdict === 'approved') await judge(els, `request-touch-${language}`);
        assert.match(await textOf(els, 'main'), /jan gebeld/);
        await press(els, 'form[data-passkey] button');
      };
      const approved = await askFor('umc');
      if (effort(false, true)) await judge(jan, `request-own-${language}`);
      await decide(approved, 'approved');
      assert.equal(pathOf(els), approved);
      await jan.reload();
      await press(jan, `form[action="${approved}/run"] button`);
      assert((await store.registry.findPartnerNamed('umc'))?.endsAt !== undefined);
      const rows = await store.audit.read({ limit: 1000 });
      const [signed] = rows.filter(({ event }) => event === 'approval.signed');
      assert.deepEqual(
        [signed?.personal?.actor, signed?.personal?.reason, signed?.facts?.proof, signed?.facts?.caller],
        ['els', 'jan gebeld', 'passkey', 'called back'],
      );
      const refused = await askFor('amc');
      await decide(refused, 'rejected');
      await jan.goto(`${console.origin}${refused}`);
      assert.doesNotMatch(await textOf(jan, 'main'), /ticket 5/, 'it waits no more');
      assert.equal((await store.registry.findPartnerNamed('amc'))?.endsAt, undefined);
      assert((await store.audit.read({ limit: 1000 })).some(({ event }) => event === 'approval.rejected'));
      assert.equal((await store.audit.verify()).kind, 'intact');
    },
  );
