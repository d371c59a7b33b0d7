/** What every store promises about figures of usage: src/store/usage.ts. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import type { Address } from '../../src/domain/address.ts';
import type { AccountId, OrganisationId } from '../../src/domain/ids.ts';
import { isoMonth, monthOf, parseMonth } from '../../src/domain/months.ts';
import { type Instant, days, hours, instant, minutes } from '../../src/domain/units.ts';
import { dayFrom, isoDay } from '../../src/domain/working-days.ts';
import { type Acceptance, type MessageCopy, OPERATOR } from '../../src/store/acceptance.ts';
import type { Store } from '../../src/store/port/store.ts';
import { type MonthlyUsage, NO_USAGE, type UsageCounts } from '../../src/store/usage.ts';
import { type Cleanup, acceptanceOf, addAccount, noticeTo, sealBody } from '../support/store.ts';
import { entryOf } from './import-contract.ts';
import { addPartner } from './partner-contract.ts';
import type { ContractStore } from './contract.ts';

const actor = { name: 'test' };
export const NOVEMBER = parseMonth('2026-11')!;

const organisationOf = async (store: Store, name: string): Promise<OrganisationId> =>
  (await store.registry.findOrganisation(name))!.id;

/** Every row of an organisation, page by page. */
export async function usageOf(store: Store, organisation: string, month: number, limit = 2): Promise<MonthlyUsage[]> {
  const id = await organisationOf(store, organisation);
  const rows: MonthlyUsage[] = [];
  for (let after: string | undefined; ;) {
    const page = await store.usage.of(id, month, { limit, ...(after === undefined ? {} : { after }) });
    assert.ok(page.rows.length <= limit);
    rows.push(...page.rows);
    if (page.next === undefined) return rows;
    after = page.next;
  }
}

const figuresOf = async (store: Store, login: string, month = NOVEMBER): Promise<Partial<UsageCounts>> => {
  const { organisation } = (await store.registry.findAccount(login))!;
  const row = (await usageOf(store, organisation, month)).find((r) => r.login === login);
  return Object.fromEntries(Object.entries(row ?? {}).filter(([name, value]) => name in NO_USAGE && value !== 0));
};

async function send(store: Store, from: AccountId, to: readonly string[], more: Partial<Acceptance> = {}, size = 1000) {
  const body = await sealBody(store, randomBytes(size));
  return await store.accept(await acceptanceOf(store, body, to, { submitter: from, ...more }));
}

async function copyFor(store: Store, size: number, ...recipients: string[]): Promise<MessageCopy> {
  const body = await sealBody(store, randomBytes(size));
  return { body, recipients: (await acceptanceOf(store, body, recipients)).recipients };
}

/** Fetches everything. `quit`: with QUIT, deleting all. */
async function fetch(store: Store, account: AccountId, quit: boolean): Promise<void> {
  const lock = await store.lockMaildrop(account, { session: 's', network: 'n' });
  assert(lock !== 'in-use');
  const listing = await store.listMaildrop(lock);
  const uids = Array.from({ length: listing.count }, (_, i) => listing.uidOf(i));
  if (quit) await store.commitMaildrop(lock, uids, uids, []);
  else await store.releaseMaildrop(lock, uids);
}

