/**
 * Passkeys, codes and sessions of the console in the store: one use, limits, and what ends what.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import {
  CONSOLE_CODE_LIFE,
  CONSOLE_KEPT,
  MAX_CONSOLE_CODE_TRIES,
  MAX_CONSOLE_SESSIONS,
  MAX_PASSKEYS,
} from '../../src/domain/console.ts';
import { days, hours, instant, minutes } from '../../src/domain/units.ts';
import type { NewPasskey, NewSession } from '../../src/store/console.ts';
import { type Cleanup, type TestStore, openTestStore } from '../support/store.ts';
import { registryError } from './contract.ts';

/** Each change runs twice, and the first run is rolled back. */
const open = async (t: Cleanup): Promise<TestStore> => {
  const opened = await openTestStore(t, { testing: { changesTwice: true } });
  await opened.store.operators.add({ name: 'els', role: 'support' }, actor);
  return opened;
};
const actor = { name: 'test', reason: 'test' };
const times = { idle: minutes(30), longest: hours(10) };

let made = 0;
const newId = (): string => `ID${String(++made).padStart(6, '0')}`;
const newPasskey = (): NewPasskey => ({
  ...{ id: newId(), credential: randomBytes(32), publicKey: randomBytes(77), counter: 1, transports: ['usb'] },
  ...{ model: '00000000-0000-0000-0000-000000000000', synced: true },
});
const newSession = (): NewSession => ({ id: newId(), hash: randomBytes(32), network: '192.0.2.0/24' });
const newCode = (): { id: string; hash: Buffer } => ({ id: newId(), hash: randomBytes(32) });

async function register({ store }: TestStore, name = 'els'): Promise<{ passkey: NewPasskey; session: NewSession }> {
  const [code, passkey, session] = [newCode(), newPasskey(), newSession()];
  await store.console.makeCode(name, code, actor);
  assert.equal(await store.console.register(code, passkey, session, randomBytes(32)), name);
  return { passkey, session };
}

test('a code registers one passkey, logs its owner in, and both are found again', async (t) => {
  const opened = await open(t);
  const { console, audit } = opened.store;
  const code = newCode();
  assert.equal(await console.makeCode('els', code, actor), opened.clock.now() + CONSOLE_CODE_LIFE);
  const [passkey, session] = [newPasskey(), newSession()];
  const tried = await console.tryCode(code);
  assert(tried.kind === 'valid' && tried.holder.name === 'els');
  await console.register(code, passkey, session, randomBytes(32));
  const held = await console.passkey(passkey.credential);
  assert.deepEqual([held?.holder.name, held?.transports, held?.synced, held?.counter], ['els', ['usb'], true, 1]);
  const found = await console.session(session.hash, times);
  assert.deepEqual(
    [found?.operator, found?.passkey, found?.network, found?.holder.role],
    ['els', passkey.id, session.network, 'support'],
  );
  assert.equal((await console.tryCode(code)).kind, 'refused');
  await assert.rejects(
    console.register(code, newPasskey(), newSession(), randomBytes(32)),
    registryError('ended', /no longer valid/),
  );
  assert.deepEqual(
    (await console.credentials('els')).map(({ credential }) => Buffer.from(credential)),
    [passkey.credential],
  );
  const events = (await audit.read({ limit: 100 }))
    .map(({ event }) => event)
    .filter((event) => /^(?:console|operator\.(?:code|passkey))/.test(event));
  assert.deepEqual(events.sort(), ['console.logged-in', 'operator.code-made', 'operator.passkey-added']);
});

test('a wrong code is counted until its code is void, an old one and that of an ended operator hold no more', async (t) => {
  const opened = await open(t);
  const { console, operators } = opened.store;
  const code = newCode();
  await console.makeCode('els', code, actor);
  const why = async (hash = code.hash): Promise<string> => {
    const tried = await console.tryCode({ id: code.id, hash });
    return tried.kind === 'valid' ? 'valid' : tried.why;
  };
  for (let n = 0; n < MAX_CONSOLE_CODE_TRIES; n += 1) {
    assert.equal(await why(), 'valid');
    assert.equal(await why(randomBytes(32)), 'wrong');
  }
  assert.equal(await why(), 'spent');
  const second = newCode();
  await console.makeCode('els', second, actor);
  assert.equal(await why(), 'unknown');
  opened.clock.advance(CONSOLE_CODE_LIFE);
  const late = await console.tryCode(second);
  assert(late.kind === 'refused' && late.why === 'ended');
  const third = newCode();
  await console.makeCode('els', third, actor);
  await operators.set('els', { endsAt: opened.clock.now() }, actor);
  const over = await console.tryCode(third);
  assert(over.kind === 'refused' && over.why === 'ended');
  await assert.rejects(console.makeCode('els', newCode(), actor), registryError('ended', /has ended/));
  await assert.rejects(console.makeCode('jan', newCode(), actor), registryError('unknown', /no operator "jan"/));
});

