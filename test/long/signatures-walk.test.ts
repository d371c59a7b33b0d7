/**
 * The pages on which something waits for two people, in Chromium and judged by axe: a deed and an
 * import that wait, the request as the asker, as a colleague and as whoever has no passkey sees it,
 * what is signed, and what it ends with. Who came by a real OpenID provider, or with the
 * break-glass account, can sign nothing here, and is told what he can do.
 */
// @beside
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Page } from 'puppeteer-core';
import type { Input } from '../../src/admin/input.ts';
import { type OperationName, type OperationResult, runOperation } from '../../src/admin/operations.ts';
import { fromBase32 } from '../../src/crypto/keys/base32.ts';
import { stepAt, totpCode } from '../../src/crypto/passwords/totp.ts';
import { OWNER_SAID } from '../../src/domain/roles.ts';
import { judge } from '../support/axe.ts';
import {
  ask,
  give,
  pageWithKey,
  press,
  register,
  sendUnfinished,
  speak,
  startBrowser,
  textOf,
  withoutChromium,
} from '../support/chromium.ts';
import { LeapingClock, operator, startConsole } from '../support/console.ts';
import { addressOf } from '../support/gateway.ts';
import { withProvider } from '../support/openid-console.ts';

const pathOf = (page: Page): string => new URL(page.url()).pathname;
const DECIDE = 'main form[action$="/decide"]';

