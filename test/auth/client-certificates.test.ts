/**
 * What a shown certificate is worth, as time passes and authorities change. Over both protocols:
 * test/certificate-login.test.ts.
 */
import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { AuthorityError, readAuthorities } from '../../src/auth/authorities.ts';
import { ClientCertificates, type Standing } from '../../src/auth/client-certificates.ts';
import { readCertificates } from '../../src/crypto/certificates/certificate.ts';
import { type MatchChoice, registrationOf } from '../../src/crypto/certificates/certificate-register.ts';
import { days, hours, minutes } from '../../src/domain/units.ts';
import { value } from '../crypto/support.ts';
import { type ClientCertificate, makeClientAuthority } from '../support/client-certificates.ts';
import { FakeClock } from '../support/clock.ts';
import { type TestStore, addAccount, openTestStore } from '../support/store.ts';

const NOW = new FakeClock().now();
const actor = { name: 'test' };
const authority = await makeClientAuthority('Judged', NOW);
const other = await makeClientAuthority('Other', NOW);
const trusted = readAuthorities([{ file: 'client-ca.pem', pem: authority.root }]);

const chainOf = (shown: ClientCertificate): readonly Buffer[] =>
  value(readCertificates(shown.certificate)).map((c) => c.der);
const reasonOf = (standing: Standing): string => (standing.kind === 'refused' ? standing.reason : standing.kind);

interface Judge extends TestStore {
  readonly certificates: ClientCertificates;
  readonly register: (shown: ClientCertificate, choice: MatchChoice, name?: string) => Promise<void>;
}
async function judge(t: TestContext): Promise<Judge> {
  const opened = await openTestStore(t);
  await addAccount(opened.store, 'anna');
  return {
    ...opened,
    certificates: new ClientCertificates(opened.store.registry, opened.clock, trusted),
    register: (shown, choice, name = 'x') =>
      opened.store.registry.addCertificate('anna', { ...value(registrationOf(shown.leaf, choice)), name }, actor),
  };
}

test('a resumed session, which shows no intermediates, is judged by the path that was found before', async (t) => {
  const { certificates, register } = await judge(t);
  const shown = await authority.issue('anna');
  await register(shown, { match: 'subject' });
  const [leaf] = chainOf(shown);
  assert.equal(reasonOf(await certificates.standing([leaf!])), 'no-issuer');
  assert.equal(reasonOf(await certificates.standing(chainOf(shown))), 'account');
  assert.equal(reasonOf(await certificates.standing([leaf!])), 'account');
});

test('an authority that is trusted no more ends what was remembered, and one that is trusted again restores it', async (t) => {
  const { certificates, register } = await judge(t);
  const shown = await authority.issue('anna');
  await register(shown, { match: 'subject' });
  const chain = chainOf(shown);
  assert.equal(reasonOf(await certificates.standing(chain)), 'account');
  certificates.trust(readAuthorities([{ file: 'other.pem', pem: other.root }]));
  assert.equal(reasonOf(await certificates.standing(chain)), 'no-issuer');
  certificates.trust(trusted);
  assert.equal(reasonOf(await certificates.standing([chain[0]!])), 'account');
});

test('a certificate that expires in an open session is refused from the next second on', async (t) => {
  const { certificates, register, clock } = await judge(t);
  const shown = await authority.issue('anna', { notAfter: NOW + hours(1) });
  await register(shown, { match: 'subject' });
  const chain = chainOf(shown);
  assert.equal(reasonOf(await certificates.standing(chain)), 'account');
  clock.advance(hours(1));
  assert.equal(reasonOf(await certificates.standing(chain)), 'account');
  clock.advance(1000);
  assert.equal(reasonOf(await certificates.standing(chain)), 'expired');
});

test('an authority in the path that expires ends every certificate below it', async (t) => {
  const { certificates, register, clock } = await judge(t);
  const shown = await authority.issue('anna', { notAfter: NOW + days(5000) });
  await register(shown, { match: 'subject' });
  const chain = chainOf(shown);
  assert.equal(reasonOf(await certificates.standing(chain)), 'account');
  clock.advance(days(501));
  assert.equal(reasonOf(await certificates.standing(chain)), 'expired');
});

