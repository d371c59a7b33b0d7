/** The dispatcher with a queue in memory and a courier that a test answers for. */
import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import type { Answer, Courier, Destination, Parcel } from '../../src/push/courier.ts';
import { TOO_LONG } from '../../src/push/courier.ts';
import { type Dispatcher, startDispatcher } from '../../src/push/dispatcher.ts';
import { BATCH } from '../../src/push/partner-push.ts';
import type { PartnerDestination, PushLimits } from '../../src/push/parts.ts';
import { defaultWaits } from '../../src/push/retry.ts';
import type { DeliveryId } from '../../src/domain/ids.ts';
import { days, hours, milliseconds, minutes, seconds } from '../../src/domain/units.ts';
import type { Claim, Outcome } from '../../src/store/deliveries.ts';
import { OutcomeUnknown, StoreFull, StoreUnavailable } from '../../src/store/store.ts';
import { FakeClock } from '../support/clock.ts';
import { FakeQueue } from '../support/fake-queue.ts';
import { MemoryLog } from '../support/log.ts';
import { until } from '../support/until.ts';

const taken: Answer = { kind: 'taken', reply: '250 ok', session: { dsn: false, tlsVersion: '', cipher: '' } };
const dead: Answer = { kind: 'lost', why: 'unreachable', text: 'the connection was refused', at: 'session' };

interface Attempted {
  readonly partner: number;
  readonly parcel: Parcel;
  readonly signal: AbortSignal;
  answer(answer: Answer): void;
}

/** Answers by `reply`; where that gives nothing the test answers by hand. */
class FakeCourier implements Courier {
  readonly attempts: Attempted[] = [];
  /** Under way. */
  readonly open = new Set<Attempted>();
  readonly most = new Map<number, number>();
  reply: (partner: number, parcel: Parcel) => Answer | undefined = () => taken;
  closed = false;

  deliver(destination: Destination, parcel: Parcel, signal: AbortSignal): Promise<Answer> {
    return new Promise((resolve) => {
      const partner = destination.partner as number;
      const attempted: Attempted = {
        partner,
        parcel,
        signal,
        answer: (answer) => {
          this.open.delete(attempted);
          resolve(answer);
        },
      };
      this.attempts.push(attempted);
      this.open.add(attempted);
      const mine = [...this.open].filter((a) => a.partner === partner).length;
      this.most.set(partner, Math.max(this.most.get(partner) ?? 0, mine));
      signal.addEventListener('abort', () =>
        attempted.answer({
          kind: 'lost',
          why: signal.reason === TOO_LONG ? 'timeout' : 'stopped',
          text: 'cut',
          at: 'in-doubt',
        }),
      );
      const answer = this.reply(partner, parcel);
      if (answer !== undefined) setImmediate(() => attempted.answer(answer));
    });
  }

  close(): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }
}

let ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends) await end();
  ends = [];
});

interface Bench {
  readonly clock: FakeClock;
  readonly queue: FakeQueue;
  readonly courier: FakeCourier;
  readonly log: MemoryLog;
  readonly dispatcher: Dispatcher;
  readonly told: { readonly claim: Claim; readonly outcome: Outcome }[];
  readonly places: Map<number, PartnerDestination>;
}

function bench(
  prepare: (queue: FakeQueue, clock: FakeClock) => void = () => undefined,
  limits: Partial<PushLimits> = {},
): Bench {
  const clock = new FakeClock();
  const queue = new FakeQueue(clock);
  prepare(queue, clock);
  const courier = new FakeCourier();
  const log = new MemoryLog();
  const told: Bench['told'] = [];
  const places = new Map<number, PartnerDestination>();
  const dispatcher = startDispatcher({
    deliveries: queue,
    courier,
    findDestination: (partner) =>
      Promise.resolve(
        places.get(partner) ?? {
          kind: 'push',
          name: `p${partner}`,
          destination: {
            partner,
            host: 'mail.partner.test',
            port: 25,
            tls: 'starttls',
            helo: 'gateway.test',
            connections: 3,
          },
        },
      ),
    notices: {
      noticeFor: (claim, outcome) => {
        if (outcome.kind === 'failed' || (outcome.kind === 'retry' && outcome.delayed)) told.push({ claim, outcome });
        return Promise.resolve(undefined);
      },
    },
    clock,
    log,
    random: () => 0.5,
    limits: {
      waits: defaultWaits,
      expire: days(5),
      delayNotice: hours(4),
      lease: minutes(30),
      connections: 64,
      ...limits,
    },
  });
  ends.push(() => dispatcher.stop(milliseconds(0)));
  return { clock, queue, courier, log, dispatcher, told, places };
}

