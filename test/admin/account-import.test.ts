import assert from 'node:assert/strict';
import { LEAST_KEPT } from '../../src/trail/retention.ts';
import type { AdminContext } from '../../src/admin/context.ts';
import { type TestContext, test } from 'node:test';
import type { Input } from '../../src/admin/input.ts';
import { type OperationName, runOperation } from '../../src/admin/operations.ts';
import { days } from '../../src/domain/units.ts';
import type { Store } from '../../src/store/port/store.ts';
import { MemoryLog } from '../support/log.ts';
import { openTestStore } from '../support/store.ts';
import { OWNER_SAID } from '../../src/domain/roles.ts';

async function world(t: TestContext) {
  const { store, clock } = await openTestStore(t);
  await store.registry.addOrganisation({ name: 'praktijk', title: 'Praktijk', language: 'nl' }, { name: 'test' });
  const log = new MemoryLog();
  const progress: string[] = [];
  const call = async <N extends OperationName>(name: N, input: Input, csv: string, gone?: AbortSignal) => {
    async function* upload(): AsyncGenerator<string> {
      yield csv;
    }
    return await runOperation(
      name,
      {
        store,
        clock,
        hashPassword: async () => `$6$salt$${'a'.repeat(86)}`,
        ca: {} as AdminContext['ca'],
        partners: {} as AdminContext['partners'],
        webhooks: {} as AdminContext['webhooks'],
        console: {} as AdminContext['console'],
        configuration: {} as AdminContext['configuration'],
        probe: {} as AdminContext['probe'],
        mail: {} as AdminContext['mail'],
        keys: {} as AdminContext['keys'],
        secondPerson: [],
        backups: {} as AdminContext['backups'],
        evidence: {} as AdminContext['evidence'],
        longestAbsence: days(90),
        auditKeep: LEAST_KEPT,
        certificates: () => Promise.resolve({ certificates: [], unread: [] }),
        noticeWriter: {} as AdminContext['noticeWriter'],
        notices: {} as AdminContext['notices'],
        letters: {} as AdminContext['letters'],
      },
      input,
      {
        actor: { name: 'jan', reason: 'move' },
        who: OWNER_SAID,
        progress: (done, total, phase) => void progress.push(`${phase ?? 'none'} ${done}/${total}`),
        upload: upload(),
        ...(gone === undefined ? {} : { gone }),
      },
      log,
    );
  };
  return { store, log, progress, call };
}

const logins = async (store: Store): Promise<string[]> =>
  (await store.registry.listAccounts({ limit: 1000 }))
    .map((a) => a.account.login)
    .filter((l) => l.endsWith('group.test'));

const line = (n: number): string => `${n}@group.test,${n}@group.test,praktijk,giraf-bloempot-${n}\n`;
const HEADER = 'login,address,organisation,password\n';

test('account.import brings in a file, tells its progress and is logged without a password', async (t) => {
  const { store, log, progress, call } = await world(t);
  const outcome = await call('account.import', {}, HEADER + Array.from({ length: 120 }, (_, i) => line(i)).join(''));
  assert.deepEqual(outcome, { accounts: 120, applied: true });
  assert.equal((await logins(store)).length, 120);
  for (const phase of ['Checking', 'Hashing passwords of', 'Storing'])
    assert.ok(progress.includes(`${phase} 120/120`), phase);
  assert.ok(log.names.includes('admin.done'));
  assert.ok(!JSON.stringify(log.events).includes('giraf'));
});

test('account.import of a file that was imported says so, and changes nothing', async (t) => {
  const { store, call } = await world(t);
  const file = HEADER + line(1) + line(2);
  await call('account.import', {}, file);
  assert.deepEqual(await call('account.import', {}, file), { accounts: 2, applied: false, already: true });
  // A file that is not the same in one line is refused as before.
  const other = `${HEADER}${line(1)}2@group.test,3@group.test,praktijk,giraf-bloempot-2\n`;
  await assert.rejects(call('account.import', {}, other), /account "2@group\.test" exists already/);
  await assert.rejects(call('account.import', {}, `${file}${line(3)}`), /account "1@group\.test" exists already/);
  assert.equal((await logins(store)).length, 2);
});

