/**
 * Messages that Bouncy Castle made, in forms that no program of the peer suite writes:
 * `test/fixtures/bouncy-castle`, made by the Make.java in it.
 */
import assert from 'node:assert/strict';
import { createPrivateKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { readCertificate } from '../../../src/crypto/certificates/certificate.ts';
import { inflate } from '../../../src/crypto/cms/compressed.ts';
import { decrypt } from '../../../src/crypto/cms/decrypt.ts';
import { CMS_LIMITS } from '../../../src/crypto/cms/limits.ts';
import { value } from '../support.ts';
import { bucket, sliced } from './support.ts';

const CONTENT = 'Content-Type: text/plain; charset=utf-8\r\n\r\nuitslag\r\nvan vandaag\r\n';
const FILE = new URL('../../fixtures/bouncy-castle/messages.json', import.meta.url);
const made = new Map(
  Object.entries(JSON.parse(readFileSync(FILE, 'utf8')) as Record<string, string>).map(
    ([name, base64]) => [name, Buffer.from(base64, 'base64')] as const,
  ),
);

const to = {
  certificate: value(readCertificate(made.get('certificate')!)),
  privateKey: createPrivateKey({ key: made.get('key')!, format: 'der', type: 'pkcs8' }),
};

test('AES-CCM of Bouncy Castle is opened: three keys, with and without attributes, whole and as a stream; a changed octet is damage', async () => {
  const messages = [...made].filter(([name]) => name.includes('-ccm'));
  assert.equal(messages.length, 12);
  for (const [name, octets] of messages) {
    const into = bucket();
    const opened = await decrypt(() => sliced(octets, 100), into.take, { keys: [to] });
    assert.ok(opened.ok, `${name}: ${opened.ok ? '' : opened.error.text}`);
    assert.equal(opened.value.cipher, name.split(',')[0]);
    assert.equal(into.octets().toString('latin1'), CONTENT, name);
    const wrong = Buffer.from(octets);
    // The tag, in front of the ends of what has no length.
    wrong[wrong.length - 8]! ^= 1;
    const damaged = await decrypt(() => sliced(wrong, 100), bucket().take, { keys: [to] });
    assert.equal(damaged.ok ? 'opened' : damaged.error.kind, 'damaged', name);
  }
});

test('CompressedData of Bouncy Castle is read, whole and as a stream', async () => {
  for (const name of ['compressed', 'compressed, stream']) {
    const into = bucket();
    const read = await inflate(sliced(made.get(name)!, 20), into.take, { ...CMS_LIMITS, maxContent: 1000 });
    assert.ok(read.ok, `${name}: ${read.ok ? '' : read.error.text}`);
    assert.equal(into.octets().toString('latin1'), CONTENT, name);
  }
});
