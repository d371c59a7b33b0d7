/**
 * Files that are imported in the console: looked at first, line by line, and then used exactly as
 * they were.
 */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { Agent } from 'node:https';
import { test } from 'node:test';
import { type OperationName, runOperation } from '../../src/admin/operations.ts';
import type { Input } from '../../src/admin/input.ts';
import { MAX_FILE } from '../../src/console/parts/held-imports.ts';
import type { ImportPage } from '../../src/console/parts/import.ts';
import { IMPORTS } from '../../src/console/pages/imports.ts';
import { CONSOLE_PAGES } from '../../src/console/table.ts';
import { approvalStatement, signApproval } from '../../src/crypto/trail/approval.ts';
import { fingerprintOf, spkiOf } from '../../src/crypto/trail/operator-key.ts';
import { OWNER_SAID } from '../../src/domain/roles.ts';
import { instant, minutes } from '../../src/domain/units.ts';
import { type Browser, LeapingClock, type Seen, type TestConsole, operator, startConsole } from '../support/console.ts';
import { addressOf } from '../support/gateway.ts';
import { address } from '../support/store.ts';
import { until } from '../support/until.ts';

const HASH = '"$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$Q2Fub3RCZVVzZWRCZWNhdXNlSXRJc05vdEFIYXNo"';
const ORGANISATION = 'praktijk';

const withOrganisation = async (t: Parameters<typeof startConsole>[0], configuration = ''): Promise<TestConsole> => {
  const console = await startConsole(t, { configuration });
  await console.gateway.store.registry.addOrganisation(
    { name: ORGANISATION, title: 'Praktijk', language: 'nl' },
    operator,
  );
  return console;
};

/** Gives a file, and shows what was found. */
async function look(
  browser: Browser,
  path: string,
  file: string | Buffer,
  fields: Readonly<Record<string, string>> = {},
): Promise<{ readonly at: string; readonly page: Seen }> {
  const given = await browser.upload(path, { ...(await browser.get(path)).form(path), ...fields }, file);
  assert.equal(given.status, 303, given.body);
  const at = given.to ?? '';
  return { at, page: await settled(browser, at) };
}

/** The page once nothing is worked on. */
async function settled(browser: Browser, at: string): Promise<Seen> {
  let page: Seen | undefined;
  await until('the work is done', async () => (page = await browser.get(at)).headers.refresh === undefined, 20_000, 50);
  return page!;
}

const press = async (
  browser: Browser,
  at: string,
  page: Seen,
  fields: Readonly<Record<string, string>> = {},
): Promise<Seen> => await browser.post(`${at}/run`, { ...page.form(`${at}/run`), reason: 'ticket 12', ...fields });

const lines = (n: number, password = HASH): string =>
  `login,address,organisation,password_hash\n${Array.from({ length: n }, (_, i) => `a${i}@group.test,a${i}@group.test,${ORGANISATION},${password}\n`).join('')}`;

const run = async (console: TestConsole, name: OperationName, input: Input): Promise<unknown> =>
  await runOperation(
    name,
    console.gateway.admin,
    input,
    { actor: operator, who: OWNER_SAID, progress: () => undefined },
    console.gateway.log,
  );

const countOf = async ({ gateway }: TestConsole): Promise<number> =>
  (await gateway.store.registry.listAccounts({ limit: 1000 })).length;

