/**
 * The registers of the console: every page by every role, lists with their filters and files, and
 * deeds by declared forms.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Input } from '../../src/admin/input.ts';
import { MAX_LIST, nameOf } from '../../src/commands/core/params.ts';
import { rowNamed } from '../../src/commands/table.ts';
import type { Page } from '../../src/console/core/page.ts';
import { csvOf } from '../../src/console/parts/csv-file.ts';
import { deedFields } from '../../src/console/parts/deed.ts';
import type { DeedPage } from '../../src/console/parts/deed-pages.ts';
import { readFields } from '../../src/web/parts/fields.ts';
import type { RegisterPage } from '../../src/console/parts/register.ts';
import { REGISTERS } from '../../src/console/pages/registers.ts';
import { CONSOLE_PAGES } from '../../src/console/table.ts';
import { ROLES, mayDo } from '../../src/domain/roles.ts';
import { instant } from '../../src/domain/units.ts';
import { MAX_FIELDS, FIELD_NAME } from '../../src/http/form.ts';
import { operator, startConsole } from '../support/console.ts';

const isDeed = (page: Page): page is DeedPage => 'deed' in page;
const isRegister = (page: Page): page is RegisterPage => 'register' in page;
const DEEDS = [...new Set(CONSOLE_PAGES.filter(isDeed).map(({ deed }) => deed))];
const somePath = ({ path }: Pick<Page, 'path'>): string => path.replace(/\{\w+\}/g, 'nobody');

test('every page refuses every role without its right, behind GET and POST, and no role meets a refusal behind its own', async (t) => {
  const console = await startConsole(t);
  const asked = CONSOLE_PAGES.filter(({ access, path }) => access !== 'nobody' && path !== '/logout');
  for (const role of ROLES) {
    const { browser } = await console.loggedIn(`the-${role}`, role);
    browser.keepAlive();
    const { body } = await browser.get('/registers');
    const [, token = ''] = /name="token" value="([^"]+)"/.exec(body) ?? [];
    for (const page of asked) {
      const path = somePath(page);
      const { status } =
        page.method === 'GET' ? await browser.get(path) : await browser.post(path, { token, reason: '' });
      const may = page.access === 'session' || mayDo(role, page.access as (typeof ROLES)[number]);
      const what = `${role} ${page.method} ${path}: ${status}`;
      if (may) assert(status !== 403 && status !== 500, what);
      else assert.equal(status, 403, what);
    }
  }
});

test('an operator of one organisation is offered what takes an organisation, and no page shows him the others', async (t) => {
  const console = await startConsole(t, { accounts: ['anna'] });
  await console.gateway.store.registry.addOrganisation({ name: 'other', title: 'Other', language: 'nl' }, operator);
  const { browser } = await console.loggedIn('els', 'security', { organisation: 'other' });
  const { body } = await browser.get('/registers');
  const offered = [...body.matchAll(/<a class="button second" href="(\/[^"]+)"/g)].map(([, path = '']) => path);
  for (const page of CONSOLE_PAGES.filter(isRegister)) {
    const seen = await browser.get(page.path);
    const isOffered = offered.includes(page.register.path);
    // A list that takes an account or none at all is about the whole gateway to him.
    assert.equal(seen.status, isOffered ? 200 : 403, `${page.path}: ${seen.status}`);
    assert.doesNotMatch(seen.body, /anna@group\.test/, page.path);
  }
});

test('a form gives its operation the fields that it declares, whatever else comes with it', () => {
  assert(DEEDS.length > 10);
  for (const deed of DEEDS) {
    const row = rowNamed(deed.operation);
    const fields = deedFields(deed);
    assert(fields.length + 4 <= MAX_FIELDS, deed.path);
    for (const { key } of fields) assert.match(key, FIELD_NAME, `${deed.path} ${key}`);
    const declared = new Set([...(deed.fields ?? []), ...Object.keys(deed.input({}))]);
    // Whatever a form is asked for, it answers.
    const { input } = readFields(fields, { language: 'en', now: instant(0), field: () => 'yes' });
    const given = { ...input, ...deed.input({}) };
    for (const name of Object.keys(given)) assert(declared.has(name), `${deed.path} takes ${name}`);
    for (const name of declared)
      assert(
        Object.keys(row.in).some((key) => nameOf(key) === name),
        `${deed.path}: ${name}`,
      );
    // What the path says wins over a field of the same name.
    for (const name of Object.keys(deed.input({})))
      assert(!(deed.fields ?? []).includes(name), `${deed.path}: ${name}`);
  }
});

test('every deed asks for the words of each of its fields, in both languages', async (t) => {
  const console = await startConsole(t);
  const { browser } = await console.loggedIn('els', 'owner');
  for (const deed of DEEDS.filter(({ path }) => !path.includes('{'))) {
    assert.equal((await browser.get(deed.path)).status, 200, deed.path);
  }
  for (const { words, fields = [] } of DEEDS)
    for (const language of ['nl', 'en'] as const)
      for (const name of fields)
        assert(words[language].fields?.[name]?.label, `${words.en.button} ${language} ${name}`);
  for (const { words, columns, filters = [] } of REGISTERS)
    for (const language of ['nl', 'en'] as const) {
      assert.deepEqual(Object.keys(words[language].columns).sort(), Object.keys(columns).sort(), words.en.title);
      for (const name of filters) assert(words[language].filters?.[name]?.label, `${words.en.title} ${name}`);
    }
});

test('a list comes by pages of fifty, is narrowed by a filter, and is a file with all of it', async (t) => {
  const console = await startConsole(t);
  const { operators } = console.gateway.store;
  for (let n = 0; n < 59; n += 1)
    await operators.add({ name: `op-${String(n).padStart(2, '0')}`, role: 'read' }, operator);
  const { browser } = await console.loggedIn('zoe', 'security');
  const rowsIn = (body: string): number => [...body.matchAll(/<td><a href="\/operators\/[^"]*">/g)].length;
  const first = await browser.get('/operators');
  assert.equal(rowsIn(first.body), 50);
  const [, next = ''] = /rel="next" href="([^"]+)"/.exec(first.body) ?? [];
  assert.equal(next, '/operators?after=op-49');
  const second = await browser.get(next);
  assert.equal(rowsIn(second.body), 10);
  assert.doesNotMatch(second.body, /rel="next"/);
  const file = await browser.get('/operators.csv');
  assert.equal(file.headers['content-type'], 'text/csv; charset=utf-8');
  assert.equal(file.headers['content-disposition'], 'attachment; filename="operators.csv"');
  assert.equal(file.headers['cache-control'], 'no-store');
  const lines = file.body.trimEnd().split('\n');
  assert.equal(lines[0], 'NAME,ROLE,ORGANISATION,SINCE,ENDS,KEY,CERTIFICATE');
  assert.equal(lines.length, 61);
  // A look is in the trail once, whatever its pages.
  const looks = (await console.gateway.store.audit.read({ limit: 1000 })).filter(
    ({ event, facts }) =>
      event === 'operator.looked' && (facts as { operation?: string }).operation === 'operator.list',
  );
  assert.equal(looks.length, 2);
  const mine = await browser.get('/passkeys?inoperator=zoe');
  assert.match(mine.body, /<td><a href="\/operators\/zoe">/);
  assert.match(mine.body, /href="\/passkeys\.csv\?inoperator=zoe"/);
  assert.match((await browser.get('/passkeys?inoperator=op-01')).body, /There is no passkey/);
  const wrong = await browser.get('/passkeys?inoperator=%22%3E%3Cscript%3E');
  assert.equal(wrong.status, 422);
  assert.match(wrong.body, /Expected: 1 to 32 characters/);
  assert.doesNotMatch(wrong.body, /<script>|passkeys\.csv/);
});

test('an operator is added with a code that is shown once, gets another role and a token, and is ended', async (t) => {
  const console = await startConsole(t);
  const { browser } = await console.loggedIn('zoe', 'security');
  const typed = { inname: 'piet', inrole: 'support', inconsole: 'yes', reason: 'ticket 9' };
  const add = (await browser.get('/new/operator')).form('/new/operator');
  const wrong = await browser.post('/new/operator', { ...add, ...typed, inends: 'whenever' });
  assert.equal(wrong.status, 422);
  assert.match(wrong.body, /Expected: a day such as/);
  for (const kept of [/value="piet"/, /value="support" selected/, /value="yes"[^>]* checked/, /value="ticket 9"/])
    assert.match(wrong.body, kept);
  const added = await browser.post('/new/operator', { ...add, ...typed });
  const [, code = ''] = /<output>([^<]+)<\/output>/.exec(added.body) ?? [];
  assert.match(code, /^[a-z0-9-]{20,}$/);
  const his = console.browser();
  assert.equal((await his.post('/register', { code })).status, 200, 'the code is a code');
  // Nobody gives what he does not have.
  const owner = await browser.post('/new/operator', { ...add, ...typed, inname: 'kees', inrole: 'owner' });
  assert.equal(owner.status, 403);
  const doIt = async (path: string, fields: Readonly<Record<string, string>>) =>
    await browser.post(path, { ...(await browser.get(path)).form(path), reason: 'ticket 9', ...fields });
  assert.equal((await doIt('/operators/piet/rights', { inrole: 'read' })).to, '/operators/piet?done=rights');
  const page = await browser.get('/operators/piet?done=rights');
  assert.match(page.body, /The operator was changed[\s\S]*reader \(read\)/);
  const token = await doIt('/operators/piet/token', { inends: '90d', innetwork: '192.0.2.0/24\n198.51.100.7' });
  const [, made = ''] = /<output>([^<]+)<\/output>/.exec(token.body) ?? [];
  assert(made.length > 20);
  const [kept] = await console.gateway.store.operators.tokens();
  assert.deepEqual([kept?.operator, kept?.networks], ['piet', ['192.0.2.0/24', '198.51.100.7']]);
  assert.doesNotMatch((await browser.get('/operator-tokens')).body, new RegExp(made));
  assert.equal((await doIt('/operators/piet/end', {})).to, '/operators?done=end');
  assert.equal((await browser.get('/operators/piet')).status, 404);
  const rows = (await console.gateway.store.audit.read({ limit: 1000 })).filter(
    ({ event }) => event === 'operator.changed',
  );
  assert.deepEqual(
    rows.map(({ facts, personal }) => [(facts as { operation: string }).operation, personal?.reason]),
    [
      ['operator.add', 'ticket 9'],
      ['operator.add', 'ticket 9'],
      ['operator.set', 'ticket 9'],
      ['operator.token.add', 'ticket 9'],
      ['operator.end', 'ticket 9'],
    ],
  );
});

test('a session and a passkey are ended from the page of their operator, and whoever had them is out', async (t) => {
  const console = await startConsole(t);
  const { browser } = await console.loggedIn('zoe', 'security');
  const { browser: his } = await console.loggedIn('piet', 'read');
  const page = await browser.get('/operators/piet');
  const [, end = ''] = /href="(\/sessions\/[^"]+\/end)"/.exec(page.body) ?? [];
  assert.equal((await his.get('/')).status, 200);
  const form = (await browser.get(end)).form(end);
  assert.equal((await browser.post(end, { ...form, reason: 'left his desk' })).to, '/sessions?done=end');
  assert.equal((await his.get('/')).to, '/login');
  const [, passkey = ''] = /href="(\/passkeys\/[^"]+\/end)"/.exec(page.body) ?? [];
  await browser.post(passkey, { ...(await browser.get(passkey)).form(passkey), reason: 'stolen' });
  assert.match((await browser.get('/passkeys?inoperator=piet')).body, /ended/);
  // Whoever reads alone is not shown them.
  const { browser: reader } = await console.loggedIn('jan', 'read');
  const seen = await reader.get('/operators/piet');
  assert.equal(seen.status, 200);
  assert.doesNotMatch(seen.body, /\/end"|Sessions/);
});

/** The file of a list of so many rows, in which the page behind `fails` is refused. */
async function fileOf(all: number, most: number, fails = Infinity): Promise<readonly string[]> {
  const row = { header: ['N'], cells: (one: unknown) => [one as number], after: String };
  const rows = ({ after = '0', limit = 0 }: Input): Promise<readonly number[]> => {
    const first = Number(after);
    if (first >= fails) return Promise.reject(new Error('the store has gone'));
    return Promise.resolve(Array.from({ length: Math.min(Number(limit), all - first) }, (_, n) => first + n + 1));
  };
  let text = '';
  for await (const piece of (await csvOf('numbers', row, rows, most)).pieces) text += String(piece);
  return text.trimEnd().split('\n');
}

