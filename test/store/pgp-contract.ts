/**
 * What every store must do for OpenPGP keys and the secret keys that the gateway holds: promises of
 * src/store/pgp-keys.ts.
 */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import test, { type TestContext } from 'node:test';
import { type AddressKey, addressKey } from '../../src/domain/address.ts';
import { days, instant } from '../../src/domain/units.ts';
import { MAX_PGP_KEYS, NO_END, type NewPgpKey } from '../../src/store/pgp-keys.ts';
import { addAccount, address, deliver } from '../support/store.ts';
import { type ContractStore, registryError } from './contract.ts';

const actor = { name: 'operator', reason: 'test' };
const print = (label: string): string => createHash('sha1').update(label).digest('hex');
const keyOf = (text: string): AddressKey => addressKey(address(text));

export function pgpContract(name: string, open: (t: TestContext) => Promise<ContractStore>): void {
  const promise = (text: string, run: (s: ContractStore) => Promise<void>): void => {
    test(`${name}: ${text}`, async (t) => run(await open(t)));
  };
  const key = (label: string, made: number, more: Partial<NewPgpKey> = {}): NewPgpKey => ({
    fingerprint: print(label),
    algorithm: 'ed25519legacy',
    userIds: [`${label} <Anna@group.test>`],
    emails: ['Anna@group.test'],
    createdAt: instant(made),
    encryptsUntil: instant(made + days(100)),
    signsUntil: NO_END,
    packets: Buffer.from(label),
    revoked: false,
    ...more,
  });
  const labels = async ({ store }: ContractStore, text: string): Promise<string[]> =>
    (await store.pgpKeys.findMail(keyOf(text))).map(({ packets }) => Buffer.from(packets).toString());
  const events = async ({ store }: ContractStore): Promise<string[]> =>
    (await store.audit.read({ limit: 1000 })).map((row) => row.event).filter((event) => event.startsWith('pgp-key.'));

  promise(
    'with its account a key is revoked; its private key goes when nothing waits in the mailbox any more',
    async (s) => {
      const { store, clock } = s;
      const { pgpKeys, registry } = store;
      const anna = await addAccount(store, 'anna');
      await addAccount(store, 'bert');
      for (const login of ['anna', 'bert']) {
        const sealedKey = Buffer.from(login);
        const emails = [`${login}@group.test`];
        await pgpKeys.add(login, { ...key(login, clock.now(), { emails }), sealedKey }, 'issued', actor);
      }
      await registry.setConsent(address('anna@group.test'), address('bert@group.test'), true, actor);
      await deliver(store, randomBytes(100), 'anna@group.test');
      await registry.setAccountState('anna', 'ended', actor);
      const held = async (login: string): Promise<boolean> => (await pgpKeys.findSecret(print(login))) !== undefined;
      const found = async (login: string) => (await pgpKeys.findMail(keyOf(`${login}@group.test`)))[0];
      assert.equal((await found('anna'))?.revoked?.reason, 'account-ended');
      assert.deepEqual(await registry.listConsents(address('bert@group.test')), [], 'and nobody is in by its word');
      const sweep = async (): Promise<boolean[]> => {
        for (let step = -1; step !== 0;) step = await registry.endDue();
        return [await held('anna'), await held('bert')];
      };
      assert.deepEqual(await sweep(), [true, true], 'a message waits');
      // It is never fetched, ends, and can be handed out again for a time.
      const [entry] = await store.deliveries.uncollectedEntries(anna, { before: instant(clock.now() + 1), limit: 1 });
      const audit = { event: 'message.expired', outcome: 'failure' as const };
      await store.deliveries.expire(anna, [{ uid: entry!.uid, audit }]);
      assert.deepEqual(await sweep(), [true, true]);
      clock.advance(days(15));
      await store.sweep();
      assert.deepEqual(await sweep(), [false, true]);
      assert.equal((await found('anna'))?.sealedKey, undefined, 'also for who had remembered it');
      assert.deepEqual((await events(s)).slice(-2), ['pgp-key.revoked', 'pgp-key.secret-removed']);
    },
  );

  promise('OpenPGP keys are found by every address they stand for, newest first, in any state', async (s) => {
    const now = s.clock.now();
    const anna = await addAccount(s.store, 'anna');
    assert.deepEqual(await labels(s, 'anna@group.test'), [], 'and this is remembered');
    const { pgpKeys } = s.store;
    for (const [label, made] of [
      ['old', now - days(300)],
      ['new', now],
      ['middle', now - days(50)],
    ] as const)
      assert.equal(await pgpKeys.add('anna', key(label, made), 'imported', actor), 'added');
    const both = key('both', now - days(1), { emails: ['LAB@group.test', 'anna@GROUP.test', 'lab@group.test'] });
    await pgpKeys.add('anna', both, 'issued', actor);
    await pgpKeys.revoke(print('middle'), 'compromised', actor, Buffer.from('middle, revoked'));
    assert.deepEqual(await events(s), [
      ...Array<string>(3).fill('pgp-key.imported'),
      'pgp-key.issued',
      'pgp-key.revoked',
    ]);
    await assert.rejects(pgpKeys.revoke(print('middle'), 'again', actor), registryError('ended', /revoked already/));
    await assert.rejects(pgpKeys.revoke(print('none'), 'x', actor), registryError('unknown', /pgp key list/));
    for (const again of [() => s, () => s.reopen()]) {
      const at = await again();
      assert.deepEqual(await labels(at, 'ANNA@group.test'), ['new', 'both', 'middle, revoked', 'old']);
      assert.deepEqual(await labels(at, 'lab@group.test'), ['both']);
      const found = await at.store.pgpKeys.findMail(keyOf('anna@group.test'));
      assert.deepEqual(
        found.map((k) => [k.account, k.revoked?.reason, k.sealedKey, k.signsUntil]),
        [undefined, undefined, 'compromised', undefined].map((reason) => [anna, reason, undefined, NO_END]),
      );
    }
  });

  promise('a key that is registered again gets newer packets, times and addresses, and stays revoked', async (s) => {
    const now = s.clock.now();
    await addAccount(s.store, 'anna');
    await addAccount(s.store, 'bert');
    const { pgpKeys } = s.store;
    await pgpKeys.add('anna', { ...key('a', now), sealedKey: Buffer.from('sealed') }, 'issued', actor);
    const later = key('a', now, {
      emails: ['lab@group.test'],
      encryptsUntil: instant(now + days(900)),
      packets: Buffer.from('a, longer'),
    });
    assert.equal(await pgpKeys.add('ANNA', later, 'imported', actor), 'refreshed');
    assert.deepEqual(await labels(s, 'anna@group.test'), [], 'the address has gone from its user ids');
    const [found] = await pgpKeys.findMail(keyOf('lab@group.test'));
    assert.equal(found?.encryptsUntil, now + days(900));
    assert.deepEqual(Buffer.from(found.sealedKey ?? []).toString(), 'sealed', 'its private key stays');
    await assert.rejects(pgpKeys.add('bert', later, 'imported', actor), registryError('exists', /account "anna"/));

    await pgpKeys.revoke(print('a'), 'lost', actor);
    await pgpKeys.add('anna', later, 'imported', actor);
    assert.equal((await pgpKeys.findMail(keyOf('lab@group.test')))[0]?.revoked?.reason, 'lost');
    await pgpKeys.add('anna', key('b', now, { revoked: true }), 'imported', actor);
    assert.equal((await pgpKeys.findMail(keyOf('anna@group.test')))[0]?.revoked?.reason, 'by-owner');
  });

  promise('a private key is held until it is removed, revoked keys included', async (s) => {
    const now = s.clock.now();
    await addAccount(s.store, 'anna');
    const { pgpKeys } = s.store;
    const held = async (): Promise<(string | undefined)[]> =>
      (await pgpKeys.findMail(keyOf('anna@group.test'))).map(({ sealedKey }) =>
        sealedKey === undefined ? undefined : Buffer.from(sealedKey).toString(),
      );
    await pgpKeys.add('anna', { ...key('a', now), sealedKey: Buffer.from('sealed a') }, 'issued', actor);
    await pgpKeys.add('anna', key('b', now - 1), 'imported', actor);
    await pgpKeys.add('anna', { ...key('b', now - 1), sealedKey: Buffer.from('sealed b') }, 'imported', actor);
    await pgpKeys.revoke(print('a'), 'superseded', actor);
    assert.deepEqual(await held(), ['sealed a', 'sealed b']);
    assert.deepEqual(Buffer.from((await pgpKeys.findSecret(print('b'))) ?? []).toString(), 'sealed b');
    await pgpKeys.noteExport(print('b'), actor);
    await pgpKeys.removeSecret(print('b'), actor);
    assert.deepEqual(await held(), ['sealed a', undefined]);
    assert.equal(await pgpKeys.findSecret(print('b')), undefined);
    await assert.rejects(pgpKeys.removeSecret(print('b'), actor), registryError('unknown', /not held here/));
    assert.deepEqual((await events(s)).slice(-3), [
      'pgp-key.revoked',
      'pgp-key.secret-exported',
      'pgp-key.secret-removed',
    ]);
    const shown = await pgpKeys.list({ limit: 10 });
    assert.deepEqual(new Map(shown.map((k) => [k.fingerprint, k.keyHeld])).get(print('a')), true);
    assert.deepEqual(JSON.stringify(await s.store.audit.read({ limit: 1000 })).includes('sealed a'), false);
  });

  promise('keys are listed page by page, by account, and found by fingerprint or key id', async (s) => {
    const now = s.clock.now();
    await addAccount(s.store, 'anna');
    await addAccount(s.store, 'bert');
    const { pgpKeys } = s.store;
    for (const label of ['1', '2', '3']) await pgpKeys.add('anna', key(label, now), 'imported', actor);
    await pgpKeys.add('bert', key('4', now, { emails: ['bert@group.test'] }), 'imported', actor);
    const sorted = ['1', '2', '3', '4'].map(print).sort();
    const first = await pgpKeys.list({ limit: 3 });
    assert.deepEqual(
      first.map((k) => k.fingerprint),
      sorted.slice(0, 3),
    );
    const rest = await pgpKeys.list({ limit: 3, after: sorted[2] ?? '' });
    assert.deepEqual(
      rest.map((k) => k.fingerprint),
      sorted.slice(3),
    );
    assert.deepEqual(
      (await pgpKeys.list({ limit: 9, login: 'Bert' })).map((k) => k.login),
      ['bert'],
    );
    assert.deepEqual((await pgpKeys.list({ limit: 9, login: 'nobody' })).length, 0);
    const ends = instant(now + days(5));
    await pgpKeys.add('bert', key('5', now, { encryptsUntil: ends }), 'imported', actor);
    const between = async (endsFrom: number, endsBefore: number, login?: string): Promise<readonly string[]> => {
      const query = { endsFrom: instant(endsFrom), endsBefore: instant(endsBefore), ...(login && { login }) };
      return (await pgpKeys.list({ limit: 9, ...query })).map(({ fingerprint }) => fingerprint);
    };
    assert.deepEqual(await between(now, ends + 1), [print('5')]);
    assert.deepEqual(await between(ends, ends + 1, 'bert'), [print('5')]);
    assert.deepEqual([await between(now, ends), await between(ends + 1, ends + 2)], [[], []]);
    assert.deepEqual(await between(now, ends + 1, 'anna'), []);
    for (const named of [
      print('2'),
      print('2')
        .toUpperCase()
        .replace(/(.{4})/g, '$1 '),
      `0x${print('2').slice(-16)}`,
    ])
      assert.deepEqual(
        (await pgpKeys.find(named)).map((k) => k.fingerprint),
        [print('2')],
      );
    assert.deepEqual(await pgpKeys.find(print('2').slice(0, 16)), []);
  });

  promise(`an address has at most ${MAX_PGP_KEYS} OpenPGP keys, and one too many changes nothing`, async (s) => {
    const now = s.clock.now();
    await addAccount(s.store, 'anna');
    const { pgpKeys } = s.store;
    for (let i = 0; i < MAX_PGP_KEYS; i += 1) await pgpKeys.add('anna', key(`k${i}`, now + i), 'imported', actor);
    await assert.rejects(
      pgpKeys.add('anna', { ...key('more', now), sealedKey: Buffer.from('s') }, 'imported', actor),
      registryError('invalid', /most that one address may have/),
    );
    assert.deepEqual(await pgpKeys.find(print('more')), []);
    assert.equal(await pgpKeys.findSecret(print('more')), undefined);
    assert.equal(await pgpKeys.add('anna', key('k1', now + 1), 'imported', actor), 'refreshed', 'it has its place');
    await assert.rejects(
      pgpKeys.add('anna', key('x', now, { fingerprint: 'zz' }), 'imported', actor),
      registryError('invalid', /is not a fingerprint/),
    );
    await assert.rejects(
      pgpKeys.add('nobody', key('y', now), 'imported', actor),
      registryError('unknown', /no account/),
    );
  });
}
