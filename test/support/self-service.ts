/** A gateway with the pages of accounts, and how somebody gets in: the code is read where it was sent. */
import type { TestContext } from 'node:test';
import { Browser, operator } from './console.ts';
import { type TestGateway, type TestGatewayOptions, addressOf, loginOf, startTestGateway } from './gateway.ts';
import { freePort } from './instance.ts';
import { fetchAll } from './mail.ts';
import type { PageTarget } from './page-client.ts';

export interface TestSelfService {
  readonly gateway: TestGateway;
  readonly port: number;
  readonly origin: string;
  browser(language?: string, shows?: PageTarget['shows'], from?: string): Browser;
  /** The codes that were sent to the contact, oldest first. */
  codes(reader?: string): Promise<readonly string[]>;
  loggedIn(name: string, language?: string): Promise<Browser>;
}

/** Accounts: `anna`, whose pages they are, `contact`, who reads for the organisation, and those that the test names. */
export async function startSelfService(
  t: TestContext,
  { asks, accounts = [], ...options }: TestGatewayOptions & { readonly asks?: true } = {},
): Promise<TestSelfService> {
  const port = await freePort();
  const listener = `[[listener]]\nname = "own"\nprotocol = "self-service"\naddress = "127.0.0.1"\nport = ${port}\ntls = "implicit"\n${asks === true ? 'client-certificates = "ask"\n' : ''}`;
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
    (await fetchAll(gateway.target('pop3s'), loginOf(reader))).flatMap((text) => {
      const [, first, second] = /Code\s*:?\s+(\d{4}) (\d{4})\b/.exec(text) ?? [];
      return first === undefined || second === undefined ? [] : [`${first}${second}`];
    });
  return {
    ...{ gateway, port, origin, browser, codes },
    loggedIn: async (name, language) => {
      const mine = browser(language);
      const sent = await mine.post('/login', { ...(await mine.get('/login')).form('/login'), ...loginOf(name) });
      const code = (await codes(name === 'contact' ? 'anna' : 'contact')).at(-1) ?? '';
      const done = await mine.post('/login/code', { ...sent.form('/login/code'), code });
      if (done.status !== 303)
        throw new Error(`Nobody was let in: ${sent.status} ${sent.body} ${done.status} ${done.body}`);
      return mine;
    },
  };
}
