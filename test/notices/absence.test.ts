/** What a sender reads when an addressee is away. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type Handled, absenceNotice } from '../../src/notices/absence.ts';
import type { Address } from '../../src/domain/address.ts';
import { days, instant } from '../../src/domain/units.ts';
import type { Acceptance } from '../../src/store/acceptance.ts';
import { filed } from '../support/filed.ts';
import { type Region, matchesGolden, openRegion } from '../support/region.ts';
import { acceptanceOf, address, sealBody } from '../support/store.ts';

const HUISARTS = 'huisarts@brug.test';

interface AbsentDays extends Region {
  /** Files a message with its notice; false if none was owed. */
  tell(more?: Partial<Handled>, others?: readonly Partial<Handled>[], from?: Address | ''): Promise<boolean>;
}

async function open(t: TestContext): Promise<AbsentDays> {
  const region = await openRegion(t);
  const { store, noticeWriter, clock } = region;
  const absentee = (more: Partial<Handled>): Handled => ({
    addressee: address('Balie@lab.test'),
    until: instant(clock.now() + days(3)),
    substitute: address('lab@lab.test'),
    went: 'substitute',
    ...more,
  });
  return {
    ...region,
    tell: async (more = {}, others = [], from = address(HUISARTS)) => {
      const body = await sealBody(store, Buffer.from('From: x\r\n\r\n'));
      const message: Acceptance = await acceptanceOf(store, body, ['lab@lab.test'], {
        receivedAt: clock.now(),
        sender: from,
        messageIdField: 'verwijzing-1@brug.test',
      });
      const notice = await absenceNotice({ noticeWriter, deliveries: store.deliveries }, message, [
        absentee(more),
        ...others.map(absentee),
      ]);
      await store.accept(notice === undefined ? message : { ...message, with: [notice.acceptance] });
      await notice?.discard();
      return notice !== undefined;
    },
  };
}

test('the sender reads who is away, until when, and where the message went', async (t) => {
  const region = await open(t);
  await region.tell();
  const [notice = ''] = await filed(region.store, HUISARTS);
  matchesGolden('absence-substitute.eml', notice);
});

test('of what is encrypted for the addressee the sender reads that the substitute has not got it, each time', async (t) => {
  const region = await open(t);
  for (let i = 0; i < 2; i += 1) await region.tell({ went: 'kept' });
  const notices = await filed(region.store, HUISARTS);
  assert.equal(notices.length, 2);
  matchesGolden('absence-kept.eml', notices[0]!);
});

test('one a day is enough for each sender and addressee', async (t) => {
  const region = await open(t);
  assert.equal(await region.tell(), true);
  assert.equal(await region.tell({ addressee: address('balie@lab.test') }), false, 'written otherwise, the same');
  assert.equal(await region.tell({ addressee: address('poli@lab.test') }), true);
  region.clock.advance(days(1));
  assert.equal(await region.tell(), true);
  assert.equal((await filed(region.store, HUISARTS)).length, 3);
});

test('nobody is told with NOTIFY=NEVER or without a reverse path', async (t) => {
  const region = await open(t);
  assert.equal(await region.tell({ notify: ['NEVER'] }), false);
  assert.equal(await region.tell({}, [], ''), false);
  assert.equal(
    await region.tell({ notify: ['FAILURE'] }, [{ addressee: address('x@lab.test'), notify: ['NEVER'] }]),
    true,
  );
  const [notice = ''] = await filed(region.store, HUISARTS);
  assert.doesNotMatch(notice, /x@lab\.test/);
});

test('a letter about a thousand addressees names twenty', async (t) => {
  const region = await open(t);
  const others = Array.from({ length: 999 }, (_, n) => ({ addressee: address(`a${n}@lab.test`) }));
  await region.tell({}, others);
  const [notice = ''] = await filed(region.store, HUISARTS);
  assert.match(notice, /En nog 980 andere\./);
  assert.equal(notice.match(/^ +Waarnemer: /gm)?.length, 20);
});
