/**
 * What nothing undoes is refused without a reason, and any change without a person, also to a
 * program that speaks to the socket itself.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { connectControl } from '../../src/admin/client.ts';
import { AdminError } from '../../src/admin/error.ts';
import { type OperationName, isOperation } from '../../src/admin/operations.ts';
import { controlSocketOf } from '../../src/config/load.ts';
import type { Actor } from '../../src/store/actor.ts';
import { type TestGateway, addressOf, startTestGateway } from '../support/gateway.ts';

let gateway: TestGateway;
before(async () => {
  gateway = await startTestGateway({ accounts: ['anna', 'bert'] });
});
after(() => gateway.remove());

async function calls(actor: Actor, operation: OperationName, input: Record<string, unknown>): Promise<string> {
  const client = await connectControl(controlSocketOf(gateway.config), actor);
  assert(client !== undefined);
  try {
    await client.call(operation, input);
    return 'done';
  } catch (error) {
    assert(error instanceof AdminError, String(error));
    return `${error.kind}: ${error.message}`;
  } finally {
    await client.close();
  }
}

const login = addressOf('anna');
const DESTROYING: Readonly<Record<string, Record<string, unknown>>> = {
  'account.end': { login },
  'account.end-many': {},
  'address.end': { address: login },
  'organisation.end': { name: 'group' },
  'organisation.erase': { name: 'group', 'discard-mail': true },
  'partner.end': { name: 'noord' },
  'pgp.key.remove': { fingerprint: 'ab'.repeat(20) },
  'cert.key.remove': { serial: '01' },
  'audit.erase': { person: 'x' },
  'message.erase': { message: 'x@x.test', reason: ' ' },
  'queue.fail': { ids: [1], reason: ' ' },
};

test('an operation that nothing undoes is refused without a reason, whoever speaks to the socket', async () => {
  for (const [operation, input] of Object.entries(DESTROYING)) {
    assert(isOperation(operation), operation);
    for (const reason of [{}, { reason: '' }, { reason: ' \n' }])
      assert.match(
        await calls({ name: 'jan', ...reason }, operation, input),
        new RegExp(
          `^invalid: (Cannot do ${operation} without a reason: |Cannot use "" as reason|.*as reason: expected)`,
        ),
        operation,
      );
  }
  const registered = await gateway.store.registry.findAccount(login);
  assert.equal(registered?.account.state, 'active');
});

test('a look at what would go needs no reason, and with one it is done', async () => {
  assert.equal(await calls({ name: 'jan' }, 'account.end', { login, 'dry-run': true }), 'done');
  assert.equal(await calls({ name: 'jan', reason: 'retired' }, 'account.end', { login }), 'done');
});

test('a change has a person, and the refusal of one that has none stands in the trail', async () => {
  const suspend = ['account.suspend', { login: [addressOf('bert')] }] as const;
  for (const name of ['', ' '])
    assert.match(await calls({ name }, ...suspend), /^invalid: .* nobody is named who asks/);
  assert.equal((await gateway.store.registry.findAccount(addressOf('bert')))?.account.state, 'active');
  const rows = await gateway.store.audit.read({ limit: 1000 });
  const refused = rows.filter(({ event, outcome }) => event === 'operator.changed' && outcome === 'failure');
  assert.equal(refused.at(-1)?.personal?.actor, 'unknown');
  assert.equal(await calls({ name: '' }, 'account.list', {}), 'done');
});
