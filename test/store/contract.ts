/**
 * What every store must do, whichever engine keeps it. Each test is a promise of
 * src/store/store.ts, registry.ts or audit.ts.
 *
 *   storeContract('SQLite', (t) => openTestStore(t));
 */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import test, { type TestContext } from 'node:test';
import { addressKey } from '../../src/domain/address.ts';
import type { AccountId, MessageId } from '../../src/domain/ids.ts';
import { days, hours, instant, octets, seconds } from '../../src/domain/units.ts';
import { MAX_SETTINGS, type OrganisationQuery, RegistryError } from '../../src/store/registry.ts';
import { StoreFailed } from '../../src/store/store.ts';
import type { MaildropLock } from '../../src/store/maildrop.ts';
import type { Store } from '../../src/store/port/store.ts';
import type { AuditEvent } from '../../src/store/audit.ts';
import type { CoreOpenOptions } from '../../src/store/core/options.ts';
import type { FakeClock } from '../support/clock.ts';
import { acceptanceOf, addAccount, address, deliver, readAll, sealBody } from '../support/store.ts';

export interface ContractStore {
  readonly store: Store;
  readonly clock: FakeClock;
  /** The engine cannot tell what room it takes: its disk is a server's. */
  readonly noRoom?: true;
  /** Numbers of the trail rise, and what was rolled back leaves gaps. */
  readonly gaps?: true;
  /** Closes in order and opens the same store again. */
  reopen(changes?: Pick<CoreOpenOptions, 'retention'>): Promise<ContractStore>;
}

const actor = { name: 'operator', reason: 'test' };
const here = { session: 's1', network: '192.0.2.1' };

const locked = async (store: Store, account: AccountId, holder = here): Promise<MaildropLock> => {
  const lock = await store.lockMaildrop(account, holder);
  assert(lock !== 'in-use', 'expected the maildrop to be free');
  return lock;
};

const uidlsOf = async (store: Store, lock: MaildropLock): Promise<string[]> => {
  const listing = await store.listMaildrop(lock);
  return Array.from({ length: listing.count }, (_, i) => listing.uidlOf(i));
};

export const registryError = (kind: RegistryError['kind'], text: RegExp) => (error: unknown) => {
  assert(error instanceof RegistryError);
  assert.equal(error.kind, kind);
  assert.match(error.message, text);
  return true;
};

