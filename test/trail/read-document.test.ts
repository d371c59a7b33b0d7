/**
 * A signed document: each octet of its signature is held, those too that CMS leaves to nobody.
 * docs/formats.md tells how.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { evidenceKey } from '../../src/crypto/trail/evidence-keys.ts';
import { instant } from '../../src/domain/units.ts';
import { readDocument } from '../../src/trail/read-document.ts';
import { signedDocument } from '../../src/trail/signed-document.ts';
import { collect } from '../crypto/cms/support.ts';
import { seeded } from '../support/seeded.ts';

const MADE = instant(1_790_000_000_000);
const SEED = 20261202;

async function documentMade(): Promise<Buffer> {
  const keyFolder = mkdtempSync(join(tmpdir(), 'sluis-document-'));
  try {
    const parts = { keyFolder, masterKey: async () => Buffer.alloc(32, 7), hostname: 'mail.test' };
    const key = await evidenceKey({ ...parts, random: (n) => Buffer.alloc(n, 9) }, MADE);
    const part = { name: 'a.json', type: 'application/json', text: () => ['{}\n'] };
    const head = { hostname: 'mail.test', subject: 'Evidence of x', made: MADE };
    return await collect(signedDocument(head, { text: 'hello', parts: [part] }, key));
  } finally {
    rmSync(keyFolder, { recursive: true });
  }
}

test('one changed bit in each octet of the signature is found, also in its version and in the name of the issuer', async () => {
  const file = await documentMade();
  assert.ok((await readDocument(file)).ok);
  const random = seeded(SEED);
  const head = 'filename="smime.p7s"\r\n\r\n';
  const from = file.indexOf(head) + head.length;
  const to = file.indexOf('\r\n\r\n--sluis-', from) + 2;
  const der = Buffer.from(file.toString('latin1', from, to), 'base64');
  assert.ok(der.length > 1500);
  for (let at = 0; at < der.length; at += 1) {
    const changed = Buffer.from(der);
    changed[at]! ^= 1 << random.below(8);
    const lines = changed.toString('base64').replace(/.{1,76}/g, '$&\r\n');
    const read = await readDocument(Buffer.concat([file.subarray(0, from), Buffer.from(lines), file.subarray(to)]));
    assert.equal(read.ok, false, `seed ${SEED}: octet ${at} of the signature`);
  }
});
