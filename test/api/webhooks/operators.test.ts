/**
 * Webhooks that operators look after, over the API: of an account, of an organisation and of the
 * whole service, each within the rights.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ApiAnswer, startApi } from '../../support/api.ts';

type Members = Readonly<Record<string, unknown>>;
const bodyOf = (answer: ApiAnswer): Members => answer.json as Members;
const items = (answer: ApiAnswer): readonly Members[] => bodyOf(answer).items as readonly Members[];
const url = 'https://hooks.example.nl/in';
const PATH = '/operator-webhooks';

test('an operator adds, changes, pauses, resumes and ends a webhook of an account; its secret is shown once', async (t) => {
  const api = await startApi(t, { accounts: ['anna'] });
  const registry = await api.operator('registry');
  const [anna] = items(await registry.get('/accounts'));
  assert(anna !== undefined);
  const asked = { name: 'poort', url, account: anna.login, events: ['message.received'] };
  const made = await registry.post(PATH, asked, { key: 'hook-1' });
  assert.equal(made.status, 201, made.body.toString());
  const { webhookId, secret } = bodyOf(made);
  const path = `${PATH}/${String(webhookId)}`;
  assert.equal(made.headers.location, `/v1${path}`);
  assert.match(String(secret), /^whsec_/);
  assert.equal((await registry.post(PATH, asked, { key: 'hook-1' })).status, 409);

  const shown = await registry.get(path);
  const { accountId, events, state } = bodyOf(shown);
  assert.deepEqual([accountId, events, state], [anna.accountId, ['message.received'], 'active']);
  // It is the account's own as well.
  assert.equal((await api.as('anna').get(`/webhooks/${String(webhookId)}`)).status, 200);
  // Whoever may not change it does not see where it is told.
  assert.deepEqual(bodyOf(await (await api.operator('read')).get(path)).url, undefined);

  const tag = { 'if-match': shown.headers.etag ?? '' };
  const change = (name: string): Promise<ApiAnswer> => registry.ask('PATCH', path, { json: { name }, headers: tag });
  const changed = await change('deur');
  assert.deepEqual([changed.status, bodyOf(changed).name], [200, 'deur']);
  assert.equal((await change('raam')).status, 412);
  assert.equal((await registry.post(`${path}/pauses`)).status, 200);
  assert.equal(bodyOf(await registry.get(path)).state, 'paused');
  assert.equal((await registry.post(`${path}/resumptions`)).status, 200);
  const rotated = await registry.post(`${path}/secrets`);
  assert.match(String(bodyOf(rotated).oldSecretUntilAt), /^\d{4}-.*Z$/);
  assert.equal((await registry.delete(path)).status, 200);
  assert.equal((await registry.delete(path)).status, 404);
});

test('a webhook of the whole service is for whoever may change its security; an operator of one organisation has those of its own', async (t) => {
  const api = await startApi(t, { accounts: ['anna'] });
  const owner = await api.operator('owner');
  const registry = await api.operator('registry');
  await owner.post('/organisations', { name: 'elsewhere', title: 'Elsewhere' });
  const other = await api.operator('registry', 'elsewhere');
  assert.equal((await registry.post(PATH, { name: 'alles', url })).status, 403);
  const all = bodyOf(await owner.post(PATH, { name: 'alles', url })).webhookId;
  const theirs = bodyOf(await registry.post(PATH, { name: 'poort', url, organisation: 'group' })).webhookId;

  // Where he names nobody, it is his organisation.
  const own = bodyOf(await other.post(PATH, { name: 'poort', url })).webhookId;
  assert.deepEqual(
    items(await other.get(PATH)).map(({ webhookId, organisation }) => [webhookId, organisation]),
    [[own, 'elsewhere']],
  );
  assert.equal(items(await owner.get(PATH)).length, 3);
  const nowhere = await other.get(`${PATH}/AAAAAAAA`);
  for (const id of [all, theirs]) {
    const path = `${PATH}/${String(id)}`;
    const refused = [
      await other.get(path),
      await other.ask('PATCH', path, { json: { name: 'x' } }),
      await other.post(`${path}/secrets`),
      await other.post(`${path}/tests`),
      await other.post(`${path}/pauses`),
      await other.delete(path),
    ];
    for (const answer of refused)
      assert.deepEqual([answer.status, answer.body.toString()], [404, nowhere.body.toString()]);
  }
  assert.equal((await other.post(PATH, { name: 'x', url, organisation: 'group' })).status, 422);
  assert.equal((await other.delete(`${PATH}/${String(own)}`)).status, 200);
});