const logged = (log: MemoryLog, event: string): number => log.names.filter((name) => name === event).length;

const many = (queue: FakeQueue, partner: number, count: number): DeliveryId[] =>
  Array.from({ length: count }, () => queue.add(partner, { quiet: true }));

describe('pushing', () => {
  test('what is queued is relayed at once, and what waited at the start too', async () => {
    const { queue, clock } = bench((q) => many(q, 1, 3));
    await until('the old ones are relayed', () => queue.count('relayed') === 3);
    queue.add(1);
    await until('the new one is relayed', () => queue.count('relayed') === 4);
    assert.ok(clock.waiting <= 1);
  });

  test('a lost hint is made up for by the scan', async () => {
    const { queue, clock } = bench();
    queue.add(1, { quiet: true });
    await until('it is relayed', () => {
      clock.advance(seconds(31));
      return queue.count('relayed') === 1;
    });
  });

  test('no more attempts at a time than the partner has connections, and one batch claimed', async () => {
    const { queue, courier } = bench((q) => many(q, 1, 500));
    await until('all are relayed', () => queue.count('relayed') === 500);
    assert.equal(courier.most.get(1), 3);
    assert.ok(queue.mostClaimed <= BATCH, `${queue.mostClaimed} were claimed`);
  });

  test('no more attempts at a time over all partners than permitted, and each partner gets its turn', async () => {
    const { queue, courier } = bench((q) => [1, 2, 3].forEach((p) => many(q, p, 20)), { connections: 2 });
    let most = 0;
    courier.reply = () => {
      most = Math.max(most, courier.open.size);
      return taken;
    };
    await until('all are relayed', () => queue.count('relayed') === 60);
    assert.equal(most, 2);
    const lastOfFirst = courier.attempts.map((a) => a.partner).lastIndexOf(1);
    assert.ok(courier.attempts.slice(0, lastOfFirst).some((a) => a.partner === 3));
  });

  test('messages of one sender to one addressee go out in their order, others beside them', async () => {
    const { queue, courier } = bench((q) => {
      for (let i = 0; i < 40; i++) q.add(1, { sender: `Lab${i % 2}@group.test`, quiet: true });
    });
    courier.reply = () => undefined;
    const order = new Map<string, number>();
    let both = false;
    for (let done = 0; done < 40; done++) {
      await until('an attempt is under way', () => courier.open.size > 0 && courier.attempts.length > done);
      both ||= courier.open.size === 2;
      const senders = [...courier.open].map((a) => a.parcel.sender);
      assert.equal(new Set(senders).size, senders.length);
      [...courier.open].at(-1)?.answer(taken);
    }
    await until('all are relayed', () => queue.count('relayed') === 40);
    assert.ok(both);
    for (const { claim } of queue.settlements) {
      const { sender } = queue.row(claim.id).message;
      assert.ok(claim.id > (order.get(sender) ?? 0), `${claim.id} of ${sender} came too late`);
      order.set(sender, claim.id);
    }
  });

  test('a message that is put off waits by its own schedule and holds nobody up', async () => {
    const { queue, courier, clock } = bench();
    courier.reply = (_partner, { recipient }) =>
      recipient.startsWith('full') ? { kind: 'refused', step: 'rcpt', code: 452, reply: '452 full' } : taken;
    const full = queue.add(1, { recipient: 'full@partner.test' });
    queue.add(1);
    await until('the other is relayed', () => queue.count('relayed') === 1);
    await until('it is put off', () => queue.row(full).lastReply === '452 full');
    assert.equal(queue.row(full).dueAt, clock.now() + minutes(1));
    courier.reply = () => taken;
    await until('it is relayed', () => {
      clock.advance(seconds(10));
      return queue.count('relayed') === 2;
    });
    assert.equal(queue.row(full).attempts, 2);
  });
});

