import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Grade, gradeCurve, gradeSuite, gradeVersion, isWorse } from '../../src/platform/tls-guideline.ts';

test('versions, suites and curves get the grade of the NCSC-NL guidelines 2025-05', () => {
  const suites: Record<Grade, readonly string[]> = {
    good: ['TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'],
    sufficient: [
      'TLS_AES_128_GCM_SHA256',
      'TLS_AES_128_CCM_SHA256',
      'ECDHE-ECDSA-AES256-GCM-SHA384',
      'ECDHE-RSA-AES128-GCM-SHA256',
      'ECDHE-RSA-CHACHA20-POLY1305',
      'ECDHE-ECDSA-AES128-CCM',
    ],
    'phase out': [
      'ECDHE-ECDSA-AES256-SHA384',
      'ECDHE-RSA-AES128-SHA',
      'DHE-RSA-AES256-GCM-SHA384',
      'DHE-RSA-AES128-SHA',
      'DHE-RSA-CHACHA20-POLY1305',
      'ECDHE-RSA-CAMELLIA256-SHA384',
      'DHE-RSA-ARIA128-GCM-SHA256',
      'ECDHE-ARIA256-GCM-SHA384',
    ],
    insufficient: [
      'AES256-GCM-SHA384',
      'AES128-SHA',
      'ECDHE-RSA-DES-CBC3-SHA',
      'ECDHE-ECDSA-RC4-SHA',
      'ECDHE-RSA-NULL-SHA',
      'ADH-AES256-SHA',
      'TLS_AES_128_CCM_8_SHA256',
      'ECDHE-ECDSA-AES128-CCM8',
      'a name that nobody knows',
    ],
  };
  for (const [grade, names] of Object.entries(suites))
    for (const name of names) assert.equal(gradeSuite(name), grade, name);
  assert.deepEqual(['TLSv1.3', 'TLSv1.2', 'TLSv1.1', 'TLSv1'].map(gradeVersion), [
    'good',
    'sufficient',
    'insufficient',
    'insufficient',
  ]);
  assert.deepEqual(['X25519', 'secp384r1', 'brainpoolP256r1', 'secp256k1', 'secp224r1'].map(gradeCurve), [
    ...['good', 'good', 'good'],
    ...['insufficient', 'insufficient'],
  ]);
  assert.ok(
    isWorse('phase out', 'sufficient') && !isWorse('sufficient', 'sufficient') && !isWorse('good', 'phase out'),
  );
});
