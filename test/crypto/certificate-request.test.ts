/** Requests that strangers send: what they cost. */
import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { test } from 'node:test';
import { makeCertificateRequest, readCertificateRequest } from '../../src/crypto/certificates/certificate-request.ts';
import { keyNamed, named, seededBytes } from './support.ts';

const rsaKey = (exponentOctets: number, octets = 384): ReturnType<typeof createPublicKey> => {
  const random = seededBytes(7);
  const odd = (length: number): string => {
    const value = Buffer.from(random(length));
    value[0] = (value[0] ?? 0) | 0x80;
    value[length - 1] = (value[length - 1] ?? 0) | 1;
    return value.toString('base64url');
  };
  return createPublicKey({ key: { kty: 'RSA', n: odd(octets), e: odd(exponentOctets) }, format: 'jwk' });
};

test('an RSA key with an exponent that would make the check of the signature slow is refused before the check', async () => {
  const { privateKey } = await keyNamed('leaf');
  const ask = async (exponentOctets: number) =>
    readCertificateRequest(
      await makeCertificateRequest({ privateKey, publicKey: rsaKey(exponentOctets) }, { subject: named('Praktijk') }),
    );
  const slow = await ask(383);
  assert.deepEqual(slow.ok ? undefined : slow.error.kind, 'unsupported');
  assert.match(slow.ok ? '' : slow.error.text, /exponent of the RSA key has more than 64 bits/);
  const long = await ask(9);
  assert.deepEqual(long.ok ? undefined : long.error.kind, 'unsupported');
  // Of 64 bits it is looked at, and the signature is another key's.
  const usual = await ask(8);
  assert.deepEqual(usual.ok ? undefined : usual.error.kind, 'no-proof');
});

test('an RSA key of more than 8192 bits is refused before the check of its signature', async () => {
  const { privateKey } = await keyNamed('leaf');
  const ask = async (octets: number) =>
    readCertificateRequest(
      await makeCertificateRequest({ privateKey, publicKey: rsaKey(3, octets) }, { subject: named('Praktijk') }),
    );
  const large = await ask(1025);
  assert.deepEqual(large.ok ? undefined : large.error.kind, 'unsupported');
  assert.match(large.ok ? '' : large.error.text, /the RSA key has more than 8192 bits/);
  // Of 8192 bits it is looked at, and the signature is another key's.
  const largest = await ask(1024);
  assert.deepEqual(largest.ok ? undefined : largest.error.kind, 'no-proof');
});

// openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -pkeyopt ec_param_enc:explicit -subj
// /CN=x
const WRITTEN_OUT = `-----BEGIN CERTIFICATE REQUEST-----
MIIBvDCCAWICAQAwDDEKMAgGA1UEAwwBeDCCAUswggEDBgcqhkjOPQIBMIH3AgEB
MCwGByqGSM49AQECIQD/////AAAAAQAAAAAAAAAAAAAAAP///////////////zBb
BCD/////AAAAAQAAAAAAAAAAAAAAAP///////////////AQgWsY12Ko6k+ez671V
dpiGvGUdBrDMU7D2O848PifSYEsDFQDEnTYIhucEk2pmeOETnSa3gZ9+kARBBGsX
0fLhLEJH+Lzm5WOkQPJ3A32BLeszoPShOUXYmMKWT+NC4v4af5uO5+tKfA+eFivO
M1drMV7Oy7ZAaDe/UfUCIQD/////AAAAAP//////////vOb6racXnoTzucrC/GMl
UQIBAQNCAAS8y66H9/2acs6nu6Mk4y49unE+u03KeHHXWQ5J6RjWRt+rsce+EWWB
nx0eTMIJjxdFYsS6nVTx7vU10hxvDxLPoAAwCgYIKoZIzj0EAwIDSAAwRQIhAP+n
8+MPsSLcHbtCVa31hSqUUB92tbdYWho6dDJeKhkJAiBRr/Ufy5BHiAimbwTKcNYY
nRx8I5On8kLngGvuZgk0uQ==
-----END CERTIFICATE REQUEST-----
`;

test('a key whose curve is written out gets no certificate that other programs could not read', () => {
  const read = readCertificateRequest(WRITTEN_OUT);
  assert.equal(read.ok ? undefined : read.error.kind, 'unsupported');
  assert.match(read.ok ? '' : read.error.text, /the curve of the key has no name, but is written out/);
});
