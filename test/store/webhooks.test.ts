/**
 * Webhooks in the store: whose they are, how many, what ends them; and which events rows of the
 * trail are.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import type { AccountId, MessageId } from '../../src/domain/ids.ts';
import { days, instant, seconds } from '../../src/domain/units.ts';
import { MAX_WEBHOOKS, type WebhookEventType } from '../../src/domain/webhooks.ts';
import { OPERATOR } from '../../src/store/acceptance.ts';
import type { Store } from '../../src/store/port/store.ts';
import type { NewWebhook, WebhookEvent, WebhookOwner } from '../../src/store/webhooks.ts';
import { STEP } from '../../src/store/reads/webhook-events.ts';
import {
  type Cleanup,
  type TestStore,
  acceptanceOf,
  addAccount,
  address,
  openTestStore,
  sealBody,
} from '../support/store.ts';
import { registryError } from './contract.ts';

/** Each change runs twice, and the first run is rolled back. */
const open = (t: Cleanup): Promise<TestStore> => openTestStore(t, { testing: { changesTwice: true } });
const actor = { name: 'test', reason: 'test' };
const EVENTS: readonly WebhookEventType[] = ['message.received', 'message.failed'];
const webhook = (id: string, owner: WebhookOwner = {}, name = id): NewWebhook => ({
  ...{ id, name, url: 'https://receiver.example/in', events: EVENTS, sealed: randomBytes(60) },
  ...owner,
});

/** As the submission writes it: the row of the trail names the message. */
async function send(store: Store, from: AccountId, to: readonly string[], held = false): Promise<MessageId> {
  const body = await sealBody(store, randomBytes(700));
  const acceptance = await acceptanceOf(store, body, to, { submitter: from });
  const outcome = await store.accept({
    ...acceptance,
    ...(held && { recipients: acceptance.recipients.map((recipient) => ({ ...recipient, held: true as const })) }),
    audit: [{ event: 'message.accepted', outcome: 'success', message: body.id, account: from, facts: {} }],
  });
  assert.equal(outcome.kind, 'filed');
  return body.id;
}

async function eventsOf(store: Store, behind = 0, owner?: WebhookOwner): Promise<readonly WebhookEvent[]> {
  const events: WebhookEvent[] = [];
  for (let at = behind; ;) {
    const found = await store.webhooks.events(at, owner);
    events.push(...found.events);
    if (found.next === at) return events;
    at = found.next;
  }
}
const head = async (store: Store): Promise<number> => (await store.audit.head()).seq;
const told = (events: readonly WebhookEvent[]) =>
  events.map(({ type, account, message, facts }) => [type, account, message, facts]);

test('a webhook is of an account, an organisation or the whole service; names and numbers of each have a limit', async (t) => {
  const { store } = await open(t);
  const { webhooks, registry } = store;
  const anna = await addAccount(store, 'anna');
  const practice = (await registry.findOrganisation('practice'))!.id;
  for (let n = 0; n < MAX_WEBHOOKS.account; n += 1)
    await webhooks.add(webhook(`ACCOUNT${n}`, { account: anna }), actor);
  await assert.rejects(
    webhooks.add(webhook('ACCOUNTX', { account: anna }), actor),
    registryError('exists', /There are 5 webhooks already, the most that an account can have/),
  );
  await webhooks.add(webhook('ORGANISA', { organisation: practice }, 'one'), actor);
  await assert.rejects(
    webhooks.add(webhook('ORGANISB', { organisation: practice }, 'one'), actor),
    registryError('exists', /There is a webhook "one" already \(ORGA-NISA\)/),
  );
  // The same name is free for another owner.
  await webhooks.add(webhook('SERVICEA', {}, 'one'), actor);
  assert.deepEqual(
    (await webhooks.list()).map(({ id, login, organisationName }) => [id, login, organisationName]),
    [
      ...Array.from({ length: 5 }, (_, n) => [`ACCOUNT${n}`, 'anna', 'practice']),
      ['ORGANISA', undefined, 'practice'],
      ['SERVICEA', undefined, undefined],
    ],
  );
  assert.equal((await webhooks.ofAccount(anna)).length, 5);

  await webhooks.set('ORGANISA', { name: 'two', url: 'https://other.example/', events: ['account.added'] }, actor);
  const found = await webhooks.find('ORGANISA');
  assert.deepEqual([found?.name, found?.url, found?.events], ['two', 'https://other.example/', ['account.added']]);
  await webhooks.end('ORGANISA', 'operator', actor);
  assert.equal(await webhooks.find('ORGANISA'), undefined);
  await assert.rejects(
    webhooks.end('ORGANISA', 'operator', actor),
    registryError('unknown', /There is no webhook "ORGA-NISA"/),
  );
  const trail = (await store.audit.read({ limit: 1000 }))
    .map(({ event }) => event)
    .filter((e) => e.startsWith('webhook.'));
  assert.deepEqual(trail, [...Array<string>(7).fill('webhook.added'), 'webhook.changed', 'webhook.ended']);
});

