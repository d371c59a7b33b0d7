/** Administration over the API, through a listener: what a portal, a helpdesk and a monitor do. */
import assert from 'node:assert/strict';
import { type KeyObject, generateKeyPairSync, hash } from 'node:crypto';
import { test } from 'node:test';
import { REPLAYED } from '../../../src/api/core/idempotency.ts';
import { approvalStatement, signApproval } from '../../../src/crypto/trail/approval.ts';
import { instant } from '../../../src/domain/units.ts';
import { type ApiAnswer, basic, startApi } from '../../support/api.ts';

const members = (answer: ApiAnswer): Readonly<Record<string, unknown>> =>
  answer.json as Readonly<Record<string, unknown>>;
type Entry = Readonly<Record<string, string>>;
const listIn = (answer: ApiAnswer, name: string): readonly Entry[] => (members(answer)[name] ?? []) as readonly Entry[];
const items = (answer: ApiAnswer): readonly Entry[] => listIn(answer, 'items');
const idIn = (answer: ApiAnswer, name: string): string => String(members(answer)[name]);

test('a portal registers an organisation, an account and a password, and finds them by their ids', async (t) => {
  const api = await startApi(t);
  const portal = await api.operator('registry');
  const made = await portal.post('/organisations', { name: 'praktijk-nieuw', title: 'Praktijk Nieuw' });
  assert.equal(made.status, 201);
  const organisation = idIn(made, 'organisationId');
  assert.equal(made.headers.location, `/v1/organisations/${organisation}`);
  assert.equal(members(await portal.get(`/organisations/${organisation}`)).title, 'Praktijk Nieuw');

  const key = 'order-12';
  const account = {
    login: 'jan@nieuw.example',
    organisation: 'praktijk-nieuw',
    password: 'kraanvogel-lantaarn-zeewier',
  };
  const added = await portal.post('/accounts', account, { key });
  assert.equal(added.status, 201, added.body.toString());
  const id = idIn(added, 'accountId');
  const again = await portal.post('/accounts', account, { key });
  assert.deepEqual([again.status, again.headers[REPLAYED.toLowerCase()], again.json], [201, 'true', added.json]);
  assert.equal((await portal.post('/accounts', { ...account, login: 'piet@nieuw.example' }, { key })).status, 422);
  assert.equal((await portal.post('/accounts', account)).status, 409);

  const shown = await portal.get(`/accounts/${id}`);
  assert.equal(members(shown).organisationId, organisation);
  assert.equal(members(shown).login, 'jan@nieuw.example');
  const [address] = listIn(shown, 'addresses');
  assert.equal(address?.address, 'jan@nieuw.example');
  const one = await portal.get(`/accounts/${id}/addresses/${String(address.addressId)}`);
  assert.equal(members(one).address, 'jan@nieuw.example');

  const second = await portal.post(`/accounts/${id}/passwords`, { name: 'laptop', password: 'trompet-moeras-vlieger' });
  assert.equal(second.status, 201);
  assert.equal((await portal.delete(`/accounts/${id}/passwords/${idIn(second, 'passwordId')}`)).status, 200);
  assert.equal((await portal.delete(`/accounts/${id}/passwords/${idIn(second, 'passwordId')}`)).status, 404);
  const left = listIn(await portal.get(`/accounts/${id}/passwords`), 'passwords');
  assert.deepEqual(
    left.map(({ name }) => name),
    ['first'],
  );
});

