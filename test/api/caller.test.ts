/**
 * Who calls the API, over a real listener with the real judges: accounts by password and
 * certificate, operators by token.
 */
import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { z } from '../../src/config/zod.ts';
import type { Access } from '../../src/api/core/callers.ts';
import { type Route, route } from '../../src/api/core/route.ts';
import { throttleDefaults } from '../../src/auth/throttle.ts';
import { createAuthenticator } from '../../src/auth/authenticate.ts';
import { makeAppPassword } from '../../src/crypto/passwords/app-password.ts';
import { grouped } from '../../src/crypto/keys/base32.ts';
import { makeToken } from '../../src/crypto/keys/operator-token.ts';
import type { AccountId } from '../../src/domain/ids.ts';
import type { Store } from '../../src/store/port/store.ts';
import { days, instant, milliseconds } from '../../src/domain/units.ts';
import { randomBytes } from 'node:crypto';
import { systemClock } from '../../src/platform/clock.ts';
import { ApiClient, basic } from '../support/api.ts';
import { type BareApi, startBareApi } from '../support/bare-api.ts';
import { type TestGateway, loginOf, startTestGateway } from '../support/gateway.ts';
import { until } from '../support/until.ts';

const probe = (id: string, access: Access): Route =>
  route({
    id,
    method: 'GET',
    path: `/${id}`,
    tag: 'service',
    summary: 'Tell who calls',
    access,
    answers: { 200: { about: 'Who', json: z.looseObject({}) } },
    run: ({ caller }) =>
      Promise.resolve({
        status: 200,
        json:
          caller === undefined
            ? {}
            : caller.kind === 'account'
              ? { login: caller.account.login, by: caller.by, scopes: [...caller.scopes] }
              : { name: caller.name, role: caller.role, proof: caller.proof },
      }),
  });
const ROUTES = [
  probe('open', { kind: 'nobody' }),
  probe('sends', { kind: 'account', scope: 'send' }),
  probe('reads', { kind: 'operator', right: 'read' }),
  probe('registers', { kind: 'operator', right: 'registry' }),
  probe('both', { kind: 'either', scope: 'any', right: 'support' }),
];

interface Opened {
  readonly gateway: TestGateway;
  readonly api: BareApi;
  /** How often a password was judged. */
  readonly judged: () => number;
  readonly ask: (
    path: string,
    authorization?: string,
  ) => Promise<{
    readonly status: number;
    readonly json: unknown;
    readonly text: string;
    readonly challenge: string | undefined;
  }>;
}

/** `seen`: what the listener itself sees of the store; the judges of logins see all of it. */
async function open(
  t: TestContext,
  seen: (store: Store) => Pick<Store, 'registry'> = (store) => store,
  refusalGrid = 0,
): Promise<Opened> {
  const gateway = await startTestGateway({ accounts: ['anna'] });
  t.after(() => gateway.remove());
  const authenticator = createAuthenticator({
    registry: gateway.store.registry,
    audit: gateway.store.audit,
    clock: systemClock,
    log: gateway.log,
    random: randomBytes,
    limits: {
      refusalGrid: milliseconds(0),
      throttle: { ...throttleDefaults, freePerAccount: 100, freePerNetwork: 100 },
    },
  });
  t.after(() => authenticator.close());
  let judged = 0;
  const judge = authenticator.password.bind(authenticator);
  authenticator.password = (...given) => {
    judged += 1;
    return judge(...given);
  };
  const api = await startBareApi(t, ROUTES, {
    authenticator,
    admin: gateway.admin,
    store: seen(gateway.store),
    refusalGrid,
  });
  return {
    gateway,
    api,
    judged: () => judged,
    ask: async (path, authorization) => {
      const answer = await api.client.get(path, authorization === undefined ? {} : { headers: { authorization } });
      const challenge = answer.headers['www-authenticate'];
      return { status: answer.status, json: answer.json, text: answer.body.toString(), challenge };
    },
  };
}
const { login, password } = loginOf('anna');
const anna = basic(login, password);

