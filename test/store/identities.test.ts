/**
 * Operators whom an OpenID provider vouches for, in the store: who is new, who is known, whose role
 * follows, and who stays out.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { hours, instant, minutes } from '../../src/domain/units.ts';
import type { Federated, NewSession } from '../../src/store/console.ts';
import { type Cleanup, type TestStore, openTestStore } from '../support/store.ts';
import { registryError } from './contract.ts';

/** Each change runs twice, and the first run is rolled back. */
const open = (t: Cleanup): Promise<TestStore> => openTestStore(t, { testing: { changesTwice: true } });
const actor = { name: 'test', reason: 'test' };
const times = { idle: minutes(30), longest: hours(10) };

let made = 0;
const newId = (): string => `ID${String(++made).padStart(6, '0')}`;
const newSession = (): NewSession => ({ id: newId(), hash: randomBytes(32), network: '192.0.2.0/24' });
const els = (more: Partial<Federated> = {}): Federated => ({
  ...{ issuer: 'https://login.example', subject: 's-1', names: ['els', 'els-k7qm'], role: 'support' },
  ...more,
});
const logIn = async ({ store }: TestStore, federated: Federated): Promise<readonly [string, NewSession]> => {
  const session = newSession();
  const name = await store.identities.logIn(federated, newId(), session, randomBytes(32));
  return [name ?? 'nobody', session];
};

test('who is new is registered under a name that is free, and is the same one the next time', async (t) => {
  const opened = await open(t);
  const { operators, identities, console } = opened.store;
  assert.equal((await logIn(opened, els()))[0], 'els');
  assert.equal((await logIn(opened, els({ subject: 's-2' })))[0], 'els-k7qm');
  await assert.rejects(logIn(opened, els({ subject: 's-3' })), registryError('exists', /els and els-k7qm already/));
  const [name, session] = await logIn(opened, els({ names: ['jan'] }));
  assert.equal(name, 'els', 'whatever he calls himself now');
  const held = await console.session(session.hash, times);
  assert.deepEqual(
    [held?.operator, held?.means, held?.passkey, held?.holder.role],
    ['els', 'oidc', undefined, 'support'],
  );
  assert.equal((await operators.list()).length, 2);
  // The same subject of another provider is somebody else.
  assert.equal((await logIn(opened, els({ issuer: 'https://other.example', names: ['piet'] })))[0], 'piet');
  assert.equal((await identities.list()).length, 3);
});

test('an answer serves once, for a login as well as for a proof', async (t) => {
  const opened = await open(t);
  const { identities } = opened.store;
  const proof = randomBytes(32);
  const session = newSession();
  await identities.logIn(els(), newId(), session, proof);
  const again = registryError('ended', /given before/);
  await assert.rejects(identities.logIn(els(), newId(), newSession(), proof), again);
  await assert.rejects(identities.prove(session.id, els(), proof), again);
  await logIn(opened, els({ subject: 's-2', names: ['jan'] }));
  await assert.rejects(
    identities.prove(session.id, els({ subject: 's-2' }), randomBytes(32)),
    registryError('ended', /session has ended/),
  );
  await assert.rejects(
    identities.prove(session.id, els({ subject: 's-9' }), randomBytes(32)),
    registryError('unknown', /somebody else/),
  );
  await identities.prove(session.id, els(), randomBytes(32));
});

test('another role ends what was begun with the one before; a role and a passkey are given by nobody else', async (t) => {
  const opened = await open(t);
  const { operators, console } = opened.store;
  const [, first] = await logIn(opened, els());
  const [, second] = await logIn(opened, els({ role: 'registry' }));
  assert.equal(await console.session(first.hash, times), undefined);
  assert.equal((await console.session(second.hash, times))?.holder.role, 'registry');
  const decided = registryError('invalid', /groups decide what he may do/);
  await assert.rejects(operators.set('els', { role: 'owner' }, actor), decided);
  await assert.rejects(console.makeCode('els', { id: newId(), hash: randomBytes(32) }, actor), decided);
  await operators.set('els', { endsAt: instant(opened.clock.now() + minutes(5)) }, actor);
  opened.clock.advance(minutes(5));
  await assert.rejects(logIn(opened, els()), registryError('unknown', /has ended/));
});

test('who was ended stays out until he is released, and one organisation is not another', async (t) => {
  const opened = await open(t);
  const { operators, identities, registry } = opened.store;
  await registry.addOrganisation({ name: 'noord', title: 'Noord', language: 'nl' }, actor);
  await logIn(opened, els({ organisation: 'noord' }));
  await assert.rejects(logIn(opened, els()), registryError('invalid', /another organisation/));
  const [tie] = await identities.list();
  await assert.rejects(identities.release(tie?.id ?? '', actor), registryError('exists', /end the operator first/));
  await operators.end('els', actor);
  await assert.rejects(logIn(opened, els({ organisation: 'noord' })), registryError('unknown', /has ended/));
  await identities.release(tie?.id ?? '', actor);
  await assert.rejects(identities.release(tie?.id ?? '', actor), registryError('unknown', /There is no identity/));
  assert.equal((await logIn(opened, els()))[0], 'els');
  const events = (await opened.store.audit.read({ limit: 100 })).map(({ event }) => event);
  for (const event of ['operator.identity-added', 'operator.identity-released']) assert(events.includes(event), event);
});

test('a certificate beside one factor must be that of the operator, who is tied before he comes', async (t) => {
  const opened = await open(t);
  const { operators, identities, console } = opened.store;
  const [his, other] = ['a'.repeat(64), 'b'.repeat(64)];
  await operators.add({ name: 'els', role: 'read', certificate: his }, actor);
  await operators.add({ name: 'jan', role: 'read' }, actor);
  assert.equal((await logIn(opened, els({ certificate: his })))[0], 'nobody', 'who is new has none');
  assert.deepEqual(await identities.list(), []);
  const code = { id: newId(), hash: randomBytes(32) };
  await console.makeCode('els', code, actor);
  await identities.add('els', els(), newId(), actor);
  assert.equal((await console.tryCode(code)).kind, 'refused', 'the way in of before is closed');
  await assert.rejects(identities.add('jan', els(), newId(), actor), registryError('exists', /tied to that subject/));
  await assert.rejects(
    identities.add('els', els({ subject: 's-2' }), newId(), actor),
    registryError('invalid', /already/),
  );
  assert.equal((await logIn(opened, els({ certificate: other })))[0], 'nobody');
  const [name, session] = await logIn(opened, els({ certificate: his }));
  assert.equal(name, 'els');
  assert.equal((await console.session(session.hash, times))?.holder.role, 'support');
  assert(!(await identities.prove(session.id, els({ certificate: other }), randomBytes(32))));
  assert(await identities.prove(session.id, els({ certificate: his }), randomBytes(32)));
  const entered = (await opened.store.audit.read({ limit: 100 })).filter(({ event }) => event === 'console.logged-in');
  assert.deepEqual(
    entered.map(({ facts }) => (facts as { certificate?: string }).certificate),
    [his],
  );
});