test('a portal finds the ids of a login name, an address and an organisation, and an operator of one those of its own', async (t) => {
  const api = await startApi(t, { accounts: ['anna'] });
  const portal = await api.operator('read');
  const [anna] = items(await portal.get('/accounts'));
  assert(anna !== undefined);
  const { login, organisation, accountId, organisationId } = anna;
  const account = await portal.post('/account-searches', { login });
  assert.deepEqual([account.status, idIn(account, 'accountId')], [200, accountId]);
  const [{ address, addressId } = {}] = listIn(account, 'addresses');
  const found = await portal.post('/address-searches', { address });
  assert.deepEqual([idIn(found, 'addressId'), idIn(found, 'accountId')], [addressId, accountId]);
  const whose = await portal.post('/organisation-searches', { name: organisation });
  assert.equal(idIn(whose, 'organisationId'), organisationId);

  const all = await api.operator('owner');
  await all.post('/organisations', { name: 'elsewhere', title: 'Elsewhere' });
  const other = await api.operator('owner', 'elsewhere');
  const there = await other.post('/account-searches', { login });
  const nowhere = await other.post('/account-searches', { login: 'nobody@mail.test' });
  const text = (answer: ApiAnswer, name: string): string => answer.body.toString().replaceAll(name, 'NAME');
  assert.deepEqual([there.status, nowhere.status], [422, 422]);
  assert.doesNotMatch(nowhere.body.toString(), /"sluis /);
  assert.equal(text(there, String(login)), text(nowhere, 'nobody@mail.test'));
});

test('an app password is shown once, gets its program in, and ends by its id, within the account that has it', async (t) => {
  const api = await startApi(t, { accounts: ['anna', 'bart'] });
  const portal = await api.operator('registry');
  const ids = items(await portal.get('/accounts')).map(({ accountId }) => String(accountId));
  const [path = '', others = ''] = ids.map((id) => `/accounts/${id}/app-passwords`);
  const made = await portal.post(path, { name: 'dossier', scope: 'fetch' }, { key: 'app-1' });
  assert.equal(made.status, 201, made.body.toString());
  const id = idIn(made, 'appPasswordId');
  assert.equal((await portal.post(path, { name: 'dossier', scope: 'fetch' }, { key: 'app-1' })).status, 409);
  const program = api.client(basic(idIn(made, 'login'), idIn(made, 'password')));
  assert.equal((await program.get('/mailbox/messages')).status, 200);
  const listed = await portal.get(path);
  assert.deepEqual([listIn(listed, 'passwords')[0]?.appPasswordId, listed.headers['cache-control']], [id, 'no-store']);
  assert(!listed.body.toString().includes(idIn(made, 'password')));

  assert.equal((await portal.delete(`${others}/${id}`)).status, 404);
  assert.equal((await program.delete(`${path}/${id}`)).status, 403);
  assert.equal((await portal.delete(`${path}/${id}`)).status, 200);
  assert.equal((await portal.delete(`${path}/${id}`)).status, 404);
  assert.equal((await program.get('/mailbox/messages')).status, 401);
});

test('settings are changed where nobody changed them meanwhile, and an unchanged account is a 304', async (t) => {
  const api = await startApi(t, { accounts: ['anna'] });
  const portal = await api.operator('registry');
  const [anna] = items(await portal.get('/accounts'));
  const path = `/accounts/${String(anna?.accountId)}`;
  const seen = (await portal.get(path)).headers.etag ?? '';
  assert.equal((await portal.get(path, { headers: { 'if-none-match': seen } })).status, 304);
  const set = (quota: string, headers = {}): Promise<ApiAnswer> =>
    portal.ask('PATCH', path, { json: { settings: { quota } }, headers });
  const first = await set('2GiB', { 'if-match': seen, 'sluis-reason': 'verzoek van %C3%A9%C3%A9n praktijk' });
  assert.equal(first.status, 200);
  assert.notEqual(first.headers.etag, seen);
  assert.equal(first.headers.etag, (await portal.get(path)).headers.etag);
  assert.equal((await set('3GiB', { 'if-match': seen })).status, 412);
  // Of many who saw the same only one changes it.
  const now = first.headers.etag ?? '';
  const others = await Promise.all(['5GiB', '6GiB', '7GiB'].map((quota) => set(quota, { 'if-match': now })));
  assert.deepEqual(others.map(({ status }) => status).sort(), [200, 412, 412]);
  assert.equal((await set('nonsense')).status, 422);
  assert.equal((await set('4GiB')).status, 200);
  const rows = await api.gateway.store.audit.read({ limit: 1000 });
  const settings = rows.filter(({ event }) => event === 'registry.settings');
  assert.equal(settings[0]?.personal?.reason, 'verzoek van één praktijk');
});

test('lists go on where the page before ended, and a cursor serves its own listing', async (t) => {
  const names = ['anna', 'bert', 'carla', 'dirk', 'els'];
  const api = await startApi(t, { accounts: names });
  const reader = await api.operator('read');
  const logins: unknown[] = [];
  let next: string | undefined;
  let pages = 0;
  do {
    const page = await reader.get(`/accounts?limit=2${next === undefined ? '' : `&after=${next}`}`);
    assert.equal(page.status, 200);
    logins.push(...items(page).map(({ login }) => login));
    next = members(page).next as string | undefined;
    const [, link] = /^<(\/v1\/accounts\?.*)>; rel="next"$/.exec(String(page.headers.link)) ?? [];
    const query = link === undefined ? undefined : new URL(link, 'https://mail.test').searchParams;
    assert.deepEqual(
      [query?.get('limit'), query?.get('after')],
      next === undefined ? [undefined, undefined] : ['2', next],
    );
    if (next !== undefined) {
      assert(!Buffer.from(next, 'base64url').toString('latin1').includes('anna'));
      assert.equal((await reader.get(`/organisations?after=${next}`)).status, 400);
    }
    pages += 1;
  } while (next !== undefined && pages < 10);
  assert.deepEqual(logins, [...new Set(logins)].sort());
  assert(logins.length >= names.length);
});

test('what cannot be undone wants a reason, and is only shown on a dry run', async (t) => {
  const api = await startApi(t, { accounts: ['anna'] });
  const portal = await api.operator('registry');
  const [anna] = items(await portal.get('/accounts'));
  const path = `/accounts/${String(anna?.accountId)}/endings`;
  const look = await portal.post(path, { dryRun: true });
  assert.deepEqual([look.status, members(look).applied], [200, false]);
  const refused = await portal.post(path, {});
  assert.equal(refused.status, 422, 'without a reason');
  assert.match(String(members(refused).detail), /header Sluis-Reason$/);
  const done = await portal.post(path, {}, { headers: { 'sluis-reason': 'contract ended' } });
  assert.deepEqual([done.status, members(done).applied], [200, true]);
  const back = await portal.post(`/accounts/${String(anna?.accountId)}/resumptions`, {});
  assert.deepEqual([back.status, members(back).state], [200, 'active']);
});

test('what takes two is asked for, signed by two over the API, and then done under the same key', async (t) => {
  const api = await startApi(t, { accounts: ['anna'], configuration: '[operators]\nsecond-person = ["end"]\n' });
  const portal = await api.operator('registry');
  const keys = ['jan', 'piet'].map((name) => ({ name, ...generateKeyPairSync('ed25519') }));
  const fingerprintOf = (key: KeyObject): string => hash('sha256', key.export({ type: 'spki', format: 'der' }));
  for (const { name, publicKey } of keys) {
    const key = { fingerprint: fingerprintOf(publicKey), publicKey: publicKey.export({ type: 'spki', format: 'der' }) };
    await api.gateway.store.operators.add({ name, role: 'read', key }, { name: 'test' });
  }
  const [anna] = items(await portal.get('/accounts'));
  const path = `/accounts/${String(anna?.accountId)}/endings`;
  const key = 'end-anna';
  const reason = { 'sluis-reason': 'contract ended' };
  const asked = await portal.post(path, {}, { key, headers: reason });
  assert.equal(asked.status, 202);
  const approvalId = idIn(asked, 'approvalId');
  assert.deepEqual(members(await portal.post(path, {}, { key, headers: reason })).approvalId, approvalId, 'the same');
  const approved = { ...reason, 'sluis-approval': approvalId };
  assert.equal((await portal.post(path, {}, { key, headers: approved })).status, 409, 'nobody signed');
  const signer = await api.operator('read');
  for (const { name, publicKey, privateKey } of keys) {
    const fingerprint = fingerprintOf(publicKey);
    const shown = members(await signer.get(`/approvals/${approvalId}?fingerprint=${fingerprint}`));
    assert.equal(shown.operator, name);
    const request = await api.gateway.store.operators.request(approvalId);
    assert(request !== undefined);
    const at = instant(Date.now());
    const statement = approvalStatement(String(shown.gateway), request, name, at);
    const signature = signApproval(statement, privateKey).toString('base64');
    const signed = await signer.post(`/approvals/${approvalId}/signatures`, { fingerprint, at, signature });
    assert.equal(signed.status, 200);
  }
  const done = await portal.post(path, {}, { key, headers: approved });
  assert.deepEqual([done.status, members(done).applied], [200, true]);
  const again = await portal.post(path, {}, { key, headers: approved });
  assert.equal(again.headers[REPLAYED.toLowerCase()], 'true');
});

test('a token is shown once: sent again under its key it is refused, and stands nowhere in the store', async (t) => {
  const api = await startApi(t);
  const owner = await api.operator('owner');
  await api.gateway.store.operators.add({ name: 'monitor', role: 'read' }, { name: 'test' });
  const ends = new Date(Date.now() + 30 * 86_400_000).toISOString().slice(0, 10);
  const made = await owner.post('/operator-tokens', { name: 'monitor', ends }, { key: 'k' });
  assert.equal(made.status, 201);
  const token = idIn(made, 'token');
  assert.equal((await api.client(`Bearer ${token}`).get('/gateway')).status, 200);
  const again = await owner.post('/operator-tokens', { name: 'monitor', ends }, { key: 'k' });
  assert.equal(again.status, 409);
  assert(!again.body.toString().includes(token));
});
