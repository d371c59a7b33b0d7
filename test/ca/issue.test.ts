/** Who gets a certificate for what: requests of an account, and codes that fetch one. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { currentOf, knownAuthorities, withGivenKey } from '../../src/ca/authorities.ts';
import { createCa, renewRoot } from '../../src/ca/create.ts';
import { TRIES, collect, collectTried, enrol } from '../../src/ca/enrol.ts';
import { LONGEST_LIFETIME, type Issued, issueToAccount } from '../../src/ca/issue.ts';
import type { CaParts } from '../../src/ca/parts.ts';
import { makeKeyPair } from '../../src/crypto/certificates/authority.ts';
import { authorityKeys } from '../../src/crypto/keys/authority-keys.ts';
import { emailsOf } from '../../src/crypto/certificates/certificate.ts';
import { makeCertificateRequest } from '../../src/crypto/certificates/certificate-request.ts';
import { makeName } from '../../src/crypto/certificates/distinguished-name.ts';
import { newEnrolmentCode, readEnrolmentCode } from '../../src/crypto/passwords/enrolment-code.ts';
import { encodePem } from '../../src/crypto/certificates/pem.ts';
import { days, instant } from '../../src/domain/units.ts';
import { RegistryError } from '../../src/store/registry.ts';
import { type TestStore, addAccount, address, openTestStore } from '../support/store.ts';

const actor = { name: 'operator' };
const keys = await makeKeyPair('p256');

async function open(t: TestContext): Promise<{ readonly s: TestStore; readonly parts: CaParts }> {
  const s = await openTestStore(t);
  const master = randomBytes(32);
  const parts: CaParts = {
    ...{ store: s.store, clock: s.clock, random: randomBytes },
    keys: authorityKeys(s.options.keyFolder, async () => master, randomBytes),
  };
  await createCa(parts, { organisation: 'Group', kind: 'p256' }, actor);
  for (const name of ['anna', 'bert']) await addAccount(s.store, name);
  return { s, parts };
}

const pemFor = async (): Promise<string> => encodePem('CERTIFICATE REQUEST', await requestFor());
const requestFor = (...emails: readonly string[]): Promise<Buffer> =>
  makeCertificateRequest(keys, { subject: makeName({ commonName: 'whoever asks' }), emails });

const refused = (kind: RegistryError['kind'], text: RegExp) => (error: unknown) => {
  assert.ok(error instanceof RegistryError, String(error));
  assert.match(error.message, text);
  assert.equal(error.kind, kind);
  return true;
};

test('a request gets addresses of its own account, and of those the active ones', async (t) => {
  const { s, parts } = await open(t);
  const { registry } = s.store;
  await registry.addAddress('anna', address('second@group.test'), actor);
  await registry.setAddressState(address('second@group.test'), 'suspended', actor);
  const issue = async (...emails: readonly string[]): Promise<Issued> =>
    await issueToAccount(parts, { login: 'anna', use: 'mail', request: await requestFor(...emails) }, actor);
  assert.deepEqual(emailsOf((await issue('ANNA@group.test')).certificate), ['ANNA@group.test']);
  assert.deepEqual(emailsOf((await issue()).certificate), ['anna@group.test'], 'nothing asked: every active one');
  for (const other of ['bert@group.test', 'second@group.test', 'nobody@elsewhere.test'])
    await assert.rejects(
      issue('anna@group.test', other),
      refused('invalid', /make the request with addresses of its own/),
    );
});

test('a request whose key its sender does not have gets nothing', async (t) => {
  const { parts } = await open(t);
  const request = await requestFor('anna@group.test');
  // The last octet of the signature.
  request[request.length - 1]! ^= 1;
  await assert.rejects(issueToAccount(parts, { login: 'anna', use: 'mail', request }, actor), refused('invalid', /./));
});

test('no certificate ends in the past, or later than a key should be used', async (t) => {
  const { s, parts } = await open(t);
  const request = await requestFor();
  const until = (notAfter: number): Promise<Issued> =>
    issueToAccount(parts, { login: 'anna', use: 'login', request, notAfter: instant(notAfter) }, actor);
  const now = s.clock.now();
  for (const wrong of [now - 1, now, now + LONGEST_LIFETIME + 1])
    await assert.rejects(until(wrong), refused('invalid', /cannot end on/));
  await until(now + LONGEST_LIFETIME);
});

test('a code fetches one certificate, for the account and the use that it was made for', async (t) => {
  const { s, parts } = await open(t);
  const asked = { use: 'login', validFor: days(1) } as const;
  const { code } = await enrol(parts, { login: 'anna', ...asked }, actor);
  const request = await pemFor();
  const { login, use, certificate } = await collect(parts, { code, request }, actor);
  assert.deepEqual([login, use], ['anna', 'login']);
  const held = await s.store.certificates.listCertificates({ limit: 9, login: 'anna' });
  assert.deepEqual(
    held.map(({ fingerprint }) => fingerprint),
    [certificate.fingerprint],
  );
  const over = refused('ended', /enrolment code is not valid/);
  await assert.rejects(collect(parts, { code, request }, actor), over, 'a second time');

  const late = await enrol(parts, { login: 'anna', ...asked }, actor);
  s.clock.advance(days(1));
  await assert.rejects(collect(parts, { code: late.code, request }, actor), over, 'too late');

  const suspended = await enrol(parts, { login: 'anna', ...asked }, actor);
  await s.store.registry.setAccountStates(['anna'], 'suspended', actor);
  await assert.rejects(
    collect(parts, { code: suspended.code, request }, actor),
    over,
    'of an account that is suspended',
  );
  const [, ...more] = await s.store.certificates.listCertificates({ limit: 9 });
  assert.deepEqual(more, [], 'none of these fetched one');
});

test('wrong secrets for a known code use its tries up, and then the right one does not hold either', async (t) => {
  const { parts } = await open(t);
  const { code } = await enrol(parts, { login: 'anna', use: 'login', validFor: days(1) }, actor);
  const { id, hash } = readEnrolmentCode(code) ?? newEnrolmentCode(randomBytes);
  for (let n = 0; n < TRIES; n += 1) {
    const tried = await parts.store.certificates.tryEnrolment(id, randomBytes(hash.length), {
      for: 'certificate',
      actor,
    });
    assert.deepEqual([tried.kind, tried.kind === 'refused' && tried.why], ['refused', 'wrong']);
  }
  await assert.rejects(
    collect(parts, { code, request: await pemFor() }, actor),
    refused('ended', /enrolment code is not valid/),
  );
});

test('a code for a password fetches no certificate', async (t) => {
  const { parts } = await open(t);
  const read = newEnrolmentCode(randomBytes);
  await assert.rejects(
    collectTried(
      parts,
      { read, enrolment: { login: 'anna', use: 'password', password: 'main' }, request: await pemFor() },
      actor,
    ),
    refused('ended', /enrolment code is not valid/),
  );
});

test('the file of an earlier root signs nothing for the one that counts now', async (t) => {
  const { parts } = await open(t);
  const earlier = currentOf(await knownAuthorities(parts), 'root').certificate;
  await renewRoot(parts, { kind: 'p256' }, actor);
  const now = currentOf(await knownAuthorities(parts), 'root');
  assert.throws(
    () => withGivenKey(now, keys.privateKey, earlier),
    refused('invalid', /another certificate than that of the current root/),
  );
  assert.equal(withGivenKey(now, keys.privateKey, now.certificate).certificate, now.certificate);
});
