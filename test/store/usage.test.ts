/**
 * The usage port on SQLite, and the counters against a recount of everything they were counted
 * from.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { test } from 'node:test';
import Database from 'better-sqlite3';
import type { Address } from '../../src/domain/address.ts';
import type { AccountId, EntryUid, PartnerId } from '../../src/domain/ids.ts';
import { type Instant, days, hours, instant, minutes } from '../../src/domain/units.ts';
import type { Acceptance } from '../../src/store/acceptance.ts';
import type { Store } from '../../src/store/port/store.ts';
import { type Seeded, seeded } from '../support/seeded.ts';
import { type TestStore, acceptanceOf, addAccount, noticeTo, openTestStore, sealBody } from '../support/store.ts';
import { recount } from '../support/usage-recount.ts';
import { addPartner } from './partner-contract.ts';
import { NOVEMBER, usageContract, usageOf } from './usage-contract.ts';

usageContract('SQLite', (t) => openTestStore(t));

const actor = { name: 'test' };
const SEED = Number(process.env.SLUIS_SEED ?? Date.now() % 1_000_000);

/** One account's doings and those of its partner, at random. */
class Traffic {
  readonly #s: TestStore;
  readonly #random: Seeded;
  readonly #accounts: readonly AccountId[];
  readonly #addresses: readonly string[];
  readonly #partner: PartnerId;

  constructor(s: TestStore, random: Seeded, accounts: readonly AccountId[], partner: PartnerId) {
    this.#s = s;
    this.#random = random;
    this.#accounts = accounts;
    this.#partner = partner;
    this.#addresses = [...accounts.map((_, i) => `a${i}@group.test`), 'desk@group.test', 'lab@hospital.test'];
  }