describe('a partner that is down', () => {
  test('costs one attempt for each pause, delays nobody else, and gets all in order when it is back', async () => {
    const { queue, courier, clock, log } = bench((q) => many(q, 1, 10_000));
    courier.reply = (partner) => (partner === 1 ? dead : taken);
    await until('it is known to be down', () => logged(log, 'partner.down') === 1);
    await until('the batch is given back', () => queue.settlements.length >= BATCH - 3);
    for (let i = 0; i < 50; i++) {
      const id = queue.add(2);
      await until('the other partner gets it', () => queue.row(id).state === 'relayed');
    }
    const before = courier.attempts.filter((a) => a.partner === 1).length;
    assert.ok(before <= 3, `${before} attempts`);
    for (let minute = 0; minute < 60; minute++) {
      clock.advance(minutes(1));
      await until('the probe is settled', () => courier.open.size === 0);
      await new Promise(setImmediate);
    }
    const tried = courier.attempts.filter((a) => a.partner === 1).length;
    assert.ok(tried > 8 && tried < 25, `${tried} attempts in an hour`);
    assert.ok(queue.mostClaimed <= BATCH);
    courier.reply = () => taken;
    courier.attempts.length = 0;
    await until(
      'all are relayed',
      () => {
        clock.advance(seconds(10));
        return queue.count('relayed', 1) === 10_000;
      },
      60_000,
    );
    const ids = queue.settlements.filter((s) => s.outcome.kind === 'relayed' && queue.row(s.claim.id).partner === 1);
    // Side by side they may pass each other by as many as there are connections.
    ids.forEach(({ claim }, i) => assert.ok(Math.abs(claim.id - i - 1) <= 3, `${claim.id} came as number ${i + 1}`));
    assert.equal(logged(log, 'partner.back'), 1);
  });

  test('its senders hear of the delay and of the end, each once, though nothing was tried', async () => {
    const { queue, courier, clock, told } = bench((q) => many(q, 1, 20));
    courier.reply = () => dead;
    const late = async (time: number, step: number): Promise<void> => {
      for (let passed = 0; passed < time; passed += step) {
        clock.advance(step);
        await until('nothing is under way', () => courier.open.size === 0);
        for (let i = 0; i < 60; i++) await new Promise(setImmediate);
      }
    };
    await late(hours(4) + minutes(20), minutes(5));
    assert.equal(new Set(told.map(({ claim }) => claim.id)).size, 20);
    assert.equal(told.length, 20);
    assert.ok(told.every(({ outcome }) => outcome.kind === 'retry' && outcome.reply === 'the connection was refused'));
    await late(days(5), hours(1));
    assert.equal(queue.count('failed'), 20);
    assert.equal(told.length, 40);
  });

  test('a certificate that cannot be trusted is an alarm, and fails no delivery', async () => {
    const { queue, courier, log } = bench();
    courier.reply = () => ({ kind: 'lost', why: 'certificate', text: 'expired', at: 'session' });
    queue.add(1);
    await until('it is told', () => logged(log, 'partner.untrusted') === 1);
    await until('it waits', () => queue.settlements.length === 1);
    assert.equal(queue.count('waiting'), 1);
  });

  test('one message that breaks every connection does not stop the others', async () => {
    const { queue, courier, clock } = bench();
    courier.reply = (_partner, { recipient }) =>
      recipient.startsWith('bad') ? { kind: 'lost', why: 'closed', text: 'closed', at: 'in-doubt' } : taken;
    const bad = queue.add(1, { recipient: 'bad@partner.test' });
    for (let i = 0; i < 30; i++) queue.add(1);
    await until('the others are relayed', () => queue.count('relayed') === 30);
    clock.advance(minutes(70));
    await until('it was tried again', () => queue.row(bad).attempts > 1);
    queue.add(1);
    await until('the next is relayed', () => queue.count('relayed') === 31);
  });
});

