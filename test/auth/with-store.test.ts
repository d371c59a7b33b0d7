/**
 * Logins over the real store with real hashes: what the fakes of authenticate.test.ts promise holds
 * there too.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { importAccounts } from '../../src/admin/import.ts';
import { createAuthenticator } from '../../src/auth/authenticate.ts';
import type { PasswordAuthenticator } from '../../src/auth/authenticator-options.ts';
import { hashPassword } from '../../src/crypto/passwords/password.ts';
import { needsRehash } from '../../src/crypto/passwords/password-scheme.ts';
import type { Address } from '../../src/domain/address.ts';
import { MAX_PASSWORDS } from '../../src/domain/registry.ts';
import { instant, milliseconds } from '../../src/domain/units.ts';
import { systemClock } from '../../src/platform/clock.ts';
import type { Store } from '../../src/store/port/store.ts';
import { MemoryLog } from '../support/log.ts';
import { assertNoSecret } from '../support/no-secret.ts';
import { openTestStore } from '../support/store.ts';

const actor = { name: 'test' };
const HASH = '$2b$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK'; // of "U*U*"

async function storeWith(t: TestContext, csv: string): Promise<Store> {
  const { store } = await openTestStore(t);
  await store.registry.addOrganisation({ name: 'praktijk', title: 'Praktijk', language: 'nl' }, actor);
  async function* source(): AsyncGenerator<string> {
    yield csv;
  }
  const report = await importAccounts(source(), { registry: store.registry, actor, dryRun: false });
  assert.equal(report.kind, 'imported', JSON.stringify(report));
  return store;
}

const authenticatorOf = (t: TestContext, store: Store): PasswordAuthenticator => {
  const log = new MemoryLog();
  const auth = createAuthenticator({
    registry: store.registry,
    audit: store.audit,
    clock: systemClock,
    log,
    random: randomBytes,
    limits: { refusalGrid: milliseconds(0) },
  });
  t.after(async () => {
    await auth.close();
    assertNoSecret(log, 'lantaarn-fietsbel-dak');
  });
  return auth;
};

const login = async (auth: PasswordAuthenticator, name: string, password: string): Promise<string> =>
  (
    await auth.password(
      name,
      password,
      { session: 's', protocol: 'pop3', address: '192.0.2.1', network: '192.0.2.1' },
      new AbortController().signal,
    )
  ).kind;

/** Until `holds`, for work that nobody waits for; the test's own time-out ends it. */
const until = async (holds: () => Promise<boolean>): Promise<void> => {
  while (!(await holds())) await new Promise((resolve) => setImmediate(resolve));
};

test('imported passwords and hashes log in, and an imported hash is one of ours after its first login', async (t) => {
  const store = await storeWith(
    t,
    `login,address,organisation,password,password_hash\na@group.test,a@group.test,praktijk,lantaarn-fietsbel-dak,\nb@group.test,b@group.test,praktijk,,${HASH}\n`,
  );
  const auth = authenticatorOf(t, store);
  assert.equal(await login(auth, 'A@group.test', 'lantaarn-fietsbel-dak'), 'granted');
  assert.equal(await login(auth, 'a@group.test', 'geheim-wachtwoorD'), 'refused');
  assert.equal(await login(auth, 'b@group.test', 'U*U'), 'refused');
  assert.equal((await store.registry.findLogin('b@group.test'))?.passwords[0]?.hash, HASH);
  assert.equal(await login(auth, 'b@group.test', 'U*U*'), 'granted');
  await until(async () => {
    const hash = (await store.registry.findLogin('b@group.test'))?.passwords[0]?.hash;
    return hash !== undefined && !needsRehash(hash);
  });
  assert.equal(await login(auth, 'b@group.test', 'U*U*'), 'granted');
  assert.equal(await login(auth, 'b@group.test', 'U*U'), 'refused');
});

