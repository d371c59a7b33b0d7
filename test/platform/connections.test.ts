import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AccountId } from '../../src/domain/ids.ts';
import { type AdmittedConnection, ConnectionLimits } from '../../src/platform/connections.ts';
import { NetworkSet } from '../../src/platform/network.ts';

const limits = (total = 100, perNetwork = 2, perAccount = 1, exempt: string[] = []): ConnectionLimits =>
  new ConnectionLimits({ total, perNetwork, perAccount, exempt: new NetworkSet(exempt) });

const admitted = (all: ConnectionLimits, address: string): AdmittedConnection => {
  const admission = all.admit(address);
  assert.ok(admission.kind === 'admitted', address);
  return admission.connection;
};

const account = 7 as AccountId;

test('admit() refuses a network its third connection and takes it again after a release', () => {
  const all = limits();
  const first = admitted(all, '2001:db8::1');
  admitted(all, '2001:db8::2');
  assert.deepEqual(all.admit('2001:db8::3'), { kind: 'refused', why: 'network' });
  admitted(all, '2001:db8:0:1::1');
  first.release();
  first.release();
  admitted(all, '2001:db8::3');
  assert.deepEqual(all.admit('2001:db8::4'), { kind: 'refused', why: 'network' });
  assert.equal(all.open, 3);
});

test('admit() refuses everybody at the limit in all, exempt networks too', () => {
  const all = limits(2, 1, 1, ['192.0.2.0/24']);
  admitted(all, '192.0.2.1');
  const second = admitted(all, '192.0.2.1');
  assert.deepEqual(all.admit('192.0.2.1'), { kind: 'refused', why: 'total' });
  assert.deepEqual(all.admit('198.51.100.1'), { kind: 'refused', why: 'total' });
  second.release();
  admitted(all, '198.51.100.1');
});

test('login() counts sessions of one account from all networks, and a refused one holds no share', () => {
  const all = limits();
  const one = admitted(all, '192.0.2.1');
  const two = admitted(all, '192.0.2.2');
  assert.ok(one.login(account));
  assert.ok(one.login(account), 'the same connection again is no second session');
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