  #below(n: number): number {
    return this.#random.below(n);
  }

  #pick<T>(of: readonly T[]): T {
    return this.#random.pick(of);
  }

  get #store(): Store {
    return this.#s.store;
  }

  async step(): Promise<void> {
    if (this.#below(6) === 0) this.#s.clock.advance(this.#below(hours(30)));
    const doings = [this.#submit, this.#submit, this.#submit, this.#fetch, this.#push, this.#release, this.#note];
    // Some at once, so that they share a commit.
    await Promise.all(Array.from({ length: 1 + this.#below(4) }, () => this.#pick(doings).call(this)));
  }

  async #submit(): Promise<void> {
    const { clock } = this.#s;
    const submitter = this.#pick(this.#accounts);
    const to = [...new Set(Array.from({ length: 1 + this.#below(4) }, () => this.#pick(this.#addresses)))];
    const body = await sealBody(this.#store, randomBytes(1 + this.#below(2000)));
    const message = await acceptanceOf(this.#store, body, to, { submitter, receivedAt: clock.now() });
    const audit = { event: 'message.accepted', outcome: 'success', account: submitter } as const;
    const more: Partial<Acceptance> = { audit: [audit] };
    const recipients = message.recipients.map((r) => (this.#below(6) === 0 ? { ...r, held: true as const } : r));
    const resubmission = { key: Buffer.alloc(16, this.#below(4)), window: minutes(10) };
    const split = this.#below(4) === 0 && recipients.length > 1;
    const copies = split
      ? [{ body: await sealBody(this.#store, randomBytes(3000)), recipients: recipients.splice(0, 1) }]
      : [];
    await this.#store.accept({
      ...{ ...message, ...more, recipients, copies },
      ...(this.#below(5) === 0 ? { resubmission } : {}),
      ...(this.#below(5) === 0
        ? { with: [await noticeTo(this.#store, this.#pick(this.#addresses), { receivedAt: clock.now() })] }
        : {}),
    });
  }

  async #fetch(): Promise<void> {
    const account = this.#pick(this.#accounts);
    const lock = await this.#store.lockMaildrop(account, { session: String(this.#below(1e9)), network: 'n' });
    if (lock === 'in-use') return;
    const listing = await this.#store.listMaildrop(lock);
    const some = (): EntryUid[] =>
      Array.from({ length: listing.count }, (_, i) => listing.uidOf(i)).filter(() => this.#below(2) === 0);
    if (this.#below(3) === 0) await this.#store.releaseMaildrop(lock, some());
    else await this.#store.commitMaildrop(lock, some(), some(), []);
  }

  async #push(): Promise<void> {
    for (const claim of await this.#store.deliveries.claim(this.#partner, 1 + this.#below(5), minutes(5))) {
      const at = instant(this.#s.clock.now() + 1000);
      const outcome = this.#pick([
        { kind: 'relayed', reply: '250 ok' } as const,
        { kind: 'failed', reply: '550 no' } as const,
        { kind: 'retry', at, reply: '450 later' } as const,
      ]);
      await this.#store.deliveries.settle({ claim, outcome, audit: [] });
    }
  }

  async #release(): Promise<void> {
    const held = await this.#store.deliveries.list({ limit: 20, states: ['held'] });
    const some = held.filter(() => this.#below(2) === 0).map(({ id }) => id);
    if (some.length > 0) await this.#store.deliveries.change(some, 'release', actor);
  }

  async #note(): Promise<void> {
    const event = this.#pick(['message.refused', 'login.refused', 'login.granted', 'login.busy']);
    const at = instant(this.#s.clock.now() - this.#below(hours(1)));
    const facts =
      this.#below(2) === 0 ? {} : { count: this.#below(50), ...(event === 'login.granted' ? { last: iso(at) } : {}) };
    this.#store.audit.note({ event, outcome: 'success', account: this.#pick(this.#accounts), facts });
    await this.#store.audit.read({ limit: 1 });
  }
}

const iso = (at: Instant): string => new Date(at).toISOString();

test(`after every commit of random weeks the counters are what a recount finds (SLUIS_SEED=${SEED})`, async (t) => {
  // Nothing is swept that a recount needs.
  const s = await openTestStore(t, { retention: { hidden: days(3650) } });
  const accounts: AccountId[] = [];
  for (let i = 0; i < 5; i += 1) accounts.push(await addAccount(s.store, `a${i}`));
  await s.store.registry.addAddress('a0', 'desk@group.test' as never, actor);
  const partner = await addPartner(s.store);
  await s.store.registry.addAddress('mta-hospital', 'lab@hospital.test' as never, actor);
  s.clock.setWall(Date.UTC(2026, 10, 29, 12));
  const traffic = new Traffic(s, seeded(SEED), accounts, partner);
  for (let i = 0; i < 150; i += 1) {
    const done = traffic.step();
    // A reader of its own sees the last commit, whatever is under way: message and figure are there
    // together, or neither.
    const { kept, found, collected } = recount(join(s.options.dataFolder, 'sluis.db'));
    assert.deepEqual(kept, found);
    assert.deepEqual(collected.kept, collected.found);
    await done;
  }
  const { kept } = recount(join(s.options.dataFolder, 'sluis.db'));
  const months = new Set(Object.keys(kept).map((key) => key.slice(0, 7)));
  assert.ok(months.size >= 2 && Object.keys(kept).length >= 8, 'too little happened to prove anything');
  for (const name of ['sent', 'received', 'notices', 'pushed', 'refused', 'loginsRefused'] as const)
    assert.ok(
      Object.values(kept).some((counted) => counted[name] > 0),
      name,
    );
});

test('what an account did stays with the organisation that it belonged to', async (t) => {
  const first = await openTestStore(t);
  const anna = await addAccount(first.store, 'anna');
  await first.store.registry.addOrganisation({ name: 'later', title: 'Later', language: 'nl' }, actor);
  const send = async ({ store }: TestStore): Promise<unknown> =>
    store.accept(
      await acceptanceOf(store, await sealBody(store, Buffer.from('x\r\n')), ['anna@group.test'], { submitter: anna }),
    );
  await send(first);
  await first.close();
  const db = new Database(join(first.options.dataFolder, 'sluis.db'));
  db.exec("UPDATE account SET organisation = (SELECT id FROM organisation WHERE name = 'later') WHERE login = 'anna'");
  db.close();
  const s = await first.reopen({ testing: { changesTwice: true } });
  await send(s);
  await send(s);
  const figures = async (name: string) =>
    (await usageOf(s.store, name, NOVEMBER)).map(({ login, sent, moved }) => [login, sent, moved]);
  assert.deepEqual(await figures('practice'), [['anna', 1, true]]);
  assert.deepEqual(await figures('later'), [['anna', 2, false]]);

  // Erased, the first one names nobody; its figures stay.
  await s.store.registry.setOrganisationState('practice', 'suspended', actor);
  await s.store.registry.endOrganisation('practice', {}, actor);
  while ((await s.store.registry.eraseOrganisation('practice', actor)) > 0);
  assert.deepEqual(await figures('practice'), [[undefined, 1, true]]);
  assert.deepEqual(
    (await usageOf(s.store, 'practice', NOVEMBER)).map(({ account, days: n }) => [account, n]),
    [[undefined, 0]],
  );
  assert.deepEqual(await figures('later'), [['anna', 2, false]]);
});

test('what an account did stays with its organisation when it moves, and when that becomes part of another', async (t) => {
  const { store, clock } = await openTestStore(t);
  const anna = await addAccount(store, 'anna');
  for (const name of ['later', 'last'])
    await store.registry.addOrganisation({ name, title: name, language: 'nl' }, actor);
  const to = ['anna@group.test'];
  const send = async (submitter: AccountId): Promise<unknown> =>
    store.accept(await acceptanceOf(store, await sealBody(store, Buffer.from('x\r\n')), to, { submitter }));
  const figures = async (name: string) =>
    (await usageOf(store, name, NOVEMBER)).map(({ login, sent, received, moved }) => [login, sent, received, moved]);
  await send(anna);
  const [since, endsAt] = [instant(clock.now() - hours(1)), instant(clock.now() + days(30))];
  const move = { login: 'anna', organisation: 'later', since, endsAt };
  const { account, former } = await store.accountMoves.move(move, actor);
  await send(account);
  await send(account);
  // The message itself went along; that it was sent and received before stays.
  const before = [[former.login, 1, 1, false]];
  assert.deepEqual(await figures('practice'), before);
  assert.deepEqual(await figures('later'), [['anna', 2, 2, false]]);

  const merged = [{ login: 'anna', settings: {}, addresses: [{ address: to[0] as Address }] }];
  await store.registry.beginMerge('later', 'last', actor);
  assert.equal(await store.registry.mergeAccounts('later', 'last', merged, actor), 1);
  assert.equal(await store.registry.finishMerge('later', 'last', actor), 0);
  for (let n = 0; n < 3; n += 1) await send(account);
  assert.deepEqual(await figures('practice'), before);
  assert.deepEqual(await figures('later'), [['anna', 2, 2, true]]);
  assert.deepEqual(await figures('last'), [['anna', 3, 3, false]]);
});

test('an erased organisation keeps its figures, and the last days of its accounts go', async (t) => {
  const { store } = await openTestStore(t, { testing: { changesTwice: true } });
  const anna = await addAccount(store, 'anna');
  store.audit.note({ event: 'login.granted', outcome: 'success', account: anna });
  await store.usage.months();
  await store.registry.endOrganisation('practice', {}, actor);
  while ((await store.registry.eraseOrganisation('practice', actor)) > 0);
  const [row] = await usageOf(store, 'practice', NOVEMBER);
  assert.deepEqual([row?.login, row?.days, row?.lastLogin], [`erased-${anna}`, 1, undefined]);
});

test('a piece of work that is undone takes its figures with it', async (t) => {
  const { store, clock } = await openTestStore(t);
  const anna = await addAccount(store, 'anna');
  const acceptance = await acceptanceOf(store, await sealBody(store, Buffer.from('x\r\n')), ['anna@group.test'], {
    submitter: anna,
  });
  // A row that the trail cannot take: the statement fails behind everything that was counted.
  const broken = { event: null as never, outcome: 'success' as const };
  await assert.rejects(store.accept({ ...acceptance, audit: [broken] }));
  clock.advance(days(0));
  await store.accept(acceptance);
  const [row] = await usageOf(store, 'practice', NOVEMBER);
  assert.deepEqual([row?.sent, row?.received], [1, 1]);
});
