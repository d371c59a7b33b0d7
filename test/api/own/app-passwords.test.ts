/** App passwords that an account makes and ends itself over the API, in a whole gateway. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_APP_PASSWORDS } from '../../../src/domain/registry.ts';
import { basic, startApi } from '../../support/api.ts';
import { loginOf } from '../../support/gateway.ts';

interface Made {
  readonly appPasswordId: string;
  readonly password: string;
  readonly endsAt?: string;
}

test('an account makes an app password, sees its use and end, and ends it; it is shown once', async (t) => {
  const api = await startApi(t, { accounts: ['anna', 'bert'] });
  const anna = api.as('anna');
  const endsAt = '2099-01-31T12:00:00.000Z';
  const made = await anna.post('/app-passwords', { name: 'dossier', scope: 'fetch', endsAt }, { key: 'k' });
  assert.equal(made.status, 201, made.body.toString());
  const { appPasswordId, password, ...rest } = made.json as Made;
  assert.deepEqual(rest, { name: 'dossier', scope: 'fetch', endsAt });
  // The same request again gets no secret, and makes no second one.
  const again = await anna.post('/app-passwords', { name: 'dossier', scope: 'fetch', endsAt }, { key: 'k' });
  assert.equal(again.status, 409);
  assert(!again.body.includes(password));

  const program = api.client(basic(loginOf('anna').login, password));
  assert.equal((await program.get('/mailbox/messages')).status, 200);
  const listed = await anna.get('/app-passwords');
  const [one, ...more] = (listed.json as { readonly appPasswords: readonly Record<string, unknown>[] }).appPasswords;
  assert.deepEqual(more, []);
  assert.deepEqual([one?.appPasswordId, one?.name, one?.endsAt], [appPasswordId, 'dossier', endsAt]);
  assert.match(String(one?.lastUsedAt), /^\d{4}-\d\d-\d\dT/);
  assert(!listed.body.includes(password));

  // Others have none of it, and it is not there to them.
  const bert = api.as('bert');
  assert.deepEqual((await bert.get('/app-passwords')).json, { appPasswords: [] });
  assert.equal((await bert.delete(`/app-passwords/${appPasswordId}`)).status, 404);

  assert.equal((await anna.delete(`/app-passwords/${appPasswordId}`)).status, 204);
  assert.equal((await program.get('/mailbox/messages')).status, 401);
  assert.equal((await anna.delete(`/app-passwords/${appPasswordId}`)).status, 404);

  const trail = await api.gateway.store.audit.read({ limit: 1000 });
  const rows = trail.filter(({ event }) => event.startsWith('registry.app-password'));
  assert.deepEqual(
    rows.map(({ event, personal }) => [event, personal?.actor]),
    ['added', 'ended'].map((what) => [`registry.app-password-${what}`, loginOf('anna').login]),
  );
  assert.doesNotMatch(JSON.stringify([trail, api.gateway.log]), new RegExp(password));
});

test('an app password makes, shows and ends none, whatever its scope', async (t) => {
  const api = await startApi(t, { accounts: ['anna'] });
  const anna = api.as('anna');
  const { password, appPasswordId } = (await anna.post('/app-passwords', { name: 'all' })).json as Made;
  const program = api.client(basic(loginOf('anna').login, password));
  for (const asked of [
    program.get('/app-passwords'),
    program.post('/app-passwords', { name: 'more' }),
    program.delete(`/app-passwords/${appPasswordId}`),
  ])
    assert.equal((await asked).status, 403);
  assert.equal((await anna.get('/app-passwords')).body.toString().match(/"appPasswordId"/g)?.length, 1);
});

test('what cannot be kept is refused by its reason', async (t) => {
  const api = await startApi(t, { accounts: ['anna'] });
  const anna = api.as('anna');
  for (const [body, status] of [
    [{ name: 'x', endsAt: '2020-01-01T00:00:00Z' }, 422],
    [{ name: 'a\nb' }, 422],
    [{ name: '' }, 400],
    [{ name: 'x', scope: 'all' }, 400],
    [{ name: 'x', login: 'bert' }, 400],
  ] as const)
    assert.equal((await anna.post('/app-passwords', body)).status, status, JSON.stringify(body));
  for (let n = 0; n < MAX_APP_PASSWORDS; n += 1)
    assert.equal((await anna.post('/app-passwords', { name: `p${n}` })).status, 201);
  for (const name of ['p0', 'one too many'])
    assert.equal((await anna.post('/app-passwords', { name })).status, 409, name);
});