test('a file of accounts is looked at, changes nothing, and is then registered by one press', async (t) => {
  const console = await withOrganisation(t);
  const { browser } = await console.loggedIn('jan', 'registry');
  const before = await countOf(console);
  assert.match((await browser.get('/registers')).body, /href="\/imports"/);
  assert.match((await browser.get('/imports')).body, /href="\/imports\/accounts"/);
  const { at, page } = await look(browser, '/imports/accounts', lines(3), { inobserve: '30d' });
  assert.match(page.body, /The file is right\. Nothing has changed yet[\s\S]*It would register 3 accounts/);
  assert.equal(await countOf(console), before);
  assert.equal((await press(browser, at, page, { reason: ' ' })).status, 422);
  assert.equal((await press(browser, at, page)).to, at);
  const done = await settled(browser, at);
  assert.match(done.body, /It was done[\s\S]*Registered 3 accounts/);
  assert.equal(await countOf(console), before + 3);
  // Pressed twice, it is done once; and the file is no longer held.
  assert.equal((await press(browser, at, page)).to, at);
  assert.doesNotMatch((await browser.get(at)).body, /\/run"/);
  const rows = (await console.gateway.store.audit.read({ limit: 1000 })).filter(
    ({ facts }) => (facts as { operation?: string }).operation === 'account.import',
  );
  assert.deepEqual(
    rows.map(({ personal }) => [personal?.actor, personal?.reason]),
    [
      ['jan', undefined],
      ['jan', 'ticket 12'],
    ],
  );
});

test('every wrong line is told with its number, by pages and as a file, and nothing is changed', async (t) => {
  const console = await withOrganisation(t);
  const { browser } = await console.loggedIn('jan', 'registry');
  const before = await countOf(console);
  const password = 'Ruw-Zeilschip-19-kade';
  const bad = Array.from(
    { length: 230 },
    (_, i) => `=cmd|' /C calc'!A${i},<script>alert(${i})</script>,Praktijk,${password}\n`,
  );
  const file = `login,address,organisation,password\ngoed@group.test,goed@group.test,${ORGANISATION},${password}\n${bad.join('')}`;
  const { at, page } = await look(browser, '/imports/accounts', file);
  assert.match(page.body, /Nothing was changed\. Correct these lines/);
  const first = [...page.body.matchAll(/<tr><td>(\d+)<\/td>/g)].map(([, n]) => Number(n));
  assert.equal(first.length, 100);
  assert.equal(first[0], 3);
  assert.doesNotMatch(page.body, /<script>alert|\/run"/);
  assert(!page.body.includes(password));
  let seen = 0;
  for (let path: string | undefined = at; path !== undefined;) {
    const { body } = await browser.get(path);
    assert(body.length < 60_000, String(body.length));
    seen += [...body.matchAll(/<tr><td>\d+<\/td>/g)].length;
    [, path] = /rel="next" href="([^"]+)"/.exec(body) ?? [];
  }
  const csv = await browser.get(`${at}/lines`);
  const told = csv.body.trimEnd().split('\n');
  assert.equal(told[0], 'LINE,COLUMN,PROBLEM');
  assert.equal(told.length - 1, seen);
  assert(seen >= 2 * 230, String(seen));
  assert.deepEqual([...new Set(told.slice(1).map((line) => Number.parseInt(line)))].length, 230);
  assert(!csv.body.includes(password));
  assert.equal(await countOf(console), before);
});

test('what is no file of CSV is refused with its line, whatever it is', async (t) => {
  const console = await withOrganisation(t);
  const { browser } = await console.loggedIn('jan', 'registry');
  const header = 'login,address,organisation,password_hash\n';
  const good = `a@group.test,a@group.test,${ORGANISATION},${HASH}\n`;
  for (const [file, expected] of [
    [`${header}${'x'.repeat(10 * 1024 * 1024)}\n${good}`, /<td>2<\/td>[\s\S]*more than 4096 characters/],
    [`${header}${good}a\0b,c,d,e\n`, /<td>3<\/td>[\s\S]*not UTF-8/],
    [Buffer.from(`\ufeff${header}${good}`, 'utf16le'), /unknown column|not UTF-8/],
    [Buffer.concat([Buffer.from(header), Buffer.from('caf\xe9,b,c,d\n', 'latin1')]), /<td>2<\/td>[\s\S]*CSV UTF-8/],
    [`${header}"open,b,c,d\n`, /<td>2<\/td>[\s\S]*not closed/],
    [`${header}a,b\n`, /<td>2<\/td>[\s\S]*has 2 fields/],
    ['<html><body>', /unknown column|lacks/],
    ['\n', /is empty|lacks/],
  ] as const) {
    const { page } = await look(browser, '/imports/accounts', file);
    assert.match(page.body, expected);
    assert.match(page.body, /Nothing was changed/);
    assert(page.body.length < 60_000);
  }
  const path = '/imports/accounts';
  const form = (await browser.get(path)).form(path);
  assert.equal((await browser.upload(path, form, '')).status, 422, 'no file was chosen');
  const wrong = await browser.upload(path, { ...form, inobserve: 'long' }, header);
  assert.match(wrong.body, /Expected: a number of days/);
  assert.equal((await browser.upload(path, { token: 'x' }, header)).status, 403);
  const large = await browser.upload(path, form, Buffer.alloc(MAX_FILE + 20_000, 97));
  assert.equal(large.status, 413);
  assert.match(large.body, /at most 16 MiB/);
});

