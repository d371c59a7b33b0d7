/**
 * The directory over the API: what is found, what a copy hears of, and how much one may ask for.
 */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { days, instant } from '../../../src/domain/units.ts';
import { type ApiAnswer, type TestApi, basic, startApi } from '../../support/api.ts';
import { sluisHere } from '../../support/command-line.ts';
import { addressOf } from '../../support/gateway.ts';

interface Entry {
  readonly address: string;
  readonly state: string;
  readonly version: string;
  readonly role?: string;
  readonly agbCode?: string;
  readonly telephone?: string;
  readonly ediTypes?: readonly string[];
  readonly mailCertificate?: string;
  readonly removedAt?: string;
}
interface Page {
  readonly entries: readonly Entry[];
  readonly version: string;
  readonly next?: string;
}

const pageOf = (answer: ApiAnswer): Page => {
  assert.equal(answer.status, 200, answer.body.toString());
  return answer.json as Page;
};
const addressesOf = (answer: ApiAnswer): readonly string[] => pageOf(answer).entries.map(({ address }) => address);

async function listed(t: TestContext, accounts = ['anna', 'bert', 'carl']): Promise<TestApi> {
  const api = await startApi(t, { accounts });
  await command(api, 'organisation', 'set', 'group', 'directory-listing=yes', '--agb', '01234567');
  return api;
}

async function command({ gateway }: TestApi, ...words: readonly string[]): Promise<string> {
  const said = await sluisHere([...words, '--config', gateway.config.file]);
  assert.equal(said.code, 0, said.stderr);
  return said.stdout;
}

test('nobody is in the directory before the organisation agreed; then q and kind find', async (t) => {
  const api = await startApi(t, { accounts: ['anna', 'bert'] });
  assert.deepEqual(pageOf(await api.as('anna').get('/directory')), { entries: [], version: '0' });
  await command(api, 'organisation', 'set', 'group', 'directory-listing=yes', '--agb', '01234567');
  await command(api, 'account', 'set', addressOf('bert'), 'role=Huisarts', 'edi-accepts=MEDLAB ORU^*');
  const page = pageOf(await api.as('anna').get('/directory'));
  assert.deepEqual(page.entries.map(({ address, agbCode }) => [address, agbCode]).sort(), [
    [addressOf('anna'), '01234567'],
    [addressOf('bert'), '01234567'],
  ]);
  const [bert, ...others] = pageOf(await api.as('anna').get('/directory?q=HUISARTS')).entries;
  assert.deepEqual(
    [bert?.address, bert?.role, bert?.ediTypes, others],
    [addressOf('bert'), 'Huisarts', ['MEDLAB', 'ORU^*'], []],
  );
  assert.equal(addressesOf(await api.as('anna').get(`/directory?q=${encodeURIComponent('NNA@')}`)).length, 1);
  assert.deepEqual(addressesOf(await api.as('anna').get('/directory?kind=partner')), []);
  // The number among the organisation's details is never shown; the one for the directory is, the
  // nearest that is filled in.
  await command(api, 'organisation', 'set', 'group', '--telephone', '010 7654321');
  assert.ok(pageOf(await api.as('anna').get('/directory')).entries.every((entry) => entry.telephone === undefined));
  await command(api, 'organisation', 'set', 'group', 'directory-telephone=020 1234567');
  await command(api, 'account', 'set', addressOf('bert'), 'directory-telephone=+31 6 12345678');
  const numbers = async (q: string): Promise<readonly string[]> =>
    pageOf(await api.as('anna').get(`/directory?q=${encodeURIComponent(q)}`))
      .entries.map(({ address, telephone }) => `${address} ${telephone}`)
      .sort();
  const [ofAnna, ofBert] = [`${addressOf('anna')} 020 1234567`, `${addressOf('bert')} +31 6 12345678`];
  assert.deepEqual(await numbers('group'), [ofAnna, ofBert]);
  for (const q of ['020 12', '0201234567', '1234567']) assert.ok((await numbers(q)).includes(ofAnna), q);
  assert.deepEqual(await numbers('7654321'), []);
  await command(api, 'account', 'set', addressOf('bert'), 'directory-telephone=none');
  assert.deepEqual(await numbers('group'), [ofAnna, `${addressOf('bert')} undefined`], 'who wants none has none');
  // An operator sees it too, and the trail says so.
  const operator = await api.operator('read');
  assert.equal(addressesOf(await operator.get('/directory')).length, 2);
  const rows = await api.gateway.store.audit.read({ limit: 100 });
  assert.ok(rows.some(({ event, facts }) => event === 'operator.looked' && facts?.operation === 'directory.list'));
  // The words that were searched for stand in no log.
  assert.ok(!JSON.stringify(api.gateway.log.events).includes('HUISARTS'));
  assert.equal((await api.anyone.get('/directory')).status, 401);
});