test('who is suspended or has ended is told of nothing, and the webhooks of an account end with it', async (t) => {
  const { store } = await open(t);
  const { webhooks, registry } = store;
  const anna = await addAccount(store, 'anna');
  const practice = (await registry.findOrganisation('practice'))!.id;
  await webhooks.add(webhook('ACCOUNTA', { account: anna }), actor);
  await webhooks.add(webhook('ORGANISA', { organisation: practice }), actor);
  const active = async (): Promise<string[]> => (await webhooks.active()).map(({ id }) => id);
  assert.deepEqual(await active(), ['ACCOUNTA', 'ORGANISA']);
  await registry.setAccountState('anna', 'suspended', actor);
  assert.deepEqual(await active(), ['ORGANISA']);
  await registry.setAccountState('anna', 'active', actor);
  assert.equal(await webhooks.pause('ORGANISA', 'operator', actor), true);
  assert.equal(await webhooks.pause('ORGANISA', 'operator', actor), false);
  assert.deepEqual(await active(), ['ACCOUNTA']);
  await webhooks.resume('ORGANISA', actor);
  await registry.containAccounts(['anna'], actor);
  await registry.setAccountState('anna', 'active', actor);
  const contained = await webhooks.find('ACCOUNTA');
  assert.deepEqual([contained?.state, contained?.why], ['paused', 'contained']);
  await registry.endAccount('anna', {}, actor);
  assert.deepEqual(await active(), ['ORGANISA']);
  assert.equal(await webhooks.find('ACCOUNTA'), undefined);
  await assert.rejects(
    webhooks.add(webhook('ACCOUNTB', { account: anna }), actor),
    registryError('ended', /has ended/),
  );
});

test('with an account its webhooks end, with an organisation its own, also in a merge; each with its row in the trail', async (t) => {
  const { store } = await open(t);
  const { webhooks, registry } = store;
  const [anna, bert] = [await addAccount(store, 'anna'), await addAccount(store, 'bert')];
  const practice = (await registry.findOrganisation('practice'))!.id;
  const zuid = await registry.addOrganisation({ name: 'zuid', title: 'Zuid', language: 'nl' }, actor);
  const owners = { ANNASOWN: { account: anna }, BERTSOWN: { account: bert }, SERVICEA: {} };
  const all = { ...owners, ORGANISA: { organisation: practice }, ORGANISZ: { organisation: zuid } };
  for (const [id, owner] of Object.entries(all)) await webhooks.add(webhook(id, owner), actor);
  const there = async (): Promise<string[]> => (await webhooks.list()).map(({ id }) => id);
  const ends = async (): Promise<unknown[]> =>
    (await store.audit.read({ limit: 1000 }))
      .filter(({ event }) => event === 'webhook.ended')
      .map(({ account, personal, facts }) => [account, personal?.webhook, facts]);

  await registry.endAccount('anna', {}, actor);
  assert.deepEqual(await there(), ['BERTSOWN', 'ORGANISA', 'ORGANISZ', 'SERVICEA']);
  const annas = [anna, 'ANNASOWN', { id: 'ANNA-SOWN', why: 'account-ended' }];
  assert.deepEqual(await ends(), [annas]);

  await registry.beginMerge('practice', 'zuid', actor);
  const merge = { login: 'bert', settings: {}, addresses: [{ address: address('bert@group.test') }] };
  await registry.mergeAccounts('practice', 'zuid', [merge], actor);
  // It hears of the accounts that are still its own until it ends.
  assert.deepEqual((await there()).includes('ORGANISA'), true);
  assert.equal(await registry.finishMerge('practice', 'zuid', actor), 0);
  assert.deepEqual(await there(), ['BERTSOWN', 'ORGANISZ', 'SERVICEA']);
  assert.equal((await webhooks.find('BERTSOWN'))?.organisationName, 'zuid');
  const merged = [undefined, 'ORGANISA', { id: 'ORGA-NISA', why: 'organisation-merged' }];
  assert.deepEqual(await ends(), [annas, merged]);

  // With a time of grace it hears of the end of its accounts.
  await registry.endOrganisation('zuid', { endsAt: instant(Date.UTC(2099, 0, 1)) }, actor);
  assert.deepEqual(await there(), ['BERTSOWN', 'ORGANISZ', 'SERVICEA']);
  await registry.endOrganisation('zuid', {}, actor);
  assert.deepEqual(await there(), ['SERVICEA']);
  const last = (await ends()).slice(2);
  assert.deepEqual(last, [
    [bert, 'BERTSOWN', { id: 'BERT-SOWN', why: 'account-ended' }],
    [undefined, 'ORGANISZ', { id: 'ORGA-NISZ', why: 'organisation-ended' }],
  ]);
});

