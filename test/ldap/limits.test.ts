/**
 * What one search may take: its time, its place in the line, and the time in which a peer takes
 * what it is sent.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Counts } from '../../src/domain/counts.ts';
import type { DirectoryStep, DirectoryStepFound } from '../../src/domain/directory.ts';
import { instant, milliseconds, seconds } from '../../src/domain/units.ts';
import { defaultLdapLimits } from '../../src/ldap/limits.ts';
import { readRequest } from '../../src/ldap/requests.ts';
import { ldapSlots } from '../../src/ldap/server.ts';
import { LdapSession, type LdapSessionParts } from '../../src/ldap/session.ts';
import type { AdmittedConnection } from '../../src/platform/connections.ts';
import type { Slot } from '../../src/platform/fair-slots.ts';
import { HourlyCount } from '../../src/submission/limits.ts';
import { FakeClock } from '../support/clock.ts';
import { type Asked, actor, answerOf, connectLdap, equal, messageOf, searchOf, startLdap } from '../support/ldap.ts';
import { MemoryLog } from '../support/log.ts';
import { address } from '../support/store.ts';
import { addressOf } from '../support/gateway.ts';
import { until } from '../support/until.ts';

const people = equal('objectClass', 'person');
const organisation = { id: 1, name: 'group', title: 'Group', language: 'en', settings: {} };
const account = { id: 1, login: 'anna', settings: {}, state: 'active' };
const record = { account, organisation, passwords: [], appPasswords: [], version: 1 };

const entry = (version: number): DirectoryStepFound['entries'][number] => ({
  address: address(`p${version}@group.test`),
  version,
  modifiedAt: instant(0),
  organisation: { id: 1 as never, name: 'group', title: 'Group' },
  kind: 'mail',
  edi: [],
});

/**
 * A session that has logged in, over a directory that never ends. `step`: what happens while the
 * store looks at a part of it.
 */
function endless(step: (clock: FakeClock) => void, slots = ldapSlots()) {
  const clock = new FakeClock();
  const log = new MemoryLog();
  const sent: Buffer[] = [];
  const directory = {
    current: () => Promise.resolve({ version: 9, floor: 0, stale: false }),
    find: () => Promise.resolve(undefined),
    step: ({ after }: DirectoryStep): Promise<DirectoryStepFound> => {
      step(clock);
      return Promise.resolve({ entries: [entry(after + 1)], through: after + 1, done: after > 1000 });
    },
  };
  const limits = { ...defaultLdapLimits, searchTime: seconds(2) };
  const search = { directory, slots, limits, clock, log, asked: new HourlyCount(clock), given: new Counts(['caller']) };
  const registry = { findLogin: () => Promise.resolve(record), onChange: () => () => undefined };
  const wire = {
    ...{ secure: true, tlsVersion: 'TLSv1.3', gone: false, signal: new AbortController().signal },
    send: (...pieces: readonly Buffer[]) => Promise.resolve(void sent.push(...pieces)),
  };
  const session = new LdapSession(
    { registry, search, limits, log } as unknown as LdapSessionParts,
    wire,
    {} as AdmittedConnection,
    { session: 's', protocol: 'ldap', address: '127.0.0.1', network: '127.0.0.1' },
  );
  session.login = { account: account as never, byCertificate: false, password: undefined };
  return {
    /** The code at its end, and how many entries came before. */
    ask: async (asked: Asked = {}): Promise<readonly [code: number | undefined, entries: number]> => {
      sent.length = 0;
      await session.answer(readRequest(messageOf(1, searchOf(people, asked))), wire.signal);
      const answers = sent.map(answerOf);
      return [answers.at(-1)?.code, answers.filter(({ tag }) => tag === 0x64).length];
    },
  };
}

test('a search ends after its time with what it has found, whatever longer time the client allows', async () => {
  const { ask } = endless((clock) => clock.advance(milliseconds(450)));
  // Parts are begun at 0, 450, 900, 1350 and 1800 ms.
  assert.deepEqual(await ask(), [3, 5]);
  assert.deepEqual(await ask({ timeLimit: 3600 }), [3, 5]);
  assert.deepEqual(await ask({ timeLimit: 1 }), [3, 3]);
});

test('so many searches wait; the one behind them is told to come again, and goes through once there is room', async () => {
  const slots = ldapSlots();
  const running = [slots.take('x'), slots.take('y')] as readonly Slot[];
  const gone = new AbortController();
  for (let n = 0; n < 500; n += 1) void slots.take(n, gone.signal);
  assert.equal(slots.waiting, 500);
  const { ask } = endless(() => undefined, slots);
  assert.deepEqual(await ask(), [51, 0]);
  gone.abort();
  assert.equal(slots.waiting, 0);
  for (const one of running) one.free();
  assert.deepEqual(await ask({ sizeLimit: 2 }), [4, 2]);
});

test('a peer that does not take what it is sent is cut off after its time, and others are served meanwhile', async (t) => {
  const gateway = await startLdap(t, { configuration: '[ldap]\nsend-time = "1s"\nidle-time = "1h"' });
  const role = 'A very long role, as nobody has it. '.repeat(4).trim();
  await gateway.store.registry.changeSettings({ scope: 'organisation', name: 'group' }, { role }, actor);
  await gateway.store.registry.changeSettings(
    { scope: 'account', login: addressOf('bert') },
    { 'directory-entries-per-hour': 1_000_000 },
    actor,
  );
  const [anna, bert] = [await connectLdap(t, gateway), await connectLdap(t, gateway)];
  assert.deepEqual([await anna.bind('anna'), await bert.bind('bert')], [0, 0]);
  bert.pause();
  // Answers of some 12 MB: more than the buffers of two sockets hold.
  const request = messageOf(7, searchOf(people));
  bert.write(Buffer.concat(Array.from({ length: 12_000 }, () => request)));
  const ended = () => gateway.log.events.find(({ event }) => event === 'ldap.ended');
  await until('it was cut off', () => ended() !== undefined, 60_000);
  assert.deepEqual([ended()?.fields.account, ended()?.fields.ending], [addressOf('bert'), 'stalled']);
  assert.equal((await anna.search(people)).entries.length, 2);
});
