import assert from 'node:assert/strict';
import test from 'node:test';
import { formatPin, parsePin } from '../../src/domain/partner.ts';

const hex = 'ab12'.repeat(16);

test('a pin is read as it is written, and as openssl prints a fingerprint', () => {
  for (const text of [`key:${hex}`, `cert:${hex}`]) {
    const pin = parsePin(text);
    assert(pin.ok);
    assert.equal(formatPin(pin.value), text);
  }
  const colons = hex.toUpperCase().replace(/..(?=.)/g, '$&:');
  assert.deepEqual(parsePin(`cert:${colons}`), { ok: true, value: { of: 'certificate', sha256: hex } });
});

test('what is no pin is refused', () => {
  for (const text of ['', hex, 'key:', `key:${hex.slice(2)}`, `key:${hex}00`, `sha1:${hex}`, `key:${'g'.repeat(64)}`])
    assert.equal(parsePin(text).ok, false, text);
});