export function usageContract(name: string, open: (t: Cleanup) => Promise<ContractStore>): void {
  const promise = (text: string, run: (s: ContractStore) => Promise<void>): void => {
    test(`${name}: ${text}`, async (t) => run(await open(t)));
  };

  promise('a message counts once for its sender, and once for each mailbox that gets it', async (s) => {
    const { store } = s;
    const [anna, bert] = [await addAccount(store, 'anna'), await addAccount(store, 'bert')];
    await store.registry.addAddress('bert', 'desk@group.test' as never, actor);
    await send(store, anna, ['bert@group.test', 'desk@group.test', 'anna@group.test'], {}, 1200);
    // Encrypted for some: the sender pays for what it sent, who gets it for what lies there.
    const copies = [await copyFor(store, 5000, 'bert@group.test')];
    await send(store, anna, ['anna@group.test'], { copies }, 2000);
    await send(store, bert, ['anna@group.test'], {}, 300);
    for (const again of [() => s, () => s.reopen()]) {
      const now = (await again()).store;
      assert.deepEqual(await figuresOf(now, 'anna'), {
        ...{ sent: 2, sentRecipients: 5, sentOctets: 3200, received: 3, receivedOctets: 3500 },
      });
      assert.deepEqual(await figuresOf(now, 'bert'), {
        ...{ sent: 1, sentRecipients: 1, sentOctets: 300, received: 2, receivedOctets: 6200 },
      });
    }
  });

  promise('what is refused, repeated or told of twice is not counted', async ({ store }) => {
    const anna = await addAccount(store, 'anna');
    await addAccount(store, 'small', { quota: 1024 * 1024 });
    const resubmission = { key: randomBytes(16), window: minutes(10) };
    assert.equal((await send(store, anna, ['anna@group.test'], { resubmission })).kind, 'filed');
    assert.equal((await send(store, anna, ['anna@group.test'], { resubmission })).kind, 'duplicate');
    assert.equal((await send(store, anna, ['anna@group.test', 'small@group.test'], {}, 1_100_000)).kind, 'refused');
    assert.equal((await send(store, anna, ['anna@group.test'], { once: 'k' })).kind, 'filed');
    assert.equal((await send(store, anna, ['anna@group.test'], { once: 'k' })).kind, 'already');
    assert.deepEqual(await figuresOf(store, 'anna'), {
      ...{ sent: 2, sentRecipients: 2, sentOctets: 2000, received: 2, receivedOctets: 2000 },
    });
    assert.deepEqual(await figuresOf(store, 'small'), {});
  });

  promise('what the gateway wrote itself is a notice; what was taken over was never sent here', async ({ store }) => {
    const anna = await addAccount(store, 'anna');
    await addAccount(store, 'bert');
    const notice = await noticeTo(store, 'anna@group.test');
    await send(store, anna, ['bert@group.test'], { with: [notice] });
    await store.accept(await noticeTo(store, 'anna@group.test'));
    const entries = [await entryOf(store, 'old', Buffer.from('old\r\n'))];
    await store.imports.file(anna, entries, [{ event: 'mailbox.imported', outcome: 'success' }]);
    assert.deepEqual(await figuresOf(store, 'anna'), { sent: 1, sentRecipients: 1, sentOctets: 1000, notices: 2 });
    await fetch(store, anna, true);
    // Whatever it is that is fetched.
    assert.equal((await figuresOf(store, 'anna')).collected, 3);
  });

  promise('a message is collected once: by QUIT, or by the second session that sent it without', async ({ store }) => {
    const [anna, bert] = [await addAccount(store, 'anna'), await addAccount(store, 'bert')];
    await send(store, anna, ['bert@group.test']);
    const collected = async (): Promise<number> => (await figuresOf(store, 'bert')).collected ?? 0;
    await fetch(store, bert, false);
    assert.equal(await collected(), 0);
    await fetch(store, bert, false);
    assert.equal(await collected(), 1);
    await fetch(store, bert, true);
    assert.equal(await collected(), 1);
    // Handed out again it is another collection, and no message more.
    assert.equal(await store.restoreEntries(bert, { since: instant(0) }, actor), 1);
    await fetch(store, bert, true);
    assert.deepEqual(await figuresOf(store, 'bert'), { received: 1, receivedOctets: 1000, collected: 2 });
  });

  promise('a partner received what its server accepted, a delivery at a time', async ({ store, clock }) => {
    const anna = await addAccount(store, 'anna');
    const partner = await addPartner(store);
    for (const local of ['a', 'b', 'c'])
      await store.registry.addAddress('mta-hospital', `${local}@hospital.test` as never, actor);
    await send(store, anna, ['a@hospital.test', 'b@hospital.test', 'c@hospital.test']);
    await store.accept(await noticeTo(store, 'a@hospital.test'));
    clock.advance(minutes(1));
    assert.deepEqual(await figuresOf(store, 'mta-hospital'), {});
    const claims = await store.deliveries.claim(partner, 10, minutes(5));
    assert.equal(claims.length, 4);
    for (const [i, claim] of claims.entries()) {
      const outcome =
        i === 0
          ? ({ kind: 'failed', reply: '550 no' } as const)
          : i === 1
            ? ({ kind: 'retry', at: instant(clock.now() + 1000), reply: '450 later' } as const)
            : ({ kind: 'relayed', reply: '250 ok' } as const);
      assert.equal(await store.deliveries.settle({ claim, outcome, audit: [] }), 'settled');
      assert.equal(await store.deliveries.settle({ claim, outcome, audit: [] }), i === 1 ? 'settled' : 'lost');
    }
    assert.deepEqual(await figuresOf(store, 'mta-hospital'), {
      ...{ received: 1, receivedOctets: 1000, notices: 1, pushed: 2 },
    });
  });

  promise('what was held is received when it is released', async ({ store, clock }) => {
    const [anna] = [await addAccount(store, 'anna'), await addAccount(store, 'bert')];
    const body = await sealBody(store, randomBytes(700));
    const held = await acceptanceOf(store, body, ['bert@group.test'], { submitter: anna });
    await store.accept({ ...held, recipients: held.recipients.map((r) => ({ ...r, held: true as const })) });
    assert.deepEqual(await figuresOf(store, 'bert'), {});
    assert.equal((await figuresOf(store, 'anna')).sent, 1);
    clock.advance(days(10));
    const [delivery] = await store.deliveries.list({ limit: 1 });
    await store.deliveries.change([delivery!.id], 'release', actor);
    assert.deepEqual(await figuresOf(store, 'bert'), {});
    assert.deepEqual(await figuresOf(store, 'bert', NOVEMBER + 1), { received: 1, receivedOctets: 700 });
  });

  promise('of two copies in one mailbox the one that was held is received when it is released', async ({ store }) => {
    const [anna] = [await addAccount(store, 'anna'), await addAccount(store, 'bert')];
    await store.registry.addAddress('bert', 'desk@group.test' as Address, actor);
    const body = await sealBody(store, randomBytes(700));
    const message = await acceptanceOf(store, body, ['bert@group.test'], { submitter: anna });
    const recipients = message.recipients.map((r) => ({ ...r, held: true as const }));
    await store.accept({ ...message, recipients, copies: [await copyFor(store, 800, 'desk@group.test')] });
    assert.deepEqual(await figuresOf(store, 'bert'), { received: 1, receivedOctets: 800 });
    const [delivery] = await store.deliveries.list({ limit: 1 });
    await store.deliveries.change([delivery!.id], 'release', actor);
    assert.deepEqual(await figuresOf(store, 'bert'), { received: 2, receivedOctets: 1500 });
  });

  promise('what is set aside and goes back was received once', async ({ store }) => {
    const [anna, bert] = [await addAccount(store, 'anna'), await addAccount(store, 'bert')];
    const body = await sealBody(store, randomBytes(700));
    await store.accept(await acceptanceOf(store, body, ['bert@group.test'], { submitter: anna }));
    const entry = await store.deliveries.mailboxEntry(bert, body.id);
    const delivery = await store.deliveries.setAside(bert, entry!.uid, { reply: 'r', facts: {}, notices: [] });
    assert(typeof delivery === 'number');
    await store.deliveries.change([delivery], 'release', actor);
    assert.deepEqual(await figuresOf(store, 'bert'), { received: 1, receivedOctets: 700 });
  });

  promise('refusals and logins are counted with their rows of the trail', async ({ store, clock }) => {
    const anna = await addAccount(store, 'anna');
    const note = (event: string, facts: Readonly<Record<string, string | number | boolean>>): void =>
      store.audit.note({ event, outcome: 'failure', account: anna, facts });
    note('message.refused', { at: 'content' });
    note('message.refused', { at: 'recipient', count: 41 });
    note('login.refused', { reason: 'wrong', count: 7 });
    note('login.busy', { reason: 'throttled', count: 9 });
    store.audit.note({ event: 'login.refused', outcome: 'failure', facts: { reason: 'unknown', count: 3 } });
    assert.deepEqual(await figuresOf(store, 'anna'), { refused: 42, loginsRefused: 7 });
    const shown = async (): Promise<unknown> => {
      const [row] = await usageOf(store, 'practice', NOVEMBER);
      const account = await store.registry.findAccount('anna');
      assert.deepEqual([account?.lastLogin, account?.lastUsed], [row?.lastLogin, row?.lastUsed]);
      return [row?.loginDays, row?.days, row?.lastLogin === undefined ? '' : isoDay(row.lastLogin)];
    };
    assert.deepEqual(await shown(), [0, 0, '']);
    note('login.granted', { logins: 1 });
    note('login.granted', { logins: 1 });
    assert.deepEqual(await shown(), [1, 1, '2026-11-25']);
    clock.advance(hours(12));
    // It is the 26th; the row of many is of the 25th.
    note('login.granted', { logins: 8, last: '2026-11-25T22:59:59.000Z' });
    assert.deepEqual(await shown(), [1, 1, '2026-11-25']);
    note('login.granted', { logins: 8, last: '2026-11-25T23:00:00.000Z' });
    assert.deepEqual(await shown(), [2, 2, '2026-11-26']);
    await send(store, anna, ['anna@group.test'], { receivedAt: instant(Date.UTC(2026, 10, 28)) });
    assert.deepEqual(await shown(), [2, 3, '2026-11-26']);
  });

  promise('a month begins and ends at midnight in Amsterdam', async ({ store }) => {
    const anna = await addAccount(store, 'anna');
    const at = (...parts: Parameters<typeof Date.UTC>): Instant => instant(Date.UTC(...parts));
    for (const [receivedAt, month] of [
      [at(2026, 9, 31, 22, 59, 59, 999), '2026-10'],
      [at(2026, 9, 31, 23), '2026-11'],
      [at(2026, 10, 30, 22, 59, 59, 999), '2026-11'],
      [at(2026, 10, 30, 23), '2026-12'],
      // Summer time.
      [at(2026, 5, 30, 21, 59), '2026-06'],
      [at(2026, 5, 30, 22), '2026-07'],
    ] as const) {
      assert.equal(isoMonth(monthOf(receivedAt)), month);
      await send(store, anna, ['anna@group.test'], { receivedAt });
    }
    const sent = async (month: string): Promise<number> =>
      (await figuresOf(store, 'anna', parseMonth(month))).sent ?? 0;
    assert.deepEqual(
      await Promise.all(['2026-06', '2026-07', '2026-10', '2026-11', '2026-12'].map(sent)),
      [1, 1, 1, 2, 1],
    );
    assert.deepEqual((await store.usage.months()).map(isoMonth), [
      '2026-06',
      '2026-07',
      '2026-10',
      '2026-11',
      '2026-12',
    ]);
  });

  promise('accounts without usage are there unless they had ended or came later', async ({ store, clock }) => {
    const anna = await addAccount(store, 'anna');
    for (const other of ['bert', 'carl', 'dora']) await addAccount(store, other);
    await send(store, anna, ['dora@group.test']);
    await store.registry.endAccount('carl', {}, actor);
    await store.registry.endAccount('dora', {}, actor);
    clock.advance(days(40));
    await addAccount(store, 'ewan');
    const rows = async (month: number) =>
      (await usageOf(store, 'practice', month)).map(({ login, state }) => [login, state]);
    const expected = [
      ['anna', 'active'],
      ['bert', 'active'],
      ['dora', 'ended'],
    ];
    assert.deepEqual(await rows(NOVEMBER), expected);
    assert.deepEqual(
      (await rows(NOVEMBER + 2)).map(([login]) => login),
      ['anna', 'bert', 'ewan'],
    );
  });

  promise('the sweep ends figures after their time, in bounded steps, and nothing earlier', async (s) => {
    const { store, clock } = await s.reopen({ retention: { usage: days(60) } });
    const anna = await addAccount(store, 'anna');
    await send(store, anna, ['anna@group.test']);
    clock.advance(days(35));
    store.audit.note({ event: 'login.granted', outcome: 'success', account: anna });
    await store.audit.read({ limit: 1 });
    clock.setWall(Date.UTC(2027, 0, 29, 22));
    await store.sweep();
    assert.deepEqual(await store.usage.months(), [NOVEMBER, NOVEMBER + 1]);
    clock.setWall(Date.UTC(2027, 0, 30, 1));
    await store.sweep();
    assert.deepEqual(await store.usage.months(), [NOVEMBER + 1]);
    // When it was there last is known for as long as the account is.
    assert.equal((await store.registry.findAccount('anna'))?.lastLogin, dayFrom(2026, 12, 30));
  });

  promise(
    'idle accounts are those that did nothing for so long, never used ones from their registration',
    async (s) => {
      const { store, clock } = s;
      const [anna] = [
        await addAccount(store, 'anna'),
        await addAccount(store, 'bert'),
        await addAccount(store, 'gone'),
      ];
      await store.registry.addOrganisation({ name: 'other', title: 'Other', language: 'nl' }, actor);
      await store.registry.addAccount({ login: 'olga', organisation: 'other', kind: 'mail', addresses: [] }, actor);
      await store.registry.endAccount('gone', {}, actor);
      clock.advance(days(20));
      await addAccount(store, 'new');
      store.audit.note({ event: 'login.granted', outcome: 'success', account: anna });
      await send(store, OPERATOR, ['anna@group.test'], { receivedAt: clock.now(), system: true });
      const idle = async (day: number, organisation?: string) => {
        const rows = [];
        for (let after: string | undefined; ;) {
          const page = await store.usage.idle({
            ...{ day, limit: 1 },
            ...(after === undefined ? {} : { after }),
            ...(organisation === undefined ? {} : { organisation }),
          });
          rows.push(...page.rows);
          if (page.next === undefined) return rows.filter(({ organisation: of }) => of !== 'system');
          after = page.next;
        }
      };
      const [first, later] = [dayFrom(2026, 11, 25), dayFrom(2026, 12, 15)];
      assert.deepEqual(
        (await idle(first)).map(({ login, never }) => [login, never]),
        [
          ['bert', true],
          ['olga', true],
        ],
      );
      assert.deepEqual(await store.usage.activeDays(NOVEMBER + 1), [{ days: 1 << 14, accounts: 1 }]);
      assert.deepEqual(await store.usage.activeDays(NOVEMBER + 2), []);
      assert.deepEqual(await idle(first - 1), []);
      const waiting = await store.usage.idle({ day: later, limit: 9, waiting: true });
      assert.deepEqual(
        waiting.rows.map(({ login, messages }) => [login, messages]),
        [['anna', 1]],
      );
      assert.deepEqual(
        (await idle(later, 'practice')).map(({ login, since }) => [login, isoDay(since)]),
        [
          ['anna', '2026-12-15'],
          ['bert', '2026-11-25'],
          ['new', '2026-12-15'],
        ],
      );
      assert.deepEqual(
        (await idle(later)).find(({ login }) => login === 'anna'),
        {
          ...{ login: 'anna', organisation: 'practice', kind: 'edi', state: 'active', since: later, never: false },
          ...{ lastLogin: later, messages: 1 },
        },
      );
    },
  );
}
