/**
 * What a merge does not walk in Chromium: imports and settings of the console, and the pages of
 * codes on both listeners that have them. Each page and each of its errors is judged by axe, in
 * both languages and themes and on a phone. The pages of codes are used as people use them: with a
 * script that is blocked, a wrong code first, in the other language.
 */
// @beside
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Page } from 'puppeteer-core';
import { IMPORTS } from '../../src/console/pages/imports.ts';
import type { Language } from '../../src/domain/registry.ts';
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
import { sluisHere } from '../support/command-line.ts';
import { operator, startConsole } from '../support/console.ts';
import { addressOf } from '../support/gateway.ts';
import { freePort } from '../support/instance.ts';
import { startSelfService } from '../support/self-service.ts';
import { until } from '../support/until.ts';

const skip = withoutChromium;
const ORGANISATION = 'group';

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'sluis-walk-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

for (const language of ['nl', 'en'] as const)
  test(`imports and settings are without a violation, their errors too (${language})`, { skip }, async (t) => {
    const console = await startConsole(t, { accounts: ['anna'] });
    await console.gateway.store.operators.add({ name: 'els', role: 'owner' }, operator);
    const page = await pageWithKey(await (await startBrowser(t, console)).createBrowserContext());
    await register(console, page, 'els');
    await speak(page, `${console.origin}/imports`, language);
    const file = join(folderOf(t), 'given.csv');
    const sees = async (name: string): Promise<void> => await judge(page, `${name}-${language}`);
    const open = async (path: string, name: string): Promise<void> => {
      await page.goto(`${console.origin}${path}`);
      await sees(name);
    };
    const look = async (path: string, text: string): Promise<void> => {
      await page.goto(`${console.origin}${path}`);
      writeFileSync(file, text);
      await give(page, '#file', file);
      await press(page, 'main form button');
    };
    await sees('imports');
    for (const { path } of IMPORTS.filter(({ header }) => header !== undefined)) {
      await open(path, path.slice(1).replace('/', '-'));
      await look(path, 'nothing,known\nx,y\n');
      await page.waitForSelector('main [role="alert"]');
      await sees(`${path.slice(1).replace('/', '-')}-refused`);
    }
    await open('/new/practice', 'practice');
    await page.type('#inneworganisation', 'west');
    await page.type('#people', 'anna@group.test\nno "name"');
    await press(page, 'main form button');
    assert.equal(await ask(page, "document.querySelector('#people').value"), 'anna@group.test\nno "name"');
    await sees('practice-wrong');
    await page.evaluate("document.querySelector('#people').value = 'Jan de Vries'");
    await page.type('#domain', 'west.test');
    await press(page, 'main form button');
    await sees('practice-right');
    await page.goto(`${console.origin}/imports/accounts`);
    await sendUnfinished(page, 'main form');
    await sees('import-no-file');
    const lines = Array.from({ length: 150 }, (_, n) => `no address ${n},a${n}@group.test,${ORGANISATION}\n`).join('');
    await look('/imports/accounts', `login,address,organisation\n${lines}`);
    await page.waitForSelector('main table');
    await sees('import-lines');
    await press(page, 'a[rel=next]');
    await sees('import-lines-more');
    await look('/imports/accounts', `login,address,organisation\nnieuw@group.test,nieuw@group.test,${ORGANISATION}\n`);
    await sees('import-right');
    await sendUnfinished(page, 'main form[action$="/run"]');
    await sees('import-no-reason');
    await page.type('#reason', 'ticket 12');
    await press(page, 'main form[action$="/run"] button');
    await page.waitForSelector('main form[action$="/letters"]');
    await sees('import-done');
    await page.click('main form[action$="/letters"] button');
    // The download is no page; what is left is asked for in another tab.
    const tab = await page.browserContext().newPage();
    await until('the letters are taken', async () => {
      await tab.goto(page.url());
      return (await tab.$('main form[action$="/letters"]')) === null;
    });
    await judge(tab, `import-taken-${language}`);
    await tab.close();
    await open('/imports/accounts/nothing', 'import-unknown');
    await open('/settings', 'settings');
    await open('/settings?inlike=timeout', 'settings-found');
    await open('/settings?inlike=nothing-has-this', 'settings-none');
    await open('/settings?inchanged=x', 'settings-wrong');
    await open('/registered-settings', 'registered-settings');
    for (const path of [
      `/organisations/${ORGANISATION}/settings`,
      '/accounts/anna%40group.test/settings',
      '/addresses/anna%40group.test/settings',
    ]) {
      const name = `${path.split('/')[1]}-settings`;
      await open(path, name);
      await page.type('#insettings', 'quota=a lot');
      await page.type('#reason', 'ticket 12');
      await page.click('input[value="called"]').catch(() => undefined);
      await press(page, 'main form button');
      await page.waitForSelector('main [role="alert"]');
      assert.equal(await ask(page, "document.querySelector('#insettings')?.value ?? 'quota=a lot'"), 'quota=a lot');
      await sees(`${name}-wrong`);
    }
  });

/** One of the listeners that have pages of codes. */
interface Site {
  readonly name: string;
  readonly password: string;
  readonly certificate: string;
}