test('a file has every row once, says where it was cut, and does not end well where a page is missing', async () => {
  for (const all of [0, 1, 1000, 2500]) {
    const [header, ...lines] = await fileOf(all, 10_000);
    assert.equal(header, 'N');
    assert.deepEqual(
      lines,
      Array.from({ length: all }, (_, n) => String(n + 1)),
    );
  }
  const cut = await fileOf(5000, 2000);
  assert.equal(cut.length, 1 + 2000 + 1);
  assert.match(cut.at(-1) ?? '', /More than 2000 rows: use a filter/);
  await assert.rejects(fileOf(5000, 10_000, 2000), /the store has gone/);
});

test('a file that breaks off ends its connection, so that nobody takes a part for the whole', async (t) => {
  const console = await startConsole(t);
  const { registry } = console.gateway.store;
  await registry.addOrganisation({ name: 'west', title: 'West', language: 'nl' }, operator);
  const accounts = Array.from({ length: MAX_LIST + 100 }, (_, n) => ({
    ...{ login: `p${n}@west.test`, organisation: 'west', kind: 'mail' as const, addresses: [] },
  }));
  await registry.importAccounts(accounts, operator);
  const { browser } = await console.loggedIn('els', 'support');
  assert.equal((await browser.get('/accounts.csv')).body.match(/^p\d+@west\.test,/gm)?.length, accounts.length);
  let pages = 0;
  const list = registry.listAccounts.bind(registry);
  const gone = t.mock.method(registry, 'listAccounts', async (query: Parameters<typeof list>[0]) => {
    pages += 1;
    if (pages > 1) throw new Error('the store has gone');
    return await list(query);
  });
  await assert.rejects(browser.get('/accounts.csv'));
  assert.equal(pages, 2);
  gone.mock.restore();
  assert.equal((await browser.get('/accounts')).status, 200);
});

