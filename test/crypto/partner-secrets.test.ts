import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import test from 'node:test';
import { partnerSeals } from '../../src/crypto/keys/partner-secrets.ts';

const secrets = { password: 'Zomer-op-Terschelling', privateKey: '-----BEGIN PRIVATE KEY-----' };
const master = randomBytes(32);
const seals = partnerSeals(async () => master, randomBytes);

test('secrets open for the partner they were sealed for, and hold nothing readable', async () => {
  const sealed = await seals.seal('hospital', secrets);
  assert(sealed !== undefined);
  assert.equal(Buffer.from(sealed).includes('Terschelling'), false);
  assert.deepEqual(await seals.open('hospital', sealed), { ok: true, value: secrets });
  assert.notDeepEqual(await seals.seal('hospital', secrets), sealed);
});

test('another partner, another master key and changed octets do not open them', async () => {
  const sealed = (await seals.seal('hospital', secrets))!;
  const changed = Uint8Array.from(sealed);
  changed.fill(0, 20, 24);
  const others = partnerSeals(async () => randomBytes(32), randomBytes);
  for (const opened of [
    await seals.open('clinic', sealed),
    await others.open('hospital', sealed),
    await seals.open('hospital', changed),
  ]) {
    assert.match(opened.ok ? 'opened' : opened.error, /does not open/);
  }
  assert.match(JSON.stringify(await seals.open('hospital', new Uint8Array(3))), /not in our form/);
});

test('where there are no secrets nothing is sealed', async () => {
  assert.equal(await seals.seal('hospital', {}), undefined);
  assert.deepEqual(await seals.open('hospital', undefined), { ok: true, value: {} });
});
