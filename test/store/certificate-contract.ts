/**
 * What every store must do with registrations of client certificates. Each test is a promise of
 * src/store/registry.ts.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test, { type TestContext } from 'node:test';
import { MAX_CERTIFICATES } from '../../src/domain/registry.ts';
import { days, instant } from '../../src/domain/units.ts';
import type { NewCertificate } from '../../src/store/registry.ts';
import { addAccount } from '../support/store.ts';
import { type ContractStore, registryError } from './contract.ts';

const actor = { name: 'operator', reason: 'test' };
const digest = (text: string): string => createHash('sha256').update(text).digest('hex');
const pinOf = (text: string): string => `fp:${digest(text)}`;
const namedKey = (kind: 'subject' | 'san', text: string): string => `${kind}:${digest(text)}`;

/** A registration made with the certificate `text`; by its fingerprint unless `key` is given. */
const registration = (text: string, more: Partial<NewCertificate> = {}): NewCertificate => ({
  name: text,
  key: pinOf(text),
  fingerprint: digest(text),
  about: `CN=${text}`,
  notBefore: instant(1000),
  notAfter: instant(1000 + days(365)),
  ...more,
});

export function certificateContract(name: string, open: (t: TestContext) => Promise<ContractStore>): void {
  const promise = (text: string, run: (s: ContractStore) => Promise<void>): void => {
    test(`${name}: ${text}`, async (t) => run(await open(t)));
  };

  promise('a certificate leads to its account by any key, the same after a restart', async (s) => {
    const anna = await addAccount(s.store, 'anna');
    const subject = namedKey('subject', 'anna');
    await s.store.registry.addCertificate('anna', registration('laptop'), actor);
    await s.store.registry.addCertificate('ANNA', registration('card', { key: subject }), actor);
    for (const at of ['before', 'after']) {
      const { registry } = at === 'before' ? s.store : (await s.reopen()).store;
      const pinned = await registry.findCertificate([pinOf('laptop'), subject]);
      assert.equal(pinned?.login, 'anna');
      assert.equal(pinned.certificate.account, anna);
      assert.equal(pinned.certificate.name, 'laptop');
      assert.equal(pinned.certificate.about, 'CN=laptop');
      assert.equal(pinned.certificate.notBefore, 1000);
      assert.equal(pinned.certificate.notAfter, 1000 + days(365));
      // Renewed: another fingerprint, the same names.
      assert.equal((await registry.findCertificate([pinOf('renewed'), subject]))?.certificate.name, 'card');
      // Registered by its names, it does not lead anywhere by its fingerprint alone: nobody vouches
      // for the names.
      assert.equal(await registry.findCertificate([pinOf('card')]), undefined);
      assert.equal(await registry.findCertificate([]), undefined);
    }
  });

  promise('a revocation holds for the next read, and the certificate itself stays out', async ({ store, clock }) => {
    const { registry } = store;
    await addAccount(store, 'anna');
    const subject = namedKey('subject', 'anna');
    await registry.addCertificate('anna', registration('stolen', { key: subject }), actor);
    const stolen = [pinOf('stolen'), subject];
    assert.equal((await registry.findCertificate(stolen))?.certificate.revokedAt, undefined);
    await registry.revokeCertificate('anna', 'stolen', actor);
    assert.equal((await registry.findCertificate(stolen))?.certificate.revokedAt, clock.now());
    await registry.addCertificate('anna', registration('new', { key: subject }), actor);
    assert.equal((await registry.findCertificate([pinOf('new'), subject]))?.certificate.name, 'new');
    assert.notEqual((await registry.findCertificate(stolen))?.certificate.revokedAt, undefined);
    // The operator says otherwise by registering this very certificate again.
    await registry.addCertificate('anna', registration('stolen'), actor);
    assert.equal((await registry.findCertificate(stolen))?.certificate.revokedAt, undefined);
  });

  promise('one that stands for login alone is revoked by its fingerprint, wherever it is registered', async (s) => {
    const { registry, certificates } = s.store;
    await addAccount(s.store, 'anna');
    const san = namedKey('san', 'anna');
    await registry.addCertificate('anna', registration('card'), actor);
    await registry.addCertificate('anna', registration('by name', { key: san, fingerprint: digest('card') }), actor);
    await certificates.revokeCertificate(digest('card'), 'keyCompromise', actor);
    for (const keys of [[pinOf('card')], [pinOf('card'), san]])
      assert.equal((await registry.findCertificate(keys))?.certificate.revokedAt, s.clock.now());
    const { store } = await s.reopen();
    assert.equal((await store.registry.findCertificate([pinOf('card'), san]))?.certificate.revokedAt, s.clock.now());
  });

  promise('a valid registration wins over a revoked one of other names', async ({ store }) => {
    const { registry } = store;
    await addAccount(store, 'anna');
    const [subject, san] = [namedKey('subject', 'anna'), namedKey('san', 'anna')];
    await registry.addCertificate('anna', registration('old', { key: subject }), actor);
    await registry.revokeCertificate('anna', 'old', actor);
    await registry.addCertificate('anna', registration('new', { key: san }), actor);
    const found = await registry.findCertificate([pinOf('new'), subject, san]);
    assert.equal(found?.certificate.name, 'new');
    assert.equal(found.certificate.revokedAt, undefined);
  });

  promise('one certificate can be kept out while others of the same names get in', async ({ store }) => {
    const { registry } = store;
    await addAccount(store, 'anna');
    const san = namedKey('san', 'anna');
    await registry.addCertificate('anna', registration('first', { key: san }), actor);
    await registry.blockCertificate('anna', registration('lost'), actor);
    assert.notEqual((await registry.findCertificate([pinOf('lost'), san]))?.certificate.revokedAt, undefined);
    assert.equal((await registry.findCertificate([pinOf('other'), san]))?.certificate.revokedAt, undefined);
    await registry.blockCertificate('anna', registration('first'), actor);
    assert.notEqual((await registry.findCertificate([pinOf('first'), san]))?.certificate.revokedAt, undefined);
  });

  promise('a certificate leads to one account, and what cannot be registered says why', async ({ store }) => {
    const { registry } = store;
    await addAccount(store, 'anna');
    await addAccount(store, 'bert');
    await registry.addCertificate('anna', registration('laptop'), actor);
    const again = registration('laptop', { name: 'mine' });
    await assert.rejects(registry.addCertificate('bert', again, actor), registryError('exists', /"laptop".*"anna"/));
    await assert.rejects(
      registry.addCertificate('anna', registration('other', { name: 'laptop' }), actor),
      registryError('exists', /"laptop"/),
    );
    await assert.rejects(registry.addCertificate('no', again, actor), registryError('unknown', /"no"/));
    await assert.rejects(registry.revokeCertificate('bert', 'laptop', actor), registryError('unknown', /"laptop"/));
    for (const wrong of [{ name: '' }, { key: 'fp:12' }, { key: `uid:${digest('x')}` }, { fingerprint: 'AB' }])
      await assert.rejects(registry.addCertificate('anna', registration('x', wrong), actor), { kind: 'invalid' });
    await registry.setAccountState('bert', 'ended', actor);
    await assert.rejects(registry.addCertificate('bert', registration('x'), actor), { kind: 'ended' });
    for (let i = 1; i < MAX_CERTIFICATES; i += 1) await registry.addCertificate('anna', registration(`c${i}`), actor);
    await assert.rejects(registry.addCertificate('anna', registration('more'), actor), registryError('invalid', /32/));
    assert.equal((await store.audit.verify()).kind, 'intact');
  });

  promise('the certificates of an ended account can be registered again', async ({ store }) => {
    const { registry } = store;
    await addAccount(store, 'anna');
    await addAccount(store, 'bert');
    await registry.addCertificate('anna', registration('system'), actor);
    await registry.setAccountState('anna', 'ended', actor);
    await registry.addCertificate('bert', registration('system'), actor);
    assert.equal((await registry.findCertificate([pinOf('system')]))?.login, 'bert');
  });

  promise('certificates change the version of the login, are listed with their use, and are told of', async (s) => {
    const { store } = s;
    const anna = await addAccount(store, 'anna');
    const told: unknown[] = [];
    store.registry.onChange((accounts) => told.push(accounts));
    const version = async (): Promise<number> => (await store.registry.findLogin('anna'))?.version ?? 0;
    const before = await version();
    await store.registry.addCertificate('anna', registration('laptop'), actor);
    const between = await version();
    await store.registry.revokeCertificate('anna', 'laptop', actor);
    assert(before < between && between < (await version()));
    assert.deepEqual(told, [[anna], [anna]]);
    const listed = (await store.registry.findAccount('anna'))?.certificates ?? [];
    assert.deepEqual(
      listed.map((c) => [c.name, c.revokedAt !== undefined, c.lastUsedAt]),
      [['laptop', true, undefined]],
    );
    store.registry.noteCertificateUse(listed[0]?.id ?? 0, instant(77));
    store.registry.noteCertificateUse(listed[0]?.id ?? 0, instant(76));
    // A change waits for what was queued before it.
    await store.registry.addCertificate('anna', registration('second'), actor);
    const after = (await store.registry.findAccount('anna'))?.certificates ?? [];
    assert.deepEqual(
      after.map((c) => [c.name, c.lastUsedAt]),
      [
        ['laptop', 77],
        ['second', undefined],
      ],
    );
    const rows = await store.audit.read({ account: anna, limit: 100 });
    const events = rows.filter((row) => row.event.startsWith('registry.certificate'));
    assert.deepEqual(
      events.map((row) => [row.event, row.personal?.certificate, row.personal?.actor, row.personal?.reason]),
      [
        ['registry.certificate-added', 'laptop', 'operator', 'test'],
        ['registry.certificate-revoked', 'laptop', 'operator', 'test'],
        ['registry.certificate-added', 'second', 'operator', 'test'],
      ],
    );
  });
}
