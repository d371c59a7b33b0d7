/** Which certificates say of their holder what is no longer true once the organisation was left. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { namesFormer } from '../../src/crypto/certificates/certificate-organisation.ts';
import { formatName, makeName } from '../../src/crypto/certificates/distinguished-name.ts';

const a = { name: 'brug', title: 'Praktijk De Brug, Zorggroep "Noord"' };
const b = { name: 'zuid', title: 'Zorggroep Zuid' };
const subject = (organisation?: string): string =>
  formatName(makeName({ commonName: 'anna', ...(organisation === undefined ? {} : { organisation }) }));

test('a certificate of ours names the former organisation under whatever title it had; one without names nobody', () => {
  for (const title of [a.title, 'De Brug, as it was called before'])
    assert.equal(namesFormer({ subject: subject(title), own: true }, a, b), true, title);
  assert.equal(namesFormer({ subject: subject(b.title), own: true }, a, b), false);
  assert.equal(namesFormer({ subject: subject(), own: true }, a, b), false);
  assert.equal(namesFormer({ subject: 'nothing that a name could be', own: true }, a, b), true, 'rather one too many');
});

test("of other authorities' certificates the present title and name count, however they are spelled", () => {
  const own = false;
  assert.equal(namesFormer({ subject: subject(a.title.toUpperCase()), own }, a, b), true);
  assert.equal(namesFormer({ subject: 'CN=x, O=BRUG', own }, a, b), true);
  assert.equal(namesFormer({ subject: `${subject('Region')}+O=brug`, own }, a, b), true, 'in the same step');
  assert.equal(namesFormer({ subject: subject('Another hospital'), own }, a, b), false);
  assert.equal(namesFormer({ subject: 'CN=brug', own }, a, b), false, 'the name of a person is not an organisation');
});
