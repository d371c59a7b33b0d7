/**
 * OpenLDAP's ldapsearch looks addressees up: with a password over LDAPS and StartTLS, by client
 * certificate, page by page, and not in the clear.
 */
// @beside
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { registrationOf } from '../../src/crypto/certificates/certificate-register.ts';
import { days, instant } from '../../src/domain/units.ts';
import { value } from '../crypto/support.ts';
import { makeClientAuthority } from '../support/client-certificates.ts';
import { type TestGateway, addressOf, passwordOf } from '../support/gateway.ts';
import { actor, startLdap } from '../support/ldap.ts';
import { withoutProgram } from '../support/require.ts';
import { type Ran, attempt } from './run.ts';

const skip = withoutProgram('ldapsearch', 'ldap-utils');

interface Asking {
  readonly url: string;
  readonly more?: readonly string[];
  readonly filter?: string;
  readonly attributes?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** With its own CA, so that the certificate is checked as a careful client does. */
function ldapsearch(
  gateway: TestGateway,
  { url, more = [], filter = '(objectClass=person)', attributes = ['mail', 'cn'], env = {} }: Asking,
): Promise<Ran> {
  const ca = join(gateway.folder, 'ldap-ca.pem');
  writeFileSync(ca, gateway.ca);
  return attempt('ldapsearch', ['-LLL', '-o', 'nettimeout=10', '-H', url, ...more, filter, ...attributes], {
    home: gateway.folder,
    env: { LDAPTLS_CACERT: ca, LDAPTLS_REQCERT: 'demand', ...env },
  });
}

const urlOf = (gateway: TestGateway, name: 'ldap' | 'ldaps'): string => `${name}://127.0.0.1:${gateway.port(name)}`;
const asAnna = ['-x', '-D', addressOf('anna'), '-w', passwordOf('anna'), '-b', 'o=directory'];
const mailsIn = ({ out }: Ran): readonly string[] =>
  [...out.toString().matchAll(/^mail: (.*)$/gm)].map(([, mail]) => mail ?? '').sort();

test('ldapsearch finds over LDAPS and StartTLS, page by page, and is refused in the clear', { skip }, async (t) => {
  const names = ['anna', 'bert', 'carl', 'dora', 'emma'];
  const gateway = await startLdap(t, { accounts: names });
  await gateway.store.registry.changeSettings(
    { scope: 'account', login: addressOf('dora') },
    { role: 'Fysiotherapeut' },
    actor,
  );
  for (const [name, more] of [
    ['ldaps', asAnna],
    ['ldap', ['-ZZ', ...asAnna]],
    ['ldaps', [...asAnna, '-E', 'pr=2/noprompt']],
    ['ldap', ['-ZZ', ...asAnna, '-E', '!pr=1/noprompt']],
  ] as const) {
    const found = await ldapsearch(gateway, { url: urlOf(gateway, name), more });
    assert.equal(found.status, 0, found.err);
    assert.deepEqual(mailsIn(found), names.map(addressOf), more.join(' '));
  }
  const filter = '(&(objectClass=inetOrgPerson)(|(cn=*fysio*)(mail=fysio*)(x-nobody=a)))';
  const one = await ldapsearch(gateway, { url: urlOf(gateway, 'ldaps'), more: asAnna, filter });
  assert.deepEqual(mailsIn(one), [addressOf('dora')]);
  assert.match(one.out.toString(), /^cn: Group \(Fysiotherapeut\)$/m);
  const limited = await ldapsearch(gateway, { url: urlOf(gateway, 'ldaps'), more: [...asAnna, '-z', '2'] });
  assert.deepEqual([limited.status, mailsIn(limited).length], [4, 2]);

  const clear = await ldapsearch(gateway, { url: urlOf(gateway, 'ldap'), more: asAnna });
  assert.deepEqual([clear.status, mailsIn(clear)], [13, []]);
  const nobody = await ldapsearch(gateway, { url: urlOf(gateway, 'ldaps'), more: ['-x', '-b', 'o=directory'] });
  assert.deepEqual([nobody.status, mailsIn(nobody)], [48, []]);
  const wrong = ['-x', '-D', addressOf('anna'), '-w', 'wrong', '-b', 'o=directory'];
  assert.equal((await ldapsearch(gateway, { url: urlOf(gateway, 'ldaps'), more: wrong })).status, 49);
});

test(
  'ldapsearch finds a telephone number where the organisation filled it in and is listed, and nowhere else',
  { skip },
  async (t) => {
    const gateway = await startLdap(t, { accounts: ['anna', 'bert', 'dora'] });
    const { registry } = gateway.store;
    const dora = { scope: 'account', login: addressOf('dora') } as const;
    /** Whose entry has the number that was asked for, and the numbers that those entries show. */
    const found = async (filter: string): Promise<readonly [readonly string[], readonly string[]]> => {
      const ran = await ldapsearch(gateway, {
        ...{ url: urlOf(gateway, 'ldaps'), more: asAnna, filter },
        attributes: ['mail', 'telephoneNumber'],
      });
      assert.equal(ran.status, 0, ran.err);
      return [mailsIn(ran), [...ran.out.toString().matchAll(/^telephoneNumber: (.*)$/gm)].map(([, n]) => n ?? '')];
    };
    const [number, anyone, hers] = ['(telephoneNumber=0201234567)', '(telephoneNumber=*)', `(mail=${dora.login})`];
    assert.deepEqual(await found(number), [[], []], 'nobody filled one in');
    assert.deepEqual(await found(hers), [[dora.login], []]);

    await registry.changeSettings(dora, { 'directory-telephone': '020-123 45 67' }, actor);
    for (const filter of [number, anyone, hers, '(telephoneNumber=*123*)'])
      assert.deepEqual(await found(filter), [[dora.login], ['020-123 45 67']], filter);
    assert.deepEqual(await found(`(mail=${addressOf('bert')})`), [[addressOf('bert')], []], 'a number of another');

    const organisation = { scope: 'organisation', name: 'group' } as const;
    await registry.changeSettings(organisation, { 'directory-listing': false }, actor);
    for (const filter of [number, anyone, hers])
      assert.deepEqual(await found(filter), [[], []], `${filter}, not listed`);

    await registry.changeSettings(organisation, { 'directory-listing': true }, actor);
    assert.deepEqual(await found(number), [[dora.login], ['020-123 45 67']]);
    await registry.changeSettings(dora, { 'directory-telephone': null }, actor);
    assert.deepEqual(await found(hers), [[dora.login], []], 'taken out');
    assert.deepEqual(await found(anyone), [[], []]);
  },
);

test(
  'ldapsearch logs in by client certificate alone (EXTERNAL), and gets certificates octet for octet',
  { skip },
  async (t) => {
    const authority = await makeClientAuthority('Ours');
    const gateway = await startLdap(t, { accounts: ['anna', 'bert'], clientAuthorities: authority.root });
    const { registry, certificates } = gateway.store;
    const shown = await authority.issue('anna');
    const registration = value(registrationOf(shown.leaf, { match: 'pin' }));
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
    const put = (name: string, text: string): string => {
      const file = join(gateway.folder, name);
      writeFileSync(file, text, { mode: 0o600 });
      return file;
    };
    const own = { LDAPTLS_CERT: put('anna.pem', shown.certificate), LDAPTLS_KEY: put('anna.key', shown.key) };
    const more = ['-Y', 'EXTERNAL', '-Q', '-b', 'o=directory'];
    for (const name of ['ldaps', 'ldap'] as const) {
      const found = await ldapsearch(gateway, {
        url: urlOf(gateway, name),
        more: name === 'ldap' ? ['-ZZ', ...more] : more,
        filter: `(mail=${addressOf('bert')})`,
        attributes: ['userCertificate;binary'],
        env: own,
      });
      assert.equal(found.status, 0, found.err);
      const [, base64] = /^userCertificate;binary:: (.*)$/m.exec(found.out.toString()) ?? [];
      assert.equal(base64, der.toString('base64'));
    }
    // Without its certificate EXTERNAL is not offered, and leads nowhere.
    const without = await ldapsearch(gateway, { url: urlOf(gateway, 'ldaps'), more });
    assert.notEqual(without.status, 0);
    assert.deepEqual(mailsIn(without), []);
  },
);
