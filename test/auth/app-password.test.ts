/**
 * App passwords: what one opens, how long, and that a refused one looks like any wrong password.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { createAuthenticator } from '../../src/auth/authenticate.ts';
import type { AuthOutcome, Peer } from '../../src/auth/authenticator.ts';
import type { PasswordAuthenticator } from '../../src/auth/authenticator-options.ts';
import { makeAppPassword } from '../../src/crypto/passwords/app-password.ts';
import { type AppScope, MAX_APP_PASSWORDS } from '../../src/domain/registry.ts';
import { type Instant, hours, instant, milliseconds, minutes } from '../../src/domain/units.ts';
import { passwordStands } from '../../src/auth/candidates.ts';
import type { RegistryError } from '../../src/store/registry.ts';
import { MemoryLog } from '../support/log.ts';
import { assertNoSecret } from '../support/no-secret.ts';
import { type TestStore, addAccount, openTestStore } from '../support/store.ts';

const actor = { name: 'test' };

interface World extends TestStore {
  readonly auth: PasswordAuthenticator;
  readonly hashed: string[];
  readonly add: (name: string, scope?: AppScope, endsAt?: Instant) => Promise<string>;
  readonly login: (password: string, protocol?: Peer['protocol'], login?: string) => Promise<AuthOutcome>;
}

async function world(t: TestContext): Promise<World> {
  const opened = await openTestStore(t, { testing: { changesTwice: true } });
  const { store, clock } = opened;
  await addAccount(store, 'anna');
  await store.registry.addPassword('anna', { name: 'own', hash: 'h:own password' }, actor);
  const hashed: string[] = [];
  const log = new MemoryLog();
  const secrets: string[] = [];
  const auth = createAuthenticator({
    registry: store.registry,
    audit: store.audit,
    clock,
    log,
    random: randomBytes,
    limits: { refusalGrid: milliseconds(0), shortWait: milliseconds(0) },
    passwords: {
      verify: (hash, text) => {
        hashed.push(hash);
        return Promise.resolve(hash === `h:${text}`);
      },
      hash: (text) => Promise.resolve(`h:${text}`),
    },
  });
  t.after(async () => {
    await auth.close();
    for (const secret of secrets) assertNoSecret(log, secret);
  });
  return {
    ...opened,
    auth,
    hashed,
    add: async (name, scope = 'both', endsAt) => {
      const { token, id, hash } = makeAppPassword();
      secrets.push(token);
      await store.registry.addAppPassword(
        'anna',
        { id, name, hash, scope, ...(endsAt === undefined ? {} : { endsAt }) },
        actor,
      );
      return token;
    },
    login: (password, protocol = 'https', login = 'anna') =>
      auth.password(
        login,
        password,
        { session: 's', protocol, address: '192.0.2.1', network: '192.0.2.1' },
        new AbortController().signal,
      ),
  };
}

const shown = (outcome: AuthOutcome): unknown =>
  outcome.kind === 'granted' ? [outcome.account.login, outcome.password?.name, outcome.scopes] : outcome.kind;

test('an app password opens what its scope says, without a hash, and tells it', async (t) => {
  const { add, login, hashed } = await world(t);
  const [send, fetch, both] = [await add('s', 'send'), await add('f', 'fetch'), await add('b')];
  assert.deepEqual(shown(await login(send)), ['anna', 's', ['send']]);
  assert.deepEqual(shown(await login(fetch)), ['anna', 'f', ['fetch']]);
  assert.deepEqual(shown(await login(both)), ['anna', 'b', ['send', 'fetch']]);
  const mail = async (password: string): Promise<readonly unknown[]> => [
    (await login(password, 'smtp')).kind,
    (await login(password, 'pop3')).kind,
  ];
  assert.deepEqual(await mail(send), ['granted', 'refused']);
  assert.deepEqual(await mail(fetch), ['refused', 'granted']);
  assert.deepEqual(await mail(both), ['granted', 'granted']);
  assert.deepEqual(hashed, []);
  // Its own password goes its own road, and has no scopes: it may do everything.
  assert.deepEqual(shown(await login('own password')), ['anna', 'own', undefined]);
});

test('unknown, wrong, ended, out of time, suspended and ended account: one answer', async (t) => {
  const { add, login, store, clock } = await world(t);
  const [ended, late, good] = [
    await add('ended'),
    await add('late', 'both', instant(clock.now() + hours(2))),
    await add('good'),
  ];
  const { token: strange } = makeAppPassword();
  assert.equal((await login(late)).kind, 'granted');
  await store.registry.endAppPassword('anna', 'ended', actor);
  clock.advance(hours(2));
  const refused = { kind: 'refused' };
  assert.deepEqual(await login(strange), refused);
  assert.deepEqual(await login(strange, 'https', 'nobody'), refused);
  assert.deepEqual(await login(ended), refused);
  assert.deepEqual(await login(late), refused);
  await store.registry.setAccountState('anna', 'suspended', actor);
  assert.deepEqual(await login(good), refused);
  await store.registry.setAccountState('anna', 'active', actor);
  assert.equal((await login(good)).kind, 'granted');
  await store.registry.endAccounts([{ login: 'anna' }], actor);
  assert.deepEqual(await login(good), refused);
});

test('wrong ones wait as wrong passwords do; a right one does not, however many were wrong', async (t) => {
  const { add, login, clock, store } = await world(t);
  const good = await add('good');
  let kind = '';
  for (let n = 0; n < 40 && kind !== 'busy'; n += 1) ({ kind } = await login(makeAppPassword().token));
  assert.equal(kind, 'busy');
  // The back-off is that of passwords: one does not get another's tries.
  assert.equal((await login('wrong password')).kind, 'busy');
  assert.equal((await login(good)).kind, 'granted');
  clock.advance(minutes(1));
  const rows = await store.audit.read({ limit: 100 });
  const counted = rows.find(({ event, facts }) => event === 'login.refused' && facts?.reason === 'wrong');
  assert.ok(Number(counted?.facts?.count) > 3, JSON.stringify(rows));
});

test('its use is noted once an hour, and a session that it opened ends with it', async (t) => {
  const { add, login, store, clock } = await world(t);
  const good = await add('good');
  const lastUsed = async (): Promise<number | undefined> =>
    (await store.registry.findAccount('anna'))?.appPasswords[0]?.lastUsedAt;
  assert.equal(await lastUsed(), undefined);
  const first = clock.now();
  const outcome = await login(good);
  await store.audit.head();
  assert.equal(await lastUsed(), first);
  clock.advance(minutes(59));
  await login(good);
  await store.audit.head();
  assert.equal(await lastUsed(), first);
  clock.advance(minutes(1));
  await login(good);
  await store.audit.head();
  assert.equal(await lastUsed(), first + hours(1));
  assert(outcome.kind === 'granted');
  const stands = async (): Promise<boolean> => passwordStands(await store.registry.findLogin('anna'), outcome.password);
  assert.equal(await stands(), true);
  await store.registry.endAppPassword('anna', 'good', actor);
  assert.equal(await stands(), false);
  // Another one of the same name does not take its place.
  await add('good');
  assert.equal(await stands(), false);
});

test('whoever is contained loses them, a certificate account takes none, and an account has so many', async (t) => {
  const { add, login, store } = await world(t);
  const good = await add('good');
  await store.registry.changeSettings({ scope: 'account', login: 'anna' }, { login: 'certificate' }, actor);
  assert.equal((await login(good)).kind, 'refused');
  await store.registry.changeSettings({ scope: 'account', login: 'anna' }, { login: null }, actor);
  assert.equal((await login(good)).kind, 'granted');
  assert.equal(await store.registry.containAccounts(['anna'], actor), 1);
  await store.registry.setAccountState('anna', 'active', actor);
  assert.equal((await login(good)).kind, 'refused');
  assert.deepEqual((await store.registry.findAccount('anna'))?.appPasswords, []);
  for (let n = 0; n < MAX_APP_PASSWORDS; n += 1) await add(`p${n}`);
  await assert.rejects(
    add('more'),
    (error: RegistryError) => error.kind === 'exists' && error.message.includes('the most'),
  );
  await assert.rejects(
    add('p1'),
    (error: RegistryError) => error.kind === 'exists' && error.message.includes('end it first'),
  );
});