test('a position never goes back, failures wait, and a success ends them', async (t) => {
  const opened = await open(t);
  const { store, clock } = opened;
  const { webhooks } = store;
  await addAccount(store, 'anna');
  await webhooks.add(webhook('SERVICEA'), actor);
  const before = (await webhooks.find('SERVICEA'))!.position;
  // Its own row comes behind what it was told of.
  assert.equal(before, (await head(store)) - 1);
  const dueAt = instant(clock.now() + seconds(5));
  await webhooks.failed('SERVICEA', 1, dueAt, 'status-500');
  const again = (await opened.reopen()).store.webhooks;
  const failing = await again.find('SERVICEA');
  assert.deepEqual([failing?.failures, failing?.dueAt, failing?.why], [1, dueAt, 'status-500']);
  assert(failing?.failingAt !== undefined);
  await again.advance([{ id: 'SERVICEA', position: before + 7, succeededAt: clock.now() }]);
  await again.advance([{ id: 'SERVICEA', position: before + 3, succeededAt: clock.now() }]);
  const fine = await again.find('SERVICEA');
  assert.deepEqual([fine?.position, fine?.failures, fine?.dueAt, fine?.why], [before + 7, 0, undefined, undefined]);
  assert.equal(fine?.lastSuccessAt, clock.now());
});

test('an accepted message is an event of each mailbox that has it and of its sender, with nothing but ids and sizes', async (t) => {
  const { store } = await open(t);
  const [anna, bert, carl] = [
    await addAccount(store, 'anna'),
    await addAccount(store, 'bert'),
    await addAccount(store, 'carl'),
  ];
  const from = await head(store);
  const id = await send(store, anna, ['bert@group.test', 'carl@group.test']);
  const events = await eventsOf(store, from);
  const filed = { octets: 700 };
  assert.deepEqual(told(events), [
    ['message.received', bert, id, filed],
    ['message.received', carl, id, filed],
    ['message.delivered', anna, id, { to: 'mailbox', recipients: 2 }],
  ]);
  assert.deepEqual(
    events.map(({ part }) => part),
    [0, 1, 2],
  );
  assert.deepEqual(told(await eventsOf(store, from, { account: carl })), [['message.received', carl, id, filed]]);
  const practice = (await store.registry.findOrganisation('practice'))!.id;
  assert.equal((await eventsOf(store, from, { organisation: practice })).length, 3);
  const system = (await store.registry.findOrganisation('system'))!.id;
  assert.deepEqual(await eventsOf(store, from, { organisation: system }), []);
  // What the gateway itself writes is received, and nobody sent it.
  const letter = await send(store, OPERATOR, ['bert@group.test']);
  assert.deepEqual(told(await eventsOf(store, from)).slice(3), [['message.received', bert, letter, filed]]);
});

test('what is held is received and delivered when it is released, and not before', async (t) => {
  const { store } = await open(t);
  const [anna, bert] = [await addAccount(store, 'anna'), await addAccount(store, 'bert')];
  const from = await head(store);
  const id = await send(store, anna, ['bert@group.test'], true);
  assert.deepEqual(await eventsOf(store, from), []);
  const [held] = await store.deliveries.list({ limit: 10, states: ['held'] });
  await store.deliveries.change([held!.id], 'release', actor);
  assert.deepEqual(told(await eventsOf(store, from)), [
    ['message.received', bert, id, { octets: 700 }],
    ['message.delivered', anna, id, { to: 'mailbox', recipients: 1 }],
  ]);
});