test('an account is known by Basic, and a wrong, unknown, malformed and missing login hear the same words', async (t) => {
  const { ask } = await open(t);
  assert.deepEqual((await ask('/sends', anna)).json, { login, by: 'password', scopes: ['send', 'fetch'] });
  assert.equal((await ask('/open', 'Basic nonsense')).status, 200);
  const texts = new Set<string>();
  for (const shown of [
    ...[
      undefined,
      basic(login, 'wrong'),
      basic('nobody@group.test', password),
      'Basic',
      'Basic ====',
      'Digest x',
      'x'.repeat(3000),
    ],
    ...[
      `Basic ${Buffer.from(login).toString('base64')}`,
      `Basic ${Buffer.from('\0:\0').toString('base64')}`,
      basic('', ''),
    ],
    `Bearer ${makeToken().token}`,
  ]) {
    const { status, text, challenge } = await ask('/sends', shown);
    assert.equal(status, 401, shown);
    assert.equal(challenge, 'Basic realm="Sluis", charset="UTF-8"');
    texts.add(text);
  }
  assert.equal(texts.size, 1);
  assert.equal((await ask('/reads')).challenge, 'Bearer realm="Sluis"');
  assert.equal((await ask('/both')).challenge, 'Basic realm="Sluis", charset="UTF-8", Bearer realm="Sluis"');
});

test('an operator is known by a token, and may do what the role may; an account may do nothing of theirs', async (t) => {
  const { ask, gateway } = await open(t);
  const { token, id, hash } = makeToken();
  const actor = { name: 'test' };
  await gateway.store.operators.add({ name: 'els', role: 'support' }, actor);
  const endsAt = instant(Date.now() + days(1));
  await gateway.store.operators.addToken({ id, hash, operator: 'els', role: 'support', networks: [], endsAt }, actor);
  assert.deepEqual((await ask('/reads', `Bearer ${token}`)).json, { name: 'els', role: 'support', proof: 'token' });
  assert.equal((await ask('/both', `bearer ${token}`)).status, 200);
  assert.equal((await ask('/registers', `Bearer ${token}`)).status, 403);
  assert.equal((await ask('/sends', `Bearer ${token}`)).status, 403);
  assert.equal((await ask('/reads', anna)).status, 403);
  assert.equal((await ask('/both', anna)).status, 200);
  await gateway.store.operators.endToken(id, actor);
  assert.equal((await ask('/reads', `Bearer ${token}`)).status, 401);
});

test('what changes of the account ends what was remembered on its connection', async (t) => {
  const { ask, gateway, api } = await open(t);
  const actor = { name: 'test' };
  assert.equal((await ask('/sends', anna)).status, 200);
  assert.equal(api.listener.sessions, 1);
  await gateway.store.registry.setAccountStates([login], 'suspended', actor);
  assert.equal((await ask('/sends', anna)).status, 401);
  await gateway.store.registry.setAccountStates([login], 'active', actor);
  assert.equal((await ask('/sends', anna)).status, 200);
});

test('a login name that another account has by now leads nowhere, though nothing else tells them apart', async (t) => {
  let moved = false;
  const { ask } = await open(t, (store) => ({
    registry: {
      ...store.registry,
      onChange: (told) => store.registry.onChange(told),
      findLogin: async (name) => {
        const found = await store.registry.findLogin(name);
        return found && moved ? { ...found, account: { ...found.account, id: 999 as AccountId } } : found;
      },
    },
  }));
  assert.equal((await ask('/sends', anna)).status, 200);
  moved = true;
  assert.equal((await ask('/sends', anna)).status, 401);
});

test('an account that is suspended while its password is being judged is not let in', async (t) => {
  const { ask } = await open(t, (store) => ({
    registry: {
      ...store.registry,
      onChange: (told) => store.registry.onChange(told),
      findLogin: async (name) => {
        await store.registry.setAccountStates([login], 'suspended', { name: 'test' });
        return await store.registry.findLogin(name);
      },
    },
  }));
  assert.equal((await ask('/sends', anna)).status, 401);
});