test('a copy hears of everything that changed, and of what left; an unchanged one costs one read', async (t) => {
  const api = await listed(t);
  const anna = api.as('anna');
  const first = await anna.get('/directory');
  const copy = new Map(pageOf(first).entries.map((entry) => [entry.address, entry]));
  let { version } = pageOf(first);
  const entriesRead = t.mock.method(api.gateway.store.directory, 'directoryEntries');
  const statesRead = t.mock.method(api.gateway.store.directory, 'directoryState');
  const same = await anna.get('/directory', { headers: { 'if-none-match': first.headers.etag! } });
  assert.deepEqual([same.status, same.body.length], [304, 0]);
  assert.deepEqual([entriesRead.mock.callCount(), statesRead.mock.callCount()], [0, 1]);

  const news = async (): Promise<readonly string[]> => {
    const answer = await anna.get(`/directory?changedSince=${version}`);
    const page = pageOf(answer);
    ({ version } = page);
    for (const entry of page.entries) copy.set(entry.address, entry);
    return page.entries.map(({ address, state }) => `${address} ${state}`);
  };
  assert.deepEqual(await news(), []);
  const certificate = {
    fingerprint: 'ab'.repeat(32),
    serial: '1f',
    issuer: 'CN=Issuing',
    use: 'mail',
    subject: 'CN=bert',
    emails: [addressOf('bert')],
    notBefore: instant(Date.now() - days(1)),
    notAfter: instant(Date.now() + days(1)),
    der: Buffer.from('certificate'),
  } as const;
  await api.gateway.store.certificates.addCertificate(addressOf('bert'), certificate, 'imported', { name: 'test' });
  assert.deepEqual(await news(), [`${addressOf('bert')} listed`]);
  assert.equal(copy.get(addressOf('bert'))?.mailCertificate, Buffer.from('certificate').toString('base64'));
  await command(api, 'account', 'suspend', addressOf('carl'), '--reason', 'test');
  assert.deepEqual(await news(), [`${addressOf('carl')} removed`]);
  assert.deepEqual(Object.keys(copy.get(addressOf('carl'))!).sort(), [
    ...['address', 'modifiedAt', 'removedAt', 'state', 'version'],
  ]);
  assert.deepEqual(addressesOf(await anna.get('/directory')).toSorted(), [addressOf('anna'), addressOf('bert')]);
  await command(api, 'organisation', 'set', 'group', '--title', 'Another');
  assert.deepEqual((await news()).toSorted(), [`${addressOf('anna')} listed`, `${addressOf('bert')} listed`]);
  const changed = await anna.get('/directory', { headers: { 'if-none-match': first.headers.etag! } });
  assert.equal(changed.status, 200);
  // A version that this directory never gave, and one from before what is known of it.
  assert.equal((await anna.get('/directory?changedSince=999999999999999')).status, 410);
  assert.equal((await anna.get(`/directory?changedSince=${version}&q=a`)).status, 400);
  assert.equal((await anna.get('/directory?changedSince=yesterday')).status, 400);
});

test('pages go by their versions, and NDJSON gives all of them at once', async (t) => {
  const names = Array.from({ length: 7 }, (_, n) => `a${n}`);
  const api = await listed(t, ['anna', ...names]);
  const anna = api.as('anna');
  const seen: string[] = [];
  let path = '/directory?limit=3';
  for (let pages = 0; pages < 4; pages += 1) {
    const answer = await anna.get(path);
    seen.push(...addressesOf(answer));
    const { next } = pageOf(answer);
    if (next === undefined) break;
    assert.match(String(answer.headers.link), new RegExp(`^</v1/directory\\?limit=3&after=${next}>; rel="next"$`));
    path = `/directory?limit=3&after=${next}`;
  }
  assert.deepEqual(seen.toSorted(), ['anna', ...names].map(addressOf).toSorted());
  const whole = await anna.get('/directory', { headers: { accept: 'application/x-ndjson' } });
  assert.equal(whole.headers['content-type'], 'application/x-ndjson');
  const lines = whole.body
    .toString()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Entry);
  assert.deepEqual(
    lines.map(({ address }) => address),
    seen,
  );
  const versions = lines.map((line) => Number(line.version));
  assert.deepEqual(
    versions,
    versions.toSorted((a, b) => a - b),
  );
  assert.notEqual(whole.headers.etag, (await anna.get('/directory')).headers.etag, 'each form has its own tag');
});

test('whoever gathers entries is slowed, and one whole copy always goes through', async (t) => {
  const api = await listed(t);
  await command(api, 'account', 'set', addressOf('anna'), 'directory-entries-per-hour=2');
  const anna = api.as('anna');
  assert.equal((await anna.get('/directory?q=nobody')).status, 200);
  const whole = await anna.get('/directory', { headers: { accept: 'application/x-ndjson' } });
  assert.equal(whole.body.toString().trimEnd().split('\n').length, 3);
  const refused = await anna.get('/directory?q=a');
  assert.equal(refused.status, 429);
  assert.equal(refused.headers['retry-after'], '600');
  // What has not changed is asked for as often as one likes.
  const unchanged = await anna.get('/directory', {
    headers: { 'if-none-match': `"${pageOf(await api.as('bert').get('/directory')).version}"` },
  });
  assert.equal(unchanged.status, 304);
  assert.equal((await api.as('bert').get('/directory')).status, 200, 'others are not slowed');
  assert.ok(api.gateway.log.names.includes('directory.limited'));
});

test('an app password opens the API, within its scope, until it is ended', async (t) => {
  const api = await listed(t);
  const added = await command(api, ...['account', 'app-password', 'add', addressOf('anna'), '--name', 'x', '--json']);
  const { password } = JSON.parse(added) as { password: string };
  const program = api.client(basic(addressOf('anna'), password));
  assert.equal((await program.get('/directory')).status, 200);
  assert.equal((await program.get('/mailbox/messages')).status, 200);
  const fetched = await command(
    api,
    ...['account', 'app-password', 'add', addressOf('anna'), '--name', 's', '--scope', 'send', '--json'],
  );
  const sender = api.client(basic(addressOf('anna'), (JSON.parse(fetched) as { password: string }).password));
  assert.equal((await sender.get('/directory')).status, 200);
  assert.equal((await sender.get('/mailbox/messages')).status, 403);
  await command(api, 'account', 'app-password', 'end', addressOf('anna'), '--name', 'x');
  const ended = await program.get('/directory');
  const wrong = await api.client(basic(addressOf('anna'), 'wrong')).get('/directory');
  assert.deepEqual([ended.status, ended.json], [wrong.status, wrong.json]);
  assert.equal(ended.status, 401);
});
