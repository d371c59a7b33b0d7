/** Debian's Chromium for tests of the console, with a virtual authenticator. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type Browser, type BrowserContext, type Page, launch } from 'puppeteer-core';
import type { Language } from '../../src/domain/registry.ts';
import type { TestConsole } from './console.ts';
import { withoutProgram } from './require.ts';

export const withoutChromium = withoutProgram('chromium', 'chromium') || withoutProgram('certutil', 'libnss3-tools');

/**
 * Evaluates an expression in the page. It is text, because the compiler has no types of a browser.
 */
export const ask = async <T>(page: Pick<Page, 'evaluate'>, expression: string): Promise<T> =>
  (await page.evaluate(expression)) as T;
export const textOf = (page: Page, selector: string): Promise<string> =>
  ask(page, `document.querySelector(${JSON.stringify(selector)}).textContent`);

/**
 * Starts a browser that trusts the authority of the test and finds the test's host on this machine.
 */
export async function startBrowser(t: TestContext, console: Pick<TestConsole, 'gateway'>): Promise<Browser> {
  const home = mkdtempSync(join(tmpdir(), 'sluis-browser-'));
  const database = `sql:${join(home, '.pki', 'nssdb')}`;
  mkdirSync(join(home, '.pki', 'nssdb'), { recursive: true });
  writeFileSync(join(home, 'ca.pem'), console.gateway.ca);
  execFileSync('certutil', ['-N', '-d', database, '--empty-password']);
  execFileSync('certutil', ['-A', '-d', database, '-t', 'C,,', '-n', 'ca', '-i', join(home, 'ca.pem')]);
  const browser = await launch({
    executablePath: '/usr/bin/chromium',
    env: { ...process.env, HOME: home },
    // Its first start, beside all other peers, has taken longer than the 30 s of the library.
    timeout: 120_000,
    args: ['--no-sandbox', '--host-resolver-rules=MAP mail.test 127.0.0.1', '--accept-lang=en-GB,en'],
  });
  t.after(async () => {
    await browser.close();
    rmSync(home, { recursive: true, force: true, maxRetries: 5 });
  });
  return browser;
}

/** Opens a page with a virtual authenticator whose user is always present. */
export async function pageWithKey(context: BrowserContext): Promise<Page> {
  const page = await context.newPage();
  const cdp = await page.createCDPSession();
  await cdp.send('WebAuthn.enable');
  await cdp.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  return page;
}

export const press = async (page: Page, selector: string): Promise<void> => {
  await Promise.all([page.waitForNavigation(), page.click(selector)]);
};

/**
 * Registers a passkey with a code of an existing operator, who is then logged in and sees the first
 * page.
 */
export async function register(console: TestConsole, page: Page, name: string): Promise<void> {
  await page.goto(`${console.origin}/register`);
  await page.type('#code', await console.code(name));
  await press(page, 'main button');
  await press(page, 'main button');
  assert.equal(new URL(page.url()).pathname, '/');
}

/** Puts a file of this machine into a field of a form. */
export async function give(page: Page, selector: string, path: string): Promise<void> {
  const field = (await page.$(selector)) as unknown as { uploadFile(path: string): Promise<void> } | null;
  assert(field !== null, selector);
  await field.uploadFile(path);
}

/** Sends the form as it is, even if the browser would refuse to. */
export async function sendUnfinished(page: Page, form: string): Promise<void> {
  await page.evaluate(`document.querySelector(${JSON.stringify(form)}).noValidate = true`);
  await press(page, `${form} button`);
}

/** Opens the site in this language. */
export async function speak(page: Page, origin: string, language: Language): Promise<void> {
  await page.goto(origin);
  if ((await ask(page, 'document.documentElement.lang')) !== language)
    await press(page, 'header form[action$="/language"] button');
  assert.equal(await ask(page, 'document.documentElement.lang'), language);
}
