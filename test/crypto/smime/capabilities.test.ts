import assert from 'node:assert/strict';
import { test } from 'node:test';
import { capabilitiesOf, capabilityNames } from '../../../src/crypto/smime/capabilities.ts';
import { capabilitiesAttribute, readCapabilities } from '../../../src/crypto/cms/attributes.ts';
import { parse } from '../../../src/crypto/certificates/ber.ts';
import { Oid } from '../../../src/crypto/certificates/oids.ts';
import { MAIL_CAPABILITIES } from '../../../src/domain/mail-capability.ts';

test('what is announced is read back by its names, whatever the order', () => {
  const names = [...MAIL_CAPABILITIES].reverse();
  const attribute = parse(capabilitiesAttribute(capabilitiesOf(names))).children();
  attribute.next('type');
  const [value] = [...attribute.next('values').children()];
  const read = readCapabilities(value!);
  assert.equal(read.length, MAIL_CAPABILITIES.length);
  assert.deepEqual(capabilityNames(read), MAIL_CAPABILITIES);
});

test('what decides nothing here is passed over, and OAEP counts with SHA-256 alone', () => {
  assert.deepEqual(capabilityNames([]), []);
  assert.deepEqual(
    capabilityNames([
      { oid: Oid.des3Cbc },
      { oid: Oid.rsaOaep },
      { oid: Oid.rsaOaep, parameters: Buffer.from('3000', 'hex') },
      { oid: Oid.rsaPss },
      { oid: Oid.aes256Cbc },
    ]),
    ['aes-256-cbc', 'rsa-pss'],
  );
});