for (const language of ['nl', 'en'] as const)
  test(
    `codes: a wrong one first, then the password and the certificate, on both listeners (${language})`,
    { skip },
    async (t) => {
      const port = await freePort();
      const own = await startSelfService(t, {
        configuration: `[auth]\nfree-per-account = 20\n[[listener]]\nname = "codes"\nprotocol = "enrolment"\naddress = "127.0.0.1"\nport = ${port}\ntls = "implicit"\n`,
      });
      const run = async (...args: string[]): Promise<string> => {
        const { code, stdout, stderr } = await sluisHere([...args, '--config', own.gateway.config.file], '');
        assert.equal(code, 0, `${args.join(' ')}: ${stderr}`);
        return stdout;
      };
      await run('ca', 'init', '--name', 'Test');
      const folder = folderOf(t);
      const request = join(folder, 'request.pem');
      execFileSync(
        'openssl',
        [
          'req',
          '-new',
          '-newkey',
          'ec',
          '-pkeyopt',
          'ec_paramgen_curve:P-256',
          '-nodes',
          '-keyout',
          join(folder, 'key.pem'),
          '-subj',
          '/CN=anna',
          '-out',
          request,
        ],
        { stdio: 'ignore' },
      );
      const browser = await startBrowser(t, own);
      for (const site of [
        { name: 'own', password: `${own.origin}/code`, certificate: `${own.origin}/code/certificate` },
        {
          name: 'listener',
          password: `https://mail.test:${port}/`,
          certificate: `https://mail.test:${port}/certificate`,
        },
      ]) {
        const page = await (await browser.createBrowserContext()).newPage();
        const errors: string[] = [];
        page.on('console', (line) => {
          if (line.type() === 'error' && !/status of 4\d\d/.test(line.text())) errors.push(line.text());
        });
        await speak(page, site.password, language);
        await walkForms(page, site, language);
        await page.setJavaScriptEnabled(false);
        await usesCodes(page, site, run, request);
        assert.deepEqual(errors, [], 'the policy lets everything through that the pages need');
      }
    },
  );

/** Every page and error, judged. */
async function walkForms(page: Page, { name, password, certificate }: Site, language: Language): Promise<void> {
  const sees = async (state: string): Promise<void> => await judge(page, `codes-${name}-${state}-${language}`);
  await sees('password');
  await sendUnfinished(page, 'main form');
  await sees('password-malformed');
  await page.type('#login', addressOf('anna'));
  await page.type('#code', 'k7wq-2mhx-9npc-4drt-8sve-6yfz');
  await press(page, 'main form button');
  await page.waitForSelector('main [role="alert"]');
  await sees('password-refused');
  await page.goto(password);
  await press(page, 'main a[href$="certificate"]');
  assert.equal(page.url(), certificate);
  await sees('certificate');
  await sendUnfinished(page, 'main form');
  await sees('certificate-malformed');
  // The other language, and back to the very page.
  await page.goto(certificate);
  await press(page, 'header form[action$="/language"] button');
  assert.deepEqual(
    [page.url(), await ask(page, 'document.documentElement.lang')],
    [certificate, language === 'nl' ? 'en' : 'nl'],
  );
  await press(page, 'header form[action$="/language"] button');
  await page.goto(new URL('nothing', password).href);
  await sees('missing');
  await press(page, 'main a');
}

/** Without script: what was typed stays after an error, and then it works. */
async function usesCodes(
  page: Page,
  { password, certificate }: Site,
  run: (...args: string[]) => Promise<string>,
  request: string,
): Promise<void> {
  const wrong = 'k7wq-2mhx-9npc-4drt-8sve-6yfz';
  const anna = addressOf('anna');
  const retype = async (code: string): Promise<void> => {
    assert.deepEqual(await ask(page, "['login', 'code'].map((id) => document.getElementById(id).value)"), [
      anna,
      wrong,
    ]);
    await page.focus('#code');
    await page.keyboard.down('Control');
    await page.keyboard.press('KeyA');
    await page.keyboard.up('Control');
    await page.keyboard.type(code);
  };
  const letter = `${request}.${new URL(password).port}.txt`;
  await run('account', 'reset', anna, '--letter', letter);
  const [code = ''] = /[a-z2-9]{4}(?:-[a-z2-9]{4}){5}/.exec(readFileSync(letter, 'utf8')) ?? [];
  await page.goto(password);
  await page.type('#login', anna);
  await page.type('#code', wrong);
  await page.type('#password', 'Some-long-password-1');
  await press(page, 'main form button');
  assert.equal(await ask(page, "document.getElementById('password').value"), '', 'a password does not come back');
  await retype(code);
  await page.type('#password', 'short');
  await press(page, 'main form button');
  await page.waitForSelector('main [role="alert"]');
  await press(page, 'main form button');
  assert.match(await textOf(page, 'main output'), /^\S{12,}$/);
  const issued = await run('cert', 'issue', '--account', anna, '--for', 'login', '--code', '--json');
  await page.goto(certificate);
  await page.type('#login', anna);
  await page.type('#code', wrong);
  await page.type('#request', 'no request');
  await press(page, 'main form button');
  assert.equal(await ask(page, "document.getElementById('request').value"), 'no request');
  await retype((JSON.parse(issued) as { readonly code: string }).code);
  await page.evaluate("document.getElementById('request').value = ''");
  await give(page, '#file', request);
  await press(page, 'main form button');
  assert.match(await textOf(page, 'main pre'), /BEGIN CERTIFICATE/);
  assert.match(
    await ask<string>(page, "document.querySelector('main a[download]').href"),
    /^data:application\/x-pem-file;base64,/,
  );
}
