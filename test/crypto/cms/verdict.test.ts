import assert from 'node:assert/strict';
import { test } from 'node:test';
import { signDetached, signOpaque } from '../../../src/crypto/cms/sign.ts';
import { CHECKS, failures, isValid, type Verification } from '../../../src/crypto/cms/verdict.ts';
import { verifyDetached, verifyOpaque } from '../../../src/crypto/cms/verify.ts';
import { Oid } from '../../../src/crypto/certificates/oids.ts';
import { fail } from '../../../src/domain/result.ts';
import { days, instant } from '../../../src/domain/units.ts';
import { NOW, problem, value } from '../support.ts';
import { CONTENT, mutants, soundMessage } from './mutants.ts';
import { bucket, circle, collect, makePerson, person, signerOf, trust } from './support.ts';

const nothing = (): void => undefined;
const wrong = (verdict: Verification): readonly string[] => verdict.signers.flatMap(failures).map((f) => f.check);

test('every check has a message that fails it alone, and none of these is valid', async () => {
  const met = new Set<string>();
  for (const mutant of await mutants(await circle())) {
    const options = await trust(mutant.address, mutant.trust);
    const verdict = value(await verifyOpaque(() => [mutant.message], nothing, options));
    const failed = verdict.signers.flatMap(({ checks }) => CHECKS.filter((check) => checks[check].kind === 'failed'));
    assert.deepEqual(failed, [mutant.check], mutant.name);
    assert.equal(isValid(verdict), false, mutant.name);
    met.add(mutant.check);
  }
  assert.deepEqual([...met].sort(), [...CHECKS].sort(), 'no check is left out');
});

test('another certificate for the same key and number is not what was signed', async () => {
  const { authority, now } = await circle();
  const one = await makePerson('twin', 'rsa2048', authority, now, { serial: 4711 });
  const twin = (): ReturnType<typeof makePerson> =>
    makePerson('twin', 'rsa2048', authority, now, { serial: 4711, notAfter: now + days(500) });
  let other = await twin();
  // An ECDSA signature is now and then an octet shorter; the two must be swapped in place.
  while (other.certificate.der.length !== one.certificate.der.length) other = await twin();
  const sound = await soundMessage(await circle(), signerOf(one));
  const at = sound.indexOf(one.certificate.der);
  other.certificate.der.copy(sound, at);
  const verdict = value(await verifyOpaque(() => [sound], nothing, await trust(one.address)));
  assert.deepEqual(wrong(verdict), ['attributes']);
});

test('a signer without a known sender is never valid', async () => {
  const message = await soundMessage(await circle(), signerOf(await person('rsa2048')));
  const verdict = value(await verifyOpaque(() => [message], nothing, await trust(undefined)));
  assert.deepEqual(wrong(verdict), ['address']);
  assert.equal(isValid(verdict), false);
});

test('a detached signature with a content of its own is refused', async () => {
  const anna = await person('rsa2048');
  const opaque = await soundMessage(await circle(), signerOf(anna));
  const error = problem(await verifyDetached([opaque], () => [CONTENT], await trust(anna.address)));
  assert.match(error.text, /has a content too/);
  const detached = await signDetached([CONTENT], { signers: [signerOf(anna)], signingTime: NOW });
  assert.match(
    problem(await verifyOpaque(() => [detached], nothing, await trust(anna.address))).text,
    /without its content/,
  );
});

test('a clear-signed text that lost its CR on the way is valid, in its canonical form; a changed one is not', async () => {
  const anna = await person('p256');
  const signature = await signDetached([CONTENT], { signers: [signerOf(anna)], signingTime: NOW });
  const stored = Buffer.from(CONTENT.toString('latin1').replaceAll('\r\n', '\n'), 'latin1');
  const options = await trust(anna.address);
  const verdict = value(await verifyDetached([signature], () => [stored], options));
  assert.equal(verdict.form, 'canonical');
  assert.ok(isValid(verdict));
  const changed = value(await verifyDetached([signature], () => [stored.subarray(0, -1)], options));
  assert.deepEqual(wrong(changed), ['message-digest']);
});

test('of several signers one must pass everything, and none may contradict the content', async () => {
  const [anna, boris] = [await person('rsa2048'), await person('p256')];
  const options = { signers: [signerOf(anna), signerOf(boris)], signingTime: NOW };
  const message = await collect(signOpaque([CONTENT], options));
  const verdict = value(await verifyOpaque(() => [message], nothing, await trust(boris.address)));
  assert.equal(verdict.signers.length, 2);
  assert.deepEqual(wrong(verdict), ['address'], 'the other signer is somebody else');
  assert.ok(isValid(verdict));
  message[message.length - 5]! ^= 1;
  const last = verdict.signers.at(-1)?.certificate;
  const first = last === boris.certificate ? anna : boris;
  const broken = value(await verifyOpaque(() => [message], nothing, await trust(first.address)));
  assert.equal(failures(broken.signers[0]!).length, 0);
  assert.equal(broken.signers.at(-1)?.checks.signature.kind, 'failed');
  assert.equal(isValid(broken), false);
});

test('what the signer says of time and capabilities is told', async () => {
  const anna = await person('p384');
  const capabilities = [{ oid: Oid.aes256Gcm }, { oid: Oid.aes256Cbc, parameters: Buffer.from([5, 0]) }];
  const signingTime = instant(NOW - days(1));
  const message = await collect(signOpaque([CONTENT], { signers: [signerOf(anna)], signingTime, capabilities }));
  const [signer] = value(await verifyOpaque(() => [message], nothing, await trust(anna.address))).signers;
  assert.deepEqual(signer?.capabilities, capabilities);
  assert.equal(signer.signingTime, signingTime);
  assert.equal(signer.certificate?.fingerprint, anna.certificate.fingerprint);
});

test('a signer whose certificate is not sent along is found among the known ones', async () => {
  const anna = await person('rsa2048');
  const signed = await soundMessage(await circle(), signerOf(anna));
  const without = {
    readCertificate: () => fail({ kind: 'unsupported' as const, text: 'not read, as if it were not there' }),
  };
  const stranger = await makePerson('unknown', 'p256', (await circle()).authority, NOW);
  const verdict = value(await verifyOpaque(() => [signed], nothing, await trust(anna.address, without)));
  assert.equal(verdict.signers[0]?.certificate, undefined);
  assert.equal(verdict.signers[0]?.checks.signature.kind, 'not-checked');
  assert.equal(isValid(verdict), false);
  const known = await trust(anna.address, { ...without, known: [stranger.certificate, anna.certificate] });
  const into = bucket();
  assert.ok(isValid(value(await verifyOpaque(() => [signed], into.take, known))));
  assert.ok(into.octets().equals(CONTENT));
});
