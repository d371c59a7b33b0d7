/**
 * What the store promises of an account that goes to another organisation
 * (src/store/account-moves.ts), on SQLite.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import { addressKey } from '../../src/domain/address.ts';
import type { AccountId, MessageId } from '../../src/domain/ids.ts';
import { MAX_MOVE_BACK, formerLogin, sinceProblem } from '../../src/domain/account-move.ts';
import { type Instant, days, instant } from '../../src/domain/units.ts';
import type { AccountMove } from '../../src/store/account-moves.ts';
import { RegistryError } from '../../src/store/registry.ts';
import { ACCOUNT_COLUMNS } from '../../src/store/changes/account-moves.ts';
import { openWriting } from '../../src/store/sqlite/database.ts';
import { LockLost } from '../../src/store/store.ts';
import { OPERATOR } from '../../src/store/acceptance.ts';
import type { Store } from '../../src/store/port/store.ts';
import {
  type TestStore,
  acceptanceOf,
  addAccount,
  address,
  deliver,
  messagesIn,
  openTestStore,
  sealBody,
} from '../support/store.ts';
import { entryOf } from './import-contract.ts';

const actor = { name: 'operator', reason: 'test' };
const DAY = instant(Date.UTC(2026, 10, 25, 10));

const moveOf = ({ clock }: TestStore, more: Partial<AccountMove> = {}): AccountMove => ({
  ...{ login: 'anna', organisation: 'zuid', since: DAY, endsAt: instant(clock.now() + days(30)) },
  ...more,
});

async function world(
  t: Parameters<typeof openTestStore>[0],
): Promise<TestStore & { anna: AccountId; bert: AccountId }> {
  const s = await openTestStore(t, { testing: { changesTwice: true } });
  const [anna, bert] = [await addAccount(s.store, 'anna'), await addAccount(s.store, 'bert')];
  await s.store.registry.addOrganisation({ name: 'zuid', title: 'Zuid', language: 'nl' }, actor);
  return { ...s, anna, bert };
}

async function file(store: Store, at: Instant, to: readonly string[], more = {}): Promise<MessageId> {
  const body = await sealBody(store, Buffer.from(`${at}\r\n`));
  const acceptance = await acceptanceOf(store, body, to, { receivedAt: at, submitter: OPERATOR, ...more });
  assert.equal((await store.accept(acceptance)).kind, 'filed');
  return body.id;
}

/** Rows of the database, read beside the store. */
function rowsOf(s: TestStore, sql: string): unknown[] {
  const db = openWriting(join(s.options.dataFolder, 'sluis.db'), 'FULL');
  try {
    return db.prepare(sql).raw(true).all();
  } finally {
    db.close();
  }
}

/**
 * Columns that name an account, also where they refer to none, or where its number stands within a
 * text.
 */
const NAMING = ['account', 'mailbox', 'submitter', 'caller', 'owner'];

test('whatever names an account in the schema is decided: a table that is new must be as well', async (t) => {
  const s = await openTestStore(t);
  const tables = rowsOf(s, "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'") as [
    string,
  ][];
  const naming = tables.flatMap(([table]) => {
    const references = rowsOf(s, `SELECT "from" FROM pragma_foreign_key_list('${table}') WHERE "table" = 'account'`);
    const columns = rowsOf(s, `SELECT name FROM pragma_table_info('${table}')`) as [string][];
    const named = columns.map(([name]) => name).filter((name) => NAMING.includes(name));
    return [...new Set([...(references as [string][]).map(([name]) => name), ...named])].map(
      (name) => `${table}.${name}`,
    );
  });
  assert.deepEqual([...naming, 'account.id'].sort(), Object.keys(ACCOUNT_COLUMNS).sort());
});

