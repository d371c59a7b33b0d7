/**
 * Who may ask for what over the API: every route and every caller, against
 * test/golden/api-rights.txt.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Route } from '../../../src/api/core/route.ts';
import { API_ROUTES } from '../../../src/api/table.ts';
import { ROLES } from '../../../src/domain/roles.ts';
import { type ApiAnswer, type ApiClient, startApi } from '../../support/api.ts';
import { bodyOf, pathOf } from '../../support/api-samples.ts';

const GOLDEN = join(import.meta.dirname, '..', '..', '..', 'test', 'golden', 'api-rights.txt');
const MANY = '[api]\nrequests = 100000\n';

const ask = (client: ApiClient, route: Route, given: Readonly<Record<string, string>> = {}): Promise<ApiAnswer> =>
  client.ask(route.method, pathOf(route, given), bodyOf(route));

const word = ({ status }: ApiAnswer): string => (status === 401 || status === 403 ? String(status) : 'may');

test('every route says to every caller what the golden file has, and whoever may not is noted in the trail', async (t) => {
  const api = await startApi(t, { accounts: ['anna'], configuration: MANY });
  const callers: [string, ApiClient][] = [
    ['nobody', api.anyone],
    ['account', api.as('anna')],
  ];
  for (const role of ROLES) callers.push([role, await api.operator(role)]);
  const lines: string[] = [];
  let refused = 0;
  for (const route of API_ROUTES) {
    const cells: string[] = [];
    for (const [name, client] of callers) {
      const answer = await ask(client, route);
      assert(answer.status < 500, `${name} ${route.method} ${route.path}: ${answer.status} ${answer.body.toString()}`);
      cells.push(`${name} ${word(answer)}`);
      if (route.judge !== undefined && name !== 'account' && answer.status === 403) refused += 1;
    }
    lines.push(`${route.method} ${route.path}: ${cells.join(', ')}`);
  }
  const text = `${lines.sort().join('\n')}\n`;
  if (process.env.WRITE_GOLDEN === '1') writeFileSync(GOLDEN, text);
  assert.equal(text, readFileSync(GOLDEN, 'utf8'));
  let noted = 0;
  let fromSeq = 0;
  for (;;) {
    const rows = await api.gateway.store.audit.read({ limit: 1000, fromSeq });
    noted += rows.filter(({ facts }) => (facts as { readonly why?: string }).why === 'forbidden').length;
    const last = rows.at(-1);
    if (last === undefined) break;
    fromSeq = last.seq + 1;
  }
  assert(refused > 100);
  assert.equal(noted, refused);
});

const items = (answer: ApiAnswer): readonly Readonly<Record<string, string>>[] =>
  (answer.json as { readonly items: readonly Readonly<Record<string, string>>[] }).items;

test('what another organisation owns is to its operator what does not exist, in the same words, for every route with an id', async (t) => {
  const api = await startApi(t, { accounts: ['anna'], configuration: MANY });
  const all = await api.operator('owner');
  await all.post('/organisations', { name: 'elsewhere', title: 'Elsewhere' });
  const other = await api.operator('owner', 'elsewhere');
  const [anna] = items(await all.get('/accounts'));
  assert(anna !== undefined);
  const { accountId = '', organisationId = '' } = anna;
  const path = `/accounts/${accountId}`;
  await all.post(`/organisations/${organisationId}/edi-identities`, { identity: '500123456:ZZ' });
  const idIn = async (at: string, list: string, name: string): Promise<string> => {
    const { [list]: of } = (await all.get(at)).json as Readonly<Record<string, readonly Record<string, string>[]>>;
    return of?.[0]?.[name] ?? '';
  };
  const theirs = {
    accountId,
    organisationId,
    delegateId: accountId,
    addressId: await idIn(path, 'addresses', 'addressId'),
    passwordId: await idIn(`${path}/passwords`, 'passwords', 'passwordId'),
    ediIdentityId: await idIn('/edi-identities', 'items', 'ediIdentityId'),
  };
  for (const [name, id] of Object.entries(theirs)) assert.notEqual(id, '', name);
  let compared = 0;
  for (const route of API_ROUTES.filter(({ access }) => access.kind === 'operator')) {
    if (Object.keys(route.params).length === 0) continue;
    const [there, nowhere] = [await ask(other, route, theirs), await ask(other, route)];
    const where = `${route.method} ${route.path}`;
    // What the route takes of a body is judged first, whatever the id is.
    if (there.status !== 400) assert.equal(there.status, 404, where);
    assert.equal(there.body.toString(), nowhere.body.toString(), where);
    assert.equal(there.status, nowhere.status, where);
    compared += 1;
  }
  assert(compared > 50);
  // His own is his.
  const mine = items(await other.get('/accounts'));
  assert.deepEqual(mine, []);
  assert.equal((await other.get('/partners')).status, 403);
});