test('an answer to a challenge serves once, whatever it was for', async (t) => {
  const opened = await open(t);
  const { console } = opened.store;
  const { passkey, session } = await register(opened);
  const proof = randomBytes(32);
  await console.logIn(passkey.id, 2, newSession(), proof);
  await assert.rejects(console.logIn(passkey.id, 3, newSession(), proof), registryError('ended', /given before/));
  await assert.rejects(console.prove(session.id, passkey.id, 3, proof), registryError('ended', /given before/));
  assert.equal((await console.passkey(passkey.credential))?.counter, 2);
  const before = (await console.session(session.hash, times))?.provenAt ?? 0;
  opened.clock.advance(minutes(6));
  await console.prove(session.id, passkey.id, 3, randomBytes(32));
  assert.equal((await console.session(session.hash, times))?.provenAt, before + minutes(6));
});

test('a session ends without use, after its longest time, and when it is ended', async (t) => {
  const opened = await open(t);
  const { console } = opened.store;
  const { session } = await register(opened);
  const there = async (): Promise<boolean> => (await console.session(session.hash, times)) !== undefined;
  for (let n = 0; n < 21; n += 1) {
    opened.clock.advance(minutes(28));
    assert(await there());
    await console.seen(session.id, opened.clock.now());
  }
  opened.clock.advance(minutes(13));
  assert(!(await there()), 'after ten hours');
  const { session: idle } = await register(opened);
  opened.clock.advance(minutes(30));
  assert.equal(await console.session(idle.hash, times), undefined);
  const { session: third } = await register(opened);
  assert.deepEqual(
    (await console.sessions(times)).map(({ id }) => id),
    [third.id],
  );
  assert(await console.endSession(third.id, actor));
  assert(!(await console.endSession(third.id, actor)));
  assert.equal(await console.session(third.hash, times), undefined);
  await assert.rejects(console.endSession('NOBODY00', actor), registryError('unknown', /There is no session/));
});

test('other rights, an end by the clock and an end for good leave no session', async (t) => {
  const opened = await open(t);
  const { console, operators } = opened.store;
  const { session } = await register(opened);
  await operators.set('els', { role: 'read' }, actor);
  assert.equal(await console.session(session.hash, times), undefined);
  const { session: second } = await register(opened);
  await operators.set('els', { endsAt: instant(opened.clock.now() + minutes(5)) }, actor);
  const { session: third, passkey } = await register(opened);
  assert.equal(await console.session(second.hash, times), undefined);
  assert.notEqual(await console.session(third.hash, times), undefined);
  opened.clock.advance(minutes(5));
  assert.equal(await console.session(third.hash, times), undefined);
  assert.equal(await console.passkey(passkey.credential), undefined);
  await assert.rejects(
    console.logIn(passkey.id, 9, newSession(), randomBytes(32)),
    registryError('ended', /passkey has ended|has ended/),
  );
  await operators.end('els', actor);
  assert.deepEqual(await console.passkeys(), []);
  // The name may be given again: nothing of the first is hers.
  await operators.add({ name: 'els', role: 'owner' }, actor);
  assert.equal(await console.passkey(passkey.credential), undefined);
  assert.deepEqual(await console.credentials('els'), []);
});

test('a passkey that was ended lets nobody in, takes its sessions along and is never taken again', async (t) => {
  const opened = await open(t);
  const { console } = opened.store;
  const { passkey, session } = await register(opened);
  const { session: other } = await register(opened);
  await console.endPasskey(passkey.id, actor);
  assert.equal(await console.session(session.hash, times), undefined);
  assert.notEqual(await console.session(other.hash, times), undefined);
  assert.equal(await console.passkey(passkey.credential), undefined);
  await assert.rejects(
    console.logIn(passkey.id, 5, newSession(), randomBytes(32)),
    registryError('ended', /passkey has ended/),
  );
  await assert.rejects(console.endPasskey(passkey.id, actor), registryError('ended', /was ended at/));
  await assert.rejects(console.endPasskey('NOBODY00', actor), registryError('unknown', /There is no passkey/));
  const code = newCode();
  await console.makeCode('els', code, actor);
  await assert.rejects(
    console.register(code, { ...newPasskey(), credential: passkey.credential }, newSession(), randomBytes(32)),
    registryError('exists', /registered already/),
  );
});

test('an operator has ten passkeys and five sessions; one more ends the oldest session', async (t) => {
  const opened = await open(t);
  const { console } = opened.store;
  const sessions: NewSession[] = [];
  let passkey: NewPasskey | undefined;
  for (let n = 0; n < MAX_PASSKEYS; n += 1) {
    opened.clock.advance(1000);
    const registered = await register(opened);
    passkey = registered.passkey;
    sessions.push(registered.session);
  }
  const held = (await console.sessions(times)).map(({ id }) => id);
  assert.deepEqual(
    held,
    sessions
      .slice(-MAX_CONSOLE_SESSIONS)
      .reverse()
      .map(({ id }) => id),
  );
  const code = newCode();
  await console.makeCode('els', code, actor);
  await assert.rejects(
    console.register(code, newPasskey(), newSession(), randomBytes(32)),
    registryError('exists', /has 10 passkeys/),
  );
  // What ended long ago goes with the next login.
  opened.clock.advance(CONSOLE_KEPT + days(1));
  await console.logIn(passkey?.id ?? '', 5, newSession(), randomBytes(32));
  await assert.rejects(
    console.endSession(sessions[0]?.id ?? '', actor),
    registryError('unknown', /There is no session/),
  );
});
