/**
 * Ten tasks of a helpdesk in Chromium, through the whole gateway, each from Today on: how many
 * presses it takes, what it ends with, and, where something changed, that the trail says who, why,
 * and how it was known who called. Typing is not counted; a choice is a press.
 */
// @beside
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'puppeteer-core';
import { type OperationName, runOperation } from '../../src/admin/operations.ts';
import type { Input } from '../../src/admin/input.ts';
import { OWNER_SAID } from '../../src/domain/roles.ts';
import { pageWithKey, register, startBrowser, textOf, withoutChromium } from '../support/chromium.ts';
import { type TestConsole, operator, startConsole } from '../support/console.ts';
import { addressOf, loginOf } from '../support/gateway.ts';
import { freePort } from '../support/instance.ts';
import { fetchAll, send } from '../support/mail.ts';

const run = async ({ gateway }: TestConsole, name: OperationName, input: Input): Promise<unknown> =>
  await runOperation(
    name,
    gateway.admin,
    input,
    { actor: operator, who: OWNER_SAID, progress: () => undefined },
    gateway.log,
  );
const submit = async ({ gateway }: TestConsole, ...to: string[]): Promise<string> =>
  await send(gateway.target('submission'), loginOf('anna'), {
    ...{ from: addressOf('anna'), to, content: `From: ${addressOf('anna')}\r\nSubject: x\r\n\r\nbody\r\n` },
  });

const isFile = (fields: Readonly<Record<string, string>>): boolean =>
  fields['content-disposition']?.startsWith('attachment') === true;

/** Somebody at the helpdesk, whose presses are counted. */
class Clerk {
  readonly #page: Page;
  #presses = 0;

  constructor(page: Page) {
    this.#page = page;
  }

