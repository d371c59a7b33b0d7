/**
 * Published messages: see test/golden/cms/README.md. The authorities' certificates are not among
 * them, so the signers are pinned.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { describeSignedData } from '../../../src/crypto/cms/signed-data.ts';
import { CMS_LIMITS } from '../../../src/crypto/cms/limits.ts';
import { failures, isValid } from '../../../src/crypto/cms/verdict.ts';
import { verifyOpaque } from '../../../src/crypto/cms/verify.ts';
import { NOW, value } from '../support.ts';
import { address, bucket } from './support.ts';

const CONTENT = 'This is some sample content.';
const sample = (name: string): Buffer => {
  const text = readFileSync(new URL(`../../../test/golden/cms/${name}.pem`, import.meta.url), 'latin1');
  return Buffer.from(text.replace(/-----.*-----/g, ''), 'base64');
};

for (const [name, from, kind] of [
  ['signed-by-alice-rsa', 'alice@smime.example', 'rsa'],
  ['signed-by-alice-pss', 'alice@smime.example', 'rsa-pss'],
  ['signed-by-carlos-ed25519', 'carlos@smime.example', 'ed25519'],
] as const)
  test(`the published message ${name} is valid, and invalid with another content`, async () => {
    const message = sample(name);
    const { certificates } = value(await describeSignedData([message], CMS_LIMITS));
    const trusted = {
      anchors: certificates,
      now: NOW,
      revocation: () => ({ kind: 'good' as const }),
      address: address(from),
    };
    const into = bucket();
    const verdict = value(await verifyOpaque(() => [message], into.take, trusted));
    assert.deepEqual(verdict.signers.flatMap(failures), []);
    assert.ok(isValid(verdict));
    assert.equal(verdict.signers[0]?.algorithm.kind, kind);
    assert.equal(into.octets().toString(), CONTENT);
    const changed = Buffer.from(message);
    changed[message.indexOf(CONTENT) + 8]! ^= 0x20;
    const refused = value(
      await verifyOpaque(
        () => [changed],
        () => undefined,
        trusted,
      ),
    );
    assert.equal(isValid(refused), false);
    assert.deepEqual(
      refused.signers.flatMap(failures).map((f) => f.check),
      [name === 'signed-by-alice-rsa' ? 'signature' : 'message-digest'],
    );
  });
