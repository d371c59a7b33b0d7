/**
 * From the store to a partner's server and back: what is queued arrives, and each ending is in the
 * store.
 */
import assert from 'node:assert/strict';
import { type TestContext, describe, test } from 'node:test';
import type { Dispatcher } from '../../src/push/dispatcher.ts';
import type { PartnerId } from '../../src/domain/ids.ts';
import type { PartnerServer } from '../../src/domain/partner.ts';
import { milliseconds, minutes, seconds } from '../../src/domain/units.ts';
import type { Delivery } from '../../src/store/deliveries.ts';
import type { Store } from '../../src/store/port/store.ts';
import { testCertificates } from '../support/certificates.ts';
import type { FakeClock } from '../support/clock.ts';
import type { MemoryLog } from '../support/log.ts';
import { type ScriptOptions, ScriptedPartner } from '../support/partner.ts';
import { type PushOptions, addTestPartner, queueFor, startTestPush } from '../support/push.ts';
import { addAccount, openTestStore } from '../support/store.ts';
import { until } from '../support/until.ts';

const certificates = await testCertificates();
const letter = Buffer.from('From: sender@group.test\r\nMessage-ID: <a@b>\r\n\r\nResult.\r\n.\r\nend\r\n');

interface Bench {
  readonly store: Store;
  readonly clock: FakeClock;
  readonly log: MemoryLog;
  readonly partner: ScriptedPartner;
  readonly id: PartnerId;
  readonly server: PartnerServer;
  readonly push: () => Dispatcher;
  readonly send: (...recipients: string[]) => Promise<void>;
  readonly all: () => Promise<readonly Delivery[]>;
}

async function bench(
  t: TestContext,
  script: Partial<ScriptOptions> = {},
  more: Partial<PushOptions> = {},
): Promise<Bench> {
  // Before the store closes, as in the gateway: hooks run in the order in which they were set.
  const pushes: Dispatcher[] = [];
  t.after(async () => {
    await Promise.all(pushes.map((dispatcher) => dispatcher.stop(milliseconds(0))));
  });
  const { store, clock, log } = await openTestStore(t);
  const partner = await ScriptedPartner.start({ ...certificates.server, tls: 'starttls', ...script });
  t.after(() => partner.stop());
  const server: PartnerServer = {
    host: '127.0.0.1',
    port: partner.port,
    tls: 'starttls',
    authorities: certificates.ca.certificate,
    connections: 2,
  };
  await addAccount(store, 'sender');
  const id = await addTestPartner(store, 'hospital', server);
  const push = (): Dispatcher => {
    const dispatcher = startTestPush(store, { clock, log, ...more });
    pushes.push(dispatcher);
    return dispatcher;
  };
  const states = ['waiting', 'held', 'relayed', 'failed', 'withdrawn'] as const;
  return {
    ...{ store, clock, log, partner, id, server, push },
    send: (...recipients) => queueFor(store, clock, id, letter, ...recipients.map((r) => `${r}@hospital.test`)),
    all: () => store.deliveries.list({ limit: 1000, states }),
  };
}

const inState = async ({ all }: Bench, state: Delivery['state']): Promise<number> =>
  (await all()).filter((d) => d.state === state).length;

