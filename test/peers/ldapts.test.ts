/**
 * ldapts, a client for programs, looks addressees up: with a password and with a certificate, page
 * by page, and is refused by the codes of RFC 4511.
 */
// @beside
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client, ConfidentialityRequiredError, InvalidCredentialsError } from 'ldapts';
import { registrationOf } from '../../src/crypto/certificates/certificate-register.ts';
import { days, instant } from '../../src/domain/units.ts';
import { value } from '../crypto/support.ts';
import { makeClientAuthority } from '../support/client-certificates.ts';
import { type TestGateway, addressOf, passwordOf } from '../support/gateway.ts';
import { actor, startLdap } from '../support/ldap.ts';

const names = ['anna', 'bert', 'carl', 'dora', 'emma'];
const BASE = 'o=directory';

const clientOf = (gateway: TestGateway, name: 'ldap' | 'ldaps', more: object = {}): Client =>
  new Client({
    url: `${name}://localhost:${gateway.port(name)}`,
    ...(name === 'ldaps' ? { tlsOptions: { ca: gateway.ca, ...more } } : {}),
    timeout: 10_000,
    connectTimeout: 10_000,
  });

const mailsOf = (entries: readonly Readonly<Record<string, unknown>>[]): readonly string[] =>
  entries.map(({ mail }) => String(mail)).sort();

test('ldapts finds over LDAPS and StartTLS, page by page', async (t) => {
  const gateway = await startLdap(t, { accounts: names });
  for (const name of ['ldaps', 'ldap'] as const) {
    const client = clientOf(gateway, name);
    if (name === 'ldap') await client.startTLS({ ca: gateway.ca, host: 'localhost' });
    await client.bind(addressOf('anna'), passwordOf('anna'));
    const all = await client.search(BASE, { filter: '(objectClass=person)', attributes: ['mail', 'cn'] });
    assert.deepEqual(mailsOf(all.searchEntries), names.map(addressOf), name);
    const paged = await client.search(BASE, { filter: '(objectClass=person)', paged: { pageSize: 2 } });
    assert.deepEqual(mailsOf(paged.searchEntries), names.map(addressOf), `${name}, paged`);
    const one = await client.search(BASE, { filter: `(&(mail=${addressOf('dora')})(!(mail=bert*)))` });
    assert.deepEqual(mailsOf(one.searchEntries), [addressOf('dora')]);
    await client.unbind();
  }
});

test('ldapts is refused in the clear and with a wrong password, and a limit holds', async (t) => {
  const gateway = await startLdap(t, { accounts: names });
  const clear = clientOf(gateway, 'ldap');
  await assert.rejects(clear.bind(addressOf('anna'), passwordOf('anna')), ConfidentialityRequiredError);
  await clear.unbind();
  const client = clientOf(gateway, 'ldaps');
  await assert.rejects(client.bind(addressOf('anna'), 'wrong'), InvalidCredentialsError);
  await client.bind(addressOf('anna'), passwordOf('anna'));
  // What came before the limit is handed on, without a word of the limit.
  const { searchEntries } = await client.search(BASE, { filter: '(objectClass=person)', sizeLimit: 2 });
  assert.equal(searchEntries.length, 2);
  await client.unbind();
});

test('ldapts logs in by certificate (EXTERNAL), and gets a certificate octet for octet', async (t) => {
  const authority = await makeClientAuthority('Ours');
  const gateway = await startLdap(t, { accounts: ['anna', 'bert'], clientAuthorities: authority.root });
  const { registry, certificates } = gateway.store;
  const { leaf, certificate: cert, key } = await authority.issue('anna');
  const registration = value(registrationOf(leaf, { match: 'pin' }));
  await registry.addCertificate(addressOf('anna'), { ...registration, name: 'first' }, actor);
  await registry.changeSettings({ scope: 'account', login: addressOf('anna') }, { login: 'either' }, actor);
  const der = Buffer.from('\0a certificate\xff', 'latin1');
  const mail = {
    fingerprint: 'ab'.repeat(32),
    serial: '1f',
    issuer: 'CN=Issuing',
    use: 'mail',
    subject: 'CN=bert',
    emails: [addressOf('bert')],
    notBefore: instant(Date.now() - days(1)),
    notAfter: instant(Date.now() + days(1)),
    der,
  } as const;
  await certificates.addCertificate(addressOf('bert'), mail, 'imported', actor);
  const client = clientOf(gateway, 'ldaps', { cert, key });
  await client.bind('EXTERNAL');
  const attribute = 'userCertificate;binary';
  const { searchEntries } = await client.search(BASE, {
    filter: `(mail=${addressOf('bert')})`,
    attributes: [attribute],
    explicitBufferAttributes: [attribute],
  });
  assert.deepEqual(
    searchEntries.map((entry) => entry[attribute]),
    [der],
  );
  await client.unbind();
});
