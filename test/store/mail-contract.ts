/**
 * What every store must do for certificates of mail, keys that the gateway holds, and capabilities:
 * promises of src/store/certificates.ts.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test, { type TestContext } from 'node:test';
import { type AddressKey, addressKey } from '../../src/domain/address.ts';
import { days, instant } from '../../src/domain/units.ts';
import { MAX_MAIL_CERTIFICATES, type NewAccountCertificate } from '../../src/store/certificates.ts';
import { addAccount, address } from '../support/store.ts';
import { type ContractStore, registryError } from './contract.ts';

const actor = { name: 'operator', reason: 'test' };
const digest = (text: string): string => createHash('sha256').update(text).digest('hex');
const keyOf = (text: string): AddressKey => addressKey(address(text));

export function mailContract(name: string, open: (t: TestContext) => Promise<ContractStore>): void {
  const promise = (text: string, run: (s: ContractStore) => Promise<void>): void => {
    test(`${name}: ${text}`, async (t) => run(await open(t)));
  };
  const mail = (label: string, begins: number, more: Partial<NewAccountCertificate> = {}): NewAccountCertificate => ({
    fingerprint: digest(label),
    serial: digest(`serial ${label}`).slice(0, 32).replace(/^0+/, '1'),
    issuer: 'CN=Issuing',
    use: 'mail',
    subject: `CN=${label}`,
    emails: ['Anna@group.test'],
    notBefore: instant(begins),
    notAfter: instant(begins + days(100)),
    der: Buffer.from(label),
    ...more,
  });
  const labels = async ({ store }: ContractStore, text: string): Promise<string[]> =>
    (await store.certificates.findMail(keyOf(text))).certificates.map((c) => Buffer.from(c.der).toString());

  promise('mail certificates are found by every address they stand for, newest first, in any state', async (s) => {
    const now = s.clock.now();
    const anna = await addAccount(s.store, 'anna');
    const { certificates } = s.store;
    assert.deepEqual(await labels(s, 'anna@group.test'), [], 'and this is remembered');
    for (const [label, begins] of [
      ['old', now - days(300)],
      ['new', now],
      ['middle', now - days(50)],
    ] as const)
      await certificates.addCertificate('anna', mail(label, begins), 'imported', actor);
    await certificates.addCertificate('anna', mail('login', now, { use: 'login' }), 'imported', actor);
    const both = mail('both', now - days(1), { emails: ['LAB@group.test', 'anna@GROUP.test', 'lab@group.test'] });
    await certificates.addCertificate('anna', both, 'imported', actor);
    await certificates.revokeCertificate(digest('middle'), 'keyCompromise', actor);
    for (const again of [() => s, () => s.reopen()]) {
      const at = await again();
      assert.deepEqual(await labels(at, 'ANNA@group.test'), ['new', 'both', 'middle', 'old']);
      assert.deepEqual(await labels(at, 'lab@group.test'), ['both']);
      const { certificates: found } = await at.store.certificates.findMail(keyOf('anna@group.test'));
      assert.deepEqual(
        found.map((c) => [c.account, c.revoked?.reason, c.sealedKey]),
        [undefined, undefined, 'keyCompromise', undefined].map((reason) => [anna, reason, undefined]),
      );
    }
  });

  promise(
    'a key is held from its certificate on or later, survives revocation, and is forgotten when told',
    async (s) => {
      const now = s.clock.now();
      await addAccount(s.store, 'anna');
      const { certificates } = s.store;
      const held = async (): Promise<(string | undefined)[]> =>
        (await certificates.findMail(keyOf('anna@group.test'))).certificates.map(({ sealedKey }) =>
          sealedKey === undefined ? undefined : Buffer.from(sealedKey).toString(),
        );
      const withKey = { ...mail('a', now), sealedKey: Buffer.from('sealed a') };
      await certificates.addCertificate('anna', withKey, 'issued', actor);
      await certificates.addCertificate('anna', mail('b', now - 1), 'issued', actor);
      assert.deepEqual(await held(), ['sealed a', undefined]);
      await certificates.addKey(digest('b'), Buffer.from('sealed b'), actor);
      await certificates.revokeCertificate(digest('a'), 'superseded', actor);
      assert.deepEqual(await held(), ['sealed a', 'sealed b']);
      const shown = await certificates.listCertificates({ limit: 10 });
      assert.deepEqual(shown.map((c) => [c.subject, c.keyHeld]).sort(), [
        ['CN=a', true],
        ['CN=b', true],
      ]);
      await assert.rejects(
        certificates.addKey(digest('b'), Buffer.from('other'), actor),
        registryError('exists', /held here already/),
      );
      await certificates.removeKey(digest('a'), actor);
      assert.deepEqual(await held(), [undefined, 'sealed b']);
      await assert.rejects(certificates.removeKey(digest('a'), actor), registryError('unknown', /not held here/));
      await assert.rejects(
        certificates.addKey(digest('x'), Buffer.from('x'), actor),
        registryError('unknown', /no cert/),
      );
      await certificates.addCertificate('anna', mail('l', now, { use: 'login' }), 'issued', actor);
      await assert.rejects(
        certificates.addKey(digest('l'), Buffer.from('x'), actor),
        registryError('invalid', /stays with its owner/),
      );
      await assert.rejects(
        certificates.addCertificate(
          'anna',
          { ...mail('k', now, { use: 'login' }), sealedKey: Buffer.from('x') },
          'issued',
          actor,
        ),
        registryError('invalid', /stays with its owner/),
      );
      assert.deepEqual(await certificates.findCertificates(digest('k')), []);
      const events = (await s.store.audit.read({ limit: 100 })).map((row) => row.event);
      assert.deepEqual(
        events.filter((event) => event.startsWith('certificate.key')),
        ['certificate.key-added', 'certificate.key-added', 'certificate.key-removed'],
      );
      assert.equal((await s.store.audit.verify()).kind, 'intact');
    },
  );

  promise('what the operator knows of a mail program comes before what was seen, until it is taken back', async (s) => {
    const { certificates } = s.store;
    const anna = address('Anna@group.test');
    const noted = async (): Promise<unknown> => {
      const { capabilities } = await certificates.findMail(keyOf('anna@group.test'));
      return capabilities && [capabilities.source, capabilities.names, capabilities.at];
    };
    assert.equal(await noted(), undefined);
    const first = s.clock.now();
    await certificates.noteCapabilities(anna, ['aes-256-gcm', 'rsa-oaep']);
    assert.deepEqual(await noted(), ['seen', ['aes-256-gcm', 'rsa-oaep'], first]);
    await certificates.setCapabilities(anna, [], actor);
    assert.deepEqual(await noted(), ['operator', [], first]);
    await certificates.noteCapabilities(anna, ['aes-256-cbc']);
    assert.deepEqual(await noted(), ['operator', [], first]);
    await certificates.setCapabilities(anna, null, actor);
    assert.deepEqual(await noted(), ['seen', ['aes-256-cbc'], first]);
  });

  promise('one address has a bounded number of mail certificates, and the one too many leaves no trace', async (s) => {
    const now = s.clock.now();
    await addAccount(s.store, 'anna');
    const { certificates } = s.store;
    for (let i = 0; i < MAX_MAIL_CERTIFICATES; i += 1)
      await certificates.addCertificate('anna', mail(`c${i}`, now + i), 'imported', actor);
    await assert.rejects(
      certificates.addCertificate(
        'anna',
        mail('more', now, { emails: ['lab@group.test', 'anna@group.test'] }),
        'imported',
        actor,
      ),
      registryError('invalid', /64 mail certificates for "anna@group\.test"/),
    );
    assert.equal((await labels(s, 'anna@group.test')).length, MAX_MAIL_CERTIFICATES);
    assert.deepEqual(await labels(s, 'lab@group.test'), []);
    assert.deepEqual(await certificates.findCertificates(digest('more')), []);
  });

  promise('authorities and revocations are told of, those of other authorities are listed apart', async (s) => {
    const now = s.clock.now();
    await addAccount(s.store, 'anna');
    const { certificates } = s.store;
    let told = 0;
    certificates.onChange(() => (told += 1));
    await certificates.addAuthorities(
      [{ role: 'issuing', fingerprint: digest('I'), notAfter: instant(now + days(9)), der: Buffer.from('I') }],
      'created',
      actor,
    );
    const [issuing] = await certificates.listAuthorities();
    await certificates.nextCrlNumber(issuing!.id);
    assert.equal((await certificates.listAuthorities())[0]?.crlNumber, 1, 'also what is remembered is current');
    await certificates.addCertificate('anna', mail('ours', now, { authority: issuing!.id }), 'issued', actor);
    await certificates.addCertificate('anna', mail('theirs', now), 'imported', actor);
    assert.equal(told, 2, 'of the authority, and of the number of its list');
    const standing = async (): Promise<unknown> =>
      (await certificates.findMail(addressKey(address('anna@group.test')))).certificates.map((c) => c.revoked?.reason);
    assert.deepEqual(await standing(), [undefined, undefined]);
    for (const label of ['ours', 'theirs']) await certificates.revokeCertificate(digest(label), 'superseded', actor);
    assert.deepEqual(await standing(), ['superseded', 'superseded'], 'what was remembered of the address is void');
    assert.equal(told, 4);
    const page = { limit: 10, endsAfter: now };
    const fingerprints = async (whose: number | 'others'): Promise<string[]> =>
      (await certificates.listRevoked(whose, page)).map((c) => c.fingerprint);
    assert.deepEqual(await fingerprints(issuing!.id), [digest('ours')]);
    assert.deepEqual(await fingerprints('others'), [digest('theirs')]);
  });
}
