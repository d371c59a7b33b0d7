import assert from 'node:assert/strict';
import { test } from 'node:test';
import { warnOfPgpKeys } from '../../src/notices/pgp-keys-end.ts';
import { days, instant } from '../../src/domain/units.ts';
import { NO_END } from '../../src/store/pgp-keys.ts';
import { FakeClock } from '../support/clock.ts';
import { addressOf, loginOf, startTestGateway } from '../support/gateway.ts';
import { fetchAll, subjectsOf } from '../support/mail.ts';

const actor = { name: 'test' };

test('the owner of an OpenPGP key that ends is told 60, 30 and 7 days before, once each, unless another key holds for longer', async (t) => {
  const clock = new FakeClock();
  const gateway = await startTestGateway({ accounts: ['anna', 'bram'], clock });
  t.after(() => gateway.remove());
  const { store, log } = gateway;
  const { noticeWriter } = gateway.admin;
  const add = (who: string, digit: string, until: number): Promise<unknown> =>
    store.pgpKeys.add(
      addressOf(who),
      {
        ...{ fingerprint: digit.repeat(40), algorithm: 'ed25519legacy', userIds: [who], emails: [addressOf(who)] },
        ...{ createdAt: clock.now(), encryptsUntil: instant(until), signsUntil: NO_END, revoked: false },
        packets: Buffer.from(digit),
      },
      'imported',
      actor,
    );
  const start = clock.now();
  await add('anna', 'a', start + days(61));
  await add('bram', 'b', start + days(61));
  await add('bram', 'c', NO_END);
  const told: (readonly [number, number])[] = [];
  for (const day of [0, 2, 3, 32, 55, 56, 62]) {
    clock.setWall(start + days(day));
    const n = await warnOfPgpKeys({ noticeWriter, store, clock, log });
    if (n > 0) told.push([day, n]);
  }
  assert.deepEqual(told, [
    [2, 1],
    [32, 1],
    [55, 1],
  ]);
  const letters = subjectsOf(await fetchAll(gateway.target('pop3s'), loginOf('anna')));
  assert.deepEqual(
    letters.filter((subject) => subject.includes('OpenPGP')),
    [59, 29, 6].map((n) => `Uw OpenPGP-sleutel verloopt over ${n} dagen`),
  );
});