test('accounts without a password get letters with codes, which are fetched once', async (t) => {
  const console = await withOrganisation(t);
  const { browser } = await console.loggedIn('jan', 'registry');
  const file = `login,address,organisation\na@group.test,a@group.test,${ORGANISATION}\nb@group.test,b@group.test,${ORGANISATION}\n`;
  // Ticked until somebody unticks it: most files of new accounts have no passwords.
  assert.match(
    (await browser.get('/imports/accounts')).body,
    /<input type="checkbox"[^>]*name="inwithoutpassword"[^>]* checked/,
  );
  assert.match((await look(browser, '/imports/accounts', file)).page.body, /neither password nor password_hash/);
  const { at, page } = await look(browser, '/imports/accounts', file, { inwithoutpassword: 'yes' });
  await press(browser, at, page);
  const done = await settled(browser, at);
  assert.match(done.body, /Fetch the letters \(2\)/);
  const letters = await browser.post(`${at}/letters`, done.form(`${at}/letters`));
  assert.equal(letters.headers['content-disposition'], 'attachment; filename="letters.txt"');
  const [one = '', other = '', ...more] = letters.body.split('\f');
  assert(one.includes('a@group.test') && other.includes('b@group.test') && more.length === 0);
  const again = await browser.post(`${at}/letters`, done.form(`${at}/letters`));
  assert.equal(again.to, at);
  const after = await browser.get(at);
  assert.match(after.body, /The letters were fetched/);
  assert.doesNotMatch(after.body, /\/letters"/);
});

test('settings of many are set from a file, and a name that is not there is told with its line', async (t) => {
  const console = await withOrganisation(t);
  const { browser } = await console.loggedIn('jan', 'registry');
  const path = '/imports/organisation-settings';
  const wrong = await look(browser, path, `organisation,max-message\n${ORGANISATION},10MiB\nnergens,10MiB\n`);
  assert.match(wrong.page.body, /<td>3<\/td><td>organisation<\/td>/);
  const { at, page } = await look(browser, path, `organisation,max-message\n${ORGANISATION},10MiB\n`);
  assert.match(page.body, /would change 1 setting of 1 organisation/);
  await press(browser, at, page);
  await settled(browser, at);
  const found = await console.gateway.store.registry.findOrganisation(ORGANISATION);
  assert.equal(found?.settings['max-message'], 10 * 1024 * 1024);
});

test('the end of many asks for a typed name and two signatures, and uses the file that was signed for', async (t) => {
  const console = await withOrganisation(t, '[operators]\nsecond-person = ["end"]');
  const { store, admin } = console.gateway;
  const { browser } = await console.loggedIn('jan', 'registry');
  const added = await look(browser, '/imports/accounts', lines(2));
  await press(browser, added.at, added.page);
  await settled(browser, added.at);
  const keys = ['els', 'piet'].map((name) => ({ name, ...generateKeyPairSync('ed25519') }));
  for (const { name, publicKey } of keys)
    await run(console, 'operator.add', {
      name,
      'public-key': publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    });
  const { at, page } = await look(
    browser,
    '/imports/account-ends',
    'account,grace\na0@group.test,30d\na1@group.test,30d\n',
  );
  assert.match(page.body, /No button undoes this[\s\S]*To confirm, type: accounts/);
  assert.equal((await press(browser, at, page, { confirm: 'account' })).status, 422);
  await press(browser, at, page, { confirm: 'accounts' });
  const waiting = await settled(browser, at);
  const [, id = ''] = /href="\/approvals\/([^"]+)"/.exec(waiting.body) ?? [];
  assert.match(waiting.body, /waits for a second person/);
  const ends = async (): Promise<boolean[]> =>
    await Promise.all(
      ['a0', 'a1'].map(
        async (name) => (await store.registry.findAccount(`${name}@group.test`))?.account.endsAt !== undefined,
      ),
    );
  // Before two have signed the press does nothing.
  await press(browser, at, waiting, { confirm: 'accounts' });
  assert.deepEqual(await ends(), [false, false]);
  const request = (await store.operators.request(id))!;
  for (const { name, privateKey, publicKey } of keys) {
    const moment = instant(Date.now());
    const signature = signApproval(approvalStatement(admin.partners.hostname, request, name, moment), privateKey);
    await run(console, 'approval.sign', {
      ...{ id: request.id, fingerprint: fingerprintOf(spkiOf(publicKey)), at: moment },
      signature: signature.toString('base64'),
    });
  }
  const signed = await settled(browser, at);
  await press(browser, at, signed, { confirm: 'accounts' });
  assert.match((await settled(browser, at)).body, /It was done/);
  assert.deepEqual(await ends(), [true, true]);
});