describe('a partner that is paused', () => {
  test('gets nothing until it is not, while its senders hear of the delay', async () => {
    const { queue, courier, clock, told, places } = bench();
    places.set(1, { kind: 'paused', name: 'hospital', why: 'suspended' });
    queue.add(1);
    await until('the delay is told', () => {
      clock.advance(minutes(10));
      return told.length === 1;
    });
    assert.equal(courier.attempts.length, 0);
    places.delete(1);
    await until('it is relayed', () => {
      clock.advance(seconds(31));
      return queue.count('relayed') === 1;
    });
  });
});

describe('settling', () => {
  for (const failure of [new StoreFull('full'), new StoreUnavailable('away'), new OutcomeUnknown('perhaps')])
    test(`a partner that took a message is not sent it again while the store cannot settle it (${failure.name})`, async () => {
      const { queue, courier, clock, log } = bench();
      queue.failure = failure;
      queue.add(1);
      await until('it could not be settled', () => logged(log, 'delivery.unsettled') === 1);
      clock.advance(seconds(6));
      await until('it was tried again', () => logged(log, 'delivery.unsettled') === 2);
      queue.failure = undefined;
      await until('it is settled', () => {
        clock.advance(seconds(6));
        return queue.count('relayed') === 1;
      });
      assert.equal(courier.attempts.length, 1);
    });

  test('a lease that ends early, by a clock that jumped, makes no second attempt', async () => {
    const { queue, courier, clock } = bench();
    courier.reply = () => undefined;
    const id = queue.add(1);
    await until('it is under way', () => courier.open.size === 1);
    clock.setWall(clock.now() + hours(1));
    queue.add(1);
    await until('it was claimed again', () => queue.row(id).attempts === 2);
    await until('the other is under way', () => courier.open.size === 2);
    for (const open of courier.open) open.answer(taken);
    await until('both are relayed', () => queue.count('relayed') === 2);
    assert.equal(courier.attempts.length, 2);
  });

  test('an attempt that takes half the lease is cut, and the delivery is tried again later', async () => {
    const { queue, courier, clock } = bench();
    courier.reply = () => undefined;
    const id = queue.add(1);
    await until('it is under way', () => courier.open.size === 1);
    clock.advance(minutes(15) + 1);
    await until('it is settled', () => queue.row(id).lastReply === 'cut');
    assert.equal(queue.row(id).state, 'waiting');
  });
});

describe('stopping', () => {
  test('what is under way may end, what was only claimed goes back, nothing is begun', async () => {
    const { queue, courier, clock, dispatcher } = bench((q) => many(q, 1, 20));
    courier.reply = () => undefined;
    await until('three are under way', () => courier.open.size === 3);
    const stopped = dispatcher.stop(seconds(25));
    await until('the rest went back', () => queue.settlements.length === 17);
    for (const open of courier.open) open.answer(taken);
    await stopped;
    assert.equal(courier.attempts.length, 3);
    assert.equal(queue.count('relayed'), 3);
    assert.ok(queue.settlements.every(({ outcome }) => outcome.kind !== 'retry' || outcome.at <= clock.now()));
    assert.equal(courier.closed, true);
  });

  test('what does not end in time is cut and settled', async () => {
    const { queue, courier, clock, dispatcher } = bench((q) => many(q, 1, 2));
    courier.reply = () => undefined;
    await until('two are under way', () => courier.open.size === 2);
    const stopped = dispatcher.stop(seconds(25));
    await until('it waits', () => clock.waiting > 0);
    await new Promise(setImmediate);
    clock.advance(seconds(26));
    await stopped;
    assert.equal(queue.settlements.length, 2);
    assert.equal(queue.count('waiting'), 2);
    assert.equal(clock.waiting, 0);
  });
});

test('a partner that nothing waits for is forgotten', async () => {
  const { queue, clock, dispatcher } = bench((q) => many(q, 1, 1));
  await until('it is relayed', () => queue.count('relayed') === 1);
  await until('it is forgotten', () => {
    clock.advance(seconds(31));
    return dispatcher.states.length === 0;
  });
});
