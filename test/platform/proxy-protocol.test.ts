import assert from 'node:assert/strict';
import { isIP } from 'node:net';
import { test } from 'node:test';
import { LONGEST_HEADER, readProxyHeader } from '../../src/platform/proxy-protocol.ts';
import { seeded } from '../support/seeded.ts';

const SIGNATURE = '0d0a0d0a000d0a515549540a';
/** Version 2 from hexadecimal: version and command, family, then addresses and TLVs. */
const v2 = (command: string, family: string, body: string): Buffer =>
  Buffer.from(`${SIGNATURE}${command}${family}${(body.length / 2).toString(16).padStart(4, '0')}${body}`, 'hex');
const v1 = (text: string): Buffer => Buffer.from(`${text}\r\n`, 'latin1');

const IPV4 = 'c0000207cb0071050fa00019';
const IPV6 = `20010db8${'00'.repeat(11)}01${'20010db8'.padEnd(32, '0')}0fa00019`;

test('version 1 gives the address of the client', () => {
  for (const [line, address] of [
    ['PROXY TCP4 192.0.2.7 203.0.113.5 4000 25', '192.0.2.7'],
    ['PROXY TCP6 2001:db8:0:0::1 2001:db8::2 65535 0', '2001:db8::1'],
    ['PROXY TCP6 ::ffff:192.0.2.7 ::ffff:203.0.113.5 4000 25', '192.0.2.7'],
  ] as const)
    assert.deepEqual(readProxyHeader(v1(line)), { kind: 'proxied', address, length: line.length + 2 });
  assert.deepEqual(readProxyHeader(v1('PROXY UNKNOWN')), { kind: 'local', length: 15 });
  assert.equal(readProxyHeader(v1('PROXY UNKNOWN ffff:f...f:ffff 65535')).kind, 'local');
});

test('version 2 gives the address of the client, and TLVs are skipped', () => {
  assert.deepEqual(readProxyHeader(v2('21', '11', IPV4)), { kind: 'proxied', address: '192.0.2.7', length: 28 });
  assert.deepEqual(readProxyHeader(v2('21', '21', IPV6)), { kind: 'proxied', address: '2001:db8::1', length: 52 });
  const tlv = '030004a1b2c3d4';
  assert.deepEqual(readProxyHeader(v2('21', '11', IPV4 + tlv)), {
    kind: 'proxied',
    address: '192.0.2.7',
    length: 28 + tlv.length / 2,
  });
  const mapped = `${'00'.repeat(10)}ffffc0000207${'00'.repeat(16)}0fa00019`;
  assert.deepEqual(readProxyHeader(v2('21', '21', mapped)), { kind: 'proxied', address: '192.0.2.7', length: 52 });
});

test('LOCAL and an unspecified family leave the address of the connection', () => {
  assert.deepEqual(readProxyHeader(v2('20', '00', '')), { kind: 'local', length: 16 });
  assert.deepEqual(readProxyHeader(v2('20', '11', IPV4)), { kind: 'local', length: 28 });
  assert.deepEqual(readProxyHeader(v2('21', '00', 'a1b2')), { kind: 'local', length: 18 });
});

test('a header is read the same however it is cut, and what follows it is not touched', () => {
  for (const header of [v1('PROXY TCP4 192.0.2.7 203.0.113.5 4000 25'), v2('21', '21', IPV6), v2('20', '00', '')]) {
    for (let n = 1; n < header.length; n += 1)
      assert.deepEqual(readProxyHeader(header.subarray(0, n)), { kind: 'more' }, `after ${n} octets`);
    const whole = readProxyHeader(Buffer.from([...header, ...Buffer.from('EHLO a\r\n')]));
    assert.deepEqual(whole, readProxyHeader(header));
  }
});

test('what is no header is refused at once, and one without an end at its limit', () => {
  const cases: [Buffer, RegExp][] = [
    [Buffer.from('E'), /no PROXY header/],
    [Buffer.from('PROXY\r'), /no PROXY header/],
    [Buffer.from(`PROXY TCP4 ${'1'.repeat(200)}`), /too long/],
    [v1('PROXY TCP4 192.0.2.7 203.0.113.5 4000'), /ports/],
    [v1('PROXY TCP4 192.0.2.7 203.0.113.5 4000 65536'), /ports/],
    [v1('PROXY TCP4 192.0.2.7 203.0.113.5 04 25'), /ports/],
    [v1('PROXY TCP4 192.0.2.256 203.0.113.5 4000 25'), /address/],
    [v1('PROXY TCP4 2001:db8::1 2001:db8::2 4000 25'), /address/],
    [v1('PROXY TCP6 fe80::1%eth0 2001:db8::2 4000 25'), /address/],
    [v1('PROXY UDP4 192.0.2.7 203.0.113.5 4000 25'), /neither TCP4/],
    [v1('PROXY'), /no PROXY header/],
    [v2('11', '11', IPV4), /neither 1 nor 2/],
    [v2('22', '11', IPV4), /unknown command/],
    [v2('21', '12', IPV4), /without TCP over IP/],
    [v2('21', '31', '00'.repeat(216)), /without TCP over IP/],
    [v2('21', '11', IPV4.slice(2)), /too few octets/],
    [v2('21', '21', IPV4), /too few octets/],
    [v2('21', '11', IPV4 + '00'.repeat(2048)).subarray(0, 16), /too long/],
  ];
  for (const [octets, why] of cases) {
    const header = readProxyHeader(octets);
    assert.equal(header.kind, 'wrong', octets.toString('latin1'));
    assert.match(header.why, why);
  }
});

test('no octets make it fail, give what is no address, or wait beyond the longest header', () => {
  const random = seeded(20261125);
  const good = [v1('PROXY TCP4 192.0.2.7 203.0.113.5 4000 25'), v2('21', '11', IPV4), v2('21', '21', IPV6)];
  for (let round = 0; round < 20_000; round += 1) {
    const from = good[random.below(good.length)]!;
    const octets = Buffer.from(from);
    for (let n = random.below(4); n >= 0; n -= 1) octets[random.below(octets.length)] = random.below(256);
    const header = readProxyHeader(octets.subarray(0, random.below(octets.length + 1)));
    if (header.kind === 'proxied')
      assert.ok(isIP(header.address) !== 0, `${octets.toString('hex')}: ${header.address}`);
    if (header.kind === 'proxied' || header.kind === 'local') assert.ok(header.length <= octets.length);
    const padded = Buffer.alloc(LONGEST_HEADER, 0x41);
    octets.copy(padded);
    assert.notEqual(readProxyHeader(padded).kind, 'more', octets.toString('hex'));
  }
});
