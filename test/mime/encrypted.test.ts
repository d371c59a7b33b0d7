import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isEncrypted } from '../../src/mime/encrypted.ts';
import { readHeader } from '../../src/mime/header.ts';

const of = (...fields: readonly string[]): boolean => {
  const header = readHeader(Buffer.from(`${['From: a@b.test', ...fields, ''].join('\r\n')}\r\n`));
  assert(header.ok);
  return isEncrypted(header.value);
};

test('S/MIME and PGP/MIME encryption show in the header', () => {
  for (const fields of [
    ['Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name="smime.p7m"'],
    ['Content-Type: application/x-pkcs7-mime;\r\n\tname=smime.p7m;\r\n smime-type="Enveloped-Data"'],
    ['content-type: Application/PKCS7-MIME; smime-type=authEnveloped-data'],
    ['Content-Type: multipart/encrypted; protocol="application/pgp-encrypted"; boundary=x'],
    // Not told: nobody but the addressee can be expected to open it.
    ['Content-Type: application/pkcs7-mime; name=smime.p7m'],
    ['Content-Type: application/octet-stream; name=SMIME.P7M'],
    ['Content-Type: application/octet-stream', 'Content-Disposition: attachment; filename="smime.p7m"'],
  ])
    assert.equal(of(...fields), true, fields.join());
});

test('signed, compressed and plain content does not', () => {
  for (const fields of [
    [],
    ['Content-Type: text/plain'],
    ['Content-Type: multipart/signed; protocol="application/pkcs7-signature"; boundary=x'],
    ['Content-Type: application/pkcs7-mime; smime-type=signed-data; name=smime.p7m'],
    ['Content-Type: application/pkcs7-mime; smime-type=certs-only; name=smime.p7c'],
    ['Content-Type: application/octet-stream; name=uitslag.edi'],
    ['Content-Type: multipart/mixed; boundary=multipart/encrypted'],
    ['X-Content-Type: multipart/encrypted'],
    ['Content-Type: ;;;='],
  ])
    assert.equal(of(...fields), false, fields.join());
});
