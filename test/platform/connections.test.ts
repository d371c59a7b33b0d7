import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AccountId } from '../../src/domain/ids.ts';
import {
  type AdmittedConnection,
  type ConnectionLimitOptions,
  ConnectionLimits,
} from '../../src/platform/connections.ts';
import { NetworkSet } from '../../src/platform/network.ts';
import { testConnectionLimits } from '../support/connection-limits.ts';

const limits = (total = 100, perNetwork = 2, perAccount = 1, exempt: string[] = []): ConnectionLimits =>
  new ConnectionLimits({ ...testConnectionLimits, total, perNetwork, perAccount, exempt: new NetworkSet(exempt) });

const owner = { displaced: (): void => undefined };
const admit = (all: ConnectionLimits, address: string) => all.admit(address, owner);

/** `dropped`: hears of the connection when its place goes to another. */
const admitted = (all: ConnectionLimits, address: string, dropped: string[] = []): AdmittedConnection => {
  const admission = all.admit(address, {
    displaced: (session) => (session === undefined ? dropped.push(address) : session.displace()),
  });
  assert.ok(admission.kind === 'admitted', address);
  return admission.connection;
};

const account = 7 as AccountId;

test('admit() refuses a network its third connection and takes it again after a release', () => {
  const all = limits();
  const first = admitted(all, '2001:db8::1');
  admitted(all, '2001:db8::2');
  assert.deepEqual(admit(all, '2001:db8::3'), { kind: 'refused', why: 'network' });
  admitted(all, '2001:db8:0:1::1');
  first.release();
  first.release();
  admitted(all, '2001:db8::3');
  assert.deepEqual(admit(all, '2001:db8::4'), { kind: 'refused', why: 'network' });
  assert.equal(all.open, 3);
});

test('admit() refuses everybody at the limit in all when all are logged in, exempt networks too', () => {
  const all = limits(2, 1, 1, ['192.0.2.0/24']);
  admitted(all, '192.0.2.1').login(account);
  const second = admitted(all, '192.0.2.1');
  second.login(account);
  assert.deepEqual(admit(all, '192.0.2.1'), { kind: 'refused', why: 'total' });
  assert.deepEqual(admit(all, '198.51.100.1'), { kind: 'refused', why: 'total' });
  second.release();
  admitted(all, '198.51.100.1');
});

test('login() counts sessions of one account from all networks, and a refused one holds no share', () => {
  const all = limits();
  const one = admitted(all, '192.0.2.1');
  const two = admitted(all, '192.0.2.2');
  assert.ok(one.login(account));
  assert.ok(one.login(account), 'the same connection again is not a second session');
  assert.ok(!two.login(account));
  two.release();
  one.release();
  const three = admitted(all, '192.0.2.3');
  assert.ok(three.login(account));
  three.release();
  assert.ok(!three.login(account), 'a released place logs nobody in');
  assert.equal(all.open, 0);
});

test('an exempt network is held to neither its own share nor the account share', () => {
  const all = limits(100, 1, 1, ['192.0.2.0/24']);
  for (let i = 0; i < 5; i += 1) assert.ok(admitted(all, '::ffff:192.0.2.9').login(account));
  const other = admitted(all, '198.51.100.1');
  assert.ok(other.login(account), 'exempt sessions take nobody else their share');
});

const KNOWN = '203.0.113.';
const guarded = (options: Partial<ConnectionLimitOptions>): ConnectionLimits =>
  new ConnectionLimits({ ...testConnectionLimits, ...options }, (network) => network.startsWith(KNOWN));
const whys = (all: ConnectionLimits) => all.refused.read().map(({ labels, value }) => `${labels.why} ${value}`);

test('the oldest connection of a stranger makes room for the next stranger', () => {
  const all = guarded({ beforeLogin: 3 });
  const dropped: string[] = [];
  for (let i = 1; i <= 5; i += 1) admitted(all, `192.0.2.${i}`, dropped);
  assert.deepEqual(dropped, ['192.0.2.1', '192.0.2.2']);
  assert.deepEqual([all.open, all.strangers], [3, 3]);
  assert.deepEqual(whys(all), ['displaced 2']);
});