test('a password that has ended by the clock is not remembered on its connection', async (t) => {
  const { ask, gateway, api, judged } = await open(t);
  const { token, id, hash } = makeAppPassword();
  const endsAt = instant(api.clock.now() + 30_000);
  const given = { id, name: 'program', hash, scope: 'send', endsAt } as const;
  await gateway.store.registry.addAppPassword(login, given, { name: 'test' });
  const program = basic(login, token);
  for (const times of [1, 1]) {
    assert.equal((await ask('/sends', program)).status, 200);
    assert.equal(judged(), times);
  }
  api.clock.advance(30_000);
  await ask('/sends', program);
  assert.equal(judged(), 2);
});

test('a token that nobody has, one that is not taken from here and one that has ended are answered at the same time', async (t) => {
  const { ask, gateway, api } = await open(t, undefined, 300);
  const actor = { name: 'test' };
  await gateway.store.operators.add({ name: 'els', role: 'support' }, actor);
  const endsAt = instant(Date.now() + days(1));
  const [elsewhere, ended] = [makeToken(), makeToken()];
  for (const { id, hash } of [elsewhere, ended]) {
    const networks = id === elsewhere.id ? ['192.0.2.0/24'] : [];
    await gateway.store.operators.addToken({ id, hash, operator: 'els', role: 'support', networks, endsAt }, actor);
  }
  await gateway.store.operators.endToken(ended.id, actor);
  const { operators } = gateway.store;
  const look = operators.token.bind(operators);
  const beside = new ApiClient(api, undefined, () => undefined);
  t.after(() => beside.close());
  let waiting = 0;
  t.mock.method(operators, 'token', (id: string) => {
    waiting = api.clock.waiting;
    return look(id);
  });
  for (const { token } of [makeToken(), elsewhere, ended]) {
    waiting = Infinity;
    let answered: number | undefined;
    const asked = ask('/reads', `Bearer ${token}`).then(({ status }) => (answered = status));
    await until('the refusal waits for the grid', () => api.clock.waiting > waiting);
    api.clock.advance(299);
    // What came too early would be here by now: another request goes the whole way and back.
    assert.equal((await beside.get('/open')).status, 200);
    assert.equal(answered, undefined);
    api.clock.advance(1);
    assert.equal(await asked, 401);
  }
});

test('tokens that are none leave one row a minute, with a count; one that has ended has a row of its own, with its operator', async (t) => {
  const { ask, gateway, api } = await open(t);
  const refused = async (): Promise<unknown[]> =>
    (await gateway.store.audit.read({ limit: 1000 }))
      .filter(({ event }) => event === 'operator.token-refused')
      .map(({ facts, personal }) => ({ ...facts, ...personal }));
  const { token, id, hash } = makeToken();
  const actor = { name: 'test' };
  await gateway.store.operators.add({ name: 'els', role: 'support' }, actor);
  const endsAt = instant(Date.now() + days(1));
  await gateway.store.operators.addToken({ id, hash, operator: 'els', role: 'support', networks: [], endsAt }, actor);
  await gateway.store.operators.endToken(id, actor);
  for (let i = 0; i < 5; i += 1) assert.equal((await ask('/reads', `Bearer ${makeToken().token}`)).status, 401);
  assert.equal((await ask('/reads', `Bearer ${token}`)).status, 401);
  assert.deepEqual(await refused(), []);
  api.clock.advance(60_000);
  const network = '127.0.0.1';
  assert.deepEqual(await refused(), [
    { why: 'unknown', count: 5, network },
    { why: 'ended', token: grouped(id), count: 1, operator: 'els', network },
  ]);
});

test('guesses at tokens slow their network down: then nothing is judged, and a 503 says when to come again', async (t) => {
  const { ask } = await open(t);
  const seen: number[] = [];
  for (let i = 0; i < 60 && seen.at(-1) !== 503; i += 1)
    seen.push((await ask('/reads', `Bearer ${makeToken().token}`)).status);
  assert.equal(seen.at(-1), 503);
  assert.ok(seen.length > 10 && seen.slice(0, -1).every((status) => status === 401), seen.join(' '));
  assert.equal((await ask('/sends', anna)).status, 200);
});
