/** Operators and requests in the store: limits, one use, and what time takes away. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { MAX_OPERATORS, MAX_SIGNATURES, REQUEST_LIFETIME } from '../../src/domain/second-person.ts';
import { MAX_TOKENS } from '../../src/domain/operators.ts';
import { days, instant } from '../../src/domain/units.ts';
import type { Operators } from '../../src/store/port/certificates.ts';
import { type Cleanup, type TestStore, openTestStore } from '../support/store.ts';
import { registryError } from './contract.ts';

/** Each change runs twice, and the first run is rolled back. */
const open = (t: Cleanup): Promise<TestStore> => openTestStore(t, { testing: { changesTwice: true } });
const actor = { name: 'test', reason: 'test' };
const fingerprint = (n: number): string => String(n).padStart(64, '0');
const add = (operators: Operators, n: number): Promise<void> =>
  operators.add(
    { name: `op${n}`, role: 'owner', key: { fingerprint: fingerprint(n), publicKey: randomBytes(44) } },
    actor,
  );
const asked = (id: string, input = id) => ({
  ...({ id, operation: 'audit.erase', verb: 'erase', input, askedBy: 'root', reason: 'test' } as const),
});

test('there are at most a hundred operators, and one that was removed makes room for another key', async (t) => {
  const { operators } = (await open(t)).store;
  for (let n = 1; n <= MAX_OPERATORS; n += 1) await add(operators, n);
  await assert.rejects(add(operators, 101), registryError('exists', /There are 100 operators/));
  assert.equal((await operators.list()).length, MAX_OPERATORS);
  await operators.end('op5', actor);
  await assert.rejects(add(operators, 5), registryError('ended', /was removed/));
  await add(operators, 101);
});

test('a request takes eight signatures, is used once in its hour by two who are registered, and outlives a restart', async (t) => {
  const opened = await open(t);
  const { clock } = opened;
  let { operators } = opened.store;
  for (let n = 1; n <= 9; n += 1) await add(operators, n);
  const { id, endsAt, askedAt } = await operators.ask(asked('AAAAAAAA'));
  assert.equal(endsAt, askedAt + REQUEST_LIFETIME);
  const sign = (n: number): Promise<void> =>
    operators.sign(id, { fingerprint: fingerprint(n), at: clock.now(), signature: randomBytes(64) }, actor);
  for (let n = 1; n <= MAX_SIGNATURES; n += 1) await sign(n);
  await assert.rejects(sign(9), registryError('exists', /has 8 signatures, and two are enough/));
  await assert.rejects(sign(10), registryError('unknown', /No operator has the key/));
  const again = await opened.reopen();
  ({ operators } = again.store);
  assert.equal((await operators.request(id))?.signatures.length, MAX_SIGNATURES);

  await operators.end('op2', actor);
  const key = (n: number) => ({ key: fingerprint(n) });
  const by = (first: number, second: number) => ({ first: key(first), second: key(second) });
  await assert.rejects(operators.use(id, by(1, 2), actor), registryError('ended', /"op2" was removed/));
  await operators.use(id, by(1, 3), actor);
  await assert.rejects(operators.use(id, by(1, 3), actor), registryError('ended', /was used at/));
  await assert.rejects(sign(9), registryError('ended', /was used at/));

  const late = await operators.ask(asked('BBBBBBBB'));
  again.clock.advance(REQUEST_LIFETIME);
  await assert.rejects(operators.use(late.id, by(1, 3), actor), registryError('ended', /ended at/));
  assert.deepEqual(await operators.waiting(), []);
  // Swept with the next one, thirty days after its end; the trail keeps what happened.
  again.clock.advance(days(30) + 1);
  await operators.ask(asked('CCCCCCCC'));
  assert.deepEqual([await operators.request(id), await operators.request(late.id)], [undefined, undefined]);
  const events = (await again.store.audit.read({ limit: 1000 })).map(({ event }) => event);
  assert.equal(events.filter((event) => event === 'approval.used').length, 1);
});

test('an operator has twenty tokens that hold, none with more rights than he has, and all end with him', async (t) => {
  const { store, clock } = await open(t);
  const { operators } = store;
  await operators.add({ name: 'els', role: 'support' }, actor);
  const endsAt = instant(clock.now() + days(1));
  const token = (n: number, role: 'read' | 'registry' = 'read') => ({
    ...{ id: `TOKEN${n}`, operator: 'els', role, networks: [], endsAt, hash: randomBytes(32) },
  });
  await assert.rejects(
    operators.addToken(token(0, 'registry'), actor),
    registryError('invalid', /cannot have the role "registry": the operator has "support"/),
  );
  for (let n = 1; n <= MAX_TOKENS; n += 1) await operators.addToken(token(n), actor);
  await assert.rejects(operators.addToken(token(99), actor), registryError('exists', /has 20 tokens/));
  await operators.endToken('TOKEN1', actor);
  await assert.rejects(operators.endToken('TOKEN1', actor), registryError('ended', /already/));
  await assert.rejects(operators.endToken('NONE', actor), registryError('unknown', /There is no token/));
  await operators.addToken(token(99), actor);
  await operators.end('els', actor);
  assert.equal((await operators.token('TOKEN2'))?.endedAt, clock.now());
  assert.deepEqual(await operators.tokens(), []);
  await assert.rejects(operators.addToken(token(100), actor), registryError('unknown', /There is no operator "els"/));
});

test('a key that was replaced signs no more, and whoever acts for one organisation has none', async (t) => {
  const { store, clock } = await open(t);
  const { operators } = store;
  await add(operators, 1);
  const key = { fingerprint: fingerprint(2), publicKey: randomBytes(44) };
  await operators.set('op1', { key }, actor);
  assert.deepEqual(
    (await operators.signers()).map((one) => one.fingerprint),
    [fingerprint(2)],
  );
  const { id } = await operators.ask(asked('AAAAAAAA'));
  const signature = { fingerprint: fingerprint(1), at: clock.now(), signature: randomBytes(64) };
  await assert.rejects(operators.sign(id, signature, actor), registryError('ended', /was removed/));
  await operators.set('op1', { endsAt: instant(clock.now() + 1) }, actor);
  clock.advance(1);
  assert.deepEqual(await operators.signers(), []);
  await assert.rejects(
    operators.sign(id, { ...signature, fingerprint: fingerprint(2) }, actor),
    registryError('ended', /was removed/),
  );
  await store.registry.addOrganisation({ name: 'zuid', title: 'Zuid', language: 'nl' }, actor);
  const bound = { name: 'els', role: 'read', organisation: 'zuid' } as const;
  await assert.rejects(
    operators.add({ ...bound, key: { fingerprint: fingerprint(3), publicKey: randomBytes(44) } }, actor),
    registryError('invalid', /may act for one organisation alone/),
  );
  await operators.add(bound, actor);
  await assert.rejects(
    operators.set('els', { key: { ...key, fingerprint: fingerprint(4) } }, actor),
    registryError('invalid', /alone/),
  );
  await assert.rejects(
    operators.add({ ...bound, name: 'eva', organisation: 'nowhere' }, actor),
    registryError('unknown', /nowhere/),
  );
});