test('copies, held mail and what was handed out again go with the mail since the day; the trace finds each', async (t) => {
  const s = await world(t);
  const { store, anna, bert } = s;
  const [to, other] = ['anna@group.test', 'bert@group.test'];
  const early = await file(store, instant(DAY - 1), [to]);
  const both = await file(store, DAY, [to, other]);
  // One that only anna gets in a protected form.
  const [whole, copy] = [
    await sealBody(store, Buffer.from('whole\r\n')),
    await sealBody(store, Buffer.from('copy\r\n')),
  ];
  const more = { receivedAt: DAY, submitter: OPERATOR };
  const split = await acceptanceOf(store, whole, [other], more);
  const copies = [{ body: copy, recipients: [{ address: address(to), mailbox: anna }] }];
  assert.equal((await store.accept({ ...split, copies })).kind, 'filed');
  const held = async (at: Instant): Promise<MessageId> => {
    const body = await sealBody(store, Buffer.from('held\r\n'));
    const recipients = [{ address: address(to), mailbox: anna, held: true as const }];
    assert.equal(
      (await store.accept({ ...(await acceptanceOf(store, body, [to], more)), receivedAt: at, recipients })).kind,
      'filed',
    );
    return body.id;
  };
  const [heldBefore, heldSince] = [await held(instant(DAY - 1)), await held(DAY)];
  // Taken over from another server: by when it was received there, not by when it came here.
  const taken = await entryOf(store, 'uidl-of-old', Buffer.from('old\r\n'));
  assert.deepEqual(await store.imports.file(anna, [taken], []), { kind: 'filed' });
  // Deleted, and handed out again.
  const lock = await store.lockMaildrop(anna, { session: 's', network: 'n' });
  assert(lock !== 'in-use');
  const listing = await store.listMaildrop(lock);
  await store.commitMaildrop(lock, [listing.uidOf(1)], [], [], []);
  assert.equal(await store.restoreEntries(anna, { message: both }, actor), 1);

  const plan = await store.accountMoves.plan(moveOf(s));
  const moved = await store.accountMoves.move(moveOf(s), actor);
  assert.deepEqual([plan.moved.messages, plan.left.messages], [2, 2]);
  assert.deepEqual([moved.moved, moved.left.messages], [{ ...plan.moved, held: 1 }, 2]);
  assert.equal(moved.former.account, anna);
  const zuid = moved.account;
  assert.deepEqual(await messagesIn(store, zuid), [copy.id, both]);
  assert.deepEqual(await messagesIn(store, anna), [early, taken.body.id]);
  assert.deepEqual(await messagesIn(store, bert), [both, whole.id]);
  // Counters agree with the entries, in memory and on the disk.
  for (const account of [anna, zuid]) {
    const counted = rowsOf(s, `SELECT messages, octets FROM mailbox WHERE account = ${account}`);
    const real = rowsOf(s, `SELECT count(*), sum(octets) FROM entry WHERE account = ${account}`);
    assert.deepEqual(counted, real);
    const summary = await store.registry.findAccountById(account);
    assert.deepEqual([[summary?.messages, summary?.used]], real);
  }
  for (const [id, account] of [
    [both, zuid],
    [whole.id, zuid],
    [early, anna],
  ] as const) {
    const message = (await store.deliveries.findMessage(id))!;
    const where = await store.deliveries.whereabouts(message);
    const its = where[message.recipients.findIndex((r) => addressKey(r.address) === to)];
    assert.deepEqual([its?.kind, its?.kind === 'mailbox' ? its.account : undefined], ['mailbox', account]);
  }
  // What is released goes where it is held from; what was to be seen again is not told as overdue.
  for (const id of [heldBefore, heldSince]) {
    const [delivery] = await store.deliveries.list({ limit: 1, message: id, states: ['held'] });
    assert.equal(await store.deliveries.change([delivery!.id], 'release', actor), 1);
  }
  assert.deepEqual(await messagesIn(store, zuid), [copy.id, both, heldSince]);
  assert.deepEqual(await messagesIn(store, anna), [early, taken.body.id, heldBefore]);
  assert.equal(rowsOf(s, `SELECT uid FROM entry WHERE account = ${zuid} AND restored_at > 0`).length, 1);
  // What was taken over is not taken over again.
  assert.deepEqual(await store.imports.uidls(zuid, { after: '', limit: 10 }), ['uidl-of-old']);
  assert.deepEqual(rowsOf(s, 'SELECT * FROM account_move'), []);
});

