/**
 * What the store's own memories are worth where other nodes write as well, and whose work is done
 * here.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import type { AddressKey } from '../../src/domain/address.ts';
import type { AccountId } from '../../src/domain/ids.ts';
import { days, hours, instant } from '../../src/domain/units.ts';
import { ChangeContext } from '../../src/store/changes/change-context.ts';
import { MAIL_CHANGES } from '../../src/store/changes/table.ts';
import { CertificateMemory } from '../../src/store/core/certificate-memory.ts';
import { CoreInterchanges } from '../../src/store/core/interchanges.ts';
import { Mailboxes } from '../../src/store/core/mailboxes.ts';
import { RememberingRegistry } from '../../src/store/core/registry.ts';
import { StoreTime } from '../../src/store/core/store-time.ts';
import { MessageIds } from '../../src/store/message-ids.ts';
import type { Subjects } from '../../src/store/objects.ts';
import { openWriting } from '../../src/store/sqlite/database.ts';
import { knownMigrations, migrate } from '../../src/store/sqlite/migrate.ts';
import { SqliteRunner } from '../../src/store/sqlite/runner.ts';
import { StoreUnavailable } from '../../src/store/store.ts';
import { FakeClock } from '../support/clock.ts';

const anna = 7 as AccountId;

test('alone, a mailbox is asked for once; beside other nodes each time, and what they say wakes who waits', async () => {
  for (const alone of [true, false]) {
    let asked = 0;
    const mailboxes = new Mailboxes(() => {
      asked += 1;
      return Promise.resolve({ octets: asked, messages: 1, nextUid: 2, changes: 1 });
    }, alone);
    const changed: AccountId[] = [];
    mailboxes.onChange((account) => changed.push(account));
    mailboxes.told([anna, 99, 1, 2, 1]);
    assert.equal(mailboxes.known(anna)?.octets, alone ? 99 : undefined);
    assert.equal((await mailboxes.of(anna))?.octets, alone ? 99 : 1);
    assert.equal((await mailboxes.of(anna))?.octets, alone ? 99 : 2);
    mailboxes.changedElsewhere(anna);
    assert.deepEqual(changed, [anna, anna]);
  }
});

test('nobody is let in, and no address is taken, on the strength of what may be too old', async () => {
  const clock = new FakeClock();
  const [gone, subjects] = [new StoreUnavailable('not seen'), { roads: {}, trust: {}, ediMemory: {} } as Subjects];
  const registry = new RememberingRegistry({
    ...{ subjects, mailboxes: new Mailboxes(() => Promise.resolve(undefined)), random: () => new Uint8Array(0) },
    time: new StoreTime(clock, clock.now()),
    check: () => {
      throw gone;
    },
  });
  await assert.rejects(registry.findLogin('anna'), gone);
  await assert.rejects(registry.findCertificate(['x']), gone);
  await assert.rejects(registry.findRecipient('anna@group.test' as AddressKey), gone);
  await assert.rejects(registry.maySendAs(anna, 'anna@group.test' as AddressKey), gone);
  await assert.rejects(registry.identitiesOf(anna), gone);
});

test('what changed elsewhere in certificates is asked again', async () => {
  let asked = 0;
  const trust = {
    mail: () => Promise.resolve({ n: (asked += 1) }),
    authorities: () => Promise.resolve([{ n: (asked += 1) }]),
  } as unknown as Subjects['trust'];
  const memory = new CertificateMemory(trust);
  let told = 0;
  memory.onChange(() => (told += 1));
  for (let round = 1; round <= 2; round += 1) {
    for (let again = 0; again < 3; again += 1) {
      await memory.findMail('a@b.test' as AddressKey);
      await memory.listAuthorities();
    }
    assert.deepEqual([asked, told], [2 * round, round - 1]);
    memory.forgetAll();
  }
});

test('an interchange that another node filed is known here at the next question, also behind a higher number', async () => {
  const clock = new FakeClock();
  const rows: { seq: number; at: number; reference: Uint8Array; messages: Uint8Array; held: boolean }[] = [];
  const key = (n: number): Uint8Array => new Uint8Array(16).fill(n);
  const row = (seq: number) => ({ seq, at: clock.now(), reference: key(seq), messages: key(seq), held: false });
  const interchanges = new CoreInterchanges({
    ediMemory: {
      interchanges: (after, limit) => Promise.resolve(rows.filter(({ seq }) => seq > after).slice(0, limit) as never),
    },
    ...{ time: new StoreTime(clock, clock.now()), alone: false },
  });
  const known = async (n: number): Promise<boolean> =>
    (await interchanges.earlier([{ reference: key(n), messages: key(n) }]))[0]?.reference === true;
  assert.equal(await known(2), false);
  rows.push(row(2));
  assert.equal(await known(2), true);
  assert.equal(await known(1), false);
  rows.unshift(row(1));
  assert.equal(await known(1), true);
});

test('a sweep leaves what other nodes are uploading alone, for a day', () => {
  const db = openWriting(':memory:', 'NORMAL', true);
  migrate(db, knownMigrations(), 0, true);
  const now = instant(Date.UTC(2026, 10, 25, 12));
  const upload = (node: number, at: number): bigint => {
    const id = new MessageIds(0n, node).next(instant(at));
    db.prepare('INSERT INTO upload (message, started_at) VALUES (?, ?)').run(id, at);
    return id;
  };
  const [mine, open, theirs] = [3, 3, 4].map((node, i) => upload(node, now - hours(1) + i));
  upload(4, now - days(2));
  const below = new MessageIds(0n, 3).next(now);
  const keptFor = { hidden: days(1), traces: days(1), networks: days(1), usage: days(1) };
  const sweep = (node?: number) => {
    const step = { keptFor, open: [open!], below, day: '', ...(node === undefined ? {} : { node }) };
    db.exec('BEGIN');
    new SqliteRunner(db).run(MAIL_CHANGES.sweeps.step(new ChangeContext(now, new Uint8Array(32)), step));
    db.exec('COMMIT');
    const left = db.prepare<[], bigint>('SELECT message FROM upload ORDER BY message').safeIntegers(true).pluck(true);
    return left.all();
  };
  assert.equal(mine === undefined, false);
  assert.deepEqual(sweep(3), [open, theirs]);
  assert.deepEqual(sweep(), [open], 'alone, what nobody writes here nobody writes');
  db.close();
});
