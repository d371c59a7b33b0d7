import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryLog } from './log.ts';
import { assertNoSecret } from './no-secret.ts';

test('assertNoSecret() finds a secret in every form in which a log could have it', () => {
  const secret = 'pass"word-1';
  const forms = [
    secret,
    Buffer.from(secret).toString('base64'),
    Buffer.from(`\0a\0${secret}`).toString('base64'),
    Buffer.from(`\0ab\0${secret} and more`).toString('base64'),
    Buffer.from(`\0abc\0${secret}`).toString('base64url'),
    Buffer.from(secret).toString('hex'),
  ];
  for (const form of forms) {
    const log = new MemoryLog();
    log.info('login', { login: 'a@x.example', line: `AUTH ${form}` });
    assert.throws(() => assertNoSecret(log, secret), /was written down/, form);
    assert.throws(() => assertNoSecret(['x', { deep: [form] }], secret), /was written down/, form);
  }
  const log = new MemoryLog();
  log.info('login', { login: 'pass', line: 'word' });
  assertNoSecret(log, secret);
  assert.throws(() => assertNoSecret(log, 'short'), /too short/);
});
