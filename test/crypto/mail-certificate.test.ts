import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PathOptions } from '../../src/crypto/certificates/certificate-path.ts';
import { addressesOf, selectCertificate, standsFor } from '../../src/crypto/certificates/mail-certificate.ts';
import * as write from '../../src/crypto/certificates/extensions.ts';
import { Oid } from '../../src/crypto/certificates/oids.ts';
import { days } from '../../src/domain/units.ts';
import { type Person, address, circle, mailExtensions, makePerson } from './cms/support.ts';
import { NOW, craft, keyNamed, named } from './support.ts';

/** Valid from one day to another, counted from now. */
const make = async (from: number, to: number, more: Parameters<typeof makePerson>[4] = {}): Promise<Person> =>
  makePerson('anna', 'p256', (await circle()).authority, NOW, {
    notBefore: NOW + days(from),
    notAfter: NOW + days(to),
    ...more,
  });
const options = async (more: Partial<PathOptions> = {}): Promise<PathOptions> => ({
  anchors: [(await circle()).authority.certificate],
  purpose: 'mail-encryption',
  now: NOW,
  ...more,
});
const anna = address('anna@praktijk.example');

test('addresses are compared by meaning, in the alternative names and in the old place in the subject', async () => {
  const keys = await keyNamed('mail names');
  const certificate = await craft({
    subject: [...named('Anna'), [{ type: Oid.emailAddress, value: 'Oud@Praktijk.example' }]],
    issuer: named('Anna'),
    keys,
    signer: keys,
    extensions: [
      write.alternativeNames(['Anna@PRAKTIJK.example', 'no address'.replace(' ', '')], ['praktijk.example']),
    ],
  });
  assert.deepEqual(addressesOf(certificate), ['Anna@PRAKTIJK.example', 'Oud@Praktijk.example']);
  for (const text of ['anna@praktijk.example', 'ANNA@praktijk.EXAMPLE', 'oud@praktijk.example'])
    assert.ok(standsFor(certificate, address(text)), text);
  for (const text of ['ann@praktijk.example', 'anna@praktijk.example.org', 'x@praktijk.example'])
    assert.equal(standsFor(certificate, address(text)), false, text);
});

test('of several valid certificates the newest is used, in whatever order they come', async () => {
  const old = await make(-80, 10);
  const young = await make(-5, 100);
  const longer = await make(-5, 200);
  for (const list of [
    [old, young, longer],
    [longer, young, old],
    [young, longer, old],
  ]) {
    const found = selectCertificate(
      anna,
      list.map((p) => p.certificate),
      await options(),
    );
    assert.equal(found.kind === 'usable' && found.certificate.fingerprint, longer.certificate.fingerprint);
  }
});

test('a certificate that expired, is not valid yet, was revoked or is for something else never hides a valid one', async () => {
  const valid = await make(-80, 10);
  const keys = await keyNamed('person anna');
  const bad = [
    await make(-70, -1),
    await make(1, 300),
    await make(-1, 300, {
      extensions: mailExtensions(anna, 'p256', keys, { usage: write.keyUsage('digitalSignature') }),
    }),
    await make(-1, 300, { issuer: named('Somebody') }),
  ];
  const revoked = await make(-2, 200);
  const revocation: PathOptions['revocation'] = ({ fingerprint }) =>
    fingerprint === revoked.certificate.fingerprint
      ? { kind: 'revoked', at: NOW, reason: 'superseded' }
      : { kind: 'good' };
  const all = [...bad, revoked, valid].map((p) => p.certificate);
  const found = selectCertificate(anna, all, await options({ revocation }));
  assert.equal(found.kind === 'usable' && found.certificate.fingerprint, valid.certificate.fingerprint);
  const none = selectCertificate(anna, all.slice(0, -1), await options({ revocation }));
  assert.deepEqual(none.kind === 'none' && none.refused.map((r) => r.reason).sort(), [
    'expired',
    'key-usage',
    'no-issuer',
    'not-yet-valid',
    'revoked',
  ]);
});

test('a certificate for another address is no answer, and says nothing', async () => {
  const boris = await make(-1, 9, {
    email: 'boris@praktijk.example',
    extensions: mailExtensions('boris@praktijk.example', 'p256', await keyNamed('person anna')),
  });
  assert.deepEqual(selectCertificate(anna, [boris.certificate], await options()), { kind: 'none', refused: [] });
});
