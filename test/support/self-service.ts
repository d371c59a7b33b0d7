/**
 * A gateway with the pages for accounts, and how a test logs in there: it reads the code where it
 * was sent.
 */
import type { TestContext } from 'node:test';
import { Browser, type Seen, operator } from './console.ts';
import { type TestGateway, type TestGatewayOptions, addressOf, loginOf, startTestGateway } from './gateway.ts';
import { freePort } from './instance.ts';
import { fetchAll } from './mail.ts';
import type { PageTarget } from './page-client.ts';
import type { Login } from './smtp-client.ts';

export interface TestSelfService {
  readonly gateway: TestGateway;
  readonly port: number;
  readonly origin: string;
  browser(language?: string, shows?: PageTarget['shows'], from?: string): Browser;
  /** The codes that were sent to the contact, oldest first. */
  readonly codes: (reader?: string) => Promise<readonly string[]>;
  readonly loggedIn: (name: string, language?: string) => Promise<Browser>;
}

/** The codes in these messages, oldest first. */
export const codesIn = (messages: readonly string[]): readonly string[] =>
  messages.flatMap((text) => {
    const [, first, second] = /Code\s*:?\s+(\d{4}) (\d{4})\b/.exec(text) ?? [];
    return first === undefined || second === undefined ? [] : [`${first}${second}`];
  });

/** Logs in with the password and the code that was then sent. */
export async function logIn(browser: Browser, login: Login, sentCode: () => Promise<string>): Promise<void> {
  const sent = await browser.post('/login', { ...(await browser.get('/login')).form('/login'), ...login });
  const done = await browser.post('/login/code', { ...sent.form('/login/code'), code: await sentCode() });
  if (done.status !== 303)
    throw new Error(`Nobody was let in: ${sent.status} ${sent.body} ${done.status} ${done.body}`);
}

/** Sends the form of a page with its own fields and what is typed. */
export async function done(
  browser: Browser,
  path: string,
  typed: Readonly<Record<string, string>> = {},
): Promise<Seen> {
  const [action = ''] = path.split('?');
  return await browser.post(action, { ...(await browser.get(path)).form(action), ...typed });
}

/** The listener's section of the configuration. */
export const selfServiceListener = (port: number, more = ''): string =>
  `[[listener]]\nname = "own"\nprotocol = "self-service"\naddress = "127.0.0.1"\nport = ${port}\ntls = "implicit"\n${more}`;

/**
 * Starts the gateway. Its accounts are `anna`, who uses the pages, `contact`, who reads for the
 * organisation, and those that the test names.
 */
export async function startSelfService(
  t: TestContext,
  { asks, accounts = [], ...options }: TestGatewayOptions & { readonly asks?: true } = {},
): Promise<TestSelfService> {
  const port = await freePort();
  const listener = selfServiceListener(port, asks === true ? 'client-certificates = "ask"\n' : '');
  const gateway = await startTestGateway({
    ...options,
    accounts: ['anna', 'contact', ...accounts],
    configuration: `${options.configuration ?? ''}\n${listener}`,
  });
  t.after(() => gateway.remove());
  const { registry } = gateway.store;
  const organisation = (await registry.findAccount(addressOf('anna')))?.organisation ?? '';
  await registry.changeOrganisation(organisation, { contact: addressOf('contact') }, operator);
  const origin = `https://mail.test:${port}`;
  const browser = (language = 'en', shows?: PageTarget['shows'], from?: string): Browser =>
    new Browser(
      {
        ...{ port, ca: gateway.ca },
        ...(shows === undefined ? {} : { shows }),
        ...(from === undefined ? {} : { from }),
      },
      origin,
      language,
    );
  const codes = async (reader = 'contact'): Promise<readonly string[]> =>
    codesIn(await fetchAll(gateway.target('pop3s'), loginOf(reader)));
  return {
    ...{ gateway, port, origin, browser, codes },
    loggedIn: async (name, language) => {
      const mine = browser(language);
      await logIn(mine, loginOf(name), async () => (await codes(name === 'contact' ? 'anna' : 'contact')).at(-1) ?? '');
      return mine;
    },
  };
}