describe('push', () => {
  test('a message for two recipients arrives in two transactions, octet for octet', async (t) => {
    const b = await bench(t);
    b.push();
    await b.send('lab', 'ward');
    await until('both are relayed', async () => (await inState(b, 'relayed')) === 2);
    assert.deepEqual(b.partner.taken.map(({ rcpt }) => rcpt).sort(), [
      'RCPT TO:<lab@hospital.test>',
      'RCPT TO:<ward@hospital.test>',
    ]);
    for (const { content } of b.partner.taken) assert.deepEqual(content, letter);
    const [first] = await b.all();
    assert.equal(first?.lastReply, '250 2.0.0 queued as 1');
    const rows = await b.store.audit.read({ limit: 100 });
    const relayed = rows.filter(({ event }) => event === 'delivery.relayed');
    assert.deepEqual(relayed[0]?.facts?.partner, 'hospital');
    assert.equal(relayed.length, 2);
  });

  test('a refused recipient fails at once, one put off comes back in time', async (t) => {
    const b = await bench(t, {
      act: (step, n, line) =>
        step !== 'RCPT'
          ? undefined
          : line.includes('gone')
            ? '550 5.1.1 gone'
            : n < 3
              ? '450 4.2.0 greylisted'
              : undefined,
    });
    b.push();
    await b.send('gone', 'ward');
    await until('one failed', async () => (await inState(b, 'failed')) === 1);
    await until('one is put off', async () => (await b.all()).some((d) => d.lastReply === '450 4.2.0 greylisted'));
    b.clock.advance(seconds(40));
    assert.equal(await inState(b, 'relayed'), 0);
    await until('it is relayed', async () => {
      b.clock.advance(seconds(10));
      return (await inState(b, 'relayed')) === 1;
    });
  });

  test('a partner that drops the connection after the message gets it again, with the same Message-ID', async (t) => {
    const b = await bench(t, { act: (step, n) => (step === 'message' && n === 1 ? 'drop' : undefined) });
    b.push();
    await b.send('ward');
    await until('it is in doubt', () => b.log.names.includes('delivery.in-doubt'));
    await until('it is relayed', async () => {
      b.clock.advance(seconds(10));
      return (await inState(b, 'relayed')) === 1;
    });
    assert.equal(b.partner.dots, 2);
    assert.match(b.partner.taken[0]?.content.toString() ?? '', /Message-ID: <a@b>/);
  });

  test('a wrong certificate gets nothing until it is right again', async (t) => {
    const b = await bench(t);
    const change = (server: PartnerServer) => b.store.registry.changePartner('hospital', { server }, { name: 'test' });
    await change({ ...b.server, serverName: 'mail.hospital.test' });
    b.push();
    await b.send('ward');
    await until('the alarm is raised', () => b.log.names.includes('partner.untrusted'));
    assert.equal(b.partner.taken.length, 0);
    await change(b.server);
    await until('it is relayed', async () => {
      b.clock.advance(seconds(2));
      return (await inState(b, 'relayed')) === 1;
    });
    assert.ok(b.log.names.includes('partner.back'));
  });

  test('what waited while nobody served goes out at the start, in the order of acceptance', async (t) => {
    const b = await bench(t);
    await b.store.registry.changePartner('hospital', { server: { ...b.server, connections: 1 } }, { name: 'test' });
    for (let i = 0; i < 60; i++) await b.send(`w${i}`);
    b.push();
    await until('all are relayed', async () => (await inState(b, 'relayed')) === 60);
    assert.deepEqual(
      b.partner.taken.map(({ rcpt }) => rcpt),
      Array.from({ length: 60 }, (_, i) => `RCPT TO:<w${i}@hospital.test>`),
    );
    assert.equal(b.partner.connections, 1);
  });

  test('a stop in the middle of a message leaves it due for the next start', async (t) => {
    const b = await bench(t, { act: (step, n) => (step === 'message' && n === 1 ? 'stall' : undefined) });
    const first = b.push();
    await b.send('ward');
    await until('the dot arrived', () => b.partner.dots === 1);
    await first.stop(milliseconds(0));
    const [delivery] = await b.all();
    assert.equal(delivery?.state, 'waiting');
    assert.ok(delivery.dueAt <= b.clock.now());
    b.push();
    await until('it is relayed', async () => (await inState(b, 'relayed')) === 1);
  });

  test('a message of several slices arrives whole', async (t) => {
    const b = await bench(t);
    const large = Buffer.from(`Subject: large\r\n\r\n${'.line of a large message\r\n'.repeat(60_000)}`);
    b.push();
    await queueFor(b.store, b.clock, b.id, large, 'ward@hospital.test');
    await until('it is relayed', async () => (await inState(b, 'relayed')) === 1);
    assert.ok(b.partner.taken[0]?.content.equals(large));
  });
});

test('ten thousand messages for a dead partner are claimed by one batch and cost the others nothing', async (t) => {
  const b = await bench(t, { act: (step) => (step === 'greeting' ? '554 5.3.2 down' : undefined) });
  const neighbour = await ScriptedPartner.start({ ...certificates.server, tls: 'starttls' });
  t.after(() => neighbour.stop());
  const other = await addTestPartner(b.store, 'clinic', { ...b.server, port: neighbour.port });
  const each = Array.from({ length: 1000 }, (_, i) => `w${i}`);
  for (let i = 0; i < 10; i++) await b.send(...each);
  b.push();
  await until('it is known to be down', () => b.log.names.includes('partner.down'));
  for (let i = 0; i < 20; i++) {
    await queueFor(b.store, b.clock, other, letter, `w${i}@clinic.test`);
    await until('it arrives', () => neighbour.taken.length === i + 1, 2000);
  }
  const [queue] = (await b.store.deliveries.queues()).filter(({ partner }) => partner === b.id);
  assert.equal(queue?.waiting, 10_000);
  assert.ok(b.partner.connections <= 3, `${b.partner.connections} connections`);
  b.clock.advance(minutes(1));
  await until('a probe was made', () => b.partner.connections >= 2);
});