test('names count for nothing without an authority, the fingerprint does', async (t) => {
  const { certificates, register } = await judge(t);
  const real = await authority.issue('anna', { email: 'anna@group.test' });
  await register(real, { match: 'san' });
  const forged = await authority.issue('anna', { email: 'anna@group.test', forged: true });
  assert.equal(reasonOf(await certificates.standing(chainOf(forged))), 'bad-signature');
  const alone = await other.issue('anna', { selfSigned: true });
  assert.equal(reasonOf(await certificates.standing(chainOf(alone))), 'no-issuer');
  await register(alone, { match: 'pin' }, 'alone');
  assert.equal(reasonOf(await certificates.standing(chainOf(alone))), 'account');
});

test('a certificate that its own issuer has revoked is refused, also where it is pinned', async (t) => {
  const { store, clock, register } = await judge(t);
  const shown = await authority.issue('anna');
  await register(shown, { match: 'pin' });
  let revoked = false;
  const certificates = new ClientCertificates(store.registry, clock, trusted, (certificate) =>
    revoked && certificate.serial === shown.leaf.serial
      ? { kind: 'revoked', at: NOW, reason: 'keyCompromise' }
      : { kind: 'good' },
  );
  const chain = chainOf(shown);
  assert.equal(reasonOf(await certificates.standing(chain)), 'account');
  revoked = true;
  // Told of a new list, or ten minutes later.
  clock.advance(minutes(10));
  assert.equal(reasonOf(await certificates.standing(chain)), 'revoked');
  revoked = false;
  certificates.trust();
  assert.equal(reasonOf(await certificates.standing(chain)), 'account');
});

test('a certificate that was revoked in the registry is refused however it matches, and the other one is not', async (t) => {
  const { store, certificates, register } = await judge(t);
  const shown = await authority.issue('anna');
  const other = await authority.issue('anna elsewhere');
  const [chain, kept] = [chainOf(shown), chainOf(other)];
  for (const match of ['pin', 'subject'] as const) {
    await register(shown, { match }, match);
    assert.equal(reasonOf(await certificates.standing(chain)), 'account', match);
    await store.registry.revokeCertificate('anna', match, actor);
    const standing = await certificates.standing(chain);
    assert.equal(reasonOf(standing), 'revoked', match);
    assert.equal(standing.kind === 'refused' && standing.login, 'anna', 'whose it was');
  }
  await register(other, { match: 'pin' }, 'kept');
  assert.equal(reasonOf(await certificates.standing(kept)), 'account');
  assert.equal(reasonOf(await certificates.standing(chain)), 'revoked');
});

test('what is no certificate is refused by name', async (t) => {
  const { certificates } = await judge(t);
  assert.equal(reasonOf(await certificates.standing(undefined)), 'none-shown');
  assert.equal(reasonOf(await certificates.standing([Buffer.from('rubbish')])), 'unreadable');
  // Rubbish beside it does not matter: nothing but the certificate itself has to be readable.
  const shown = await authority.issue('anna');
  assert.equal(reasonOf(await certificates.standing([...chainOf(shown), Buffer.from('rubbish')])), 'unregistered');
});

test('only authorities can be trusted, and the error says what else was given', async () => {
  const leaf = await authority.issue('anna');
  const refusal = (pem: string, text: RegExp): void =>
    assert.throws(
      () => readAuthorities([{ file: 'client-ca.pem', pem }]),
      (error: unknown) => error instanceof AuthorityError && text.test(error.message),
    );
  refusal(leaf.certificate, /client-ca\.pem.*is not an authority/);
  refusal('', /holds no certificate/);
  refusal('-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n', /expected PEM certificates/);
  assert.equal(readAuthorities([{ file: 'both.pem', pem: `${authority.root}${other.root}` }]).length, 2);
});
