/**
 * A new organisation with the accounts of its people, typed on one page: looked at first, then all
 * of it or nothing.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressFor } from '../../src/console/parts/people.ts';
import { type Browser, type Seen, type TestConsole, startConsole } from '../support/console.ts';
import { addressOf } from '../support/gateway.ts';

const PATH = '/new/practice';
const PEOPLE = ['Eén  de Wit', 'j. jansen', 'balie@west.test'];
const typed = {
  ...{ inneworganisation: 'west', intitle: 'Praktijk West', domain: '@west.test', people: PEOPLE.join('\r\n') },
  ...{ incontact: 'balie@west.test', inpost: 'Dorpsstraat 1', inlanguage: 'nl' },
};

const send = async (browser: Browser, fields: Readonly<Record<string, string>>): Promise<Seen> =>
  await browser.post(PATH, { ...(await browser.get(PATH)).form(PATH), ...fields });
const known = async ({ gateway }: TestConsole): Promise<number> =>
  (await gateway.store.registry.listAccounts({ limit: 1000 })).length;

test('addressFor() makes an address of a name, and leaves a whole address as it is', () => {
  for (const [person, address] of [
    ['Jan de Vries', 'jan.de.vries@west.nl'],
    ['J. Müller', 'j.muller@west.nl'],
    ['balie', 'balie@west.nl'],
    ['Post@oost.nl', 'Post@oost.nl'],
  ] as const)
    assert.equal(addressFor(person, 'west.nl'), address);
});

test('what is typed is shown as accounts, and one press registers the organisation with all of them, and makes their letters', async (t) => {
  const console = await startConsole(t, { accounts: ['anna'] });
  const { registry, audit } = console.gateway.store;
  const { browser } = await console.loggedIn('jan', 'registry');
  assert.match((await browser.get('/')).body, /href="\/new\/practice"/);
  const before = await known(console);
  const looked = await send(browser, typed);
  const at = looked.to ?? '';
  const page = await browser.get(at);
  assert.match(
    page.body,
    /Nothing has changed yet[^]*would register 3 accounts[^]*een\.de\.wit@west\.test[^]*j\.jansen@west\.test/,
  );
  assert.equal(await registry.findOrganisation('west'), undefined);
  const run = `${at}/run`;
  const unsaid = await browser.post(run, { ...page.form(run), reason: 'ticket 1' });
  assert.deepEqual([unsaid.status, await known(console)], [422, before], 'how it is known who calls is asked for');
  const { seq } = await audit.head();
  await browser.post(run, { ...unsaid.form(run), reason: 'ticket 1', caller: 'called' });
  const done = await browser.get(at);
  assert.match(done.body, /Registered 3 accounts[^]*Fetch the letters \(3\)/);
  assert.doesNotMatch(done.body, /Warning/, 'one of the accounts is the contact');
  const { title, contact, post } = (await registry.findOrganisation('west')) ?? {};
  assert.deepEqual([title, contact, post], ['Praktijk West', 'balie@west.test', ['Dorpsstraat 1']]);
  assert.equal((await registry.findAccount('een.de.wit@west.test'))?.organisation, 'west');
  const letters = await browser.post(`${at}/letters`, done.form(`${at}/letters`));
  assert.match(letters.body, /Praktijk West\nDorpsstraat 1[^]*een\.de\.wit@west\.test/);
  const rows = await audit.read({ fromSeq: seq + 1, limit: 100 });
  const asked = rows.find(({ facts }) => facts?.operation === 'account.import');
  assert.match(String(asked?.personal?.reason), /ticket 1 \(caller: called back\)/);
  assert(rows.some(({ event, personal }) => event === 'registry.organisation-added' && personal?.actor === 'jan'));
});

test('what is wrong is told by who it is about, what was typed stays, and nothing is registered', async (t) => {
  const console = await startConsole(t, { accounts: ['anna'] });
  const { browser } = await console.loggedIn('jan', 'registry');
  const before = await known(console);
  const people = `${addressOf('anna')}\n<script>alert(1)</script>\na@b@c`;
  for (const [fields, said] of [
    [{ people }, /<li>anna@group\.test: [^<]*exists already[^]*&lt;script&gt;[^]*a@b@c: /],
    [{ inneworganisation: 'group' }, /there is an organisation &quot;group&quot; already/],
    [{ inneworganisation: '' }, /Fill this in/],
    [{ people: ' \n ' }, /at least one/],
    [{ people: Array.from({ length: 101 }, (_, n) => `p${n}`).join('\n') }, /no more than this form takes/],
    [{ incontact: 'nobody at all' }, /Cannot use/],
  ] as const) {
    const page = await send(browser, { ...typed, ...fields });
    assert.equal(page.status, 422, page.body);
    assert.match(page.body, said);
    assert.match(page.body, /value="Praktijk West"/);
    assert.doesNotMatch(page.body, /<script>alert/);
  }
  assert.equal(await known(console), before);
  assert.equal(await console.gateway.store.registry.findOrganisation('west'), undefined);
});

test('an address that was taken between the look and the press leaves no organisation behind', async (t) => {
  const console = await startConsole(t, { accounts: ['anna'] });
  const { registry } = console.gateway.store;
  const { browser } = await console.loggedIn('jan', 'registry');
  const at = (await send(browser, typed)).to ?? '';
  const taken = { organisation: 'group', kind: 'mail', login: 'j.jansen@west.test', addresses: [] } as const;
  await registry.addAccount(taken, { name: 'test' });
  const page = await browser.get(at);
  await browser.post(`${at}/run`, { ...page.form(`${at}/run`), reason: 'x', caller: 'own' });
  assert.match((await browser.get(at)).body, /exists already/);
  assert.equal(await registry.findOrganisation('west'), undefined);
  assert.equal(await registry.findAccount('balie@west.test'), undefined);
});