test('the directory is a register: what accounts may look up, by any part, and what has left it', async (t) => {
  const console = await startConsole(t, { accounts: ['anna', 'bert'] });
  const { registry } = console.gateway.store;
  const { browser } = await console.loggedIn('zoe', 'read');
  const rowsIn = ({ body }: { readonly body: string }): readonly string[] =>
    [...body.matchAll(/<td>(\w+@group\.test)<\/td><td>(\w+)<\/td>/g)].map(([, who, state]) => `${who} ${state}`).sort();
  assert.deepEqual(rowsIn(await browser.get('/directory')), [], 'nobody agreed');
  await registry.changeSettings({ scope: 'organisation', name: 'group' }, { 'directory-listing': true }, operator);
  await registry.changeSettings({ scope: 'account', login: 'bert@group.test' }, { role: 'Huisarts' }, operator);
  assert.deepEqual(rowsIn(await browser.get('/directory')), ['anna@group.test listed', 'bert@group.test listed']);
  assert.deepEqual(rowsIn(await browser.get('/directory?intext=HUIS')), ['bert@group.test listed']);
  await registry.setAccountState('bert@group.test', 'suspended', operator);
  assert.deepEqual(rowsIn(await browser.get('/directory')), ['anna@group.test listed']);
  const all = await browser.get('/directory?inremoved=yes');
  assert.deepEqual(rowsIn(all), ['anna@group.test listed', 'bert@group.test removed']);
  assert.match((await browser.get('/directory.csv')).body, /^ADDRESS,STATE,ORGANISATION/);
});
