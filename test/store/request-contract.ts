/**
 * What every store must do with requests that send a message under a key of their sender's:
 * promises of `Acceptance.request`.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import test, { type TestContext } from 'node:test';
import type { MessageId } from '../../src/domain/ids.ts';
import { days, hours, minutes } from '../../src/domain/units.ts';
import type { AcceptOutcome, Acceptance } from '../../src/store/acceptance.ts';
import { MAX_ANSWER } from '../../src/store/acceptance.ts';
import { acceptanceOf, addAccount, messagesIn, sealBody } from '../support/store.ts';
import type { ContractStore } from './contract.ts';

const KEY = Buffer.alloc(16, 1);
const DIGEST = Buffer.alloc(16, 2);

export function requestContract(name: string, open: (t: TestContext) => Promise<ContractStore>): void {
  const promise = (text: string, run: (s: ContractStore) => Promise<void>): void => {
    test(`${name}: ${text}`, async (t) => run(await open(t)));
  };
  const send = async (
    { store, clock }: Pick<ContractStore, 'store' | 'clock'>,
    recipient: string,
    request: Partial<NonNullable<Acceptance['request']>> = {},
    more: Partial<Acceptance> = {},
    size = 100,
  ): Promise<{ id: MessageId; outcome: AcceptOutcome }> => {
    const body = await sealBody(store, randomBytes(size));
    const given = { key: KEY, digest: DIGEST, answer: 'said', ...request };
    const outcome = await store.accept(
      await acceptanceOf(store, body, [recipient], { request: given, receivedAt: clock.now(), ...more }),
    );
    await store.openBody(body.octets).abort();
    return { id: body.id, outcome };
  };

  promise(
    'a request that comes again files nothing and finds what became of the first, after a restart too',
    async (s) => {
      const anna = await addAccount(s.store, 'anna');
      const first = await send(s, 'anna@group.test');
      assert.deepEqual(first.outcome, { kind: 'filed' });
      for (const open of [() => s, () => s.reopen()]) {
        const at = await open();
        const { outcome } = await send(at, 'anna@group.test', { answer: 'other words' });
        assert.equal(outcome.kind, 'answered');
        assert.deepEqual([outcome.message, Buffer.from(outcome.digest), outcome.answer], [first.id, DIGEST, 'said']);
        assert.equal((await at.store.sentRequest(KEY))?.message, first.id);
        assert.deepEqual(await messagesIn(at.store, anna), [first.id]);
      }
    },
  );

  promise('requests that come at once under one key file one message', async (s) => {
    const anna = await addAccount(s.store, 'anna');
    const sent = await Promise.all(Array.from({ length: 20 }, () => send(s, 'anna@group.test')));
    assert.equal(sent.filter(({ outcome }) => outcome.kind === 'filed').length, 1);
    assert.equal((await messagesIn(s.store, anna)).length, 1);
  });

  promise('other keys are other requests', async (s) => {
    await addAccount(s.store, 'anna');
    await send(s, 'anna@group.test');
    assert.equal((await send(s, 'anna@group.test', { key: Buffer.alloc(16, 9) })).outcome.kind, 'filed');
    assert.equal(await s.store.sentRequest(Buffer.alloc(16, 8)), undefined);
    // The same in the octets by which it is looked for, and another.
    const close = Buffer.from([...KEY.subarray(0, 15), 7]);
    assert.equal((await send(s, 'anna@group.test', { key: close })).outcome.kind, 'filed');
  });

  promise(
    'what is refused leaves its key free; what its own first copy would refuse now is known all the same',
    async (s) => {
      const anna = await addAccount(s.store, 'anna', { quota: 1024 * 1024 });
      await addAccount(s.store, 'gone');
      await s.store.registry.setAccountState('gone', 'suspended', { name: 'test' });
      const refused = await send(s, 'gone@group.test', {}, { submitter: anna });
      assert.equal(refused.outcome.kind, 'refused');
      assert.equal(await s.store.sentRequest(KEY), undefined);
      const large = async (request: Partial<NonNullable<Acceptance['request']>> = {}): Promise<string> =>
        (await send(s, 'anna@group.test', request, {}, 700_000)).outcome.kind;
      assert.equal(await large(), 'filed');
      assert.equal(await large({ key: Buffer.alloc(16, 5) }), 'refused', 'the mailbox is full');
      assert.equal(await large(), 'answered');
    },
  );

  promise('a request whose message repeats one that waits keeps the one that stands', async (s) => {
    await addAccount(s.store, 'anna');
    const more = { resubmission: { key: randomBytes(16), window: minutes(15) } };
    const first = await send(s, 'anna@group.test', {}, more);
    const other = Buffer.alloc(16, 6);
    assert.deepEqual((await send(s, 'anna@group.test', { key: other }, more)).outcome, {
      kind: 'duplicate',
      of: first.id,
    });
    const { outcome } = await send(s, 'anna@group.test', { key: other }, more);
    assert.equal(outcome.kind === 'answered' && outcome.message, first.id);
  });

  promise('a key is forgotten after a day, swept or not', async (s) => {
    await addAccount(s.store, 'anna');
    const first = await send(s, 'anna@group.test');
    s.clock.advance(hours(23));
    assert.equal((await send(s, 'anna@group.test')).outcome.kind, 'answered');
    s.clock.advance(hours(2));
    assert.equal(await s.store.sentRequest(KEY), undefined);
    const second = await send(s, 'anna@group.test');
    assert.equal(second.outcome.kind, 'filed');
    assert.notEqual(first.id, second.id);
    assert.equal((await send(s, 'anna@group.test')).outcome.kind, 'answered');
    s.clock.advance(days(2));
    await s.store.sweep();
    assert.equal((await send(s, 'anna@group.test')).outcome.kind, 'filed');
  });

  promise('a request keeps its bounds', async (s) => {
    await addAccount(s.store, 'anna');
    await assert.rejects(send(s, 'anna@group.test', { key: Buffer.alloc(15) }), RangeError);
    await assert.rejects(send(s, 'anna@group.test', { answer: 'x'.repeat(MAX_ANSWER + 1) }), RangeError);
  });
}