  async press(selector: string): Promise<void> {
    this.#presses += 1;
    await Promise.all([this.#page.waitForNavigation(), this.#page.click(selector)]);
  }

  async type(selector: string, text: string): Promise<void> {
    await this.#page.type(selector, text);
  }

  /** A press that is answered with a file, and leads nowhere else. */
  async saves(selector: string): Promise<void> {
    this.#presses += 1;
    await Promise.all([this.#page.waitForResponse((answer) => isFile(answer.headers())), this.#page.click(selector)]);
  }

  async find(text: string): Promise<void> {
    await this.type('#q', text);
    await this.press('main form[role=search] button');
  }

  /** What stands on the page. */
  async reads(pattern: RegExp): Promise<void> {
    assert.match(await textOf(this.#page, 'main'), pattern);
  }

  /** Why, how it is known who calls, and the deed. */
  async confirms(reason: string): Promise<void> {
    await this.type('#reason', reason);
    this.#presses += 1;
    await this.#page.click('input[value="called"]');
    await this.press('main form:not([role]) button:not([name])');
  }

  /** From Today on. Resolves to how many presses it took. */
  async task(origin: string, work: () => Promise<void>): Promise<number> {
    await this.#page.goto(origin);
    this.#presses = 0;
    await work();
    return this.#presses;
  }
}

interface Task {
  readonly name: string;
  readonly presses: number;
  readonly work: (clerk: Clerk) => Promise<void>;
  /** What the trail has of it. */
  readonly changed?: OperationName;
}

const PEOPLE = ['Eén de Wit', 'twee', 'drie', 'vier', 'vijf@west.test'];

const tasks: readonly Task[] = [
  {
    name: 'a lost password',
    presses: 4,
    changed: 'account.reset',
    work: async (clerk) => {
      await clerk.find(addressOf('bram'));
      await clerk.press('a[href$="/new-code"]');
      await clerk.confirms('lost password');
      await clerk.reads(/The code was sent to the contact/);
    },
  },
  {
    name: 'did the lab result arrive',
    presses: 3,
    work: async (clerk) => {
      await clerk.find(addressOf('bram'));
      await clerk.press('a[href$="/messages"]');
      await clerk.press('main table a[href^="/messages/"]');
      await clerk.reads(/It was fetched/);
    },
  },
  {
    name: 'a wrong addressee',
    presses: 6,
    changed: 'message.withdraw',
    work: async (clerk) => {
      await clerk.find(addressOf('cees'));
      await clerk.press('a[href$="/messages"]');
      await clerk.press('main table a[href^="/messages/"]');
      await clerk.press('a[href$="/withdraw"]');
      await clerk.confirms('wrong addressee');
      await clerk.reads(/taken back/);
    },
  },
  {
    name: 'a mailbox is full',
    presses: 4,
    changed: 'account.set',
    work: async (clerk) => {
      await clerk.find(addressOf('bram'));
      await clerk.reads(/Size.* of 1GiB|Size.* of \d/);
      await clerk.press('a[href$="/settings"]');
      await clerk.type('#insettings', 'quota=3GiB');
      await clerk.confirms('mailbox full');
      await clerk.reads(/of 3GiB/);
    },
  },
  {
    name: 'a certificate ends',
    presses: 4,
    changed: 'cert.enrol',
    work: async (clerk) => {
      await clerk.find(addressOf('bram'));
      await clerk.press('a[href$="/certificate"]');
      await clerk.confirms('certificate ends');
      await clerk.reads(/(?:[0-9a-z]{4}-){5}[0-9a-z]{4}/);
    },
  },
  {
    name: 'a practice moved to another organisation',
    presses: 5,
    changed: 'account.move',
    work: async (clerk) => {
      await clerk.find(addressOf('dirk'));
      await clerk.press('a[href$="/move"]');
      await clerk.type('#inorganisation', 'oost');
      await clerk.type('#insince', '14d');
      await clerk.press('button[name=look]');
      await clerk.reads(/Nothing has changed yet/);
      await clerk.confirms('practice moved');
      await clerk.reads(/belongs to the other organisation/);
    },
  },
  {
    name: 'a new practice with five people',
    presses: 5,
    changed: 'account.import',
    work: async (clerk) => {
      await clerk.press('a[href="/new/practice"]');
      await clerk.type('#inneworganisation', 'west');
      await clerk.type('#intitle', 'Praktijk West');
      await clerk.type('#incontact', 'een.de.wit@west.test');
      await clerk.type('#domain', 'west.test');
      await clerk.type('#people', PEOPLE.join('\n'));
      await clerk.press('main form[action="/new/practice"] button');
      await clerk.reads(/would register 5 accounts.*een\.de\.wit@west\.test/s);
      await clerk.confirms('new practice');
      await clerk.reads(/Registered 5 accounts/);
      await clerk.saves('main form[action$="/letters"] button');
    },
  },
  {
    name: 'a partner refuses our mail',
    presses: 2,
    work: async (clerk) => {
      await clerk.press('main a[href="/partners/umc"]');
      await clerk.press('form[action$="/test"] button');
      await clerk.reads(/cannot be reached in this way/);
    },
  },
  {
    name: 'who read the trail',
    presses: 3,
    work: async (clerk) => {
      await clerk.press('nav a[href="/registers"]');
      await clerk.press('main a[href="/trail"]');
      await clerk.type('#inevent', 'audit.read');
      await clerk.press('main form[role=search] button');
      await clerk.reads(/audit\.read.*els/s);
    },
  },
  {
    name: 'a stolen account is suspended',
    presses: 4,
    changed: 'account.suspend',
    work: async (clerk) => {
      await clerk.find(addressOf('anna'));
      await clerk.press('a[href$="/suspend"]');
      await clerk.confirms('stolen account');
      await clerk.reads(/The account is suspended/);
    },
  },
];

test('ten tasks of a helpdesk, each in so many presses from Today on', { skip: withoutChromium }, async (t) => {
  const console = await startConsole(t, { accounts: ['anna', 'bram', 'cees', 'dirk'] });
  const { store } = console.gateway;
  await run(console, 'organisation.set', { name: 'group', contact: addressOf('cees'), settings: [] });
  for (const name of ['oost', 'umc']) await run(console, 'organisation.add', { name, title: name, post: [] });
  await run(console, 'partner.add', {
    ...{ name: 'umc', organisation: 'umc', host: '127.0.0.1', port: await freePort() },
  });
  await run(console, 'partner.domain.add', { name: 'umc', domain: 'umc.test' });
  await submit(console, 'arts@umc.test');
  await submit(console, addressOf('bram'));
  await fetchAll(console.gateway.target('pop3s'), loginOf('bram'), 'quit');
  await submit(console, addressOf('cees'));
  await store.operators.add({ name: 'els', role: 'owner' }, operator);
  const browser = await startBrowser(t, console);
  const page = await pageWithKey(await browser.createBrowserContext());
  await register(console, page, 'els');
  const clerk = new Clerk(page);
  for (const { name, presses, work, changed } of tasks)
    await t.test(`${name}: ${presses} presses`, async () => {
      const { seq } = await store.audit.head();
      assert.equal(await clerk.task(console.origin, () => work(clerk)), presses);
      const rows = (await store.audit.read({ fromSeq: seq + 1, limit: 1000 })).filter(
        ({ event, facts, outcome }) =>
          event === 'operator.changed' && outcome === 'success' && facts?.['dry-run'] !== true,
      );
      if (changed === undefined) {
        assert.deepEqual(rows, []);
        return;
      }
      const row = rows.find(({ facts }) => facts?.operation === changed);
      const { actor, reason } = row?.personal ?? {};
      assert.equal(actor, 'els');
      const asked = `${String(reason)} ${String(row?.facts?.caller)}`;
      assert.match(asked, new RegExp(changed === 'message.withdraw' ? 'wrong addressee' : 'caller: called back'));
      assert.match(asked, /called back/);
      for (const { personal } of rows) assert.equal(personal?.actor, 'els');
    });
});