test('who is logged in, or comes from a network that is known, makes room for no stranger', () => {
  const all = guarded({ beforeLogin: 2 });
  const dropped: string[] = [];
  assert.ok(admitted(all, '192.0.2.1', dropped).login(account));
  admitted(all, `${KNOWN}1`, dropped);
  for (let i = 2; i <= 9; i += 1) admitted(all, `192.0.2.${i}`, dropped);
  assert.equal(dropped.length, 6);
  assert.ok(!dropped.includes('192.0.2.1') && !dropped.includes(`${KNOWN}1`));
  assert.deepEqual([all.open, all.strangers], [4, 2]);
});

test('when all places are taken a known network gets that of the oldest stranger, or else of the oldest without a login', () => {
  const all = guarded({ total: 3 });
  const dropped: string[] = [];
  for (const address of [`${KNOWN}1`, '192.0.2.1', '192.0.2.2', `${KNOWN}2`, `${KNOWN}3`])
    admitted(all, address, dropped);
  assert.deepEqual(dropped, ['192.0.2.1', '192.0.2.2']);
  assert.deepEqual(admit(all, '192.0.2.3'), { kind: 'refused', why: 'total' }, 'a stranger takes no place of theirs');
  admitted(all, `${KNOWN}4`, dropped);
  assert.deepEqual(dropped.slice(2), [`${KNOWN}1`]);
  assert.equal(all.open, 3);
});

test('strangers of one range have a share, by IPv4 /24 and IPv6 /48; a login gives it back, known networks take none', () => {
  const all = guarded({ perRange: 2 });
  for (const [one, two, three, other] of [
    ['192.0.2.1', '::ffff:192.0.2.2', '192.0.2.3', '192.0.3.1'],
    ['2001:db8:0:1::1', '2001:db8:0:2::1', '2001:db8:0:3::1', '2001:db8:1::1'],
  ] as const) {
    const first = admitted(all, one);
    const second = admitted(all, two);
    assert.deepEqual(admit(all, three), { kind: 'refused', why: 'range' });
    admitted(all, other);
    assert.ok(first.login(account));
    admitted(all, three);
    assert.deepEqual(admit(all, two), { kind: 'refused', why: 'range' });
    first.release();
    assert.deepEqual(admit(all, two), { kind: 'refused', why: 'range' }, 'a place gives its share back once');
    second.release();
    admitted(all, two);
  }
  for (let i = 0; i < 20; i += 1) admitted(all, `${KNOWN}${i}`);
});

test('a place that went to another is free at once, and its session hears it', () => {
  const all = guarded({ beforeLogin: 1, perNetwork: 1 });
  const ended: string[] = [];
  const first = admitted(all, '192.0.2.1', ended);
  first.attach({ displace: () => void ended.push('session'), kill: () => assert.fail(), facts: () => assert.fail() });
  admitted(all, '192.0.2.2');
  assert.deepEqual(ended, ['session'], 'whoever has a session is asked to end that');
  assert.deepEqual([all.open, all.sessions.length], [1, 0]);
  assert.ok(!first.login(account), 'nobody logs in on a place that is gone');
  first.release();
  assert.equal(all.open, 1);
});

test('10,000 silent connections from 200 addresses, on a hundredth of the places: of 50 known clients that come and go none is refused', () => {
  const all = guarded({ total: 40, beforeLogin: 20, perRange: 8, perNetwork: 4 });
  const silent = Array.from({ length: 10_000 }, (_, i) => `198.51.${(((i >> 3) % 200) / 40) | 0}.${(i >> 3) % 40}`);
  const open: AdmittedConnection[] = [];
  silent.forEach((address, i) => {
    admit(all, address);
    assert.ok(all.open <= 40 && all.strangers <= 20);
    if (i % 7 !== 0) return;
    const client = admitted(all, `${KNOWN}${i % 50}`, [] as string[]);
    assert.ok(client.login((100 + (i % 50)) as AccountId));
    open.push(client);
    if (open.length > 15) open.shift()?.release();
  });
  for (const client of open) client.release();
  assert.deepEqual([all.open, all.strangers], [all.strangers, all.open]);
  const counted = Object.fromEntries(all.refused.read().map(({ labels, value }) => [labels.why, value]));
  assert.ok(
    (counted.displaced ?? 0) > 0 && (counted.range ?? 0) > 0 && (counted.network ?? 0) > 0,
    'all of the limits were met',
  );
  assert.equal(counted.total, undefined);
});