export function storeContract(name: string, open: (t: TestContext) => Promise<ContractStore>): void {
  const promise = (text: string, run: (s: ContractStore, t: TestContext) => Promise<void>): void => {
    test(`${name}: ${text}`, async (t) => run(await open(t), t));
  };

  // --- content

  promise('a body of any size comes back as it was written, also after a restart', async (s) => {
    const account = await addAccount(s.store, 'anna');
    const sizes = [0, 1, 10_000, 65_535, 65_536, 65_537, 262_143, 262_144, 262_145, 1_000_003];
    const contents = sizes.map((size) => randomBytes(size));
    const ids: string[] = [];
    for (const content of contents) {
      const body = await sealBody(s.store, content, 40_000);
      ids.push(body.id);
      assert.equal(body.octets, content.length);
      assert.equal(body.sha256, createHash('sha256').update(content).digest('hex'));
      assert.deepEqual(await s.store.accept(await acceptanceOf(s.store, body, ['anna@group.test'])), { kind: 'filed' });
    }
    for (const again of [() => s, () => s.reopen()]) {
      const { store } = await again();
      const lock = await locked(store, account);
      assert.equal(
        lock.octets,
        sizes.reduce((sum, n) => sum + n, 0),
      );
      const listing = await store.listMaildrop(lock);
      for (const [i, content] of contents.entries()) {
        assert.equal(listing.sizeOf(i), content.length);
        const stored = await store.openEntry(lock, listing.uidOf(i));
        assert.equal(stored.id, ids[i]);
        assert.equal(stored.octets, content.length);
        for await (const slice of stored.slices()) assert(slice.length <= 256 * 1024);
        // As often as needed.
        assert.deepEqual(await readAll(stored), content);
      }
      await store.releaseMaildrop(lock);
    }
  });

  promise('what a message was made of comes back as it was accepted, also after a restart', async (s) => {
    await addAccount(s.store, 'anna');
    const part = { type: 'text/plain', name: 'uitslag é.edi', octets: 3, sha256: 'ab'.repeat(32), exact: true };
    const parts = {
      leaves: [
        { ...part, path: '1', encoding: '7bit' },
        { ...part, path: '2.1', encoding: 'base64', exact: false },
      ],
      limits: ['depth'],
      interchanges: [],
    } as const;
    const body = await sealBody(s.store, Buffer.from('abc'));
    await s.store.accept({ ...(await acceptanceOf(s.store, body, ['anna@group.test'])), parts });
    const { id: bare } = await deliver(s.store, Buffer.from('abc'), 'anna@group.test');
    for (const again of [() => s, () => s.reopen()]) {
      const { store } = await again();
      assert.deepEqual(await store.messageParts(body.id), parts);
      assert.equal(await store.messageParts(bare), undefined);
      assert.equal(await store.messageParts('0000000000000' as MessageId), undefined);
    }
  });

  promise('a reading that ends early leaves the content readable', async ({ store }) => {
    const account = await addAccount(store, 'anna');
    const content = randomBytes(900_000);
    await deliver(store, content, 'anna@group.test');
    const lock = await locked(store, account);
    const entry = await store.openEntry(lock, (await store.listMaildrop(lock)).uidOf(0));
    for await (const _ of entry.slices()) break;
    assert.deepEqual(await readAll(entry), content);
  });

  promise('the caller may change a chunk after its write was awaited', async ({ store }) => {
    const account = await addAccount(store, 'anna');
    const chunk = Buffer.alloc(100_000, 'a');
    const writer = store.openBody(octets(0));
    for (let i = 0; i < 8; i += 1) {
      await writer.write(chunk.fill(97 + i));
      assert.equal(writer.written, (i + 1) * chunk.length);
    }
    await store.accept(await acceptanceOf(store, await writer.seal(), ['anna@group.test']));
    const lock = await locked(store, account);
    const content = await readAll(await store.openEntry(lock, (await store.listMaildrop(lock)).uidOf(0)));
    for (let i = 0; i < 8; i += 1) assert.equal(content[i * chunk.length + 99_999], 97 + i);
  });

  promise('a body that was given up is filed for nobody, and its octets go at once', async ({ store }) => {
    const account = await addAccount(store, 'anna');
    const given = store.openBody(octets(0));
    await given.write(randomBytes(700_000));
    await given.abort();
    await given.abort();
    await assert.rejects(given.write(Buffer.from('x')), StoreFailed);
    const sealed = store.openBody(octets(0));
    await sealed.write(randomBytes(700_000));
    const body = await sealed.seal();
    await sealed.abort();
    await assert.rejects(store.accept(await acceptanceOf(store, body, ['anna@group.test'])), RangeError);
    assert.equal((await locked(store, account)).messages, 0);
    assert.equal((await store.sweep()).uploads, 0);
  });

  promise('uploads that are broken off again and again leave nothing behind', async ({ store, noRoom }) => {
    await addAccount(store, 'anna');
    const content = randomBytes(2_600_000);
    const before = store.health().used;
    for (let i = 0; i < 8; i += 1) {
      const writer = store.openBody(octets(0));
      for (let at = 0; at < content.length; at += 100_000) await writer.write(content.subarray(at, at + 100_000));
      await writer.abort();
    }
    assert(store.health().used < before + content.length, `${store.health().used} octets are used, before ${before}`);
    // The control: what is filed stays.
    for (let i = 0; i < 4; i += 1) await deliver(store, content, 'anna@group.test');
    await store.sweep();
    assert(noRoom === true || store.health().used > before + 3 * content.length);
  });

  promise('a body that is given up while it is filed stays filed', async ({ store }) => {
    const account = await addAccount(store, 'anna');
    const content = randomBytes(700_000);
    const writer = store.openBody(octets(0));
    await writer.write(content);
    const body = await writer.seal();
    const accepted = store.accept(await acceptanceOf(store, body, ['anna@group.test']));
    await writer.abort();
    assert.deepEqual(await accepted, { kind: 'filed' });
    const lock = await locked(store, account);
    assert.deepEqual(await readAll(await store.openEntry(lock, (await store.listMaildrop(lock)).uidOf(0))), content);
  });

  promise('a sweep leaves an upload that is still written alone', async ({ store }) => {
    const account = await addAccount(store, 'anna');
    const writer = store.openBody(octets(0));
    const content = randomBytes(800_000);
    await writer.write(content.subarray(0, 600_000));
    assert.equal((await store.sweep()).uploads, 0);
    await writer.write(content.subarray(600_000));
    const body = await writer.seal();
    await store.sweep();
    await store.accept(await acceptanceOf(store, body, ['anna@group.test']));
    const lock = await locked(store, account);
    assert.deepEqual(await readAll(await store.openEntry(lock, (await store.listMaildrop(lock)).uidOf(0))), content);
  });

  promise('of an upload that a restart cut short nothing stays', async (s) => {
    const before = s.store.health().used;
    const writer = s.store.openBody(octets(0));
    await writer.write(randomBytes(3_000_000));
    const again = await s.reopen();
    await again.store.sweep();
    assert(again.store.health().used < before + 1_000_000);
  });

  promise('a body is accepted once', async ({ store }) => {
    await addAccount(store, 'anna');
    const body = await sealBody(store, Buffer.from('once'));
    const acceptance = await acceptanceOf(store, body, ['anna@group.test']);
    await store.accept(acceptance);
    await assert.rejects(store.accept(acceptance), RangeError);
  });

  // --- ids

  promise('ids rise, also when the clock is set back by an hour and over a restart', async (s) => {
    await addAccount(s.store, 'anna');
    const ids = [(await deliver(s.store, Buffer.from('1'), 'anna@group.test')).id];
    s.clock.setWall(s.clock.now() - hours(1));
    ids.push((await deliver(s.store, Buffer.from('2'), 'anna@group.test')).id);
    const again = await s.reopen();
    ids.push((await deliver(again.store, Buffer.from('3'), 'anna@group.test')).id);
    again.clock.setWall(again.clock.now() - hours(1));
    ids.push((await deliver(again.store, Buffer.from('4'), 'anna@group.test')).id);
    assert.deepEqual([...ids].sort(), ids);
    assert.equal(new Set(ids).size, 4);
  });

  // --- accepting

  promise('one message for many recipients is one entry in each mailbox', async ({ store }) => {
    const names = Array.from({ length: 20 }, (_, i) => `p${i}`);
    const accounts: AccountId[] = [];
    for (const n of names) accounts.push(await addAccount(store, n));
    await store.registry.addAddress('p0', address('second@group.test'), actor);
    const content = randomBytes(2000);
    await deliver(store, content, ...names.map((n) => `${n}@group.test`), 'second@group.test');
    for (const account of accounts) {
      const lock = await locked(store, account);
      assert.equal(lock.messages, 1);
      assert.deepEqual(await readAll(await store.openEntry(lock, (await store.listMaildrop(lock)).uidOf(0))), content);
    }
  });

  promise('a mailbox over its quota refuses the message for everybody', async ({ store }) => {
    const anna = await addAccount(store, 'anna');
    const bert = await addAccount(store, 'bert', { quota: 1024 * 1024 });
    const content = randomBytes(600_000);
    assert.equal((await deliver(store, content, 'anna@group.test', 'bert@group.test')).outcome.kind, 'filed');
    const second = await deliver(store, content, 'anna@group.test', 'bert@group.test');
    assert.deepEqual(second.outcome, { kind: 'refused', why: 'quota', address: 'bert@group.test' });
    assert.equal((await locked(store, anna)).messages, 1);
    assert.equal((await locked(store, bert)).messages, 1);
    assert.equal((await store.registry.findRecipient(addressKey(address('bert@group.test'))))?.used, 600_000);
  });

  promise('the quota counts what is visible: after deleting there is space again', async ({ store }) => {
    const bert = await addAccount(store, 'bert', { quota: 1024 * 1024 });
    await deliver(store, randomBytes(600_000), 'bert@group.test');
    const lock = await locked(store, bert);
    await store.commitMaildrop(lock, [(await store.listMaildrop(lock)).uidOf(0)], [], []);
    assert.equal((await deliver(store, randomBytes(600_000), 'bert@group.test')).outcome.kind, 'filed');
  });

  promise('an account or address that ended since RCPT refuses the message', async ({ store }) => {
    await addAccount(store, 'anna');
    await addAccount(store, 'bert');
    const body = await sealBody(store, Buffer.from('x'));
    const acceptance = await acceptanceOf(store, body, ['anna@group.test', 'bert@group.test']);
    await store.registry.setAddressState(address('bert@group.test'), 'ended', actor);
    const refused = { kind: 'refused', why: 'gone', address: 'bert@group.test' };
    assert.deepEqual(await store.accept(acceptance), refused);
    const other = await acceptanceOf(store, await sealBody(store, Buffer.from('y')), ['anna@group.test']);
    await store.registry.setAccountState('anna', 'suspended', actor);
    assert.deepEqual(await store.accept(other), { ...refused, address: 'anna@group.test' });
  });

  promise('refusals in the middle of a burst disturb no neighbour', async ({ store }) => {
    const anna = await addAccount(store, 'anna');
    await addAccount(store, 'full', { quota: 1024 * 1024 });
    await deliver(store, randomBytes(1024 * 1024), 'full@group.test');
    const outcomes = await Promise.all(
      Array.from({ length: 60 }, async (_, i) => {
        const to = i % 3 === 0 ? 'full@group.test' : 'anna@group.test';
        return [to, (await deliver(store, randomBytes(500 + i), to)).outcome.kind];
      }),
    );
    for (const [to, kind] of outcomes) assert.equal(kind, to === 'anna@group.test' ? 'filed' : 'refused');
    assert.equal((await locked(store, anna)).messages, 40);
    assert.equal((await store.audit.verify()).kind, 'intact');
  });

  // --- maildrops

  promise('a maildrop shows what was filed before it was locked, oldest first, with UIDLs that last', async (s) => {
    const account = await addAccount(s.store, 'anna');
    for (const n of [1, 2, 3]) await deliver(s.store, Buffer.alloc(n), 'anna@group.test');
    const lock = await locked(s.store, account);
    assert.equal(lock.messages, 3);
    assert.equal(lock.octets, 6);
    await deliver(s.store, Buffer.alloc(4), 'anna@group.test');
    const listing = await s.store.listMaildrop(lock);
    assert.deepEqual(
      Array.from({ length: listing.count }, (_, i) => listing.sizeOf(i)),
      [1, 2, 3],
    );
    assert.throws(() => listing.sizeOf(3), RangeError);
    assert.throws(() => listing.uidlOf(-1), RangeError);
    const uidls = await uidlsOf(s.store, lock);
    for (const uidl of uidls) assert.match(uidl, /^[A-Za-z0-9_-]{22}$/);
    assert.equal(new Set(uidls).size, 3);
    const again = await s.reopen();
    const later = await locked(again.store, account);
    assert.equal(later.messages, 4);
    assert.deepEqual((await uidlsOf(again.store, later)).slice(0, 3), uidls);
    assert(later.fence > lock.fence);
  });

  promise('deleting hides exactly the named entries, once; uids are never used again', async (s) => {
    const account = await addAccount(s.store, 'anna');
    for (const n of [1, 2, 3]) await deliver(s.store, Buffer.alloc(n), 'anna@group.test');
    const lock = await locked(s.store, account);
    const listing = await s.store.listMaildrop(lock);
    const [first, second, third] = [0, 1, 2].map((i) => listing.uidOf(i));
    await s.store.commitMaildrop(lock, [second!, second!], [first!], []);
    for (const again of [() => s, () => s.reopen()]) {
      const { store } = await again();
      const now = await locked(store, account);
      assert.equal(now.messages, 2);
      assert.equal(now.octets, 4);
      const left = await store.listMaildrop(now);
      assert.deepEqual([left.uidOf(0), left.uidOf(1)], [first, third]);
      await assert.rejects(store.openEntry(now, second!), RangeError);
      await store.releaseMaildrop(now);
    }
  });

  promise('a mailbox is listed without a lock, in pages and by time, and tells that it changed', async (s) => {
    const { store, clock } = s;
    const account = await addAccount(store, 'anna');
    const told: AccountId[] = [];
    store.deliveries.onMailbox((changed) => told.push(changed));
    const before = await store.deliveries.mailboxState(account);
    assert.equal(before?.messages, 0);
    const ids: MessageId[] = [];
    for (const n of [1, 2, 3]) {
      clock.advance(hours(1));
      ids.push((await deliver(store, Buffer.alloc(n), 'anna@group.test')).id);
    }
    assert.deepEqual(told, [account, account, account]);
    assert.equal((await store.deliveries.mailboxState(account))?.changes, before.changes + 3);
    const lock = await locked(store, account);
    const all = await store.deliveries.mailboxEntries(account, { limit: 10 });
    assert.deepEqual(
      all.map(({ message, sentBefore, receiptWanted }) => [message.id, message.octets, sentBefore, receiptWanted]),
      ids.map((id, i) => [id, i + 1, false, false]),
    );
    const page = await store.deliveries.mailboxEntries(account, { limit: 1, after: all[0]!.uid });
    assert.deepEqual(page, [all[1]]);
    const late = await store.deliveries.mailboxEntries(account, { limit: 10, since: all[2]!.since });
    assert.deepEqual(late, [all[2]]);
    assert.deepEqual(await store.deliveries.mailboxEntry(account, ids[1]!), all[1]);
    const other = await addAccount(store, 'bert');
    assert.equal(await store.deliveries.mailboxEntry(other, ids[1]!), undefined);
    await store.releaseMaildrop(lock);
  });

  promise(
    'what was sent without a lock counts as of a session without QUIT; what is gone is not told of',
    async (s) => {
      const { store } = s;
      const account = await addAccount(store, 'anna');
      const ids = [
        (await deliver(store, Buffer.alloc(5), 'anna@group.test')).id,
        (await deliver(store, Buffer.alloc(5), 'anna@group.test')).id,
      ];
      const uids = (await store.deliveries.mailboxEntries(account, { limit: 2 })).map(({ uid }) => uid);
      const row = (message: MessageId): AuditEvent => ({
        event: 'message.collected',
        outcome: 'success',
        message,
        account,
      });
      const stateOf = async (message: MessageId): Promise<string | undefined> => {
        const record = await store.deliveries.findMessage(message);
        const [where] = record === undefined ? [] : await store.deliveries.whereabouts(record);
        return where?.kind === 'mailbox' ? where.state : undefined;
      };
      const lock = await locked(store, account);
      assert.deepEqual(await store.deliveries.noteSent(account, [uids[0]!], false, [row(ids[0]!)]), [uids[0]]);
      assert.deepEqual(await store.deliveries.noteSent(account, [uids[0]!], false, []), [uids[0]], 'a part again');
      assert.equal((await store.listMaildrop(lock)).retrievedBefore(0), true, 'and a session that is open knows it');
      assert.deepEqual([await stateOf(ids[0]!), await stateOf(ids[1]!)], ['collected', 'waiting']);
      await store.commitMaildrop(lock, [uids[1]!], [], []);
      assert.deepEqual(await store.deliveries.noteSent(account, uids, true, [row(ids[0]!)]), [uids[0]]);
      assert.deepEqual(await store.deliveries.noteSent(account, [uids[1]!], true, [row(ids[1]!)]), []);
      const rows = await store.audit.read({ account, limit: 100 });
      assert.deepEqual(
        rows.filter(({ event }) => event === 'message.collected').map(({ message }) => message),
        [ids[0], ids[0]],
      );
    },
  );

  promise('hidden entries can be handed out again, under new uids and UIDLs, until their time is over', async (s) => {
    const { store, clock } = s;
    const account = await addAccount(store, 'anna');
    const content = randomBytes(300_000);
    await deliver(store, content, 'anna@group.test');
    const lock = await locked(store, account);
    const before = clock.now();
    const [uidl] = await uidlsOf(store, lock);
    const uid = (await store.listMaildrop(lock)).uidOf(0);
    await store.commitMaildrop(lock, [uid], [uid], []);
    clock.setWall(clock.now() + days(13));
    await store.sweep();
    assert.equal(await store.restoreEntries(account, { since: before }, actor), 1);
    assert.equal(await store.restoreEntries(account, { since: before }, actor), 0);
    const again = await locked(store, account);
    assert.equal(again.octets, content.length);
    assert.notEqual((await uidlsOf(store, again))[0], uidl);
    const entry = (await store.listMaildrop(again)).uidOf(0);
    assert(entry > uid);
    assert.deepEqual(await readAll(await store.openEntry(again, entry)), content);
    await store.commitMaildrop(again, [entry], [], []);
    clock.setWall(clock.now() + days(15));
    assert.equal((await store.sweep()).messages, 1);
    assert.equal(await store.restoreEntries(account, { since: before }, actor), 0);
  });

  promise(
    'what a mailbox deleted holds its quota once more at most: the oldest goes for good',
    async ({ store, clock, noRoom }) => {
      const MiB = 1024 * 1024;
      // The control: with room for all of it, all of it comes back.
      for (const [name, quota, kept] of [
        ['anna', MiB, 2],
        ['bert', 100 * MiB, 12],
      ] as const) {
        const account = await addAccount(store, name, { quota });
        const before = clock.now();
        const contents = Array.from({ length: 12 }, () => randomBytes(450_000));
        const used = store.health().used;
        for (const content of contents) {
          assert.equal((await deliver(store, content, `${name}@group.test`)).outcome.kind, 'filed');
          const lock = await locked(store, account);
          await store.commitMaildrop(lock, [(await store.listMaildrop(lock)).uidOf(0)], [], []);
          clock.advance(seconds(1));
        }
        await store.sweep();
        if (noRoom !== true) assert.equal(store.health().used - used < 3 * 450_000, kept === 2);
        assert.equal(await store.restoreEntries(account, { since: before }, actor), kept);
        const lock = await locked(store, account);
        const listing = await store.listMaildrop(lock);
        for (const [i, content] of contents.slice(-kept).entries())
          assert.deepEqual(await readAll(await store.openEntry(lock, listing.uidOf(i))), content);
        await store.releaseMaildrop(lock);
      }
    },
  );

  promise('a message goes when the last mailbox has let go of it', async ({ store, clock }) => {
    const accounts = [await addAccount(store, 'anna'), await addAccount(store, 'bert')];
    await deliver(store, randomBytes(400_000), 'anna@group.test', 'bert@group.test');
    for (const [i, account] of accounts.entries()) {
      const lock = await locked(store, account);
      await store.commitMaildrop(lock, [(await store.listMaildrop(lock)).uidOf(0)], [], []);
      clock.setWall(clock.now() + days(15));
      assert.equal((await store.sweep()).messages, i);
    }
  });

  promise('a large maildrop is listed whole, and all of it can be read in any order', async ({ store }) => {
    const account = await addAccount(store, 'anna');
    const contents = Array.from({ length: 300 }, (_, i) => randomBytes(3000 + i));
    for (const content of contents) await deliver(store, content, 'anna@group.test');
    const lock = await locked(store, account);
    const listing = await store.listMaildrop(lock);
    assert.equal(listing.count, 300);
    const order = [...contents.keys()].sort((a, b) => ((a * 7919) % 300) - ((b * 7919) % 300));
    for (const i of [...contents.keys(), ...order])
      assert.deepEqual(await readAll(await store.openEntry(lock, listing.uidOf(i))), contents[i]);
  });

  // --- registry

  promise('postmaster is registered from the start, without a password', async ({ store }) => {
    const found = await store.registry.findRecipient(addressKey(address('Postmaster@mail.test')));
    assert.equal(found?.organisation.name, 'system');
    assert.equal(found.address.state, 'active');
    assert.deepEqual((await store.registry.findLogin('postmaster'))?.passwords, []);
  });

  promise('a login is found in any case, with its organisation and passwords', async ({ store }) => {
    await addAccount(store, 'anna');
    assert.equal(await store.registry.findLogin('nobody'), undefined);
    await store.registry.addPassword('anna', { name: 'front desk', hash: '$h1', endsAt: instant(5) }, actor);
    const found = await store.registry.findLogin('ANNA');
    assert.equal(found?.account.login, 'anna');
    assert.equal(found.organisation.title, 'Practice');
    assert.equal(found.passwords[0]?.hash, '$h1');
    assert.equal(found.passwords[0].endsAt, 5);
  });

  promise(
    'a verifier is kept only while the setting of the account or its organisation asks for one',
    async ({ store }) => {
      const { registry } = store;
      await addAccount(store, 'anna');
      const verifiers = async (): Promise<(string | undefined)[]> =>
        (await registry.findLogin('anna'))?.passwords.map((p) => p.scram) ?? [];
      const setAccount = (scram: boolean | null): Promise<void> =>
        registry.changeSettings({ scope: 'account', login: 'anna' }, { scram }, actor);
      const setOrganisation = (scram: boolean | null): Promise<void> =>
        registry.changeSettings({ scope: 'organisation', name: 'practice' }, { scram }, actor);

      await registry.addPassword('anna', { name: 'early', hash: '$h1', scram: 'v1' }, actor);
      assert.deepEqual(await verifiers(), [undefined]);

      await setAccount(true);
      await registry.addPassword('anna', { name: 'late', hash: '$h2', scram: 'v2' }, actor);
      const { id } = (await registry.findLogin('anna'))!.account;
      await registry.rehashPassword(id, 'early', '$h1', { hash: '$h1', scram: 'v1' });
      assert.deepEqual(await verifiers(), ['v1', 'v2']);
      // A hash that is replaced alone leaves the verifier: the password is the same.
      await registry.rehashPassword(id, 'early', '$h1', { hash: '$h3' });
      assert.deepEqual(await verifiers(), ['v1', 'v2']);
      assert.deepEqual(
        (await registry.findAccount('anna'))?.passwords.map((p) => p.scram),
        [true, true],
      );
      assert.ok(!JSON.stringify(await registry.findAccount('anna')).includes('v2'));

      // Other settings, and an organisation's that the account's own overrules, change nothing.
      await registry.changeSettings({ scope: 'account', login: 'anna' }, { quota: 5_000_000 }, actor);
      await setOrganisation(false);
      assert.deepEqual(await verifiers(), ['v1', 'v2']);
      await setAccount(false);
      assert.deepEqual(await verifiers(), [undefined, undefined]);

      await setOrganisation(true);
      await setAccount(null);
      await registry.rehashPassword(id, 'late', '$h2', { hash: '$h2', scram: 'v2' });
      assert.deepEqual(await verifiers(), [undefined, 'v2']);
      await setOrganisation(null);
      assert.deepEqual(await verifiers(), [undefined, undefined]);

      await setAccount(true);
      await registry.rehashPassword(id, 'late', '$h2', { hash: '$h2', scram: 'v2' });
      await registry.setAccountState('anna', 'ended', actor);
      assert.deepEqual(await verifiers(), [undefined, undefined]);
      await registry.rehashPassword(id, 'late', '$h2', { hash: '$h2', scram: 'v2' });
      assert.deepEqual(await verifiers(), [undefined, undefined]);
    },
  );

  promise('the key of the salts has 32 octets and stays the same', async ({ store }) => {
    const key = await store.registry.scramSaltKey();
    assert.equal(key.length, 32);
    assert.deepEqual(await store.registry.scramSaltKey(), key);
  });

  promise('every read sees every change made before it', async ({ store }) => {
    const { registry } = store;
    const key = addressKey(address('new@group.test'));
    assert.equal(await registry.findRecipient(key), undefined);
    assert.equal(await registry.findLogin('new'), undefined);
    const account = await addAccount(store, 'new');
    assert.equal((await registry.findRecipient(key))?.account.id, account);
    const versions = [(await registry.findLogin('new'))?.version ?? 0];
    const changed = async (): Promise<void> => {
      versions.push((await registry.findLogin('new'))?.version ?? 0);
    };
    await registry.addPassword('new', { name: 'p', hash: 'a' }, actor);
    await changed();
    await registry.rehashPassword(account, 'p', 'wrong', { hash: 'b' });
    assert.equal((await registry.findLogin('new'))?.passwords[0]?.hash, 'a');
    await registry.rehashPassword(account, 'p', 'a', { hash: 'b' });
    assert.equal((await registry.findLogin('new'))?.passwords[0]?.hash, 'b');
    await changed();
    await registry.changeSettings({ scope: 'organisation', name: 'practice' }, { quota: 5_000_000 }, actor);
    assert.equal((await registry.findRecipient(key))?.organisation.settings.quota, 5_000_000);
    await registry.changeSettings({ scope: 'account', login: 'new' }, { quota: 7_000_000 }, actor);
    await registry.changeSettings(
      { scope: 'address', address: address('new@group.test') },
      { 'max-message': 99 },
      actor,
    );
    const recipient = await registry.findRecipient(key);
    assert.deepEqual(
      [recipient?.account.settings, recipient?.address.settings],
      [{ quota: 7_000_000 }, { 'max-message': 99 }],
    );
    await registry.changeSettings({ scope: 'account', login: 'new' }, { quota: null }, actor);
    assert.deepEqual((await registry.findRecipient(key))?.account.settings, {});
    // Every login is asked its settings anew: a password that was right is right still.
    assert.equal((await registry.findLogin('new'))?.version, versions.at(-1));
    for (const target of [
      { scope: 'account', login: 'new' } as const,
      { scope: 'organisation', name: 'practice' } as const,
    ]) {
      await registry.changeSettings(target, { scram: true }, actor);
      await changed();
    }
    await registry.revokePassword('new', 'p', actor);
    assert.deepEqual((await registry.findLogin('new'))?.passwords, []);
    await changed();
    await registry.setAddressState(address('new@group.test'), 'suspended', actor);
    assert.equal((await registry.findRecipient(key))?.address.state, 'suspended');
    await registry.setAccountState('new', 'suspended', actor);
    assert.equal((await registry.findLogin('new'))?.account.state, 'suspended');
    await changed();
    assert.deepEqual(
      [...new Set(versions)].sort((a, b) => a - b),
      versions,
    );
  });

  promise('reads that race with changes never leave an old answer behind', async ({ store }) => {
    const { registry } = store;
    await addAccount(store, 'anna');
    const key = addressKey(address('anna@group.test'));
    for (let i = 1; i <= 30; i += 1) {
      const change = registry.changeSettings({ scope: 'account', login: 'anna' }, { quota: 2_000_000 + i }, actor);
      const during = [registry.findRecipient(key), registry.findLogin('anna')];
      await change;
      assert.equal((await registry.findRecipient(key))?.account.settings.quota, 2_000_000 + i);
      assert.equal((await registry.findLogin('anna'))?.account.settings.quota, 2_000_000 + i);
      await Promise.all(during);
      assert.equal((await registry.findRecipient(key))?.account.settings.quota, 2_000_000 + i);
    }
  });

  promise('usage is current to the last commit', async ({ store }) => {
    const account = await addAccount(store, 'anna');
    const key = addressKey(address('anna@group.test'));
    const used = async (): Promise<number | undefined> => (await store.registry.findRecipient(key))?.used;
    assert.equal(await used(), 0);
    await Promise.all(Array.from({ length: 20 }, () => deliver(store, Buffer.alloc(100), 'anna@group.test')));
    assert.equal(await used(), 2000);
    const lock = await locked(store, account);
    await store.commitMaildrop(lock, [(await store.listMaildrop(lock)).uidOf(3)], [], []);
    assert.equal(await used(), 1900);
    assert.deepEqual(await store.registry.findAccount('anna').then((a) => [a?.used, a?.messages]), [1900, 19]);
    assert.deepEqual(await store.registry.findAccountById(account), await store.registry.findAccount('anna'));
    assert.equal(await store.registry.findAccountById(99 as AccountId), undefined);
  });

  promise('an account may send as its own active addresses and those delegated to it', async ({ store }) => {
    const { registry } = store;
    const anna = await addAccount(store, 'anna');
    const bert = await addAccount(store, 'bert');
    const own = addressKey(address('anna@group.test'));
    assert.equal(await registry.maySendAs(anna, own), true);
    assert.equal(await registry.maySendAs(bert, own), false);
    assert.equal(await registry.maySendAs(anna, addressKey(address('no@group.test'))), false);
    await registry.setDelegation(address('anna@group.test'), 'bert', true, actor);
    assert.equal(await registry.maySendAs(bert, own), true);
    assert.deepEqual((await registry.findAccount('bert'))?.sendsAs, ['anna@group.test']);
    await registry.setAddressState(address('anna@group.test'), 'suspended', actor);
    assert.equal(await registry.maySendAs(bert, own), false);
    assert.equal(await registry.maySendAs(anna, own), false);
    await registry.setAddressState(address('anna@group.test'), 'active', actor);
    await registry.setDelegation(address('anna@group.test'), 'bert', false, actor);
    assert.equal(await registry.maySendAs(bert, own), false);
    assert.equal(await registry.maySendAs(anna, own), true);
  });

  promise('an ended address is never given to anybody again, and an ended account ends its addresses', async (s) => {
    await addAccount(s.store, 'anna');
    await s.store.registry.setAccountState('anna', 'ended', actor);
    const key = addressKey(address('anna@group.test'));
    assert.equal((await s.store.registry.findRecipient(key))?.address.state, 'ended');
    const { store } = await s.reopen();
    await addAccount(store, 'bert');
    const ended = registryError('ended', /never given to anybody again/);
    await assert.rejects(store.registry.addAddress('bert', address('ANNA@group.test'), actor), ended);
    await assert.rejects(store.registry.setAddressState(address('anna@group.test'), 'active', actor), {
      kind: 'ended',
    });
    await assert.rejects(store.registry.setAccountState('anna', 'active', actor), { kind: 'ended' });
  });

  promise('what cannot be changed says why, and changes nothing', async ({ store }) => {
    const { registry } = store;
    await addAccount(store, 'anna');
    const organisation = { title: 'x', language: 'nl' } as const;
    await assert.rejects(
      registry.addOrganisation({ ...organisation, name: 'practice' }, actor),
      registryError('exists', /practice/),
    );
    await assert.rejects(
      registry.addOrganisation({ ...organisation, name: 'A b' }, actor),
      registryError('invalid', /A b/),
    );
    const account = { login: 'carl', organisation: 'practice', kind: 'mail', addresses: [] } as const;
    await assert.rejects(registry.addAccount({ ...account, login: 'ANNA' }, actor), registryError('exists', /anna/));
    await assert.rejects(
      registry.addAccount({ ...account, organisation: 'no' }, actor),
      registryError('unknown', /"no"/),
    );
    const two = [address('carl@group.test'), address('anna@group.test')];
    await assert.rejects(
      registry.addAccount({ ...account, addresses: two }, actor),
      registryError('exists', /anna@group/),
    );
    assert.equal(await registry.findLogin('carl'), undefined);
    assert.equal(await registry.findRecipient(addressKey(address('carl@group.test'))), undefined);
    await assert.rejects(registry.revokePassword('anna', 'p', actor), registryError('unknown', /"p"/));
    await assert.rejects(registry.setDelegation(address('anna@group.test'), 'anna', true, actor), { kind: 'invalid' });
    const many = [
      { target: { scope: 'account', login: 'anna' }, changes: { quota: 3_000_000 } },
      { target: { scope: 'account', login: 'nobody' }, changes: { quota: 3_000_000 } },
    ] as const;
    await assert.rejects(registry.changeManySettings(many, actor), { kind: 'unknown' });
    assert.deepEqual((await registry.findLogin('anna'))?.account.settings, {});
    assert.equal((await store.audit.verify()).kind, 'intact');
  });

  promise('settings of many are told of where they were others, and only there', async ({ store }) => {
    const { registry } = store;
    const ids = [await addAccount(store, 'anna'), await addAccount(store, 'bert')];
    const told: unknown[] = [];
    registry.onChange((accounts, what) => told.push([accounts, what]));
    const rows = async (): Promise<number> =>
      (await store.audit.read({ limit: 1000 })).filter(({ event }) => event === 'registry.settings').length;
    const set = (login: string, quota: number) => ({
      target: { scope: 'account', login } as const,
      changes: { quota },
    });
    assert.equal(await registry.changeManySettings([set('anna', 3_000_000)], actor), 1);
    const both = [set('ANNA', 3_000_000), set('bert', 3_000_000)];
    assert.equal(await registry.changeManySettings(both, actor), 1);
    assert.equal(await registry.changeManySettings(both, actor), 0);
    assert.deepEqual(told, [
      [[ids[0]], 'settings'],
      [[ids[1]], 'settings'],
    ]);
    assert.equal(await rows(), 2);
    const own = await registry.ownSettings(
      ['bert', 'nobody', 'Anna'].map((login) => ({ scope: 'account', login }) as const),
    );
    assert.deepEqual(own, [{ quota: 3_000_000 }, undefined, { quota: 3_000_000 }]);
    const addresses = ['Anna@group.test', 'none@group.test'].map(
      (text) => ({ scope: 'address', address: address(text) }) as const,
    );
    assert.deepEqual(await registry.ownSettings(addresses), [{}, undefined]);
    assert.deepEqual(await registry.ownSettings([{ scope: 'organisation', name: 'practice' }]), [{}]);
    const tooMany = Array.from({ length: MAX_SETTINGS + 1 }, () => set('anna', 1));
    await assert.rejects(registry.changeManySettings(tooMany, actor), registryError('invalid', /expected at most 500/));
    await assert.rejects(
      registry.ownSettings(tooMany.map(({ target }) => target)),
      registryError('invalid', /expected at most 500/),
    );
  });

  promise('an import adds all or none, and mail is not affected beside it', async ({ store }) => {
    await addAccount(store, 'anna');
    const accounts = Array.from({ length: 2500 }, (_, i) => ({
      login: `n${i}`,
      organisation: 'practice',
      kind: 'edi' as const,
      addresses: [address(`n${i}@group.test`)],
      password: { name: 'import', hash: `$${i}` },
    }));
    const last = { ...accounts[0]!, login: 'other', addresses: [address('anna@group.test')] };
    await assert.rejects(
      store.registry.importAccounts([...accounts, last], actor),
      registryError('exists', /"other".*anna@group/),
    );
    assert.equal(await store.registry.findLogin('n0'), undefined);
    const west = { name: 'west', title: 'West', language: 'nl' } as const;
    const ofWest = (login: string, at: string) =>
      ({ login, organisation: 'west', kind: 'mail', addresses: [address(at)] }) as const;
    await assert.rejects(
      store.registry.importAccounts(
        [ofWest('w1', 'w1@west.test'), ofWest('w2', 'anna@group.test')],
        actor,
        undefined,
        west,
      ),
      registryError('exists', /"w2".*anna@group/),
    );
    assert.equal(await store.registry.findOrganisation('west'), undefined, 'nor the organisation of its own');
    await store.registry.importAccounts([ofWest('w1', 'w1@west.test')], actor, undefined, west);
    assert.equal((await store.registry.findAccount('w1'))?.organisation, 'west');
    const steps: number[] = [];
    const [, delivered] = await Promise.all([
      store.registry.importAccounts(accounts, actor, (done) => steps.push(done)),
      deliver(store, Buffer.from('beside'), 'anna@group.test'),
    ]);
    assert.equal(delivered.outcome.kind, 'filed');
    assert(steps.length > 1);
    assert.equal(steps.at(-1), 2500);
    assert.equal((await store.registry.findLogin('n2499'))?.passwords[0]?.hash, '$2499');
    assert.equal((await store.audit.verify()).kind, 'intact');
  });

  promise('listings go page by page in the order of names', async ({ store }) => {
    for (const n of ['c', 'a', 'b']) await addAccount(store, n);
    const names: string[] = [];
    for (;;) {
      const after = names.at(-1);
      const page = await store.registry.listAccounts({ limit: 2, ...(after === undefined ? {} : { after }) });
      if (page.length === 0) break;
      assert(page.length <= 2);
      names.push(...page.map((a) => a.account.login));
    }
    assert.deepEqual(names, ['a', 'b', 'c', 'postmaster']);
    const ofPractice = await store.registry.listAccounts({ limit: 10, organisation: 'practice' });
    assert.deepEqual(
      ofPractice.map((a) => a.addresses[0]?.address),
      ['a@group.test', 'b@group.test', 'c@group.test'],
    );
    assert.deepEqual(
      (await store.registry.listOrganisations({ limit: 9 })).map((o) => o.name),
      ['practice', 'system'],
    );
    const addresses = await store.registry.listAddresses({ limit: 9, login: 'b' });
    assert.deepEqual(
      addresses.map((a) => [a.address, a.login]),
      [['b@group.test', 'b']],
    );
    assert.equal((await store.registry.listAddresses({ limit: 2 })).length, 2);
  });

  promise('organisations are found by a part of their names, and by a telephone number', async ({ store }) => {
    await addAccount(store, 'anna');
    const telephone = '+31 (0)20-123 45 67';
    const hospital = { name: 'hospital', title: 'Ziekenhuis 50% Oost', telephone, language: 'nl' } as const;
    await store.registry.addOrganisation(hospital, actor);
    const find = async (query: Partial<OrganisationQuery>): Promise<readonly string[]> =>
      (await store.registry.listOrganisations({ limit: 9, ...query })).map((o) => o.name);
    assert.deepEqual(await find({ like: 'OOST' }), ['hospital']);
    assert.deepEqual(await find({ like: 'pract' }), ['practice']);
    assert.deepEqual(await find({ like: '%' }), ['hospital']);
    assert.deepEqual(await find({ like: '_' }), []);
    assert.deepEqual(await find({ telephone: '201234567' }), ['hospital']);
    assert.deepEqual(await find({ telephone: '201234568' }), []);
    assert.deepEqual(await find({ like: 'practice', telephone: '201234567' }), []);
    assert.deepEqual(await find({ like: 's', after: 'hospital', limit: 1 }), ['system']);
  });

  promise('listeners hear of every committed change and of none that failed', async ({ store }) => {
    const heard: (readonly AccountId[] | 'many')[] = [];
    store.registry.onChange((accounts) => heard.push(accounts));
    const anna = await addAccount(store, 'anna');
    await assert.rejects(store.registry.revokePassword('anna', 'none', actor));
    await store.registry.setAccountState('anna', 'suspended', actor);
    await store.registry.changeSettings({ scope: 'organisation', name: 'practice' }, { quota: 9_000_000 }, actor);
    assert.deepEqual(heard, [[anna], [anna], 'many']);
  });

  promise(
    'the use of a password is noted, and an earlier one that is told later changes nothing',
    async ({ store }) => {
      const anna = await addAccount(store, 'anna');
      await store.registry.addPassword('anna', { name: 'p', hash: 'h' }, actor);
      store.registry.notePasswordUse(anna, 'p', instant(123_456));
      store.registry.notePasswordUse(anna, 'p', instant(123_455));
      await store.audit.verify();
      await store.registry.addPassword('anna', { name: 'q', hash: 'h' }, actor);
      const passwords = (await store.registry.findAccount('anna'))?.passwords;
      assert.equal(passwords?.[0]?.lastUsedAt, 123_456);
      assert.equal('hash' in passwords[0], false);
    },
  );

  promise('states of many change in one transaction or not at all, and what is so already is left alone', async (s) => {
    const { registry, audit } = s.store;
    for (const name of ['anna', 'bert', 'carl']) await addAccount(s.store, name);
    await registry.setAccountState('bert', 'suspended', actor);
    const told: unknown[] = [];
    registry.onChange((accounts) => told.push(accounts));
    assert.equal(await registry.setAccountStates(['anna', 'bert', 'carl'], 'suspended', actor), 2);
    assert.equal((told[0] as unknown[]).length, 2, 'memories forget those that changed');
    assert.equal(await registry.setAccountStates(['anna', 'bert', 'carl'], 'suspended', actor), 0);
    assert.equal((await registry.findLogin('carl'))?.account.state, 'suspended');
    await assert.rejects(registry.setAccountStates(['anna', 'nobody'], 'active', actor), { kind: 'unknown' });
    assert.equal((await registry.findLogin('anna'))?.account.state, 'suspended', 'nothing of that call holds');
    await registry.setAccountState('carl', 'ended', actor);
    await assert.rejects(registry.setAccountStates(['anna', 'carl'], 'active', actor), { kind: 'ended' });
    const rows = (await audit.read({ limit: 1000 })).filter(({ event }) => event === 'registry.account-state');
    assert.equal(rows.length, 4);
    const tooMany = Array.from({ length: 201 }, (_, n) => `name${n}`);
    await assert.rejects(registry.setAccountStates(tooMany, 'active', actor), /at most 200/);
    await assert.rejects(registry.containAccounts(tooMany, actor), /at most 200/);
  });

  promise('many accounts are contained in one transaction, and given again nothing is left to take', async (s) => {
    const { registry, audit } = s.store;
    for (const name of ['anna', 'bert']) {
      await addAccount(s.store, name);
      await registry.addPassword(name, { name: 'second', hash: 'h' }, actor);
    }
    await assert.rejects(registry.containAccounts(['anna', 'nobody'], actor), { kind: 'unknown' });
    assert.equal((await registry.findLogin('anna'))?.account.state, 'active');
    assert.equal(await registry.containAccounts(['anna', 'bert'], actor), 2);
    for (const name of ['anna', 'bert']) {
      const found = await registry.findLogin(name);
      assert.deepEqual([found?.account.state, found?.passwords.length], ['suspended', 0]);
    }
    assert.equal(await registry.containAccounts(['anna', 'bert'], actor), 0);
    const rows = (await audit.read({ limit: 1000 })).filter(({ event }) => event === 'registry.account-contained');
    assert.equal(rows.length, 2);
    // Resumed and given a password, there is something to take again.
    await registry.setAccountStates(['anna'], 'active', actor);
    assert.equal(await registry.containAccounts(['anna', 'bert'], actor), 1);
  });

  // --- audit

  promise('each event is a row of the chain, with the message it tells of', async ({ store, gaps }) => {
    const anna = await addAccount(store, 'anna');
    const { id } = await deliver(store, Buffer.from('x'), 'anna@group.test');
    const lock = await locked(store, anna);
    await store.commitMaildrop(
      lock,
      [(await store.listMaildrop(lock)).uidOf(0)],
      [],
      [{ event: 'message.retrieved', outcome: 'success', message: id, account: anna, facts: { octets: 1 } }],
    );
    const rows = await store.audit.read({ message: id, limit: 10 });
    assert.deepEqual(
      rows.map((r) => r.event),
      ['message.accepted', 'message.retrieved'],
    );
    assert.deepEqual(rows[0]?.personal, { sender: 's' });
    assert.equal(rows[0].message, id);
    const ofAccount = await store.audit.read({ account: anna, limit: 10 });
    assert(ofAccount.some((r) => r.event === 'registry.account-added' && r.personal?.actor === 'test'));
    assert.equal((await store.audit.read({ limit: 2 })).length, 2);
    const all = await store.audit.read({ limit: 1000 });
    const numbers = all.map((r) => r.seq);
    const expected = gaps === true ? [...new Set(numbers)].sort((a, b) => a - b) : all.map((_, i) => i + 1);
    assert.deepEqual(numbers, expected);
    const report = await store.audit.verify();
    assert.deepEqual([report.kind, report.kind === 'intact' && report.rows], ['intact', all.length]);
  });

  promise('a refused message leaves no row', async ({ store }) => {
    await addAccount(store, 'bert', { quota: 1024 * 1024 });
    const { id } = await deliver(store, randomBytes(2_000_000), 'bert@group.test');
    assert.deepEqual(await store.audit.read({ message: id, limit: 10 }), []);
  });

  promise('the newest rows of an event are found by account, and those of nobody too', async ({ store }) => {
    const [anna, bert] = [await addAccount(store, 'anna'), await addAccount(store, 'bert')];
    for (let n = 0; n < 30; n += 1) {
      store.audit.note({ event: 'login.granted', outcome: 'success', account: anna, facts: { n } });
      store.audit.note({ event: 'message.accepted', outcome: 'success', account: anna, facts: { n } });
      store.audit.note({ event: 'login.granted', outcome: 'success', account: bert, facts: { n: -n } });
    }
    await store.registry.setOrganisationState('practice', 'suspended', actor);
    const latest = await store.audit.latest({ event: 'login.granted', account: anna, limit: 3 });
    assert.deepEqual(
      latest.map(({ event, account, facts }) => [event, account, facts?.n]),
      [29, 28, 27].map((n) => ['login.granted', anna, n]),
    );
    assert.deepEqual(await store.audit.latest({ event: 'login.refused', account: anna, limit: 3 }), []);
    const [suspended] = await store.audit.latest({ event: 'registry.organisation-state', limit: 1 });
    assert.equal(suspended?.personal?.organisation, 'practice');
  });

  promise('notes are written within a second, unawaited, and before the store closes', async (s) => {
    s.store.audit.note({ event: 'login', outcome: 'failure', personal: { login: 'anna' } });
    s.clock.advance(seconds(1));
    s.store.audit.note({ event: 'login', outcome: 'success', facts: { n: 1 } });
    const { store } = await s.reopen();
    const rows = (await store.audit.read({ limit: 1000 })).filter((r) => r.event === 'login');
    assert.deepEqual(
      rows.map((r) => [r.outcome, r.personal ?? r.facts]),
      [
        ['failure', { login: 'anna' }],
        ['success', { n: 1 }],
      ],
    );
  });

  promise('personal fields can be erased and the chain still verifies', async ({ store, clock }) => {
    store.audit.note({ event: 'old', outcome: 'success', personal: { login: 'anna' } });
    await store.audit.read({ limit: 1 });
    const { seq } = await store.audit.head();
    clock.advance(days(400));
    store.audit.note({ event: 'new', outcome: 'success', personal: { login: 'bert' } });
    await store.audit.read({ limit: 1 });
    assert.equal(await store.audit.erasePersonal([seq], { name: 'audit.test', seq: 7 }), 1);
    assert.equal(await store.audit.erasePersonal([seq], { name: 'audit.test', seq: 5 }), 0);
    assert.equal((await store.audit.marks())['audit.test'], 7);
    await assert.rejects(store.audit.erasePersonal(Array.from({ length: 251 }, (_, n) => n)), /at most 250/);
    const rows = await store.audit.read({ limit: 1000 });
    const byEvent = (event: string) => rows.find((r) => r.event === event);
    assert.deepEqual([byEvent('old')?.erased, byEvent('old')?.personal], [true, undefined]);
    assert.deepEqual([byEvent('new')?.erased, byEvent('new')?.personal], [false, { login: 'bert' }]);
    assert.equal((await store.audit.verify()).kind, 'intact');
  });

  // --- the end

  promise('a closed store takes nothing more, and closing twice is one closing', async ({ store }) => {
    const account = await addAccount(store, 'anna');
    const body = await sealBody(store, Buffer.from('x'));
    const acceptance = await acceptanceOf(store, body, ['anna@group.test']);
    await Promise.all([store.close(), store.close()]);
    await assert.rejects(store.accept(acceptance), StoreFailed);
    assert.throws(() => store.openBody(octets(1)), StoreFailed);
    await assert.rejects(store.registry.findAccount('anna'), StoreFailed);
    const lock = await store.lockMaildrop(account, here).catch((error: unknown) => error);
    if (!(lock instanceof StoreFailed)) await assert.rejects(store.listMaildrop(lock as MaildropLock), StoreFailed);
  });

  promise('what was queued before closing is committed', async (s) => {
    const account = await addAccount(s.store, 'anna');
    const pending = Promise.all(
      Array.from({ length: 30 }, () => deliver(s.store, randomBytes(3000), 'anna@group.test')),
    );
    await pending;
    const bodies = await Promise.all(Array.from({ length: 30 }, () => sealBody(s.store, randomBytes(3000))));
    const acceptances = await Promise.all(bodies.map((b) => acceptanceOf(s.store, b, ['anna@group.test'])));
    const accepted = Promise.all(acceptances.map((a) => s.store.accept(a)));
    const again = await s.reopen();
    await accepted;
    assert.equal((await locked(again.store, account)).messages, 60);
  });

  promise('health tells free space and what waits', async ({ store }) => {
    const { free, waiting, failed, version } = store.health();
    assert(free > 0);
    assert.deepEqual([waiting, failed], [0, false]);
    assert.match(version, /\d/);
  });
}
