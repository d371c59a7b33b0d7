/** Codes by the clock, against the vectors of RFC 6238, and what is taken of what people type. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stepAt, stepOf, totpAddress, totpCode } from '../../src/crypto/passwords/totp.ts';
import { instant } from '../../src/domain/units.ts';

const KEY = Buffer.from('12345678901234567890');

test('totpCode() has the codes of RFC 6238, appendix B, of which ours are the last six digits', () => {
  const vectors: readonly (readonly [number, string])[] = [
    [59, '94287082'],
    [1_111_111_109, '07081804'],
    [1_111_111_111, '14050471'],
    [1_234_567_890, '89005924'],
    [2_000_000_000, '69279037'],
    [20_000_000_000, '65353130'],
  ];
  for (const [time, code] of vectors) assert.equal(totpCode(KEY, stepAt(instant(time * 1000))), code.slice(2), code);
});

test('stepOf() takes the code of this half minute and of its neighbours, and no other text', () => {
  const now = instant(1_700_000_000_000);
  const step = stepAt(now);
  for (const near of [-1, 0, 1]) assert.equal(stepOf(KEY, totpCode(KEY, step + near), now), step + near);
  for (const far of [-3, -2, 2, 3]) assert.equal(stepOf(KEY, totpCode(KEY, step + far), now), undefined);
  const code = totpCode(KEY, step);
  assert.equal(stepOf(KEY, ` ${code.slice(0, 3)} ${code.slice(3)}`, now), step);
  for (const bad of ['', '12345', '1234567', 'abcdef', '\u0661\u0662\u0663\u0664\u0665\u0666'])
    assert.equal(stepOf(KEY, bad, now), undefined, bad);
});

test('totpAddress() is what programs read from a QR code', () => {
  assert.equal(
    totpAddress(KEY, 'break-glass', 'mail.test'),
    'otpauth://totp/mail.test:break-glass?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=mail.test',
  );
});