test('programs go along: app passwords open the new account, and webhooks hear what they had not heard', async (t) => {
  const s = await world(t);
  const { store, anna, bert } = s;
  const { registry, webhooks } = store;
  const app = { id: 'APPAPPAP', name: 'dossier', hash: Buffer.from('x'), scope: 'both' } as const;
  await registry.addAppPassword('anna', app, actor);
  const events = ['message.received', 'message.delivered', 'account.ended'] as const;
  const hook = (id: string, account: AccountId) =>
    webhooks.add({ id, name: 'poort', url: 'https://in.example/', events, sealed: Buffer.from('s'), account }, actor);
  await hook('ANNASOWN', anna);
  await hook('BERTSOWN', bert);
  const { position } = (await webhooks.find('ANNASOWN'))!;
  const filed = (at: Instant, submitter: AccountId, to: string): Promise<MessageId> =>
    file(store, at, [to], {
      submitter,
      audit: [{ event: 'message.accepted', outcome: 'success', account: submitter, facts: {} }],
    });
  const [early, since] = [
    await filed(instant(DAY - 1), bert, 'anna@group.test'),
    await filed(DAY, bert, 'anna@group.test'),
  ];
  const sent = await filed(DAY, anna, 'bert@group.test');
  // Whoever delivers may have read these before the move, and look whose they are behind it.
  const before = await webhooks.events(position);
  const { account, former } = await store.accountMoves.move(moveOf(s, { endsAt: s.clock.now() }), actor);
  const late = await filed(s.clock.now(), bert, 'anna@group.test');
  const forAnna = (found: typeof before) =>
    found.events
      .filter((event) => event.webhooks.includes('ANNASOWN'))
      .map(({ type, message }) => [type, message] as const);
  const backlog = [
    ['message.received', early],
    ['message.received', since],
    ['message.delivered', sent],
  ];
  assert.deepEqual(forAnna(before), backlog);
  const behind = await webhooks.events(position);
  // The old account ended: that is not said of the new one.
  assert(behind.events.some((event) => event.type === 'account.ended' && event.account === former.account));
  assert.deepEqual(
    forAnna(behind).filter(([type]) => type !== 'account.moved'),
    [...backlog, ['message.received', late]],
  );
  const found = await webhooks.find('ANNASOWN');
  assert.deepEqual([found?.account, found?.login, found?.organisationName], [account, 'anna', 'zuid']);
  assert.deepEqual((await webhooks.active()).map(({ id }) => id).sort(), ['ANNASOWN', 'BERTSOWN']);
  await assert.rejects(hook('ANOTHERX', account), /There is a webhook "poort" already/);
  const passwords = async (login: string): Promise<unknown> =>
    (await registry.findLogin(login))?.appPasswords.map(({ id, account: of }) => [id, of]);
  assert.deepEqual([await passwords('anna'), await passwords(former.login)], [[['APPAPPAP', account]], []]);
});

test('a large mailbox moves in steps that others go between; whoever opens it waits, and finds all of it', async (t) => {
  const s = await world(t);
  const { store, anna } = s;
  const MESSAGES = 1300;
  const ids: MessageId[] = [];
  for (let n = 0; n < MESSAGES; n += 50)
    ids.push(...(await Promise.all(Array.from({ length: 50 }, () => file(store, DAY, ['anna@group.test'])))));
  const open = await store.lockMaildrop(anna, { session: 'open', network: 'n' });
  assert(open !== 'in-use');
  const listing = await store.listMaildrop(open);
  const uidls = Array.from({ length: listing.count }, (_, i) => listing.uidlOf(i));
  const before = store.counts.commits;
  const seen: number[] = [];
  const moving = store.accountMoves.move(moveOf(s), actor, (done) => seen.push(done));
  while (seen.length === 0) await new Promise((resolve) => setImmediate(resolve));
  // The session that had it is out, and what it marked stays.
  assert.equal(open.lost, true);
  await assert.rejects(store.commitMaildrop(open, [listing.uidOf(0)], [], []), LockLost);
  const target = (await store.registry.findLogin('anna'))!.account.id;
  const waiting = store.lockMaildrop(target, { session: 'next', network: 'n' });
  const late = await deliver(store, Buffer.from('late\r\n'), 'anna@group.test');
  const moved = await moving;
  assert(seen.filter((n) => n < MESSAGES).length >= 5, `steps: ${seen.join(' ')}`);
  assert.deepEqual([moved.moved.messages, moved.left.messages], [MESSAGES, 0]);
  const lock = await waiting;
  assert(lock !== 'in-use');
  const found = await store.listMaildrop(lock);
  assert.equal(found.count, MESSAGES + 1);
  assert.deepEqual(
    uidls,
    Array.from({ length: MESSAGES }, (_, i) => found.uidlOf(i)),
  );
  assert.equal((await store.openEntry(lock, found.uidOf(MESSAGES))).id, late.id);
  await store.releaseMaildrop(lock);
  t.diagnostic(`${MESSAGES} messages in ${seen.length} steps; commits: ${JSON.stringify(before)}`);
});

test('whoever locks a mailbox in the moment in which it begins to move gets it behind the move', async (t) => {
  const made = await world(t);
  await file(made.store, DAY, ['anna@group.test']);
  // What it holds is not known yet: the lock is taken, and its numbers are still being read, when
  // the move begins.
  const s = await made.reopen();
  const moving = s.store.accountMoves.move(moveOf(s), actor);
  const locking = s.store.lockMaildrop(made.anna, { session: 'early', network: 'n' });
  assert.equal((await moving).moved.messages, 1);
  const lock = await locking;
  assert(lock !== 'in-use');
  assert.deepEqual([lock.account, lock.messages, lock.lost], [made.anna, 0, false]);
  await s.store.commitMaildrop(lock, [], [], []);
});

