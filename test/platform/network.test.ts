import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NetworkSet, addressOctets, networkOf, rangeOf } from '../../src/platform/network.ts';

test('rangeOf() folds IPv4 to its /24 and IPv6 to its /48', () => {
  assert.equal(rangeOf('192.0.2.7'), '192.0.2.0/24');
  assert.equal(rangeOf('::ffff:192.0.2.7'), '192.0.2.0/24');
  assert.equal(rangeOf('2001:db8:1:2:3:4:5:6'), '2001:db8:1::/48');
  assert.equal(rangeOf('2001:db8:1:2::/64'), '2001:db8:1::/48');
  assert.equal(rangeOf('::1'), '0:0:0::/48');
  assert.equal(rangeOf('nonsense'), 'nonsense');
});

test('networkOf() folds IPv6 to its /64 and a mapped IPv4 address to itself', () => {
  assert.equal(networkOf('192.0.2.7'), '192.0.2.7');
  assert.equal(networkOf('::ffff:192.0.2.7'), '192.0.2.7');
  assert.equal(networkOf('2001:db8:1:2:3:4:5:6'), '2001:db8:1:2::/64');
  assert.equal(networkOf('2001:0DB8:0001:0002::9'), '2001:db8:1:2::/64');
  assert.equal(networkOf('2001:db8::1'), '2001:db8:0:0::/64');
  assert.equal(networkOf('fe80::1%eth0'), 'fe80:0:0:0::/64');
});

test('NetworkSet holds networks of both families and refuses what is none', () => {
  const set = new NetworkSet(['192.0.2.0/24', '2001:db8::/32', '127.0.0.1']);
  for (const inside of ['192.0.2.200', '::ffff:192.0.2.1', '2001:db8:ffff::1', '127.0.0.1'])
    assert.ok(set.has(inside), inside);
  for (const outside of ['192.0.3.1', '127.0.0.2', '2001:db9::1', 'unix', '']) assert.ok(!set.has(outside), outside);
  for (const bad of ['example', '192.0.2.0/33', '192.0.2.0/x', ''])
    assert.throws(() => new NetworkSet([bad]), /is not a network/);
});

test('addressOctets() writes an address in network order, and refuses what is none', () => {
  for (const [address, octets] of [
    ['192.0.2.7', 'c0000207'],
    ['::', '00'.repeat(16)],
    ['::1', `${'00'.repeat(15)}01`],
    ['2001:DB8:1:2:3:4:5:6', '20010db8000100020003000400050006'],
    ['2001:db8::', `20010db8${'00'.repeat(12)}`],
    ['::ffff:192.0.2.7', `${'00'.repeat(10)}ffffc0000207`],
    ['64:ff9b::1:192.0.2.255', `0064ff9b${'00'.repeat(6)}0001c00002ff`],
  ] as const)
    assert.equal(addressOctets(address).toString('hex'), octets);
  for (const wrong of ['', 'localhost', '192.0.2', '1.2.3.256', 'fe80::1%eth0', '::1/128', ':::'])
    assert.throws(() => addressOctets(wrong), /is not an IP address without a zone/);
});