test('accounts are suspended, resumed and contained by a file: each wrong line is told, and how it is known who calls', async (t) => {
  const clock = new LeapingClock();
  const console = await startConsole(t, { accounts: ['anna', 'bram'], clock });
  const { store } = console.gateway;
  const { browser } = await console.loggedIn('jan', 'owner');
  const states = async (): Promise<unknown[]> =>
    await Promise.all(
      ['anna', 'bram'].map(async (name) => (await store.registry.findAccount(addressOf(name)))?.account.state),
    );
  const both = `account\n${addressOf('anna')}\n${addressOf('bram')}\n`;
  const wrong = await look(browser, '/imports/suspensions', `${both}nobody@group.test\n"a b"\n`);
  assert.match(wrong.page.body, /Nothing was changed[^]*<td>5<\/td><td>account<\/td>/);
  const unknown = await look(browser, '/imports/suspensions', `${both}nobody@group.test\nnor@group.test\n`);
  assert.match(unknown.page.body, /<td>4<\/td><td>account<\/td>[^]*nobody@group[^]*<td>5<\/td>/);
  const doIt = async (path: string): Promise<Seen> => {
    const { at, page } = await look(browser, path, both);
    assert.match(page.body, /Nothing has changed yet[^]*2 accounts/);
    assert.equal((await press(browser, at, page)).status, 422, 'nobody says who called');
    await press(browser, at, page, { caller: 'called' });
    return await settled(browser, at);
  };
  assert.match((await doIt('/imports/suspensions')).body, /2 accounts are suspended/);
  assert.deepEqual(await states(), ['suspended', 'suspended']);
  assert.match((await doIt('/imports/resumptions')).body, /2 accounts are active/);
  assert.deepEqual(await states(), ['active', 'active']);
  assert.match((await doIt('/imports/containments')).body, /It was done/);
  assert.deepEqual(await states(), ['suspended', 'suspended']);
  assert.equal((await store.registry.findAccount(addressOf('bram')))?.passwords.length, 0);
  const rows = (await store.audit.read({ limit: 1000 })).filter(({ facts }) => facts?.operation === 'account.contain');
  assert.match(String(rows.at(-1)?.personal?.reason), /ticket 12 \(caller: called back\)/);
  // What no button undoes asks for the key once more.
  const { at, page } = await look(browser, '/imports/containments', both);
  clock.leap(minutes(6));
  assert.match((await press(browser, at, page, { caller: 'own' })).body, /data-passkey="get"/);
});

