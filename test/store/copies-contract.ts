/**
 * What every store must do with uploads that are read before they are filed, and with copies.
 * Promises of src/store/store.ts.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import test, { type TestContext } from 'node:test';
import type { AccountId, MessageId } from '../../src/domain/ids.ts';
import { days, instant, minutes, octets } from '../../src/domain/units.ts';
import type { MessageRecord } from '../../src/store/deliveries.ts';
import { StoreFailed } from '../../src/store/store.ts';
import { type Acceptance, MAX_COPIES, type MessageCopy } from '../../src/store/acceptance.ts';
import type { SealedBody } from '../../src/store/body.ts';
import type { Store } from '../../src/store/port/store.ts';
import { acceptanceOf, addAccount, address, messagesIn, noticeTo, readAll, sealBody } from '../support/store.ts';
import type { ContractStore } from './contract.ts';
import { addPartner } from './partner-contract.ts';

const actor = { name: 'operator', reason: 'misaddressed' };

/** A copy of `size` octets for these recipients. */
async function copyFor(store: Store, size: number, ...recipients: string[]): Promise<MessageCopy> {
  const body = await sealBody(store, randomBytes(size));
  return { body, recipients: (await acceptanceOf(store, body, recipients)).recipients };
}

/** A message that these get as submitted, and the copies. */
async function withCopies(
  store: Store,
  plain: readonly string[],
  copies: readonly MessageCopy[],
  more: Partial<Acceptance> = {},
  size = 3000,
): Promise<Acceptance> {
  return await acceptanceOf(store, await sealBody(store, randomBytes(size)), plain, { copies, ...more });
}

async function recordOf(store: Store, id: MessageId): Promise<MessageRecord> {
  const record = await store.deliveries.findMessage(id);
  assert(record !== undefined);
  return record;
}

const whereIs = async (store: Store, id: MessageId): Promise<string[]> =>
  (await store.deliveries.whereabouts(await recordOf(store, id))).map(
    (where) => `${where.recipient}: ${where.kind === 'mailbox' ? where.state : where.delivery.state}`,
  );

async function fetchAll(store: Store, account: AccountId): Promise<void> {
  const lock = await store.lockMaildrop(account, { session: 's', network: 'n' });
  assert(lock !== 'in-use');
  const listing = await store.listMaildrop(lock);
  const uids = Array.from({ length: listing.count }, (_, i) => listing.uidOf(i));
  await store.commitMaildrop(lock, uids, uids, []);
}

