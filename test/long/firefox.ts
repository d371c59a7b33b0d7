/**
 * Firefox as an operator has it, with an authenticator that has its user beside it, driven without
 * a screen.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { freePort } from '../support/instance.ts';
import { withoutProgram } from '../support/require.ts';
import { Marionette } from './marionette.ts';

const PREFERENCES = {
  'app.update.enabled': false,
  'browser.shell.checkDefaultBrowser': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'intl.accept_languages': 'nl,en',
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'security.OCSP.enabled': 0,
  'security.webauth.webauthn_enable_softtoken': true,
  'security.webauth.webauthn_enable_usbtoken': false,
  'toolkit.telemetry.enabled': false,
};
/** As WebDriver names an element. */
const ELEMENT = 'element-6066-11e4-a52e-4f735466cecf';
const ENTER = '\uE007';
const PATIENCE = 20_000;

export const withoutFirefox =
  withoutProgram('firefox-esr', 'firefox-esr') || withoutProgram('certutil', 'libnss3-tools');

/**
 * One in a folder of its own, which is gone when the test has ended. `host` and `ca`: as for
 * `Firefox.start`.
 */
export async function firefoxFor(t: TestContext, host: string, ca: string): Promise<Firefox> {
  const home = mkdtempSync(join(tmpdir(), 'sluis-firefox-'));
  t.after(() => rmSync(home, { recursive: true, force: true, maxRetries: 5 }));
  const firefox = await Firefox.start(home, host, ca);
  t.after(() => firefox.stop());
  return firefox;
}

export class Firefox {
  readonly #child: ChildProcess;
  readonly #marionette: Marionette;

  private constructor(child: ChildProcess, marionette: Marionette) {
    this.#child = child;
    this.#marionette = marionette;
  }

  /** `host`: found on this machine. `ca`: PEM, of the authority that is trusted. */
  static async start(home: string, host: string, ca: string): Promise<Firefox> {
    const profile = join(home, 'profile');
    mkdirSync(profile, { recursive: true });
    const port = await freePort();
    const set = { ...PREFERENCES, 'marionette.port': port, 'network.dns.localDomains': host };
    const lines = Object.entries(set).map(([name, value]) => `user_pref("${name}", ${JSON.stringify(value)});\n`);
    writeFileSync(join(profile, 'user.js'), lines.join(''));
    writeFileSync(join(home, 'ca.pem'), ca);
    execFileSync('certutil', ['-N', '-d', `sql:${profile}`, '--empty-password']);
    execFileSync('certutil', ['-A', '-d', `sql:${profile}`, '-t', 'C,,', '-n', 'ca', '-i', join(home, 'ca.pem')]);
    const child = spawn('firefox-esr', ['--headless', '--marionette', '--no-remote', '--profile', profile], {
      stdio: 'ignore',
      env: { PATH: process.env.PATH ?? '', HOME: home, LANG: 'C.UTF-8', TZ: 'UTC', MOZ_CRASHREPORTER_DISABLE: '1' },
    });
    try {
      const marionette = await Marionette.open(port, 'content');
      await marionette.command('WebAuthn:AddVirtualAuthenticator', {
        ...{ protocol: 'ctap2_1', transport: 'internal', hasResidentKey: true, hasUserVerification: true },
        ...{ isUserConsenting: true, isUserVerified: true },
      });
      return new Firefox(child, marionette);
    } catch (error) {
      child.kill('SIGKILL');
      throw error;
    }
  }

  async stop(): Promise<void> {
    this.#marionette.close();
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGKILL');
    await ended;
  }

  async go(url: string): Promise<void> {
    await this.#marionette.command('WebDriver:Navigate', { url });
  }

  async back(): Promise<void> {
    await this.#marionette.command('WebDriver:Back', {});
  }

  async path(): Promise<string> {
    return await this.ask<string>('return location.pathname;');
  }

  /** Pixels of the page itself. */
  async resize(width: number, height: number): Promise<void> {
    await this.#marionette.command('WebDriver:SetWindowRect', { width, height });
    const [x, y] = await this.ask<[number, number]>('return [innerWidth, innerHeight];');
    await this.#marionette.command('WebDriver:SetWindowRect', { width: 2 * width - x, height: 2 * height - y });
  }

  /** PNG of what is to be seen without scrolling. */
  async screenshot(): Promise<Buffer> {
    const { value } = (await this.#marionette.command('WebDriver:TakeScreenshot', { full: false })) as {
      value: string;
    };
    return Buffer.from(value, 'base64');
  }

  /** The body of a function that runs in the page. */
  async ask<T>(script: string, ...args: readonly unknown[]): Promise<T> {
    const { value } = (await this.#marionette.command('WebDriver:ExecuteScript', { script, args })) as { value: T };
    return value;
  }

  /** The body of an asynchronous one. */
  async run<T>(body: string, ...args: readonly unknown[]): Promise<T> {
    return await this.#marionette.run<T>(body, ...args);
  }

  async type(selector: string, text: string): Promise<void> {
    await this.#marionette.command('WebDriver:ElementSendKeys', { id: await this.#find(selector), text });
  }

  async click(selector: string): Promise<void> {
    await this.#marionette.command('WebDriver:ElementClick', { id: await this.#find(selector) });
  }

  /** Presses it by the keyboard. */
  async enter(selector: string): Promise<void> {
    await this.type(selector, ENTER);
  }

  /** Empty while there is no such element, as between two pages. */
  async text(selector: string): Promise<string> {
    const script = 'return document.querySelector(arguments[0])?.textContent;';
    return (await this.ask<string | null>(script, selector)) ?? '';
  }

  /** Waits until it is there. */
  async #find(value: string): Promise<string> {
    for (const end = performance.now() + PATIENCE; ;) {
      try {
        const found = await this.#marionette.command('WebDriver:FindElement', { using: 'css selector', value });
        return (found as { readonly value: Readonly<Record<string, string>> }).value[ELEMENT] ?? '';
      } catch (error) {
        if (performance.now() > end) throw new Error(`${value} is not on the page`, { cause: error });
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }
}