test('EDI identities and absences come from a file that is looked at first: all that the registry would refuse, by its lines', async (t) => {
  const console = await startConsole(t, { accounts: ['anna', 'bram', 'cees'] });
  const { registry } = console.gateway.store;
  await registry.addOrganisation({ name: ORGANISATION, title: 'Praktijk', language: 'nl' }, operator);
  await registry.addIdentities([{ id: '500', qualifier: 'ZZ', organisation: 'group' }], operator);
  const { browser } = await console.loggedIn('jan', 'registry');
  const identities = '/imports/edi-identities';
  const head = 'organisation,identity,account\n';
  const bad = `${head}${ORGANISATION},500:ZZ,\n${ORGANISATION},501:ZZ,\nnergens,502,\n${ORGANISATION},503,${addressOf('anna')}\n`;
  const refused = (await look(browser, identities, bad)).page.body;
  assert.match(
    refused,
    /<td>2<\/td>[^]*one holder[^]*<td>4<\/td>[^]*no organisation[^]*<td>5<\/td>[^]*does not belong/,
  );
  assert.doesNotMatch(refused, /<td>3<\/td>/);
  const named = async (): Promise<number> => (await registry.listIdentities({ limit: 10 })).length;
  const right = await look(browser, identities, `${head}${ORGANISATION},501:ZZ,\ngroup,502,${addressOf('anna')}\n`);
  assert.match(right.page.body, /The file is right: 2 identities of it would be registered/);
  assert.equal(await named(), 1);
  await press(browser, right.at, right.page);
  assert.match((await settled(browser, right.at)).body, /It was done[^]*The 2 identities of the file are registered/);
  assert.equal(await named(), 3);
  const absences = '/imports/absences';
  const columns = 'address,from,until,substitute,refuse\n';
  const [anna, bram, cees] = ['anna', 'bram', 'cees'].map(addressOf);
  const wrong = `${columns}${anna},,14d,${bram},\n${bram},,14d,,yes\n${bram},,7d,,yes\nnobody@group.test,,7d,,yes\n`;
  const told = (await look(browser, absences, wrong)).page.body;
  assert.match(told, /<td>2<\/td>[^]*has not agreed[^]*<td>4<\/td>[^]*line 3 already[^]*<td>5<\/td>[^]*nobody@group/);
  const away = await look(browser, absences, `${columns}${bram},,14d,,yes\n${cees},,14d,,yes\n`);
  assert.match(away.page.body, /it would note 2 absences\. Nothing was changed/);
  assert.deepEqual(await registry.listAbsences({ limit: 10, endsAfter: instant(0) }), []);
  await press(browser, away.at, away.page, { caller: 'called' });
  assert.match((await settled(browser, away.at)).body, /Noted 2 absences/);
  assert.equal((await registry.listAbsences({ limit: 10, endsAfter: instant(0) })).length, 2);
});

test('what became wrong between the look and the press is told line by line, and nothing is changed', async (t) => {
  const console = await startConsole(t, { accounts: ['anna', 'bram', 'cees'] });
  const { registry } = console.gateway.store;
  await registry.addOrganisation({ name: ORGANISATION, title: 'Praktijk', language: 'nl' }, operator);
  const { browser } = await console.loggedIn('jan', 'registry');
  /** Looks at three lines, lets somebody else do what two of them are about, and presses. */
  const pressedLate = async (path: string, file: string, meanwhile: () => Promise<unknown>): Promise<Seen> => {
    const { at, page } = await look(browser, path, file);
    assert.match(page.body, /Nothing has changed yet/);
    await meanwhile();
    await press(browser, at, page, { caller: 'called' });
    return await settled(browser, at);
  };
  const told = ({ body }: Seen): readonly string[] => {
    assert.match(body, /Nothing was changed/);
    return [...body.matchAll(/<tr><td>(\d+)<\/td>/g)].map(([, line = '']) => line);
  };
  const identities = `organisation,identity,account\n${[500, 501, 502].map((id) => `${ORGANISATION},${id}:ZZ,\n`).join('')}`;
  const taken = [500, 502].map((id) => ({ id: String(id), qualifier: 'ZZ', organisation: 'group' }));
  const edi = await pressedLate('/imports/edi-identities', identities, () => registry.addIdentities(taken, operator));
  assert.deepEqual(told(edi), ['2', '4']);
  assert.equal((await registry.listIdentities({ limit: 10 })).length, 2);

  const [anna, bram, cees] = ['anna', 'bram', 'cees'].map((name) => address(addressOf(name)));
  const absences = `address,from,until,substitute,refuse\n${[anna, bram, cees].map((one) => `${one},,14d,,yes\n`).join('')}`;
  const [from, until] = [instant(Date.now() + minutes(60)), instant(Date.now() + minutes(120))];
  const away = await pressedLate('/imports/absences', absences, () =>
    registry.addAbsences(
      [anna!, bram!].map((one) => ({ address: one, from, until, mode: 'refuse' as const })),
      operator,
    ),
  );
  assert.deepEqual(told(away), ['2', '3']);

  const added = await pressedLate('/imports/accounts', lines(3), () =>
    registry.importAccounts(
      ['a1@group.test', 'a2@group.test'].map((login) => ({
        ...{ login, organisation: ORGANISATION, kind: 'mail' as const, addresses: [address(login)] },
      })),
      operator,
    ),
  );
  assert.deepEqual([...new Set(told(added))], ['3', '4']);
  assert.equal(await registry.findLogin('a0@group.test'), undefined);

  // Accounts of an organisation that is out: each of them, with its line, at the look already.
  await registry.setOrganisationState('group', 'suspended', operator);
  const resumed = await look(browser, '/imports/resumptions', `account\n${anna}\na1@group.test\n${bram}\n`);
  assert.deepEqual(told(resumed.page), ['2', '4']);
  await registry.endOrganisation(ORGANISATION, {}, operator);
  const ended = await look(browser, '/imports/accounts', lines(3).replaceAll('a1@', 'b1@'));
  assert.match(ended.page.body, /the organisation &quot;praktijk&quot; has ended; expected another one/);
  assert.deepEqual([...new Set(told(ended.page))], ['2', '3', '4']);
});