test('cut short by an end of the store, a move goes on when it is opened, before anybody sees half of it', async (t) => {
  const s = await world(t);
  const { store, anna } = s;
  for (let n = 0; n < 900; n += 50)
    await Promise.all(Array.from({ length: 50 }, () => file(store, DAY, ['anna@group.test'])));
  let steps = 0;
  let closing: Promise<void> | undefined;
  const moving = store.accountMoves.move(moveOf(s), actor, () => {
    if (++steps === 2) closing = store.close();
  });
  await assert.rejects(moving, /continues when it is opened again/);
  await closing;
  const [[left]] = rowsOf(s, `SELECT messages FROM mailbox WHERE account = ${anna}`) as [[number]];
  assert(left > 0 && left < 900, `${left} were left`);
  const again = await s.reopen();
  const target = (await again.store.registry.findLogin('anna'))!.account.id;
  assert.equal((await messagesIn(again.store, target)).length, 900);
  assert.equal((await messagesIn(again.store, anna)).length, 0);
  assert.equal(again.log.names.filter((name) => name === 'store.move-resumed').length, 1);
});

test('RCPT before and DATA after: recipients go where they are now, and what the account itself sends is not taken', async (t) => {
  const s = await world(t);
  const { store, anna } = s;
  const to = 'anna@group.test';
  const before = await acceptanceOf(store, await sealBody(store, Buffer.from('x\r\n')), [to], { submitter: OPERATOR });
  const wants = before.recipients.map((r) => ({ ...r, receipt: true as const }));
  const own = await acceptanceOf(store, await sealBody(store, Buffer.from('y\r\n')), ['bert@group.test'], {
    submitter: anna,
  });
  const heldBody = await sealBody(store, Buffer.from('z\r\n'));
  const held = await acceptanceOf(store, heldBody, [to], { submitter: OPERATOR });
  const { account } = await store.accountMoves.move(moveOf(s), actor);
  assert.equal((await store.accept({ ...before, recipients: wants })).kind, 'filed');
  assert.equal((await store.accept(own)).kind, 'closed');
  const recipients = held.recipients.map((r) => ({ ...r, held: true as const }));
  assert.equal((await store.accept({ ...held, recipients })).kind, 'filed');
  assert.deepEqual(await messagesIn(store, account), [before.body.id]);
  const lock = await store.lockMaildrop(account, { session: 's', network: 'n' });
  assert(lock !== 'in-use');
  assert.equal((await store.listMaildrop(lock)).receiptWanted(0), true);
  await store.releaseMaildrop(lock);
  const [delivery] = await store.deliveries.list({ limit: 5, states: ['held'] });
  assert.equal(delivery?.message.recipients[0]?.mailbox, account);
  await store.deliveries.change([delivery.id], 'release', actor);
  assert.deepEqual(await messagesIn(store, account), [before.body.id, heldBody.id]);
  assert.deepEqual(await messagesIn(store, anna), []);
  assert.deepEqual(await messagesIn(store, (await store.registry.findLogin('bert'))!.account.id), []);
});

test('a QUIT that is being written goes through before the move; two moves at once are one and a refusal', async (t) => {
  const s = await world(t);
  const { store, anna } = s;
  const ids = [await file(store, DAY, ['anna@group.test']), await file(store, DAY, ['anna@group.test'])];
  const lock = await store.lockMaildrop(anna, { session: 's', network: 'n' });
  assert(lock !== 'in-use');
  const listing = await store.listMaildrop(lock);
  const quit = store.commitMaildrop(lock, [listing.uidOf(0)], [], []);
  const [first, second] = await Promise.allSettled([
    store.accountMoves.move(moveOf(s), actor),
    store.accountMoves.move(moveOf(s), actor),
  ]);
  await quit;
  assert.equal(first.status, 'fulfilled');
  assert(second.status === 'rejected' && second.reason instanceof RegistryError, 'the second is refused');
  const { account } = first.value;
  assert.deepEqual(await messagesIn(store, account), ids.slice(1));
});

test('the bounds of the day, and the name for what stays', () => {
  const now = instant(Date.UTC(2026, 10, 26, 9));
  assert.match(sinceProblem(instant(now + 1), now) ?? '', /in the future/);
  assert.equal(sinceProblem(now, now), undefined);
  assert.equal(sinceProblem(instant(now - MAX_MOVE_BACK), now), undefined);
  assert.match(sinceProblem(instant(now - MAX_MOVE_BACK - 1), now) ?? '', /92 days back/);
  assert.equal(formerLogin('anna', now, 1), 'anna~2026-11-26');
  assert.equal(formerLogin('anna', now, 3), 'anna~2026-11-26.3');
  const long = formerLogin('😀'.repeat(254), now, 12);
  assert.deepEqual([Array.from(long).length, long.endsWith('😀~2026-11-26.12')], [254, true]);
});
