/** EDI identities as an operator gives them, one by one or from a file. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AdminContext } from '../../src/admin/context.ts';
import type { Input } from '../../src/admin/input.ts';
import { type OperationName, runOperation } from '../../src/admin/operations.ts';
import { formatIdentity, parseIdentity } from '../../src/domain/edi-identity.ts';
import { MemoryLog } from '../support/log.ts';
import { addAccount, openTestStore } from '../support/store.ts';
import { OWNER_SAID } from '../../src/domain/roles.ts';

async function operator(t: Parameters<typeof openTestStore>[0]) {
  const { store } = await openTestStore(t);
  const context = { store } as unknown as AdminContext;
  const log = new MemoryLog();
  return {
    store,
    call: <N extends OperationName>(name: N, input: Input, file?: readonly string[]) =>
      runOperation(
        name,
        context,
        input,
        {
          actor: { name: 'jan' },
          who: OWNER_SAID,
          progress: () => undefined,
          ...(file === undefined ? {} : { upload: lines(file) }),
        },
        log,
      ),
  };
}

async function* lines(file: readonly string[]): AsyncGenerator<string> {
  yield `${file.join('\n')}\n`;
}

test('an identity is read folded, and what is none is told what to write', () => {
  const read = (text: string) => {
    const parsed = parseIdentity(text);
    return parsed.ok ? formatIdentity(parsed.value) : parsed.error;
  };
  assert.equal(read(' 500123456 : zz '), '500123456:ZZ');
  assert.equal(read('labfac:'), 'LABFAC');
  assert.equal(read('x'.repeat(70)), 'X'.repeat(70));
  for (const none of ['', ':ZZ', '1:2:3', 'a\tb', 'x'.repeat(71), `1:${'q'.repeat(71)}`])
    assert.match(read(none), /^expected ID or ID:QUALIFIER/, none);
});

test('identities are added, listed by holder and by id, and removed', async (t) => {
  const { store, call } = await operator(t);
  await addAccount(store, 'anna');
  assert.deepEqual(await call('organisation.edi.add', { organisation: 'practice', identity: '500123456:zz' }), {
    identity: '500123456:ZZ',
    organisation: 'practice',
  });
  await call('organisation.edi.add', { organisation: 'practice', identity: '42', account: 'Anna' });
  const all = [
    { identity: '42', organisation: 'practice', account: 'anna' },
    { identity: '500123456:ZZ', organisation: 'practice' },
  ];
  assert.deepEqual(await call('organisation.edi.list', {}), all);
  assert.deepEqual(await call('organisation.edi.list', { limit: 1 }), all.slice(0, 1));
  assert.deepEqual(await call('organisation.edi.list', { after: '42' }), all.slice(1));
  assert.deepEqual(await call('organisation.edi.list', { identity: '500123456' }), all.slice(1));
  await assert.rejects(call('organisation.edi.list', { organisation: 'nobody' }), /Cannot find organisation "nobody"/);
  await assert.rejects(
    call('organisation.edi.add', { organisation: 'practice', identity: '1:2:3' }),
    /Cannot use "1:2:3" as identity: expected ID or ID:QUALIFIER/,
  );
  assert.deepEqual(await call('organisation.edi.remove', { identity: '42' }), { identity: '42' });
  await assert.rejects(call('organisation.edi.remove', { identity: '42' }), /registered for nobody/);
});

test('a file is registered whole or not at all, and may be given twice', async (t) => {
  const { store, call } = await operator(t);
  await addAccount(store, 'anna');
  const file = ['organisation,identity,account', 'practice,500123456:ZZ,', 'practice,42,anna'];
  for (const _ of [1, 2]) assert.deepEqual(await call('organisation.edi.import', {}, file), { read: 2 });
  await assert.rejects(
    call('organisation.edi.import', {}, [...file, 'practice,1:2:3,', 'No Name,7,']),
    /nothing was changed:\n.*line 4.*\n.*line 5.*No Name/s,
  );
  await assert.rejects(
    call('organisation.edi.import', {}, [...file, 'practice,8,', 'other,9,']),
    /no organisation "other"/,
  );
  await assert.rejects(call('organisation.edi.import', {}), /without a file/);
  assert.equal((await call('organisation.edi.list', {})).length, 2);
});
