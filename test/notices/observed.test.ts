/** The operator hears, once, when the observation of imported accounts is over. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { observedFor } from '../../src/admin/observed.ts';
import { NoticeWriter } from '../../src/notices/notice-writer.ts';
import { observedRound } from '../../src/notices/observed.ts';
import { days, octets } from '../../src/domain/units.ts';
import { filed } from '../support/filed.ts';
import { addAccount, address, openTestStore } from '../support/store.ts';

test('when the time is over the operator gets one letter that names who would break, and nothing else changes', async (t) => {
  const { store, clock, log } = await openTestStore(t);
  await addAccount(store, 'desk', { notices: 'mailbox' });
  const settings = observedFor(30, clock.now());
  assert.equal(settings['quirk-helo'], 'tolerate');
  assert.equal(settings['quirk-delete-on-disconnect'], undefined, 'what loses mail on a bad line is not a tolerance');
  const old = await addAccount(store, 'old', settings);
  await addAccount(store, 'good', settings);
  for (let n = 0; n < 3; n += 1) store.quirks.note(old, 'helo', 'tolerated', 'OldSys 2.1');
  const noticeWriter = new NoticeWriter({
    ...{ store, clock, log, random: randomBytes, hostname: 'mail.group.test' },
    operator: address('desk@group.test'),
    returnLimit: octets(1000),
  });
  const round = (): Promise<void> => observedRound({ store, noticeWriter, clock, log }, () => false);
  await round();
  assert.deepEqual(await filed(store, 'desk'), []);
  clock.advance(days(31));
  await round();
  await round();
  const letters = await filed(store, 'desk');
  assert.equal(letters.length, 1);
  assert.match(letters[0]!, /Proeftijd van 2 overgenomen accounts is voorbij/);
  assert.match(letters[0]!, /^ {4}old: helo \(3\)/m);
  assert.deepEqual(
    log.events
      .filter(({ event }) => event === 'observation.over')
      .map(({ fields }) => [fields.accounts, fields.breaking]),
    [
      [2, 1],
      [2, 1],
    ],
  );
  assert.equal((await store.registry.findAccount('good'))?.account.settings['quirk-helo'], 'tolerate');
});
