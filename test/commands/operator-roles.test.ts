/**
 * Nobody gives what he does not have: who may register, change and end operators and tokens of
 * which role, for every pair.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { AdminError } from '../../src/admin/error.ts';
import { authenticate } from '../../src/admin/authentication.ts';
import { type OperationName, runOperation } from '../../src/admin/operations.ts';
import { base32 } from '../../src/crypto/keys/base32.ts';
import { makeToken } from '../../src/crypto/keys/operator-token.ts';
import { ROLES, type Role, covers, mayDo } from '../../src/domain/roles.ts';
import { days, instant } from '../../src/domain/units.ts';
import { addPasskey } from '../support/known-passkey.ts';
import { FakeClock } from '../support/clock.ts';
import { type TestGateway, startTestGateway } from '../support/gateway.ts';

const clock = new FakeClock();
const actor = { name: 'els', reason: 'trial' };
let gateway: TestGateway;
before(async () => {
  gateway = await startTestGateway({ clock });
  // Each is there for every caller: those who may change it leave it as it is.
  for (const role of ROLES) await gateway.store.operators.add({ name: `has.${role}`, role }, actor);
});
after(() => gateway.remove());

/** Whether it was done; where not, it is for want of rights. */
async function mayCall(caller: Role, name: OperationName, input: object): Promise<boolean> {
  const call = { actor, who: { role: caller, proof: 'token' }, progress: () => undefined } as const;
  try {
    await runOperation(name, gateway.admin, { ...input }, call, gateway.log);
    return true;
  } catch (error) {
    assert(error instanceof AdminError && error.kind === 'forbidden', `${caller} ${name}: ${String(error)}`);
    return false;
  }
}

const open = () => ({ networks: [], endsAt: instant(clock.now() + days(1)) });

const pairs = ROLES.flatMap((caller) => ROLES.map((of) => [caller, of] as const));
const expected = ([caller, of]: readonly [Role, Role]): boolean => mayDo(caller, 'security') && covers(caller, of);

for (const pair of pairs) {
  const [caller, of] = pair;
  test(`${caller}, and an operator of role ${of}`, async () => {
    const may = expected(pair);
    assert.equal(await mayCall(caller, 'operator.add', { name: `${caller}.${of}`, role: of }), may, 'add');
    if (!may) await gateway.store.operators.add({ name: `${caller}.${of}`, role: of }, actor);
    const name = `${caller}.${of}`;
    // What somebody has, also where less would be left to him; and what he would get.
    assert.equal(await mayCall(caller, 'operator.set', { name, role: 'read' }), may, 'set to less');
    await gateway.store.operators.set(name, { role: of }, actor);
    assert.equal(await mayCall(caller, 'operator.set', { name, role: of }), may, 'set');
    assert.equal(await mayCall(caller, 'operator.set', { name, ends: '2099-01-01' }), may, 'set another field');
    assert.equal(
      await mayCall(caller, 'operator.set', { name: 'has.read', role: of }),
      expected([caller, 'read']) && may,
    );
    await gateway.store.operators.set('has.read', { role: 'read' }, actor);
    const ends = new Date(clock.now() + days(1)).toISOString();
    assert.equal(await mayCall(caller, 'operator.token.add', { name, ends }), may, 'token add');
    assert.equal(await mayCall(caller, 'operator.passkey.add', { name }), may, 'passkey add');
    const passkey = base32(randomBytes(5));
    await addPasskey(gateway.store, name, { passkey, session: passkey });
    assert.equal(await mayCall(caller, 'operator.passkey.end', { passkey }), may, 'passkey end');
    const { id, hash } = makeToken();
    await gateway.store.operators.addToken({ id, hash, operator: name, role: of, ...open() }, actor);
    assert.equal(await mayCall(caller, 'operator.token.end', { token: id }), may, 'token end');
    assert.equal(await mayCall(caller, 'operator.end', { name }), may, 'end');
  });
}

test('a token that has the id of another, and differs behind it, lets nobody in', async () => {
  const { token, id, hash } = makeToken();
  const other = Uint8Array.from(hash);
  other[31]! ^= 1;
  await gateway.store.operators.addToken({ id, hash: other, operator: 'has.owner', role: 'owner', ...open() }, actor);
  assert.equal(await authenticate(gateway.admin, token), undefined);
});