export function copiesContract(name: string, open: (t: TestContext) => Promise<ContractStore>): void {
  const promise = (text: string, run: (s: ContractStore) => Promise<void>): void => {
    test(`${name}: ${text}`, async (t) => run(await open(t)));
  };

  promise('a small message is never filed before the chunks of a large copy of it', async ({ store }) => {
    const anna = await addAccount(store, 'anna');
    const twenty = Array.from({ length: 20 }, () => randomBytes(65_537));
    const { recipients } = await acceptanceOf(store, await sealBody(store, randomBytes(10)), ['anna@group.test']);
    const messages = await Promise.all(twenty.map(() => withCopies(store, [], [], {}, 60_000)));
    // Nothing is waited for from here on but the sealing itself: chunks and acceptances wait for
    // the same commits.
    const bodies = await Promise.all(twenty.map((content) => sealBody(store, content)));
    const outcomes = await Promise.all(
      messages.map(async (message, i) => {
        return (await store.accept({ ...message, copies: [{ body: bodies[i]!, recipients }] })).kind;
      }),
    );
    assert.deepEqual(new Set(outcomes), new Set(['filed']));
    assert.equal((await messagesIn(store, anna)).length, 20);
  });

  // --- uploads

  promise(
    'a sealed body is read as often as needed before it is filed, in slices of at most 256 KiB',
    async ({ store }) => {
      await addAccount(store, 'anna');
      for (const size of [0, 1, 65_536, 65_537, 262_144, 262_145, 1_500_000]) {
        const content = randomBytes(size);
        const body = await sealBody(store, content);
        for (let round = 0; round < 2; round += 1) {
          const slices: Uint8Array[] = [];
          for await (const slice of body.slices()) slices.push(slice);
          assert(Buffer.concat(slices).equals(content), `${size} octets, round ${round}`);
          assert(slices.every((slice) => slice.length <= 256 * 1024));
        }
        assert.equal((await store.accept(await acceptanceOf(store, body, ['anna@group.test']))).kind, 'filed');
      }
    },
  );

  promise(
    'a body that was filed or given up is not an upload any more, in the middle of a reading either',
    async ({ store }) => {
      await addAccount(store, 'anna');
      const readOne = async (body: SealedBody): Promise<number> => {
        for await (const slice of body.slices()) return slice.length;
        return 0;
      };
      const writer = store.openBody(octets(0));
      await writer.write(randomBytes(700_000));
      const given = await writer.seal();
      const reading = given.slices()[Symbol.asyncIterator]();
      await reading.next();
      await writer.abort();
      await assert.rejects(async () => await reading.next(), StoreFailed);
      await assert.rejects(readOne(given), StoreFailed);
      const filed = await sealBody(store, randomBytes(10));
      await store.accept(await acceptanceOf(store, filed, ['anna@group.test']));
      await assert.rejects(readOne(filed), StoreFailed);
    },
  );

  // --- copies

  promise('a copy that was deleted is handed out again by the id of its message', async ({ store }) => {
    const bert = await addAccount(store, 'bert');
    const carl = await addAccount(store, 'carl');
    const sealed = [await copyFor(store, 500, 'bert@group.test'), await copyFor(store, 500, 'carl@group.test')];
    const message = await withCopies(store, [], sealed);
    await store.accept(message);
    for (const account of [bert, carl]) await fetchAll(store, account);
    assert.equal(await store.restoreEntries(bert, { message: message.body.id }, actor), 1);
    assert.deepEqual(await messagesIn(store, bert), [sealed[0]!.body.id]);
    assert.deepEqual(await messagesIn(store, carl), []);
  });

  promise('copies are filed with their message, each for its own recipients, and found by its id', async (s) => {
    const anna = await addAccount(s.store, 'anna');
    const bert = await addAccount(s.store, 'bert');
    const carl = await addAccount(s.store, 'carl');
    const sealed = [await copyFor(s.store, 90_000, 'bert@group.test'), await copyFor(s.store, 500, 'carl@group.test')];
    const parts = { leaves: [], limits: [], interchanges: [] };
    const message = await withCopies(s.store, ['anna@group.test'], sealed, { parts });
    assert.deepEqual(await s.store.accept(message), { kind: 'filed' });

    const { store } = await s.reopen();
    const [first, second] = sealed.map(({ body }) => body.id);
    assert.deepEqual(await messagesIn(store, anna), [message.body.id]);
    assert.deepEqual(await messagesIn(store, bert), [first]);
    assert.deepEqual(await messagesIn(store, carl), [second]);
    const record = await recordOf(store, message.body.id);
    assert.deepEqual(
      record.recipients.map(({ address: to, copy }) => [to, copy]),
      [
        ['anna@group.test', undefined],
        ['bert@group.test', first],
        ['carl@group.test', second],
      ],
    );
    const copy = await recordOf(store, first!);
    assert.equal(copy.copyOf, record.id);
    assert.deepEqual(
      copy.recipients.map(({ address: to }) => to),
      ['bert@group.test'],
    );
    // What is told of the message is told of its copies.
    assert.deepEqual(await store.messageParts(first!), parts);
    assert.deepEqual(await whereIs(store, record.id), [
      'anna@group.test: waiting',
      'bert@group.test: waiting',
      'carl@group.test: waiting',
    ]);
    await fetchAll(store, bert);
    assert.equal((await whereIs(store, record.id))[1], 'bert@group.test: deleted');
    // A search finds the message once, by any of its recipients.
    const found = await store.deliveries.findMessages({
      limit: 10,
      since: instant(0),
      recipient: address('carl@group.test'),
    });
    assert.deepEqual(
      found.map(({ id }) => id),
      [record.id],
    );
  });

  promise('rows of the trail about a copy are read with those of its message', async ({ store }) => {
    const anna = await addAccount(store, 'anna');
    const copy = await copyFor(store, 100, 'anna@group.test');
    const message = await withCopies(store, [], [copy]);
    await store.accept(message);
    const lock = await store.lockMaildrop(anna, { session: 's', network: 'n' });
    assert(lock !== 'in-use');
    await store.commitMaildrop(
      lock,
      [],
      [],
      [{ event: 'maildrop.retrieved', outcome: 'success', message: copy.body.id }],
    );
    const rows = await store.audit.read({ message: message.body.id, limit: 10 });
    assert.deepEqual(
      rows.map(({ event }) => event),
      ['message.accepted', 'maildrop.retrieved'],
    );
  });

  promise('the header as it was submitted is kept with each copy, as long as its content', async (s) => {
    await addAccount(s.store, 'anna');
    const bert = await addAccount(s.store, 'bert');
    const copies = [await copyFor(s.store, 90_000, 'bert@group.test'), await copyFor(s.store, 500, 'anna@group.test')];
    const header = randomBytes(5000);
    const message = await withCopies(s.store, [], copies, { header });
    assert.deepEqual(await s.store.accept(message), { kind: 'filed' });
    const without = await withCopies(s.store, ['anna@group.test'], [await copyFor(s.store, 10, 'bert@group.test')]);
    assert.deepEqual(await s.store.accept(without), { kind: 'filed' });
    const { store, clock } = await s.reopen();
    for (const { body } of copies) assert.deepEqual(await store.deliveries.submittedHeader(body.id), header);
    for (const { body } of [message, without, without.copies![0]!])
      assert.equal(await store.deliveries.submittedHeader(body.id), undefined);
    await fetchAll(store, bert);
    clock.advance(days(15));
    await store.sweep();
    assert.equal(await store.deliveries.submittedHeader(copies[0]!.body.id), undefined);
    assert.deepEqual(await store.deliveries.submittedHeader(copies[1]!.body.id), header);
  });

  promise('of what was opened a mailbox needs space for what was submitted: no refusal tells its size', async (s) => {
    const { store } = s;
    const bert = await addAccount(store, 'bert', { quota: 10_000 });
    for (const [size, submitted, kind] of [
      [20_000, 9000, 'filed'],
      [10, 11_000, 'refused'],
    ] as const) {
      const copy = { ...(await copyFor(store, size, 'bert@group.test')), opened: true };
      assert.equal((await store.accept(await withCopies(store, [], [copy], {}, submitted))).kind, kind);
      if (kind === 'filed') await fetchAll(store, bert);
    }
    const closed = await copyFor(store, 20_000, 'bert@group.test');
    assert.equal((await store.accept(await withCopies(store, [], [closed], {}, 10))).kind, 'refused');
  });

  promise('a copy says whether it was opened', async ({ store }) => {
    await addAccount(store, 'anna');
    for (const opened of [true, false, undefined]) {
      const copy = { ...(await copyFor(store, 10, 'anna@group.test')), ...(opened === undefined ? {} : { opened }) };
      const message = await withCopies(store, [], [copy]);
      await store.accept(message);
      assert.equal((await recordOf(store, copy.body.id)).opened, opened ?? false);
      assert.equal((await recordOf(store, message.body.id)).opened, undefined);
    }
  });

  promise('all copies or none: a refused one leaves nothing of the others', async ({ store }) => {
    const anna = await addAccount(store, 'anna');
    const bert = await addAccount(store, 'bert', { quota: 10_000 });
    const [taken, refused] = [
      await copyFor(store, 100, 'anna@group.test'),
      await copyFor(store, 20_000, 'bert@group.test'),
    ];
    const message = await withCopies(store, ['anna@group.test'], [taken, refused]);
    assert.deepEqual(await store.accept(message), { kind: 'refused', why: 'quota', address: 'bert@group.test' });
    assert.deepEqual([await messagesIn(store, anna), await messagesIn(store, bert)], [[], []]);
    assert.equal(await store.deliveries.findMessage(message.body.id), undefined);
    // Its bodies still stand, and can be filed otherwise.
    const again = { ...message, copies: [taken] };
    assert.deepEqual(await store.accept(again), { kind: 'filed' });
    assert.deepEqual(await messagesIn(store, anna), [message.body.id, taken.body.id]);
  });

  promise(
    'where nobody gets a message as it was submitted, its facts stay and its octets go',
    async ({ store, clock }) => {
      const anna = await addAccount(store, 'anna');
      for (const size of [3000, 900_000]) {
        const copy = await copyFor(store, 200_000, 'anna@group.test');
        const message = await withCopies(store, [], [copy], {}, size);
        assert.deepEqual(await store.accept(message), { kind: 'filed' });
        assert.equal(await store.deliveries.openMessage(message.body.id), undefined);
        const record = await recordOf(store, message.body.id);
        assert.deepEqual([record.octets, record.sha256], [size, message.body.sha256]);
        const content = await store.deliveries.openMessage(copy.body.id);
        assert.equal((await readAll(content!)).length, 200_000);
        // What was stored of it by slices went with the acceptance.
        assert.equal((await store.sweep()).uploads, 0);
        assert.deepEqual(await whereIs(store, record.id), ['anna@group.test: waiting']);
      }
      // The trace lasts as long as the last copy's, however long that waits.
      await store.sweep();
      clock.advance(days(200));
      await store.sweep();
      const [first] = await messagesIn(store, anna);
      const { copyOf } = await recordOf(store, first!);
      await fetchAll(store, anna);
      clock.advance(days(15));
      await store.sweep();
      assert.equal(await store.deliveries.openMessage(first!), undefined);
      clock.advance(days(88));
      await store.sweep();
      assert.notEqual(await store.deliveries.findMessage(copyOf!), undefined);
      clock.advance(days(4));
      await store.sweep();
      await store.sweep();
      assert.equal(await store.deliveries.findMessage(first!), undefined);
      assert.equal(await store.deliveries.findMessage(copyOf!), undefined);
    },
  );

  promise('a withdrawal of the message takes back its copies, in mailboxes and in the queue', async ({ store }) => {
    const anna = await addAccount(store, 'anna');
    const bert = await addAccount(store, 'bert');
    await addPartner(store);
    await store.registry.setPartnerDomain('hospital', 'hospital.test', 'add', actor);
    const copies = [await copyFor(store, 100, 'bert@group.test'), await copyFor(store, 100, 'lab@hospital.test')];
    const message = await withCopies(store, ['anna@group.test'], copies);
    await store.accept(message);
    await fetchAll(store, bert);
    const done = await store.deliveries.withdraw(message.body.id, 'all', actor, [
      await noticeTo(store, 'bert@group.test'),
    ]);
    assert(done !== 'unknown');
    assert.deepEqual(
      done.map(({ where, done: how }) => [where.recipient, how]),
      [
        ['anna@group.test', 'withdrawn'],
        ['bert@group.test', 'too-late'],
        ['lab@hospital.test', 'withdrawn'],
      ],
    );
    assert.deepEqual(await messagesIn(store, anna), []);
    // The notice alone.
    assert.equal((await messagesIn(store, bert)).length, 1);
    const trail = (await store.audit.read({ message: message.body.id, limit: 10 })).at(-1);
    assert.deepEqual(trail?.facts, { mailboxes: 1, deliveries: 1 });
  });

  promise('a resubmission stands for the copies too: until somebody has one of them', async ({ store, clock }) => {
    const bert = await addAccount(store, 'bert');
    const post = async () => {
      const resubmission = { key: Buffer.alloc(16, 7), window: minutes(15) };
      const copy = await copyFor(store, 100, 'bert@group.test');
      const message = await withCopies(store, [], [copy], { resubmission, receivedAt: clock.now() });
      return { id: message.body.id, outcome: await store.accept(message) };
    };
    const first = await post();
    assert.deepEqual(first.outcome, { kind: 'filed' });
    assert.deepEqual((await post()).outcome, { kind: 'duplicate', of: first.id });
    await fetchAll(store, bert);
    assert.deepEqual((await post()).outcome, { kind: 'filed' });
  });

  promise('copies have a limit, and each has a recipient', async ({ store }) => {
    await addAccount(store, 'anna');
    const copies: MessageCopy[] = [];
    for (let i = 0; i <= MAX_COPIES; i += 1) copies.push(await copyFor(store, 10, 'anna@group.test'));
    await assert.rejects(store.accept(await withCopies(store, [], copies)), RangeError);
    await assert.rejects(store.accept(await withCopies(store, [], [])), RangeError);
    await assert.rejects(store.accept(await withCopies(store, [], [{ ...copies[0]!, recipients: [] }])), RangeError);
    assert.deepEqual(await store.accept(await withCopies(store, [], copies.slice(1))), { kind: 'filed' });
  });
}