test('what is fetched, expires or is withdrawn is an event of its sender', async (t) => {
  const { store } = await open(t);
  const [anna, bert] = [await addAccount(store, 'anna'), await addAccount(store, 'bert')];
  const id = await send(store, anna, ['bert@group.test']);
  const taken = await send(store, anna, ['bert@group.test']);
  const from = await head(store);
  const lock = await store.lockMaildrop(bert, { session: 'a', network: 'n' });
  assert(lock !== 'in-use');
  const listing = await store.listMaildrop(lock);
  const collected = { event: 'message.collected', outcome: 'success', message: id, account: bert, facts: {} } as const;
  await store.commitMaildrop(lock, [listing.uidOf(0)], [listing.uidOf(0)], [collected]);
  await store.deliveries.withdraw(taken, 'all', actor, []);
  store.audit.note({ event: 'message.expired', outcome: 'failure', message: id, account: bert, facts: { days: 60 } });
  store.audit.note({ event: 'delivery.failed', outcome: 'failure', message: id, facts: {} });
  store.audit.note({ event: 'delivery.relayed', outcome: 'success', message: id, facts: {} });
  await store.audit.verify();
  await send(store, OPERATOR, ['bert@group.test']);
  assert.deepEqual(told(await eventsOf(store, from, { account: anna })), [
    ['message.collected', anna, id, {}],
    ['message.failed', anna, taken, { why: 'withdrawn' }],
    ['message.failed', anna, id, { why: 'not-collected' }],
    ['message.failed', anna, id, { why: 'not-delivered' }],
    ['message.delivered', anna, id, { to: 'partner', recipients: 1 }],
  ]);
});

test('a sender that is never told by a receipt what was fetched is not told by a webhook either', async (t) => {
  const { store } = await open(t);
  const anna = await addAccount(store, 'anna', { 'collected-receipts': 'never' });
  const bert = await addAccount(store, 'bert');
  const id = await send(store, anna, ['bert@group.test']);
  const from = await head(store);
  const collected = { event: 'message.collected', outcome: 'success', message: id, account: bert, facts: {} } as const;
  store.audit.note(collected);
  store.audit.note({ event: 'delivery.failed', outcome: 'failure', message: id, facts: {} });
  await store.audit.verify();
  assert.deepEqual(told(await eventsOf(store, from)), [['message.failed', anna, id, { why: 'not-delivered' }]]);
});

test('accounts that come, pause, go on and end are events of theirs, and so is a certificate that ends', async (t) => {
  const { store } = await open(t);
  const { registry } = store;
  const from = await head(store);
  const anna = await addAccount(store, 'anna');
  await registry.setAccountState('anna', 'suspended', actor);
  await registry.setAccountState('anna', 'active', actor);
  await registry.containAccounts(['anna'], actor);
  await registry.setAccountState('anna', 'active', actor);
  await registry.endAccount('anna', { endsAt: instant(Date.UTC(2026, 11, 31)) }, actor);
  await registry.endAccount('anna', {}, actor);
  store.audit.note({
    event: 'certificate.warned',
    outcome: 'success',
    account: anna,
    facts: { fingerprint: 'ab12', days: 30 },
  });
  await store.audit.verify();
  const none = undefined;
  assert.deepEqual(told(await eventsOf(store, from, { account: anna })), [
    ['account.added', anna, none, {}],
    ['account.suspended', anna, none, {}],
    ['account.resumed', anna, none, {}],
    ['account.suspended', anna, none, {}],
    ['account.resumed', anna, none, {}],
    ['account.ending', anna, none, { endsAt: '2026-12-31T00:00:00.000Z' }],
    ['account.ended', anna, none, {}],
    ['certificate.ending', anna, none, { fingerprint: 'ab12', days: 30 }],
  ]);
});

test('a step looks at a bounded part of the trail, and the steps together miss nothing', async (t) => {
  const { store } = await open(t);
  const [anna] = [await addAccount(store, 'anna'), await addAccount(store, 'bert')];
  const from = await head(store);
  const sent: MessageId[] = [];
  for (let n = 0; n < STEP.told + 20; n += 1) {
    sent.push(await send(store, anna, ['bert@group.test']));
    if (n === 50)
      for (let other = 0; other < STEP.rows + 5; other += 1)
        store.audit.note({ event: 'doctor.ran', outcome: 'success', facts: {} });
  }
  const first = await store.webhooks.events(from);
  assert(first.events.length <= 2 * STEP.told);
  assert(first.next - from <= STEP.rows);
  const received = (await eventsOf(store, from)).filter(({ type }) => type === 'message.received');
  assert.deepEqual(
    received.map(({ message }) => message),
    sent,
  );
});

test('the row before a moment is found without walking through the trail', async (t) => {
  const { store, clock } = await open(t);
  await addAccount(store, 'anna');
  const before = await head(store);
  clock.advance(days(8));
  const moment = clock.now();
  await registerMany(store, 40);
  assert.equal(await store.webhooks.rowBefore(moment), before);
  assert.equal(await store.webhooks.rowBefore(instant(0)), 0);
  assert.equal(await store.webhooks.rowBefore(instant(clock.now() + 1)), await head(store));
});

async function registerMany(store: Store, n: number): Promise<void> {
  for (let i = 0; i < n; i += 1)
    await store.registry.setAccountState('anna', i % 2 === 0 ? 'suspended' : 'active', actor);
}