test('nobody else sees a file that is held, and who may not import is offered nothing', async (t) => {
  const console = await withOrganisation(t);
  const { browser } = await console.loggedIn('jan', 'registry');
  const { at, page } = await look(browser, '/imports/accounts', lines(1));
  const { browser: owner } = await console.loggedIn('kim', 'owner');
  for (const path of [at, `${at}/lines`, at.replace('/accounts/', '/account-ends/')])
    assert.equal((await owner.get(path)).status, 404, path);
  const [, token = ''] = /name="token" value="([^"]+)"/.exec((await owner.get('/')).body) ?? [];
  for (const deed of ['run', 'letters'])
    assert.equal((await owner.post(`${at}/${deed}`, { token, reason: 'x' })).status, 404);
  assert.equal((await browser.post(`${at}/run`, { ...page.form(`${at}/run`), token, reason: 'x' })).status, 403);
  const { browser: support } = await console.loggedIn('els', 'support');
  const offered = (await support.get('/imports')).body;
  assert.deepEqual(
    [...offered.matchAll(/href="(\/imports\/[^"]+)"/g)].map(([, path]) => path),
    ['/imports/suspensions', '/imports/containments'],
  );
  const { browser: reader } = await console.loggedIn('ria', 'read');
  assert.match((await reader.get('/imports')).body, /You may import nothing/);
  assert.equal((await support.get('/imports/accounts')).status, 403);
  const { browser: his } = await console.loggedIn('piet', 'registry', { organisation: ORGANISATION });
  assert.match((await his.get('/imports')).body, /You may import nothing/);
  for (const { path } of IMPORTS) assert.equal((await his.get(path)).status, 403, path);
});

test('work goes on when the tab is closed, and its page tells how far it is', async (t) => {
  const console = await withOrganisation(t);
  const { browser } = await console.loggedIn('jan', 'registry');
  const before = await countOf(console);
  const file = `login,address,organisation,password\n${Array.from({ length: 60 }, (_, i) => `b${i}@group.test,b${i}@group.test,${ORGANISATION},Zeer-Lang-Woord-${i}-x\n`).join('')}`;
  const { at, page } = await look(browser, '/imports/accounts', file);
  const tab = new Agent();
  const pressing = browser.post(`${at}/run`, { ...page.form(`${at}/run`), reason: 'ticket 12' }, {}, tab);
  let working: Seen | undefined;
  await until('its page tells how far it is', async () => {
    const seen = await browser.get(at);
    if (seen.headers.refresh !== undefined && /\d+ \/ 60/.test(seen.body)) working = seen;
    return working !== undefined || seen.body.includes('It was done');
  });
  tab.destroy();
  await assert.rejects(pressing);
  assert.equal(working?.headers.refresh, '3');
  assert.match(working.body, /You may close this page[\s\S]*<progress/);
  // Meanwhile nothing else is taken from this session.
  assert.equal((await browser.upload('/imports/accounts', page.form(`${at}/run`), file)).status, 409);
  assert.match((await settled(browser, at)).body, /Registered 60 accounts/);
  assert.equal(await countOf(console), before + 60);
});

test('every import says what it needs in both languages, and looks before it does anything', () => {
  const pages = CONSOLE_PAGES.filter((page): page is ImportPage => 'import' in page);
  assert.equal(new Set(pages.map((page) => page.import)).size, IMPORTS.length);
  for (const { words, fields = [], path } of IMPORTS)
    for (const language of ['nl', 'en'] as const)
      for (const name of fields) assert(words[language].fields?.[name]?.label, `${path} ${language} ${name}`);
});
