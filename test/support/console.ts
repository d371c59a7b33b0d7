/**
 * A gateway with a web console, and a browser without a screen. The browser keeps cookies and reads
 * forms, but does not follow redirects.
 */
import { Agent } from 'node:https';
import type { TestContext } from 'node:test';
import type { Role } from '../../src/domain/roles.ts';
import type { Clock, Timer } from '../../src/domain/effects.ts';
import { type Instant, type Milliseconds, instant } from '../../src/domain/units.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { newEnrolmentCode } from '../../src/crypto/passwords/enrolment-code.ts';
import { type TestGateway, type TestGatewayOptions, startTestGateway } from './gateway.ts';
import { formWithFile } from './form-with-file.ts';
import { freePort } from './instance.ts';
import { type PageAnswer, type PageTarget, askPage } from './page-client.ts';
import { SoftPasskey } from './passkey.ts';

const HOST = 'mail.test';
export const operator = { name: 'test', reason: 'test' };

export interface TestConsole {
  readonly gateway: TestGateway;
  readonly port: number;
  readonly origin: string;
  readonly browser: (language?: string, from?: string, shows?: PageTarget['shows']) => Browser;
  /** Makes an operator with a passkey, and a browser in which he is logged in. */
  readonly loggedIn: (
    name: string,
    role: Role,
    more?: { readonly organisation?: string; readonly synced?: true },
  ) => Promise<{ readonly browser: Browser; readonly passkey: SoftPasskey }>;
  readonly code: (name: string) => Promise<string>;
}

/**
 * `port`: a port that the test has already told somebody. `asks`: the listener asks for a client
 * certificate.
 */
export async function startConsole(
  t: TestContext,
  { port: told, asks, ...options }: TestGatewayOptions & { readonly port?: number; readonly asks?: true } = {},
): Promise<TestConsole> {
  const port = told ?? (await freePort());
  const listener = `[[listener]]\nname = "console"\nprotocol = "console"\naddress = "127.0.0.1"\nport = ${port}\ntls = "implicit"\n${asks === true ? 'client-certificates = "ask"\n' : ''}`;
  const gateway = await startTestGateway({ ...options, configuration: `${options.configuration ?? ''}\n${listener}` });
  t.after(() => gateway.remove());
  const origin = `https://${HOST}:${port}`;
  const target = { port, ca: gateway.ca };
  const code = async (name: string): Promise<string> => {
    const { code: made, id, hash } = newEnrolmentCode((n) => crypto.getRandomValues(new Uint8Array(n)));
    await gateway.store.console.makeCode(name, { id, hash }, operator);
    return made;
  };
  const browser = (language = 'en', from?: string, shows?: PageTarget['shows']): Browser =>
    new Browser(
      { ...target, ...(from === undefined ? {} : { from }), ...(shows === undefined ? {} : { shows }) },
      origin,
      language,
    );
  return {
    ...{ gateway, port, origin, browser, code },
    loggedIn: async (name, role, { organisation, synced } = {}) => {
      await gateway.store.operators.add(
        { name, role, ...(organisation === undefined ? {} : { organisation }) },
        operator,
      );
      const [mine, passkey] = [browser(), new SoftPasskey(origin, synced)];
      const made = await mine.post('/register', { code: await code(name) });
      const done = await mine.post('/register/passkey', {
        ...made.form('/register/passkey'),
        credential: passkey.create(made.options),
      });
      if (done.status !== 303) throw new Error(`The passkey was not registered: ${done.status} ${done.body}`);
      return { browser: mine, passkey };
    },
  };
}

/**
 * The clock of the system, which a test can put forward. Times of sessions then pass, but timers do
 * not run.
 */
export class LeapingClock implements Clock {
  #ahead = 0;
  now(): Instant {
    return instant(systemClock.now() + this.#ahead);
  }
  monotonic(): Milliseconds {
    return systemClock.monotonic();
  }
  after(delay: Milliseconds, run: () => void): Timer {
    return systemClock.after(delay, run);
  }
  leap(time: Milliseconds): void {
    this.#ahead += time;
  }
}

/** A page, as far as a test asks it. */
export class Seen {
  readonly status: number;
  readonly headers: PageAnswer['headers'];
  readonly body: string;

  constructor({ status, headers, body }: PageAnswer) {
    this.status = status;
    this.headers = headers;
    this.body = body;
  }

  get to(): string | undefined {
    return this.headers.location;
  }

  /** The hidden fields of the form with this action. */
  form(action: string): Readonly<Record<string, string>> {
    const start = this.body.indexOf(`action="${action}"`);
    if (start < 0) throw new Error(`There is no form for ${action} in ${this.body}`);
    const text = this.body.slice(start, this.body.indexOf('</form>', start));
    const inputs = [...text.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g)];
    return Object.fromEntries(inputs.map(([, name = '', value = '']) => [name, unescaped(value)]));
  }

  /** The options with which the page asks for a passkey. */
  get options(): string {
    const [, found] = /data-options="([^"]*)"/.exec(this.body) ?? [];
    if (found === undefined) throw new Error(`No passkey is asked for: ${this.status} ${this.body}`);
    return unescaped(found);
  }
}

const unescaped = (text: string): string =>
  text
    .replace(/&quot;/g, '"')
    .replace(/&#39;/g, "'")
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&amp;/g, '&');

export class Browser {
  readonly cookies = new Map<string, string>();
  #target: PageTarget;
  readonly #origin: string;
  readonly #language: string;

  constructor(target: PageTarget, origin: string, language: string) {
    this.#target = target;
    this.#origin = origin;
    this.#language = language;
  }

  /**
   * Uses one connection for all requests, as a browser does, for a test that asks for hundreds of
   * pages.
   */
  keepAlive(): void {
    this.#target = { ...this.#target, agent: new Agent({ keepAlive: true, maxSockets: 1 }) };
  }

  async get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Seen> {
    return this.#kept(await askPage(this.#target, path, { headers: { ...this.#sent(), ...headers } }));
  }

  /** Posts a form in the way that our own pages do. */
  async post(
    path: string,
    fields: Readonly<Record<string, string>>,
    headers: Readonly<Record<string, string>> = {},
    agent = this.#target.agent,
  ): Promise<Seen> {
    const answer = await askPage({ ...this.#target, ...(agent !== undefined && { agent }) }, path, {
      headers: {
        ...this.#sent(),
        ...{
          origin: this.#origin,
          'sec-fetch-site': 'same-origin',
          'content-type': 'application/x-www-form-urlencoded',
        },
        ...headers,
      },
      body: new URLSearchParams(fields).toString(),
    });
    return this.#kept(answer);
  }

  /** Posts a form with a file in the way that our own pages do. */
  async upload(
    path: string,
    fields: Readonly<Record<string, string>>,
    file: string | Buffer | undefined,
  ): Promise<Seen> {
    const { type, body } = formWithFile(fields, file);
    const headers = { ...this.#sent(), origin: this.#origin, 'sec-fetch-site': 'same-origin', 'content-type': type };
    return this.#kept(await askPage(this.#target, path, { headers, body }));
  }

  #sent(): Readonly<Record<string, string>> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    return { 'accept-language': this.#language, ...(cookie === '' ? {} : { cookie }) };
  }

  #kept(answer: PageAnswer): Seen {
    for (const line of answer.headers['set-cookie'] ?? []) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === '') this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    return new Seen(answer);
  }
}