for (const language of ['nl', 'en'] as const)
  test(
    `what waits for two people is without a violation, from asking to its end (${language})`,
    { skip: withoutChromium },
    async (t) => {
      const clock = new LeapingClock();
      const { provider, configuration, ...federated } = await withProvider(t);
      const console = await startConsole(t, {
        ...federated,
        accounts: ['anna', 'bram'],
        clock,
        configuration: `${configuration}[operators]\nsecond-person = ["end"]\n`,
      });
      const { admin, log, store } = console.gateway;
      const run = async <N extends OperationName>(name: N, input: Input): Promise<OperationResult<N>> =>
        await runOperation(name, admin, input, { actor: operator, who: OWNER_SAID, progress: () => undefined }, log);
      // Before there are two who can sign: then it would be theirs to sign as well.
      const made = await run('operator.break-glass.make', {});
      for (const name of ['jan', 'els']) await store.operators.add({ name, role: 'owner' }, operator);
      await store.operators.add({ name: 'kees', role: 'read' }, operator);
      const browser = await startBrowser(t, console);
      const [jan, els] = [
        await pageWithKey(await browser.createBrowserContext()),
        await pageWithKey(await browser.createBrowserContext()),
      ];
      await register(console, jan, 'jan');
      await register(console, els, 'els');
      for (const page of [jan, els]) await speak(page, console.origin, language);
      const sees = async (page: Page, name: string): Promise<void> => await judge(page, `two-${name}-${language}`);

      // A deed: what is missing, what waits, and the request of whoever asked.
      await jan.goto(`${console.origin}/operators/kees/end`);
      await sendUnfinished(jan, 'main form');
      await sees(jan, 'deed-missing');
      await jan.type('#reason', 'ticket 5');
      for (const one of await jan.$$('input[name=caller][value=called]')) await one.click();
      await press(jan, 'main form button:not([name])');
      await sees(jan, 'deed-waits');
      await press(jan, 'main a.button[href^="/approvals/"]');
      const request = pathOf(jan);
      await sees(jan, 'request-own');
      await jan.goto(`${console.origin}/approvals`);
      await sees(jan, 'requests');
      await jan.goto(console.origin);
      await sees(jan, 'today');

      // Whoever has no passkey: by the provider, with two factors there; and with the account for
      // emergencies.
      const told = async (page: Page, name: string): Promise<void> => {
        await speak(page, `${console.origin}${request}`, language);
        await sees(page, name);
        const text = await textOf(page, 'main');
        assert.match(
          text,
          language === 'nl' ? /met een passkey, en u hebt er geen/ : /you need a passkey, and you have none/,
        );
        assert.match(text, /sluis approve .* --key FILE/);
        assert.equal(await page.$(DECIDE), null);
        // The form of somebody else, filled in by hand, shows the same page and signs nothing.
        const token = await ask<string>(page, "document.querySelector('input[name=token]').value");
        const typed = { token, reason: 'x', caller: 'called', verdict: 'approved' };
        await page.evaluate(`const form = document.createElement('form');
          Object.assign(form, { method: 'post', action: ${JSON.stringify(`${request}/decide`)} });
          for (const [name, value] of Object.entries(${JSON.stringify(typed)}))
            form.append(Object.assign(document.createElement('input'), { name, value }));
          form.append(Object.assign(document.createElement('button'), { id: 'forged', textContent: 'x' }));
          document.querySelector('main').append(form);`);
        await press(page, '#forged');
        assert.equal(await page.$('form[data-passkey]'), null);
        assert.match(await textOf(page, 'main'), /sluis approve/);
      };
      provider.person = { sub: 's-1', preferred_username: 'piet', groups: ['chiefs'], amr: ['mfa'] };
      const piet = await (await browser.createBrowserContext()).newPage();
      await piet.goto(`${console.origin}/login`);
      await piet.click('a[href^="/login/provider/begin"]');
      await piet.waitForSelector('main [role="search"]');
      assert.match(await textOf(piet, 'header'), /piet/);
      await told(piet, 'no-passkey-provider');
      const safe = await (await browser.createBrowserContext()).newPage();
      await safe.goto(`${console.origin}/break-glass`);
      await safe.type('#password', made.password);
      await safe.type('#code', totpCode(fromBase32(made.key) ?? Buffer.alloc(0), stepAt(clock.now())));
      await press(safe, 'main form button');
      assert.match(await textOf(safe, 'header'), /break-glass/);
      await told(safe, 'no-passkey-break-glass');
      assert.deepEqual((await store.operators.waiting())[0]?.passkeys, []);

      // The colleague: what is missing, what is signed, approved; whoever asked does it.
      const decides = async (path: string, verdict: 'approved' | 'rejected', name: string): Promise<void> => {
        await els.goto(`${console.origin}${path}`);
        await sees(els, `${name}-request`);
        await sendUnfinished(els, DECIDE);
        await els.waitForSelector('main [role="alert"]');
        await sees(els, `${name}-missing`);
        await els.type('#reason', 'jan gebeld');
        await els.click('input[name=caller][value=called]');
        await press(els, `button[name=verdict][value=${verdict}]`);
        await sees(els, `${name}-touch`);
        await press(els, 'form[data-passkey] button');
        await sees(els, `${name}-${verdict}`);
      };
      await decides(request, 'approved', 'deed');
      await jan.goto(`${console.origin}${request}`);
      await sees(jan, 'deed-signed');
      await press(jan, `form[action="${request}/run"] button`);
      await sees(jan, 'deed-done');
      assert.equal(
        (await store.operators.list()).some(({ name }) => name === 'kees'),
        false,
      );
      await jan.goto(`${console.origin}${request}`);
      await sees(jan, 'request-gone');

      // An import, whose file is used after the signature on its own page.
      const folder = mkdtempSync(join(tmpdir(), 'sluis-two-'));
      t.after(() => rmSync(folder, { recursive: true }));
      const file = join(folder, 'ends.csv');
      const asks = async (): Promise<string> => {
        writeFileSync(file, `account,grace\n${addressOf('anna')},30d\n${addressOf('bram')},30d\n`);
        await jan.goto(`${console.origin}/imports/account-ends`);
        await give(jan, '#file', file);
        await press(jan, 'main form button');
        await sees(jan, 'import-right');
        await sendUnfinished(jan, 'main form[action$="/run"]');
        await sees(jan, 'import-missing');
        await jan.type('#reason', 'ticket 6');
        await sendUnfinished(jan, 'main form[action$="/run"]');
        await sees(jan, 'import-other-name');
        await jan.type('#confirm', 'accounts');
        await press(jan, 'main form[action$="/run"] button');
        await sees(jan, 'import-waits');
        return await ask<string>(jan, "document.querySelector('main a[href^=\"/approvals/\"]').getAttribute('href')");
      };
      const refused = await asks();
      await decides(refused, 'rejected', 'import');
      const pressAgain = async (): Promise<void> => {
        await jan.type('#reason', 'ticket 6');
        await jan.type('#confirm', 'accounts');
        await press(jan, 'main form[action$="/run"] button');
      };
      await pressAgain();
      await sees(jan, 'import-refused');
      const signed = await asks();
      const page = jan.url();
      await jan.goto(`${console.origin}${signed}`);
      await sees(jan, 'import-request-own');
      await decides(signed, 'approved', 'import-file');
      await jan.goto(`${console.origin}${signed}`);
      await sees(jan, 'import-request-signed');
      await jan.goto(page);
      await pressAgain();
      await sees(jan, 'import-done');
      for (const name of ['anna', 'bram'])
        assert((await store.registry.findAccount(addressOf(name)))?.account.endsAt !== undefined, name);
    },
  );