test('account.import --dry-run changes nothing', async (t) => {
  const { store, call } = await world(t);
  assert.deepEqual(await call('account.import', { 'dry-run': true }, HEADER + line(1)), {
    accounts: 1,
    applied: false,
  });
  assert.deepEqual(await logins(store), []);
});

test('account.import with bad lines names every one and brings in none', async (t) => {
  const { store, call } = await world(t);
  await assert.rejects(
    call('account.import', {}, `${HEADER}${line(1)}2,2,praktijk,kort\n${line(1)}`),
    (error: Error) => {
      assert.equal(
        error.message,
        [
          'Cannot import, nothing was changed:',
          '  line 3, address: "2" cannot be registered: the address has no local part or no domain; expected local@domain',
          '  line 3, password: the password is too short; expected at least 12 characters, such as three or four words',
          '  line 4, login: "1@group.test" is in line 2 already; expected each login name once',
          '  line 4, address: "1@group.test" is in line 2 already; expected each address once',
        ].join('\n'),
      );
      return true;
    },
  );
  assert.deepEqual(await logins(store), []);
});

test('account.set sets from a file, all or none', async (t) => {
  const { store, call } = await world(t);
  await call('account.import', {}, HEADER + line(1) + line(2));
  const quotas = async (): Promise<unknown[]> =>
    await Promise.all(
      [1, 2].map(async (n) => (await store.registry.findAccount(`${n}@group.test`))?.account.settings.quota),
    );
  await assert.rejects(
    call('account.set', {}, 'account,quota\n1@group.test,4GiB\n3@group.test,4GiB\n'),
    /line 3, account: Cannot find account "3@group.test"/,
  );
  assert.deepEqual(await quotas(), [undefined, undefined]);
  const outcome = await call('account.set', {}, 'account;quota\n1@group.test;4GiB\n2@group.test;\n');
  assert.deepEqual(outcome, { targets: 1, changes: 1, already: 0, applied: true, warnings: [] });
  assert.deepEqual(await quotas(), [4 * 1024 ** 3, undefined]);
});

test('account.set goes in batches: when the caller has gone it stops behind one, and goes on when it is asked again', async (t) => {
  const { store, progress, call } = await world(t);
  const names = Array.from({ length: 600 }, (_, n) => `m${n}`);
  const accounts = names.map((login) => ({ login, organisation: 'praktijk', kind: 'mail', addresses: [] }) as const);
  await store.registry.importAccounts(accounts, { name: 'test' });
  const csv = ['account,quota', ...names.map((login) => `${login},4GiB`)].join('\n');
  const set = (gone?: AbortSignal) => call('account.set', {}, csv, gone);
  const caller = new AbortController();
  store.registry.onChange(() => caller.abort());
  await assert.rejects(set(caller.signal), {
    kind: 'unavailable',
    message:
      'Cannot set the rest: the caller has gone; 250 of 600 were changed before it and stay so; give the file again to continue',
  });
  progress.length = 0;
  assert.deepEqual(await set(), { targets: 350, changes: 350, already: 250, applied: true, warnings: [] });
  assert.deepEqual(progress, [
    'Checking 250/0',
    'Checking 500/0',
    'Checking 600/0',
    'Setting 250/350',
    'Setting 350/350',
  ]);
  assert.deepEqual(await set(), { targets: 0, changes: 0, already: 600, applied: true, warnings: [] });
  const rows = [
    ...(await store.audit.read({ limit: 1000 })),
    ...(await store.audit.read({ limit: 1000, fromSeq: 1001 })),
  ];
  assert.equal(rows.filter(({ event }) => event === 'registry.settings').length, 600, 'one row for each that changed');
});

test('account.import ends when its caller has gone, and changes nothing', async (t) => {
  const { store, call } = await world(t);
  const gone = AbortSignal.abort();
  await assert.rejects(call('account.import', {}, HEADER + line(1), gone), {
    kind: 'unavailable',
    message: 'The import was ended before it changed anything',
  });
  assert.deepEqual(await logins(store), []);
});