test('suspending, resuming and revoking are seen by the next login, however well it was remembered', async (t) => {
  const store = await storeWith(
    t,
    'login,address,organisation,password\na@group.test,a@group.test,praktijk,lantaarn-fietsbel-dak\n',
  );
  const auth = authenticatorOf(t, store);
  for (let i = 0; i < 3; i += 1) assert.equal(await login(auth, 'a@group.test', 'lantaarn-fietsbel-dak'), 'granted');
  await store.registry.setAccountState('a@group.test', 'suspended', actor);
  assert.equal(await login(auth, 'a@group.test', 'lantaarn-fietsbel-dak'), 'refused');
  await store.registry.setAccountState('a@group.test', 'active', actor);
  assert.equal(await login(auth, 'a@group.test', 'lantaarn-fietsbel-dak'), 'granted');
  await store.registry.revokePassword('a@group.test', 'imported', actor);
  assert.equal(await login(auth, 'a@group.test', 'lantaarn-fietsbel-dak'), 'refused');
});

test('a login leaves its audit row, and the use of the password can be seen', async (t) => {
  const store = await storeWith(
    t,
    'login,address,organisation,password\na@group.test,a@group.test,praktijk,lantaarn-fietsbel-dak\n',
  );
  const auth = authenticatorOf(t, store);
  assert.equal(await login(auth, 'a@group.test', 'lantaarn-fietsbel-dak'), 'granted');
  assert.equal(await login(auth, 'a@group.test', 'fout'), 'refused');
  await auth.close();
  const account = (await store.registry.findLogin('a@group.test'))!.account.id;
  await until(async () => (await store.audit.read({ account, limit: 100 })).some((r) => r.event === 'login.refused'));
  const events = (await store.audit.read({ account, limit: 100 })).map((r) => r.event);
  assert.ok(events.includes('login.granted'));
  assert.notEqual((await store.registry.findAccount('a@group.test'))?.passwords[0]?.lastUsedAt, undefined);
});

test('from where an account logged in is known after a restart, also to an account that has ended no more', async (t) => {
  const store = await storeWith(
    t,
    'login,address,organisation,password\na@group.test,a@group.test,praktijk,lantaarn-fietsbel-dak\n',
  );
  const before = authenticatorOf(t, store);
  assert.equal(await login(before, 'a@group.test', 'lantaarn-fietsbel-dak'), 'granted');
  const after = authenticatorOf(t, store);
  assert.equal(after.knows('192.0.2.1'), false);
  const query = { since: instant(0), limit: 10 };
  await until(async () => (await store.registry.knownNetworks(query)).length === 1);
  await after.recallNetworks();
  assert.equal(after.knows('192.0.2.1'), true);
  await store.registry.setAccountState('a@group.test', 'ended', actor);
  const later = authenticatorOf(t, store);
  await later.recallNetworks();
  assert.equal(later.knows('192.0.2.1'), false);
});

test('an account has no more passwords than a login tries; one that has ended makes room', async (t) => {
  const { store, clock } = await openTestStore(t);
  await store.registry.addOrganisation({ name: 'praktijk', title: 'Praktijk', language: 'nl' }, actor);
  const hash = await hashPassword('lantaarn-fietsbel-dak');
  await store.registry.addAccount(
    {
      login: 'a@group.test',
      organisation: 'praktijk',
      kind: 'mail',
      addresses: ['a@group.test' as Address],
      password: { name: 'ended', hash, endsAt: clock.now() },
    },
    actor,
  );
  for (let i = 0; i < MAX_PASSWORDS; i += 1)
    await store.registry.addPassword('a@group.test', { name: `p${i}`, hash }, actor);
  await assert.rejects(store.registry.addPassword('a@group.test', { name: 'more', hash }, actor), /revoke one first/);
  await store.registry.revokePassword('a@group.test', 'p0', actor);
  await store.registry.addPassword('a@group.test', { name: 'more', hash }, actor);
});
